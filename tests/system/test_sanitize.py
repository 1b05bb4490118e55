"""Text of others: shown without controls, escapes, surrogates and keys, in any case as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.system.sanitize import LINE_CAP, TEXT_CAP, clean, clean_line

ANY = st.text(st.characters(codec=None))

CASES = {
    "plain": ("Grüße, 日本 👩‍🚀", "Grüße, 日本 👩‍🚀"),
    "newlines": ("a\r\nb\rc\nd\te", "a\nb\nc\nd\te"),
    "colour": ("a\x1b[1;31mb\x1b[0m", "ab"),
    "colour-8-bit": ("a\x9b31mb", "ab"),
    "title": ("a\x1b]0;evil\x07b", "ab"),
    "clipboard": ("a\x1b]52;c;ZXZpbA==\x1b\\b", "ab"),
    "link": ("\x1b]8;;http://x\x07text\x1b]8;;\x07", "text"),
    "device-control": ("a\x1bP1$r0m\x1b\\b", "ab"),
    "8-bit-osc": ("a\x9d0;evil\x9cb", "ab"),
    "lone-escape": ("a\x1b", "a"),
    "controls": ("a\0\x07\x08\x0b\x7f\x85b", "ab"),
    "surrogate": ("a\ud800b", "a?b"),
    "bidi": ("a\u202eb\u2066c\u061cd", "abcd"),
    "zero-width": ("a\u200bb\ufeffc\u2060d", "abcd"),
    "tags": ("a\U000e0041\U000e007fb", "ab"),
    "non-characters": ("a\ufffe\uffff\ufdd0b", "ab"),
    "key": ("use sk-abcDEF0123456789xyz now", "use [key] now"),
    "masked-key": ("sk-abc***************xyz", "[key]"),
    "no-key": ("sk-short and risk-free-as-anything-long", "sk-short and risk-free-as-anything-long"),
    "none": (None, "None"),
}


@pytest.mark.parametrize("name", CASES)
def test_clean(name: str) -> None:
    given_text, expected = CASES[name]

    assert clean(given_text) == expected


@given(ANY)
def test_clean_text_can_be_shown_anywhere(text: str) -> None:
    shown = clean(text)

    assert shown.encode().decode() == shown
    assert "\x1b" not in shown
    assert all(letter in "\n\t" or ord(letter) >= 32 for letter in shown)
    assert clean(shown) == shown
    assert len(shown) <= TEXT_CAP


@given(ANY, st.integers(1, 40))
def test_a_line_is_one_line_of_a_length(text: str, cap: int) -> None:
    shown = clean_line(text, cap)

    assert len(shown) <= cap
    assert len(shown.splitlines()) <= 1
    assert shown == shown.strip()


def test_a_megabyte_is_cut() -> None:
    assert clean("x" * 1_000_000) == "x" * (TEXT_CAP - 1) + "…"
    assert clean_line("x" * 1_000_000) == "x" * (LINE_CAP - 1) + "…"
