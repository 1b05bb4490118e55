"""The forms of a secret: nothing is missing, and no part is so short that it hits other words."""

from __future__ import annotations

from collections import Counter

import pytest

from cometmagic.system.secret import Secret
from cometmagic.system.secret_forms import iter_forms, iter_parts, list_whole_forms

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
