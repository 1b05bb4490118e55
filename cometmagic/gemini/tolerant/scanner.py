"""An answer's bytes as a small tree, whatever its size and however odd.

An image answer is a few hundred bytes of JSON around megabytes of base64. `carve` jumps from quote to
quote, cuts every long string out as a view on the (memory-mapped) body, and parses only what is left:
milliseconds for a 4K picture, and no Python string ever holds it. Because what is left is small, it
can be read patiently (`patient`). This module knows nothing of what the JSON means.
"""

from __future__ import annotations

import mmap
import secrets
from dataclasses import dataclass
from typing import Any

from cometmagic.gemini.json_string import Blob
from cometmagic.gemini.tolerant.lenient_json import DEEPEST, documents_in, events_in

Buffer = bytes | mmap.mmap

LONG = 4096  # characters from which a string is cut out
LARGEST = 4 * 2**20  # bytes of JSON around the long strings; answers have a few hundred
MOST_STRINGS = 100_000  # short ones; answers have a few dozen
MOST_VALUES = 200_000  # in lists and objects, and each takes a hundred bytes
_PIECE = 2**18  # bytes at a time


class MalformedError(ValueError):
    """The bytes are not JSON, or too much of it; the message says why in words that follow "it cannot be read:"."""


@dataclass(frozen=True)
class Carved:
    """The documents of a body, whether it was cut short, and whether it is a stream of events."""

    documents: list[Any]
    cut: bool
    streamed: bool


def carve(buffer: Buffer) -> Carved:
    """Return the JSON documents in `buffer`, which is UTF-8, long strings as `Blob`.

    Raises `MalformedError` when there is no JSON in it, or too much.
    """
    mark = f"blob-{secrets.token_hex(8)}-"  # that no foreign text can guess
    skeleton, blobs = _cut_out(buffer, mark)
    text = skeleton.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    events = events_in(text)
    documents: list[Any] = []
    cut = any(not blob.whole for blob in blobs)
    for piece in [text] if events is None else events:
        found, complete = documents_in(piece)
        for document in _resolve(found, mark, blobs):
            documents += document if isinstance(document, list) else [document]
        cut = cut or not complete
    if not documents:
        raise MalformedError("it is not JSON")
    return Carved(documents, cut, streamed=events is not None)


def _cut_out(buffer: Buffer, mark: str) -> tuple[bytearray, list[Blob]]:
    """Return the body with a mark in place of every long string, and those strings."""
    view, kept = memoryview(buffer), bytearray()
    blobs: list[Blob] = []
    copied, short, opened = 0, 0, buffer.find(b'"')
    while opened >= 0 and short < MOST_STRINGS and len(kept) + opened - copied <= LARGEST:
        closed = _closing_quote(buffer, opened + 1)
        end = closed if closed >= 0 else len(buffer)
        if end - opened > LONG:
            kept += view[copied : opened + 1]
            kept += b"%s%d" % (mark.encode(), len(blobs))
            blobs.append(Blob(view[opened + 1 : end], whole=closed >= 0))
            copied = end
        else:
            short += 1
        opened = buffer.find(b'"', closed + 1) if closed >= 0 else -1
    kept += view[copied : copied + LARGEST + 1]
    if short == MOST_STRINGS or len(kept) > LARGEST or sum(map(kept.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise MalformedError("it is too large to be JSON around images")
    if blobs and not blobs[-1].whole:
        kept += b'"'
    return kept, blobs


def _closing_quote(buffer: Buffer, start: int) -> int:
    """Return where the string that begins at `start` ends, or -1."""
    quote = buffer.find(b'"', start)
    if quote <= start or buffer[quote - 1 : quote] != b"\\":
        return quote  # as in base64 of any length
    while start < len(buffer):
        piece = buffer[start : start + _PIECE]
        plain = piece.replace(rb"\\", b"..").replace(rb"\"", b"..")
        if (quote := plain.find(b'"')) >= 0:
            return start + quote
        start += max(1, len(piece) - plain.endswith(b"\\"))  # half an escape is looked at again
    return -1


def _resolve(value: Any, mark: str, blobs: list[Blob], level: int = 0) -> Any:
    """Return a tree, changed in place: the blobs instead of their marks, and nothing below the deepest level."""
    if level > DEEPEST:
        return None
    if isinstance(value, str) and value.startswith(mark):
        return blobs[int(value[len(mark) :])]
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, item in inside:
        value[place] = _resolve(item, mark, blobs, level + 1)
    return value
