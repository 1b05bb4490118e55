"""Long strings as they stand in a body: read and copied in pieces, the same wherever a piece ends."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cometmagic.gemini import json_string
from cometmagic.gemini.json_string import JSONString

# What JSON strings are made of, whole and in halves, so that pieces end inside of everything.
CRUMBS = [
    b"a", b"\\\\", b'\\"', b"\\/", b"\\n", b"\\u0041", b"\\ud83d", b"\\ude00", b"\xc3\xbc", b"\xf0\x9f\x98\x80",
    b"\\", b'"', b"\\u00", b"\\x", b"4f", b"\n", b"\x01", b"\xc3", b"\xff", b"\xed\xa0\x80",
]  # fmt: skip
VALID, ANY = (st.lists(st.sampled_from(some), max_size=12).map(b"".join) for some in (CRUMBS[:10], CRUMBS))
SIZES = st.integers(6, 9) | st.just(2**18)


def read(content: bytes, size: int, *, whole: bool = True) -> tuple[str, bytes]:
    """Return the text and the token of a string that is looked at in pieces of so many bytes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_string, "_CHUNK_BYTES", size)
        found = JSONString(memoryview(content), is_complete=whole)
        return found.read_text(), b"".join(found.iter_json())


@given(VALID, SIZES)
def test_a_good_string_is_what_json_says_and_stays_byte_for_byte(content: bytes, size: int) -> None:
    text, token = read(content, size)

    assert text == json.loads(b'"%s"' % content)
    assert token == b'"%s"' % content


@given(ANY, SIZES, st.booleans())
@example(content=b"\\u00\\", size=6, whole=False)
def test_any_string_is_json_afterwards_and_the_same_in_any_pieces(content: bytes, size: int, whole: bool) -> None:
    text, token = read(content, size, whole=whole)

    assert json.loads(token) == text
    assert (text, token) == read(content, 2**18, whole=whole)


@given(VALID, st.sampled_from([b"\\x", b"\\u00zz", b'"', b"\\\n"]), VALID, SIZES)
def test_where_an_escape_is_wrong_every_backslash_stands_for_itself(
    before: bytes, wrong: bytes, after: bytes, size: int
) -> None:
    content = before + wrong + after

    assert read(content, size)[0] == content.decode()


@given(VALID, SIZES, st.integers(0, 60))
def test_of_a_string_that_was_cut_what_came_whole_is_read(content: bytes, size: int, length: int) -> None:
    text, _ = read(content[:length], size, whole=False)

    assert "\\u" not in text
    assert "\ufffd" not in text
    assert len(text) >= len(json.loads(b'"%s"' % content)[: length // 12]) - 1  # an emoji is twelve bytes


def test_controls_that_json_forbids_are_escaped() -> None:
    content = bytes(range(32)) + b"\\\\"

    text, token = read(content, 6)

    assert text == "".join(map(chr, range(32))) + "\\"
    assert min(token) >= 32


def test_invalid_utf_8_is_replaced_and_a_character_across_two_pieces_is_not() -> None:
    text, _ = read("ü€😀".encode() * 9 + b"\xff!", 7)

    assert text == "ü€😀" * 9 + "\ufffd!"


def test_only_the_beginning_of_a_long_string_is_read() -> None:
    found = JSONString(memoryview(b"\\n" * json_string.MAX_TEXT_BYTES))

    assert found.read_text(5) == "\n\n"
    assert found.read_text() == "\n" * (json_string.MAX_TEXT_BYTES // 2)
