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

from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.lenient_json import MAX_DEPTH, parse_documents, parse_events

Buffer = bytes | mmap.mmap

MIN_LONG_STRING_BYTES = 4096  # characters from which a string is cut out
MAX_JSON_BYTES = 4 * 2**20  # bytes of JSON around the long strings; answers have a few hundred
MAX_STRINGS = 100_000  # short ones; answers have a few dozen
MAX_VALUES = 200_000  # in lists and objects, and each takes a hundred bytes
_CHUNK_BYTES = 2**18  # bytes at a time


class MalformedError(ValueError):
    """The bytes are not JSON, or too much of it; the message says why in words that follow "it cannot be read:"."""


@dataclass(frozen=True)
class ScannedJSON:
    """The documents of a body, whether it was cut short, and whether it is a stream of events."""

    documents: list[Any]
    is_truncated: bool
    is_event_stream: bool


def scan_json(buffer: Buffer) -> ScannedJSON:
    """Return the JSON documents in `buffer`, which is UTF-8, long strings as `Blob`.

    Raises `MalformedError` when there is no JSON in it, or too much.
    """
    mark = f"blob-{secrets.token_hex(8)}-"  # that no foreign text can guess
    skeleton, blobs = _extract_strings(buffer, mark)
    text = skeleton.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    events = parse_events(text)
    documents: list[Any] = []
    cut = any(not blob.is_complete for blob in blobs)
    for piece in [text] if events is None else events:
        found, complete = parse_documents(piece)
        for document in _resolve(found, mark, blobs):
            documents += document if isinstance(document, list) else [document]
        cut = cut or not complete
    if not documents:
        raise MalformedError("it is not JSON")
    return ScannedJSON(documents, cut, is_event_stream=events is not None)


def _extract_strings(buffer: Buffer, placeholder: str) -> tuple[bytearray, list[JSONString]]:
    """Return the body with a mark in place of every long string, and those strings."""
    view, kept = memoryview(buffer), bytearray()
    blobs: list[JSONString] = []
    copied, short, opened = 0, 0, buffer.find(b'"')
    while opened >= 0 and short < MAX_STRINGS and len(kept) + opened - copied <= MAX_JSON_BYTES:
        closed = _find_closing_quote(buffer, opened + 1)
        end = closed if closed >= 0 else len(buffer)
        if end - opened > MIN_LONG_STRING_BYTES:
            kept += view[copied : opened + 1]
            kept += b"%s%d" % (placeholder.encode(), len(blobs))
            blobs.append(JSONString(view[opened + 1 : end], is_complete=closed >= 0))
            copied = end
        else:
            short += 1
        opened = buffer.find(b'"', closed + 1) if closed >= 0 else -1
    kept += view[copied : copied + MAX_JSON_BYTES + 1]
    if short == MAX_STRINGS or len(kept) > MAX_JSON_BYTES or sum(map(kept.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise MalformedError("it is too large to be JSON around images")
    if blobs and not blobs[-1].is_complete:
        kept += b'"'
    return kept, blobs


def _find_closing_quote(buffer: Buffer, start: int) -> int:
    """Return where the string that begins at `start` ends, or -1."""
    quote = buffer.find(b'"', start)
    if quote <= start or buffer[quote - 1 : quote] != b"\\":
        return quote  # as in base64 of any length
    while start < len(buffer):
        piece = buffer[start : start + _CHUNK_BYTES]
        plain = piece.replace(rb"\\", b"..").replace(rb"\"", b"..")
        if (quote := plain.find(b'"')) >= 0:
            return start + quote
        start += max(1, len(piece) - plain.endswith(b"\\"))  # half an escape is looked at again
    return -1


def _resolve(value: Any, placeholder: str, strings: list[JSONString], depth: int = 0) -> Any:
    """Return a tree, changed in place: the blobs instead of their marks, and nothing below the deepest level."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, str) and value.startswith(placeholder):
        return strings[int(value[len(placeholder) :])]
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, item in inside:
        value[place] = _resolve(item, placeholder, strings, depth + 1)
    return value
