"""A conversation sends the model's parts back as they came, also those that are neither text nor an image."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.asking import Asker
from tests.gemini.answers import Json, answer, answering, image, picture, text

SIGNED = image(thoughtSignature="c2lnbmF0dXJl" * 500)
LONG = "print('\u00fc\u2028 \\n')  # \"quoted\"\n" * 400
CODE: Json = {"executableCode": {"language": "PYTHON", "code": "print(6 * 7)"}}
OUTPUT: Json = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n"}}

PARTS: dict[str, Json] = {
    "code": CODE,
    "code-signed": CODE | {"thoughtSignature": "Y29kZQ=="},
    "code-with-an-id": {"executableCode": {"id": "x1", "language": "PYTHON", "code": "[1, 2]"}},
    "code-longer-than-a-view": {"executableCode": {"language": "PYTHON", "code": LONG}},
    "output": OUTPUT,
    "output-that-is-json": {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": '{"a_b": [1, 2]}'}},
    "output-with-a-data-uri": {
        "codeExecutionResult": {"output": "data:image/png;base64,AAAA", "outcome": "OUTCOME_OK"}
    },
    "failed": {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "NameError: x"}},
    "function-call": {"functionCall": {"name": "look_up", "args": {"user_id": 7, "deep_er": {"a_b": None, "c": []}}}},
    "function-response": {
        "functionResponse": {"name": "look_up", "response": {"image_url": "https://x.example/a.png"}}
    },
    "tool-call": {"toolCall": {"tool_type": "SEARCH", "args": {"some_queries": ["a"]}}},
    "file": {"fileData": {"mimeType": "video/mp4", "fileUri": "https://x.example/v.mp4"}},
    "of-next-year": {"newThing": {"values": [1, 2.5, True, None], "text": "words"}},
    "text-with-metadata": {"text": "words", "partMetadata": {"user_key": "v"}},
    "text-and-signature": text("words", thoughtSignature="d29yZHM="),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_sent_back_as_it_came(ask: Asker, name: str) -> None:
    parts = [text("so"), PARTS[name], SIGNED]
    first = ask(*answering(answer(text("hm", thought=True), *parts))).made

    second = ask(*answering(answer(image())), prompt="and now in blue", chat=first)

    turns = json.loads(second.exchange.body)["contents"]
    assert [turn["role"] for turn in turns] == ["user", "model", "user"]
    assert turns[1]["parts"] == parts
    third = ask(*answering(answer(image())), prompt="and green", chat=first)
    assert json.loads(third.exchange.body)["contents"][1]["parts"] == parts


def test_two_turns_later_it_is_still_the_same(ask: Asker) -> None:
    parts = [CODE | {"thoughtSignature": "Y29kZQ=="}, OUTPUT, SIGNED]
    made = ask(*answering(answer(*parts))).made
    for prompt in ("in blue", "in green"):
        outcome = ask(*answering(answer(SIGNED)), prompt=prompt, chat=made)
        made = outcome.made

    assert json.loads(outcome.exchange.body)["contents"][1]["parts"] == parts


SHOWN: dict[str, tuple[list[Json], str]] = {
    "code and output": ([text("I count."), CODE, OUTPUT], "I count.\n```python\nprint(6 * 7)\n```\n\n```\n42\n```\n"),
    "no language": ([{"executableCode": {"language": "LANGUAGE_UNSPECIFIED", "code": "x"}}], "\n```\nx\n```\n"),
    "hostile": ([{"executableCode": {"language": "a\x1b[31mb\n", "code": "\x1b[0mx"}}], "\n```ab\nx\n```\n"),
    "failed": ([{"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "x"}}],
               "\n(The code failed.)\n```\nx\n```\n"),
    "too long": ([{"codeExecutionResult": {"outcome": "OUTCOME_DEADLINE_EXCEEDED"}}],
                 "\n(The code did not end well: deadline exceeded.)"),
    "wrong types": ([{"executableCode": [1], "codeExecutionResult": "x"}], ""),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_code_and_its_output_are_words_of_the_answer(ask: Asker, name: str) -> None:
    parts, words = SHOWN[name]

    assert ask(*answering(answer(*parts, image()))).made.text == words


@pytest.mark.parametrize("file", ["reference-1.png", "signature-1.txt", "reference-99.jpg"])
def test_a_part_that_would_be_taken_for_a_file_is_not_sent_back(ask: Asker, file: str) -> None:
    call: Any = {"functionCall": {"name": "read", "args": {"file": file}}}
    first = ask(*answering(answer(call, SIGNED))).made

    second = ask(*answering(answer(image())), prompt="in blue", chat=first)

    [turn] = json.loads(second.exchange.body)["contents"]
    assert turn["parts"][1] == {"inlineData": image(picture())["inlineData"]}
