"""The forms of a secret, and escapes undone: nothing is missing, and no part is so short that it hits other words."""

from __future__ import annotations

from array import array
from collections import Counter

import pytest

from cometmagic.system.secret import Secret
from cometmagic.system.secret_forms import iter_forms, iter_parts, list_whole_forms, unescape

BASE64_FORMS = {b"YWJjZGVmZ2", b"FiY2RlZmdo", b"hYmNkZWZna"}  # at three offsets


def test_the_forms_of_a_secret() -> None:
    assert set(iter_forms(Secret("abcdefgh"))) == {b"abcdefgh", b"6162636465666768", *BASE64_FORMS}
    assert {b"a?>zb~/c", b"a?>zb~\\/c"} <= list_whole_forms(Secret("a?>zb~/c"))
    assert {b"YT8+emJ+L2", b"YT8-emJ-L2"} <= list_whole_forms(Secret("a?>zb~/c"))
    assert {b"6a6b6c", b"6A6B6C"} <= list_whole_forms(Secret("jkl"))


@pytest.mark.parametrize(
    ("secret", "lengths"),
    [
        ("Abcdefgh", {6: 3, 12: 5, 8: 9}),  # of the secret, its hexadecimal, and three times its base64
        ("pass", {4: 1}),
        ("abc", {}),
    ],
)
def test_parts_are_as_short_as_tells_something(secret: str, lengths: dict[int, int]) -> None:
    parts = set(iter_parts(Secret(secret)))

    assert Counter(map(len, parts)) == lengths
    assert all(part == part.lower() for part in parts)


@pytest.mark.parametrize(
    ("text", "content", "ends"),
    [
        (b"x\\u0061b%63&#100;&#x65;f", b"xabcdef", [1, 7, 8, 11, 17, 23, 24]),
        (b'\\"\\\\\\/', b'"\\/', [2, 4, 6]),
        (b"\\\\u0041%252541\\x42", b"aab", [7, 14, 18]),
        (b"a\nb\\nc\\u00e9d\xc3\xa9e", b"abcde", [1, 3, 6, 13, 16]),
        (b"&#32;&#126;", b" ~", [5, 11]),
        (b"%41", b"a", [3]),
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


@pytest.mark.parametrize("text", [b"", b"plain", b"100% of &amp; \\ it", b"&#31;&#127;&#x1f;%7g"])
def test_a_text_without_escapes_has_none(text: bytes) -> None:
    assert unescape(text) is None
