"""Escapes undone, in layers, with the places where each character stood."""

from __future__ import annotations

from array import array

import pytest

from cometmagic.system.escapes import MAX_LAYERS, iter_layers, unescape


@pytest.mark.parametrize(
    ("text", "content", "ends"),
    [
        (b"x\\u0061b%63&#100;&#x65;f", b"xabcdef", [1, 7, 8, 11, 17, 23, 24]),
        (b'\\"\\\\\\/', b'"\\/', [2, 4, 6]),
        (b"\\\\u0041%252541\\x42", b"AAB", [7, 14, 18]),
        (b"a\nb\\nc\\u00e9d\xc3\xa9e", b"abcde", [1, 3, 6, 13, 16]),
        (b"&#32;&#126;", b" ~", [5, 11]),
        (b"%41", b"A", [3]),
        (b"0x61, 0x62,", b"ab,", [4, 10, 11]),
        (b"a\x1b[31mb\\u001b[0mc\xc2\x9b1md", b"abcd", [1, 7, 17, 22]),
        (b"a\x1b]0;x\x07b\\u001bPq\\u001b\\\\c\x1bMd", b"abcd", [1, 8, 25, 28]),
        (b"a&shy;b<b>c</b>d<!-- x -->e&#8203;f", b"abcdef", [1, 7, 11, 16, 27, 35]),
        (b"a%00b%e2%80%8bc&#31;&#127;&#x1f;d", b"abcd", [1, 5, 15, 33]),
    ],
)
def test_escapes_are_undone_and_their_places_known(text: bytes, content: bytes, ends: list[int]) -> None:
    unescaped = unescape(text)

    assert unescaped is not None
    assert unescaped.content == content
    assert unescaped.ends == array("Q", ends)
    assert len(unescaped.starts) == len(content)
    assert all(start < end for start, end in zip(unescaped.starts, ends, strict=True))
    assert [start for start, end in zip(unescaped.starts[1:], ends, strict=False) if start < end] == []


@pytest.mark.parametrize("text", [b"", b"plain", b"100% of &amp; \\ it", b"%7g < 1 <3 &#; 0x"])
def test_a_text_without_escapes_has_none(text: bytes) -> None:
    assert unescape(text) is None


def test_each_layer_of_escapes_is_undone_and_its_places_are_those_of_the_text() -> None:
    text = b"x\\u0026#37;34<b>y"
    layers = list(iter_layers(text))

    assert [layer.content for layer in layers] == [b"x&#37;34y", b"x%34y", b"x4y"]
    assert [text[start:end] for start, end in zip(layers[-1].starts, layers[-1].ends, strict=True)] == [
        b"x", b"\\u0026#37;34", b"y",
    ]  # fmt: skip
    assert list(iter_layers(b"plain")) == []


def test_layers_have_a_limit() -> None:
    assert len(list(iter_layers(b"&#38;#38;#38;#38;#38;#38;#37;41"))) == MAX_LAYERS


@pytest.mark.parametrize("text", [b"\\" * 60_000, b"%25" * 20_000, b"<a " * 20_000, b"\x1b]" * 30_000, b"&#0" * 20_000])
def test_nothing_takes_long(text: bytes) -> None:
    assert len(list(iter_layers(text))) <= MAX_LAYERS
