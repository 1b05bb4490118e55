"""The ways to write a secret: plain, base64, hexadecimal, and with escapes.

Services quote a key as it is, within a header as base64, or in JSON, HTML and addresses with escapes. This module
lists these forms, and undoes escapes; it does not search.
"""

from __future__ import annotations

import base64
import re
from array import array
from collections.abc import Iterator
from itertools import compress
from typing import NamedTuple

from cometmagic.system.secret import Secret

MIN_PART = 6  # characters of a secret; fewer reveal nothing
MIN_PASSWORD = 4  # characters of a whole secret; a shorter one occurs in many words
MAX_ESCAPE_BYTES = 10  # of one character: `%252573`, `\\\\u0073`
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ESCAPES = re.compile(
    rb"""\\+(?:u00|x)([2-7][0-9a-f])    # JSON, Python
    |%(?:25)*([2-7][0-9a-f])            # URL
    |&\#x0*([2-7][0-9a-f]);             # HTML
    |&\#0*(3[2-9]|[4-9]\d|1[01]\d|12[0-6]);
    |\\(["\\/])                         # JSON
    |(?:[^\x20-\x7e]|\\+(?:u(?!00[2-7])[0-9a-f]{4}|[bfnrt]))+  # controls, and other scripts
    """,
    re.VERBOSE,
)
_ESCAPE_SIGNS = (b"\\", b"%", b"&")  # one of them is in each escape that stands for a character
_IS_PRINTABLE = bytes(0x20 <= code <= 0x7E for code in range(256))
_UNPRINTABLE = bytes(code for code in range(256) if not _IS_PRINTABLE[code])


def iter_parts(secret: Secret) -> Iterator[bytes]:
    """Yield the shortest parts of a secret that must not be shown, in all forms without escapes and in lower case."""
    if len(secret) >= MIN_PASSWORD:
        yield from _iter_slices(secret.reveal().encode().lower(), min(MIN_PART, len(secret)))
    for form in _iter_base64(secret):
        yield from _iter_slices(form.lower(), MIN_PART * 4 // 3)
    yield from _iter_slices(secret.reveal().encode().hex().encode(), MIN_PART * 2)


def _iter_slices(form: bytes, length: int) -> Iterator[bytes]:
    for start in range(len(form) - length + 1):
        yield form[start : start + length]


def list_whole_forms(secret: Secret) -> set[bytes]:
    """Return the whole secret in all forms that fit into base64 or hexadecimal data."""
    forms = {*iter_forms(secret), secret.reveal().encode().hex().upper().encode()}
    return forms | {form.replace(b"/", b"\\/") for form in forms}


def iter_forms(secret: Secret) -> Iterator[bytes]:
    """Yield a secret as it is, in hexadecimal, and in base64."""
    yield secret.reveal().encode()
    yield secret.reveal().encode().hex().encode()
    yield from _iter_base64(secret)


def _iter_base64(secret: Secret) -> Iterator[bytes]:
    """Yield the base64 of a secret anywhere in other bytes, without the characters that encode those as well."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + secret.reveal().encode())
        form = text[(0, 2, 3)[offset] : (offset + len(secret)) * 8 // 6]
        yield form
        yield form.translate(_URL_SAFE)


class UnescapedText(NamedTuple):
    """The printable ASCII characters of a text without escapes, and where each begins and ends in that text."""

    content: bytes
    starts: array[int]
    ends: array[int]


def unescape(content: bytes) -> UnescapedText | None:
    """Undo all escapes in a text in lower case, and leave out all that is not printable ASCII; None without any."""
    if not any(sign in content for sign in _ESCAPE_SIGNS):
        return _drop_unprintable(content)
    if _ESCAPES.search(content) is None:
        return None
    text, position = UnescapedText(b"", array("Q"), array("Q")), 0
    pieces: list[bytes] = []
    for match in _ESCAPES.finditer(content):
        _append_plain(text, pieces, content, position, match.start())
        if character := _read_character(match):
            pieces.append(character)
            text.starts.append(match.start())
            text.ends.append(match.end())
        position = match.end()
    _append_plain(text, pieces, content, position, len(content))
    return text._replace(content=b"".join(pieces).lower())


def _drop_unprintable(content: bytes) -> UnescapedText | None:
    """Do the same for a text without signs of escapes, much faster: in UTF-16, every second byte is left out."""
    printable = content.translate(None, _UNPRINTABLE)
    if len(printable) == len(content):
        return None
    mask = content.translate(_IS_PRINTABLE)
    starts, ends = compress(range(len(content)), mask), compress(range(1, len(content) + 1), mask)
    return UnescapedText(printable, array("Q", starts), array("Q", ends))


def _append_plain(text: UnescapedText, pieces: list[bytes], content: bytes, start: int, end: int) -> None:
    pieces.append(content[start:end])
    text.starts.extend(range(start, end))
    text.ends.extend(range(start + 1, end + 1))


def _read_character(match: re.Match[bytes]) -> bytes:
    *hexadecimal, decimal, literal = match.groups()
    if digits := next(filter(None, hexadecimal), None):
        return bytes([int(digits, 16)])
    return bytes([int(decimal)]) if decimal else literal or b""
