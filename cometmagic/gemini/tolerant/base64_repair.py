"""Decodes base64 as some relays write it: wrapped, escaped, URL-safe, wrongly padded or as a data URI.

It is decoded chunk by chunk, so that an image of any size takes little memory. Anything else is
refused, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pybase64

_CHUNK_CHARACTERS = 2**18
_PREFIX_CHARACTERS = 512  # where `data:image/…;base64,` is looked for
_MAX_ESCAPE_CHARACTERS = 6  # the longest JSON escape, \uXXXX
_SPACE = b" \t\r\n"
_URLSAFE_TABLE = bytes.maketrans(b"-_", b"+/")


def repair_base64(view: memoryview, *, is_escaped: bool) -> Iterator[bytes]:
    """Yield the bytes that base64 encodes; `is_escaped` means that it is the inside of a JSON string.

    Raises `ValueError` when it is not base64.
    """
    start = bytes(view[:_PREFIX_CHARACTERS]).rfind(b"base64,")
    view = view[start + len(b"base64,") :] if start >= 0 else view
    chunks = _iter_unescaped(view) if is_escaped else _iter_chunks(view)
    return _decode_chunks(chunk.translate(_URLSAFE_TABLE, _SPACE) for chunk in chunks)


def count_base64_characters(view: memoryview) -> int:
    """Return the number of base64 characters in the inside of a JSON string."""
    return sum(len(chunk.translate(None, _SPACE)) for chunk in _iter_unescaped(view))


def _iter_chunks(view: memoryview) -> Iterator[bytes]:
    return (bytes(view[start : start + _CHUNK_CHARACTERS]) for start in range(0, len(view), _CHUNK_CHARACTERS))


def _iter_unescaped(view: memoryview) -> Iterator[bytes]:
    """Yield the unescaped inside of a JSON string; an escape at the end of a chunk is added to the next chunk."""
    rest = b""
    for chunk in _iter_chunks(view):
        raw = rest + chunk
        backslash = raw.rfind(b"\\", max(0, len(raw) - _MAX_ESCAPE_CHARACTERS + 1))
        end = backslash if backslash >= 0 else len(raw)
        yield _unescape(raw[:end])
        rest = raw[end:]
    yield _unescape(rest)


def _unescape(raw: bytes) -> bytes:
    text = raw.decode("ascii")
    return str(json.loads(f'"{text}"', strict=False)).encode("ascii") if "\\" in text else raw


def _decode_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of base64 without whitespace; padding may be anywhere, or missing."""
    rest = b""
    for chunk in chunks:
        *segments, rest = (rest + chunk).split(b"=")
        yield from map(_decode_with_padding, segments)
        end = len(rest) - len(rest) % 4
        yield pybase64.b64decode(rest[:end], validate=True)
        rest = rest[end:]
    yield _decode_with_padding(rest)


def _decode_with_padding(chunk: bytes) -> bytes:
    """Return the bytes of base64 whose padding is missing."""
    return pybase64.b64decode(chunk + b"=" * (-len(chunk) % 4), validate=True)
