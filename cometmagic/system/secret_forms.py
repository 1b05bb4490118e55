"""The ways to write a secret: plain, backwards, base64, hexadecimal, UTF-16, and one of them within base64.

Services quote a key as it is, or within a header as base64. This module lists these forms, without escapes; it does
not search.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from cometmagic.system.secret import Secret

MIN_PART = 6  # characters of a secret; fewer reveal nothing
MIN_LONG_PART = 12  # characters of a secret that occur nowhere by chance, not even in megabytes
MIN_PASSWORD = 4  # characters of a whole secret; a shorter one occurs in many words
# For `bytes.translate`: letters and digits are what is left of a text when it is squeezed.
LOWER_CASE = bytes(range(256)).lower()
SEPARATORS = bytes(code for code in range(256) if not (code < 128 and chr(code).isalnum()))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def iter_lower_forms(secret: Secret) -> Iterator[tuple[bytes, int]]:
    """Yield all forms of a secret without escapes, in lower case, and the lengths of parts that must not be shown."""
    if len(secret) >= MIN_PASSWORD:
        yield secret.reveal().encode().lower(), min(MIN_PART, len(secret))
    for form in _iter_base64(secret.reveal().encode()):
        yield form.lower(), MIN_PART * 4 // 3
    yield secret.reveal().encode().hex().encode(), MIN_PART * 2


def iter_squeezed_forms(secret: Secret) -> Iterator[tuple[bytes, int]]:
    """Yield the forms of a secret, squeezed, and the lengths that hold `MIN_LONG_PART` characters of it."""
    yield squeeze(secret.reveal().encode()), MIN_LONG_PART
    yield squeeze(secret.reveal().encode()[::-1]), MIN_LONG_PART
    for encoding, size in (("utf-8", 1), ("utf-16-le", 2)):
        yield secret.reveal().encode(encoding).hex().encode(), MIN_LONG_PART * size * 2
        yield from _iter_squeezed_base64(secret.reveal().encode(encoding), MIN_LONG_PART * size * 4 // 3)
    yield from _iter_squeezed_base64(secret.reveal().encode().hex().encode(), MIN_LONG_PART * 2 * 4 // 3)
    for form in _iter_base64(secret.reveal().encode()):
        yield from _iter_squeezed_base64(form, MIN_LONG_PART * 16 // 9)


def _iter_squeezed_base64(content: bytes, length: int) -> Iterator[tuple[bytes, int]]:
    return ((form, length) for form in set(map(squeeze, _iter_base64(content))))


def squeeze(content: bytes | bytearray) -> bytes:
    """Return the letters and digits of a text, in lower case."""
    return bytes(content.translate(LOWER_CASE, SEPARATORS))


def list_whole_forms(secret: Secret) -> set[bytes]:
    """Return the whole secret in all forms that fit into base64 or hexadecimal data."""
    forms = {*iter_forms(secret), secret.reveal().encode().hex().upper().encode()}
    return forms | {form.replace(b"/", b"\\/") for form in forms}


def iter_forms(secret: Secret) -> Iterator[bytes]:
    """Yield a secret as it is, in hexadecimal, and in base64."""
    yield secret.reveal().encode()
    yield secret.reveal().encode().hex().encode()
    yield from _iter_base64(secret.reveal().encode())


def _iter_base64(content: bytes) -> Iterator[bytes]:
    """Yield the base64 of a text anywhere in other bytes, without the characters that encode those as well."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + content)
        form = text[(0, 2, 3)[offset] : (offset + len(content)) * 8 // 6]
        yield form
        yield form.translate(_URL_SAFE)
