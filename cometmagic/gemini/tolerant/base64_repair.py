"""Decodes base64 as some relays write it: wrapped, escaped, URL-safe, wrongly padded, as a data URI or Python's bytes.

It is decoded chunk by chunk, so that an image of any size takes little memory. Anything else is
refused, never guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

import pybase64

from cometmagic.gemini.tolerant.percent_encoding import decode_escapes, has_escapes

_CHUNK_CHARACTERS = 2**18
_PREFIX_CHARACTERS = 512  # where `data:image/…;base64,` is looked for
_MAX_ESCAPE_CHARACTERS = 6  # the longest JSON escape, \uXXXX
_SPACE = b" \t\r\n'\""  # what is around and between the letters
_SAMPLE_CHARACTERS = 1000
_LINE_BREAKS = b"\t\r\n'\""
_START = re.compile(rb"(?s)(?:.{0,500}?base64(?:,|://))?\s*(?:b(?='|\"|\\\"))?(?:\\(?=\"))?")
_BLANK = re.compile(rb"[A-Za-z0-9/] [A-Za-z0-9/]")
_PLUS_OR_LINE_BREAK = re.compile(rb"[+\-_\r\n]|\\(?!/)")
_LINE_ESCAPES = re.compile(rb"\\[nrt]|\\(?=\")")
_URLSAFE_TABLE = bytes.maketrans(b"-_", b"+/")
_PLUS_TABLE = bytes.maketrans(b" ", b"+")


def repair_base64(view: memoryview, *, is_escaped: bool) -> Iterator[bytes]:
    """Yield the bytes that base64 encodes; `is_escaped` means that it is the inside of a JSON string.

    Raises `ValueError` when it is not base64.
    """
    view = memoryview(decode_escapes(view)) if has_escapes(view) else view
    match = _START.match(view[:_PREFIX_CHARACTERS])
    view = view[match.end() :] if match else view
    chunks = _iter_unescaped(view) if is_escaped else _iter_chunks(view)
    table, removed = (_PLUS_TABLE, _LINE_BREAKS) if _has_lost_plus(view) else (_URLSAFE_TABLE, _SPACE)
    return _decode_chunks(chunk.translate(table, removed) for chunk in _iter_without_line_escapes(chunks))


def count_base64_characters(view: memoryview) -> int:
    """Return the number of base64 characters in the inside of a JSON string."""
    return sum(len(chunk.translate(None, _SPACE)) for chunk in _iter_unescaped(view))


def _has_lost_plus(view: memoryview) -> bool:
    """Whether spaces are the plus signs of a form: only with them there are as many letters as base64 has.

    Where that says nothing, they are at no regular distance. A short text is no picture.
    """
    if _BLANK.search(view) is None or _PLUS_OR_LINE_BREAK.search(view) is not None:
        return False
    content = bytes(view).replace(rb"\/", b"/").strip()
    letter_count = len(content) - content.count(b" ")
    distances = {len(piece) for piece in content[:_SAMPLE_CHARACTERS].split(b" ")[:-1]}
    is_long = len(content) > _SAMPLE_CHARACTERS
    return is_long and len(content) % 4 == 0 and (letter_count % 4 != 0 or len(distances) > 1)


def _iter_without_line_escapes(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield chunks without line breaks that were escaped twice; one may be split between two chunks."""
    rest = b""
    for chunk in chunks:
        content = rest + chunk
        rest = content[-1:] if content.endswith(b"\\") else b""
        yield _LINE_ESCAPES.sub(b"", content[: len(content) - len(rest)])
    yield rest


def _iter_chunks(view: memoryview) -> Iterator[bytes]:
    return (bytes(view[start : start + _CHUNK_CHARACTERS]) for start in range(0, len(view), _CHUNK_CHARACTERS))


def _iter_unescaped(view: memoryview) -> Iterator[bytes]:
    """Yield the unescaped inside of a JSON string; an escape at the end of a chunk is added to the next chunk."""
    rest = b""
    for chunk in _iter_chunks(view):
        raw = rest + chunk
        masked = raw.replace(rb"\\", b"..")  # an escaped backslash is whole
        backslash = masked.rfind(b"\\", max(0, len(raw) - _MAX_ESCAPE_CHARACTERS + 1))
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
