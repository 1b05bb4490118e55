"""Text of others: shown without controls, escapes, surrogates and keys, in any case as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.system.sanitize import TEXT_CAP, clean, clean_line

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


STRING_STARTS = ("\x1b]", "\x1bP", "\x1bX", "\x1b^", "\x1b_", "\x90", "\x98", "\x9d", "\x9e", "\x9f")
PARAMETERS = "0123456789:;<=>? !\"#$%&'()*+,-./"


@pytest.mark.parametrize("start", ["\x1b[", "\x9b"])
def test_control_sequences_of_all_kinds_are_removed(start: str) -> None:
    for final in map(chr, range(0x40, 0x7F)):
        assert clean(f"a{start}{PARAMETERS}{final}b") == "ab"
        assert clean(f"a{start}{final}b") == "ab"


@pytest.mark.parametrize("start", STRING_STARTS)
@pytest.mark.parametrize("end", ["\x07", "\x1b\\", "\x9c"])
def test_control_strings_of_all_kinds_are_removed(start: str, end: str) -> None:
    assert clean(f"a{start}8;x07;http://x{end}b{end}c") == "abc"
    assert clean(f"a{start}without an end") == "a"


def test_short_escapes_are_removed() -> None:
    strings = ("[", *(start[1:] for start in STRING_STARTS))
    for letter in map(chr, range(0x40, 0x5D)):
        assert letter in strings or clean(f"a\x1b{letter}b") == "ab"
    assert clean("a\x1b`b\x1b1c\x1b[\n") == "a`b1c[\n"


REMOVED = (
    (0, 8), (0xB, 0xC), (0xE, 0x1F), (0x7F, 0x9F), (0x61C, 0x61C), (0x200B, 0x200B), (0x200E, 0x200F),
    (0x2028, 0x202E), (0x2060, 0x2069), (0xFEFF, 0xFEFF), (0xFDD0, 0xFDEF), (0xFFFE, 0xFFFF), (0xE0000, 0xE007F),
)  # fmt: skip


def test_these_characters_are_removed_and_no_others() -> None:
    points = [*range(0x3000), *range(0xF900, 0x10100), *range(0xDFF00, 0xE0100)]  # all around those
    texts = (chr(point) if point < 0xA0 else "" for point in points)
    removed = {ord(text) for text in texts if text and clean(f"a{text}") == "a"}
    others = "".join(map(chr, points[0xA0:]))
    removed |= set(map(ord, set(others) - set(clean(others, len(others)))))

    assert removed == {point for first, last in REMOVED for point in range(first, last + 1)}


@pytest.mark.parametrize("letters", ["a", "A", "Z", "z", "0", "9", "_", "*", ".", "-"])
def test_what_looks_like_a_key_is_removed(letters: str) -> None:
    assert clean(f"(sk-{letters * 16})") == "([key])"
    assert clean(f"sk-{letters * 15}:") == f"sk-{letters * 15}:"
    assert clean(f"risk-{letters * 16} sk{letters * 16}") == f"risk-{letters * 16} sk{letters * 16}" or letters == "-"


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
    assert clean("x" * 1_000_000) == "x" * 19_999 + "…"
    assert clean_line("x" * 1_000_000) == "x" * 499 + "…"
    assert (clean("x" * 9, 9), clean("x" * 10, 9)) == ("x" * 9, "x" * 8 + "…")
    assert (clean("\0" * 35 + "x", 9), clean("\0" * 36 + "x", 9)) == ("x", "")  # no more of it is read


def test_a_line_keeps_its_words_apart() -> None:
    assert clean_line(" a  b\n\n\tc ") == "a b c"
