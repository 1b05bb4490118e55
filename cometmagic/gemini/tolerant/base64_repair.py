"""Base64 as some relays write it: wrapped, escaped, URL-safe, padded wrongly or a data URI.

It is read piece by piece, so that an image of any size takes little memory. What these writings do not
explain is refused, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pybase64

_CHUNK_CHARACTERS = 2**18  # characters at a time
_PREFIX_CHARACTERS = 512  # characters in which `data:image/…;base64,` stands
_MAX_ESCAPE_CHARACTERS = 6  # characters of the longest JSON escape
_SPACE = b" \t\r\n"
_URLSAFE_TABLE = bytes.maketrans(b"-_", b"+/")


def repair_base64(view: memoryview, *, is_escaped: bool) -> Iterator[bytes]:
    """Yield the bytes that oddly written base64 stands for; `escaped` says that it is the inside of a JSON string.

    Raises `ValueError` when it is no base64.
    """
    start = bytes(view[:_PREFIX_CHARACTERS]).rfind(b"base64,")
    view = view[start + len(b"base64,") :] if start >= 0 else view
    pieces = _iter_unescaped(view) if is_escaped else _iter_chunks(view)
    return _decode_chunks(piece.translate(_URLSAFE_TABLE, _SPACE) for piece in pieces)


def count_base64_characters(view: memoryview) -> int:
    """Return how many characters of base64 the inside of a JSON string stands for."""
    return sum(len(piece.translate(None, _SPACE)) for piece in _iter_unescaped(view))


def _iter_chunks(view: memoryview) -> Iterator[bytes]:
    return (bytes(view[start : start + _CHUNK_CHARACTERS]) for start in range(0, len(view), _CHUNK_CHARACTERS))


def _iter_unescaped(view: memoryview) -> Iterator[bytes]:
    """Yield what the inside of a JSON string stands for; an escape at the end of a piece waits for the next one."""
    held = b""
    for piece in _iter_chunks(view):
        raw = held + piece
        last = raw.rfind(b"\\", max(0, len(raw) - _MAX_ESCAPE_CHARACTERS + 1))
        end = last if last >= 0 else len(raw)
        yield _unescape(raw[:end])
        held = raw[end:]
    yield _unescape(held)


def _unescape(raw: bytes) -> bytes:
    text = raw.decode("ascii")
    return str(json.loads(f'"{text}"', strict=False)).encode("ascii") if "\\" in text else raw


def _decode_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of base64 without space; padding may stand anywhere, and need not."""
    rest = b""
    for piece in chunks:
        *ended, rest = (rest + piece).split(b"=")
        yield from map(_decode_with_padding, ended)
        whole = len(rest) - len(rest) % 4
        yield pybase64.b64decode(rest[:whole], validate=True)
        rest = rest[whole:]
    yield _decode_with_padding(rest)


def _decode_with_padding(chunk: bytes) -> bytes:
    """Return the bytes of a piece that ends here, whatever it lacks in padding."""
    return pybase64.b64decode(chunk + b"=" * (-len(chunk) % 4), validate=True)
