"""Text of others: shown without controls, escapes, surrogates and keys, in any case as text."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.system.sanitize import LINE_CAP, TEXT_CAP, clean, clean_line, redact

ANY = st.text(st.characters(codec=None))
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60)

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


@given(ANY, SECRETS, ANY, st.data())
def test_no_piece_of_the_secret_is_left(before: str, secret: str, after: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(secret) - 6))
    end = data.draw(st.integers(start + 6, len(secret)))

    shown = redact(before + secret[start:end] + after, secret)

    assert not any(secret[at : at + 6] in shown.replace("[key]", "\0") for at in range(len(secret) - 5))


@given(SECRETS, st.binary(max_size=5), st.binary(max_size=5))
def test_no_base64_of_the_secret_is_left(secret: str, before: bytes, after: bytes) -> None:
    raw = secret.encode()
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        shown = redact(encode(before + raw + after).decode(), secret).replace("[key]", "")
        # What is shared with a neighbour may stay: a letter at each end, and those of the neighbours.
        assert len(shown) <= (len(before) + len(after)) * 4 // 3 + 8


@given(st.text("abc ", max_size=300))
def test_other_text_is_left_alone(text: str) -> None:
    assert redact(text, "sk-0123456789XYZ") == text


@pytest.mark.parametrize("text", ["", "short", "sk-01", "a longer text without it"])
def test_what_holds_no_piece_is_left_alone(text: str) -> None:
    assert redact(text, "sk-0123456789XYZ") == text
    assert redact(text, "") == text


def test_what_is_kept_stays_whole_and_what_is_around_it_does_not() -> None:
    secret, kept = "sk-offline-0123456789", ["/home/offline/call", "/home/offline"]

    shown = redact(f"{secret} is in /home/offline/call/x-0123456789, not in /home/offline-01 or offline", secret, kept)

    assert shown == "[key] is in /home/offline/call/x[key], not in /home/offline-01 or [key]"
    assert redact(f"({secret})", secret, ["-", "0", ""]) == "([key])"


def test_the_forms_of_a_secret() -> None:
    secret = "sk-A/b+c=d&e-0123456789"

    for form in (secret, secret.encode().hex(), secret.encode().hex().upper(), "sk-A%2Fb%2Bc%3Dd%26e-0123456789"):
        assert redact(f"<{form}>", secret) == "<[key]>"
