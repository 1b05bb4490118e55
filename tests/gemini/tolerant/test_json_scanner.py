"""Bodies cut into long strings and the little JSON around them, and what is too much of that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.gemini.decode import decode_response
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant import json_scanner
from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.system.sanitize import TEXT_CAP
from tests.gemini.answers import answer, body, image, text

LONG = json_scanner.MIN_LONG_STRING_BYTES


def carved(content: bytes) -> Any:
    """Return the one document of a body, its long strings read."""
    (document,) = json_scanner.scan_json(content).documents
    return read(document)


def read(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: read(item) for name, item in value.items()}
    return (
        list(map(read, value))
        if isinstance(value, list)
        else value.read_text()
        if isinstance(value, JSONString)
        else value
    )


@given(st.lists(st.sampled_from(["\\", '"', "a", "u00", "n"]), max_size=14).map("".join), st.integers(2, 9))
def test_a_string_ends_where_json_says(words: str, size: int) -> None:
    content = json.dumps({"a": words, "b": words + "x" * LONG, "c": "end"}).encode()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_scanner, "_CHUNK_BYTES", size)
        assert carved(content) == json.loads(content)


@pytest.mark.parametrize("length", [LONG - 2, LONG - 1, LONG, LONG + 1])
@pytest.mark.parametrize("unit", ["a", '"', "\\", "ü", "\n"], ids=ascii)
def test_short_and_long_strings_are_the_same(unit: str, length: int) -> None:
    document = {"a": unit * length, "b": [unit * 3, unit * length]}

    assert carved(json.dumps(document).encode()) == document
    assert carved(json.dumps(document, ensure_ascii=False).encode()) == document


UNITS = {
    "strings": ('{"text": "a"},', 2, json_scanner.MAX_STRINGS),
    "values": ("[],", 2, json_scanner.MAX_VALUES),
    "numbers": ("1,", 1, json_scanner.MAX_VALUES),
}


@pytest.mark.parametrize("name", UNITS)
def test_as_much_as_may_be_is_read_and_more_is_refused(name: str) -> None:
    unit, each, most = UNITS[name]
    content = body(answer(image("A" * 5000))).replace(b'"parts": [', b'"parts": [@')
    just, over = (content.replace(b"@", (unit * count).encode()) for count in ((most - 60) // each, most // each + 1))

    assert len(decode_response(just).encoded_images) == 1
    with pytest.raises(MalformedError, match="too large"):
        decode_response(over)


@pytest.mark.parametrize("around", [b" ", b"\n", b"x"])
def test_blanks_and_words_without_end_are_refused(around: bytes) -> None:
    content = body(answer(image("A" * 5000)))

    assert len(decode_response(b" " * (json_scanner.MAX_JSON_BYTES // 2) + content).encoded_images) == 1
    for too_large in (
        around * json_scanner.MAX_JSON_BYTES + content,
        content[:-1] + around * json_scanner.MAX_JSON_BYTES + b"}",
    ):
        with pytest.raises(MalformedError, match="too large"):
            decode_response(too_large)


def test_a_long_name_is_no_string_that_is_kept() -> None:
    document = json_scanner.scan_json(body({"k" * 5000: "v" * 5000, "text": "words"})).documents[0]

    assert document["text"] == "words"
    assert [len(value.view) for value in document.values() if isinstance(value, JSONString)] == [5000]


def test_of_many_texts_the_first_are_read_and_all_are_kept() -> None:
    made = decode_response(body(answer(*[text("words " * 900)] * 300, image("A" * 5000))))

    assert 1_000_000 <= sum(len(part.text) for part in made.response.parts if hasattr(part, "text")) < 1_010_000
    assert len(made.encoded_images) == 1
    assert len(made.document["candidates"][0]["content"]["parts"]) == 301


def test_what_is_said_beside_the_parts_is_read_in_part() -> None:
    rows = [{"web": {"uri": f"https://example.org/{number}"}} for number in range(3000)]
    candidate = answer(image("A" * 5000))["candidates"][0] | {
        "finishMessage": "m" * 3_000_000,
        "groundingMetadata": {"groundingChunks": rows, "webSearchQueries": ["q"] * 3000},
    }

    made = decode_response(body({"candidates": [candidate]})).response

    assert (len(made.grounding.sources), len(made.grounding.queries)) == (1000, 1000)
    assert len(made.finish_message) <= TEXT_CAP
