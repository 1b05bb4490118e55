"""The forms of a secret: nothing is missing, and no part is so short that it hits other words."""

from __future__ import annotations

import base64

import pytest

from cometmagic.system.secret import Secret
from cometmagic.system.secret_forms import iter_forms, iter_lower_forms, iter_squeezed_forms, list_whole_forms, squeeze

BASE64_FORMS = {b"YWJjZGVmZ2", b"FiY2RlZmdo", b"hYmNkZWZna"}  # at three offsets


def test_the_forms_of_a_secret() -> None:
    assert set(iter_forms(Secret("abcdefgh"))) == {b"abcdefgh", b"6162636465666768", *BASE64_FORMS}
    assert {b"a?>zb~/c", b"a?>zb~\\/c"} <= list_whole_forms(Secret("a?>zb~/c"))
    assert {b"YT8+emJ+L2", b"YT8-emJ-L2"} <= list_whole_forms(Secret("a?>zb~/c"))
    assert {b"6a6b6c", b"6A6B6C"} <= list_whole_forms(Secret("jkl"))


@pytest.mark.parametrize(
    ("secret", "lengths"),
    [
        ("Abcdefgh", {6, 12, 8}),  # of the secret, its hexadecimal, and its base64
        ("pass", {4, 12, 8}),
        ("abc", {12, 8}),
    ],
)
def test_parts_are_as_short_as_tells_something(secret: str, lengths: set[int]) -> None:
    forms = dict(iter_lower_forms(Secret(secret)))

    assert set(forms.values()) == lengths
    assert {form for form, length in forms.items() if length == 8} == {form.lower() for form in base64_forms(secret)}
    assert all(form == form.lower() for form in forms)


def base64_forms(secret: str) -> set[bytes]:
    return set(iter_forms(Secret(secret))) - {secret.encode(), secret.encode().hex().encode()}


def test_squeezed_forms_are_letters_and_digits() -> None:
    forms = dict(iter_squeezed_forms(Secret("Ab-cd_12")))

    assert forms[b"abcd12"] == forms[b"21dcba"] == 12
    assert forms[b"Ab-cd_12".hex().encode()] == 24
    assert forms["Ab-cd_12".encode("utf-16-le").hex().encode()] == 48
    assert forms[b"qwity2rfmt"] == 16
    assert squeeze(base64.b64encode(b"QWItY2RfMT"))[:12] in {form[:12] for form in forms}
    assert all(squeeze(form) == form for form in forms)
