"""Signatures are left out, however their name is spelled, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.gemini.encode import hash_request
from cometmagic.gemini.parts import TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.gemini.signature_filter import strip_signatures
from cometmagic.options.declaration import Options

SIGNATURE = "c2lnbmF0dXJl" * 500_000  # six megabytes, as some are
SPELLINGS = [
    "thoughtSignature",
    "thought_signature",
    "thought-signature",
    "ThoughtSignature",
    "THOUGHT_SIGNATURE",
    "thoughtSignatures",
]
NAMES = st.text().filter(lambda name: "signature" not in name.lower())
JSON = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.lists(st.text(), max_size=2)


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("value", [SIGNATURE, None, {"a": SIGNATURE}, [SIGNATURE]])
def test_a_signature_is_left_out(name: str, value: Any) -> None:
    part = {"text": "", name: value, "extra_content": {"google": {name: value}}}

    assert json.loads(strip_signatures(json.dumps({"parts": [part]}).encode())) == {
        "parts": [{"text": "", "extra_content": {"google": {}}}]
    }


@pytest.mark.parametrize("name", ["signature", "thought", "my thoughtSignature", "thoughtSignatureLength"])
def test_what_is_only_like_one_stays(name: str) -> None:
    assert json.loads(strip_signatures(json.dumps({name: "x"}).encode())) == {name: "x"}


def test_a_text_that_speaks_of_one_stays() -> None:
    content = b'{"text":"{\\"thoughtSignature\\": 1}"}'

    assert strip_signatures(content) == content


@given(st.dictionaries(NAMES, JSON, max_size=3))
def test_without_signatures_nothing_changes(document: dict[str, Any]) -> None:
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

    assert strip_signatures(content) == content


def test_a_lone_surrogate_does_no_harm() -> None:
    assert strip_signatures(b'{"text":"a\\ud800b"}') == b'{"text":"a?b"}'


def test_a_deep_request_is_no_harm() -> None:
    assert len(strip_signatures(b"[" * 900 + b"]" * 900)) == 1800


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # json's own words
        strip_signatures(content)


def _asked(**extra: Any) -> str:
    return hash_request(ImageRequest((Turn((TextPart("a cat"),)),), Options.build({"extra": extra})))


def test_a_request_is_the_same_with_and_without_them() -> None:
    assert _asked(a=[{"thoughtSignature": "x", "b": 1}]) == _asked(a=[{"b": 1}])
    assert _asked(a=[{"b": 2}]) != _asked(a=[{"b": 1}])
