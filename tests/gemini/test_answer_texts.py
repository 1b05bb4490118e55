"""Texts that are read one after the other are redacted together, and what is no text is left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cometmagic.gemini.answer_texts import redact_texts
from cometmagic.gemini.decode import decode_document
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.response_normalizer import normalize_response
from cometmagic.system.redactor import MARK, Redactor
from cometmagic.system.secret import Secret
from tests.gemini.answers import answer, text
from tests.key_scan import KEYS, WRITINGS, leaks, pieces

KEY = KEYS["hex"]


def redacted(parts: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    document = normalize_response([answer(*parts, **fields)])
    redact_texts(document, Redactor([Secret(KEY)]).redact_joined)
    return document


def shown(document: dict[str, Any]) -> str:
    response = decode_document(document).response
    return f"{response.text} {response.thought_text}".replace("\n", "")


@pytest.mark.parametrize("thought", [False, True, "true"])
@pytest.mark.parametrize("writing", ["plain", "hex", "html", "json", "base64-header", "upper"])
def test_a_key_that_comes_in_pieces_is_redacted(writing: str, thought: object) -> None:
    parts = [{"text": piece, "thought": thought} for piece in pieces(WRITINGS[writing](KEY))]
    others = [{"text": "a dog", "thought": not thought}]
    mixed = [part for piece in parts for part in (piece, *others)]

    assert leaks(shown(normalize_response([answer(*mixed)])), KEY)  # the control
    left = shown(redacted(mixed))
    assert leaks(left, KEY) == []
    assert left.count("a dog") == len(parts)


@pytest.mark.parametrize("joint", ["\x1b[0m", '\x1b]0;"x"\x07', "\x9b1m", "\x7f", "\u200b"])
def test_a_key_that_cleaning_puts_together_is_redacted(joint: str) -> None:
    left = redacted([text(f"a {joint.join(pieces(KEY))} b")])

    assert leaks(shown(left), KEY) == []
    assert shown(left).startswith(f"a {MARK}")


def test_long_texts_are_redacted_and_stay_texts() -> None:
    long = JSONString(memoryview(f"{'word ' * 3000}{KEY[:4]}".encode()))
    left = redacted([{"text": long}, text(f"{KEY[4:]} end")])

    assert leaks(shown(left), KEY) == []
    assert shown(left).startswith(f"{'word ' * 3000}{MARK}")


@pytest.mark.parametrize("length", [0, 1, 1000, 1024, 1025, 2048, 2049, 5000])
@pytest.mark.parametrize("place", range(0, 40, 7))
def test_a_key_across_any_border_is_redacted(length: int, place: int) -> None:
    words = "a " * length
    parts = [text(words), text(f"{words}{KEY[:place]}"), text(f"{KEY[place:]}{words}"), *[text("b" * 2000)] * 70]
    parts += [text("c"), text(KEY[:place]), text(KEY[place:])]

    left = shown(redacted(parts))

    assert leaks(left, KEY) == []
    assert left.count("a") >= 3 * length
    assert left.count("b" * 2000) == 70


def test_what_holds_no_secret_and_what_is_no_text_stays_as_it_is() -> None:
    untouched = JSONString(memoryview(b"word " * 1000))
    parts: list[dict[str, Any]] = [
        {"text": untouched}, {"inlineData": {"data": KEY}}, {"thoughtSignature": KEY}, {"a": {"file": KEY}},
        text("\x1b[1mbold"), text("\ud800"), {"n": [1, None, True, ["x"]]},
    ]  # fmt: skip
    before = json.dumps(parts, default=str)

    left = redacted(parts)["candidates"][0]["content"]["parts"]

    assert json.dumps(left, default=str) == before
    assert left[0]["text"] is untouched
