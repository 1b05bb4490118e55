"""Base64 as some relays write it: wrapped, escaped, URL-safe, padded wrongly or a data URI.

It is read piece by piece, so that an image of any size takes little memory. What these writings do not
explain is refused, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pybase64

_CHUNK = 2**18  # characters at a time
_HEAD = 512  # characters in which `data:image/…;base64,` stands
_ESCAPE = 6  # characters of the longest JSON escape
_SPACE = b" \t\r\n"
_URLSAFE = bytes.maketrans(b"-_", b"+/")


def repaired(view: memoryview, *, escaped: bool) -> Iterator[bytes]:
    """Yield the bytes that oddly written base64 stands for; `escaped` says that it is the inside of a JSON string.

    Raises `ValueError` when it is no base64.
    """
    start = bytes(view[:_HEAD]).rfind(b"base64,")
    view = view[start + len(b"base64,") :] if start >= 0 else view
    pieces = _unescaped(view) if escaped else _chunks(view)
    return _decoded(piece.translate(_URLSAFE, _SPACE) for piece in pieces)


def letters_in(view: memoryview) -> int:
    """Return how many characters of base64 the inside of a JSON string stands for."""
    return sum(len(piece.translate(None, _SPACE)) for piece in _unescaped(view))


def _chunks(view: memoryview) -> Iterator[bytes]:
    return (bytes(view[start : start + _CHUNK]) for start in range(0, len(view), _CHUNK))


def _unescaped(view: memoryview) -> Iterator[bytes]:
    """Yield what the inside of a JSON string stands for; an escape at the end of a piece waits for the next one."""
    held = b""
    for piece in _chunks(view):
        raw = held + piece
        last = raw.rfind(b"\\", max(0, len(raw) - _ESCAPE + 1))
        end = last if last >= 0 else len(raw)
        yield _plain(raw[:end])
        held = raw[end:]
    yield _plain(held)


def _plain(raw: bytes) -> bytes:
    text = raw.decode("ascii")
    return str(json.loads(f'"{text}"', strict=False)).encode("ascii") if "\\" in text else raw


def _decoded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of base64 without space; padding may stand anywhere, and need not."""
    rest = b""
    for piece in pieces:
        *ended, rest = (rest + piece).split(b"=")
        yield from map(_last, ended)
        whole = len(rest) - len(rest) % 4
        yield pybase64.b64decode(rest[:whole], validate=True)
        rest = rest[whole:]
    yield _last(rest)


def _last(piece: bytes) -> bytes:
    """Return the bytes of a piece that ends here, whatever it lacks in padding."""
    return pybase64.b64decode(piece + b"=" * (-len(piece) % 4), validate=True)
