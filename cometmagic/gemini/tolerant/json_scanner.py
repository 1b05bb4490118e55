"""Parses a response body of any size without reading its images.

A response is a few hundred bytes of JSON around megabytes of base64. `scan_json` jumps from quote to
quote and replaces every long string by a view of the (memory-mapped) body; only the small rest is
parsed, by `lenient_json`. That takes milliseconds for a 4K image, and no Python string ever holds it.
This module does not know what the JSON means.
"""

from __future__ import annotations

import mmap
import secrets
from dataclasses import dataclass
from typing import Any

from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.lenient_json import MAX_DEPTH, parse_documents, parse_events, remove_end_mark

Buffer = bytes | mmap.mmap

MIN_LONG_STRING_BYTES = 4096  # longer strings stay views
MAX_JSON_BYTES = 4 * 2**20  # of JSON around the long strings; responses have a few hundred
MAX_STRINGS = 100_000  # short ones; responses have a few dozen
MAX_VALUES = 200_000  # in lists and objects; each takes about a hundred bytes of memory
_CHUNK_BYTES = 2**18


class MalformedError(ValueError):
    """The bytes are not JSON, or too much of it; the message completes "The answer cannot be read: …"."""


@dataclass(frozen=True)
class ScannedJSON:
    """The documents in a body, and whether the body is truncated, or an event stream that has no end mark."""

    documents: list[Any]
    is_truncated: bool
    is_open_stream: bool


def scan_json(buffer: Buffer) -> ScannedJSON:
    """Return the JSON documents in `buffer`, which is UTF-8, with long strings as `JSONString`.

    Raises `MalformedError` when there is no JSON in it, or too much.
    """
    placeholder = f"blob-{secrets.token_hex(8)}-"  # random, so that no foreign text contains it
    skeleton, strings = _extract_strings(buffer, placeholder)
    text, has_end_mark = remove_end_mark(skeleton.decode("utf-8", "replace").lstrip("\ufeff \t\r\n"))
    events = parse_events(text)
    documents: list[Any] = []
    is_truncated = any(not string.is_complete for string in strings)
    for event in [text] if events is None else events:
        values, is_complete = parse_documents(event)
        for value in _restore_strings(values, placeholder, strings):
            documents += value if isinstance(value, list) else [value]
        is_truncated = is_truncated or not is_complete
    if not documents:
        raise MalformedError("it is not JSON")
    return ScannedJSON(documents, is_truncated, is_open_stream=events is not None and not has_end_mark)


def _extract_strings(buffer: Buffer, placeholder: str) -> tuple[bytearray, list[JSONString]]:
    """Return the body with a placeholder for every long string, and those strings."""
    view, skeleton = memoryview(buffer), bytearray()
    strings: list[JSONString] = []
    position, short_count, start = 0, 0, buffer.find(b'"')
    while start >= 0 and short_count < MAX_STRINGS and len(skeleton) + start - position <= MAX_JSON_BYTES:
        closing = _find_closing_quote(buffer, start + 1)
        end = closing if closing >= 0 else len(buffer)
        if end - start > MIN_LONG_STRING_BYTES:
            skeleton += view[position : start + 1]
            skeleton += b"%s%d" % (placeholder.encode(), len(strings))
            strings.append(JSONString(view[start + 1 : end], is_complete=closing >= 0))
            position = end
        else:
            short_count += 1
        start = buffer.find(b'"', closing + 1) if closing >= 0 else -1
    skeleton += view[position : position + MAX_JSON_BYTES + 1]
    value_count = sum(map(skeleton.count, (b",", b"[", b"{")))
    if short_count == MAX_STRINGS or len(skeleton) > MAX_JSON_BYTES or value_count > MAX_VALUES:
        raise MalformedError("it is too large to be JSON around images")
    if strings and not strings[-1].is_complete:
        skeleton += b'"'
    return skeleton, strings


def _find_closing_quote(buffer: Buffer, start: int) -> int:
    """Return the index of the quote that ends the string beginning at `start`, or -1."""
    quote = buffer.find(b'"', start)
    if quote <= start or buffer[quote - 1 : quote] != b"\\":
        return quote  # always so in base64
    while start < len(buffer):
        chunk = buffer[start : start + _CHUNK_BYTES]
        masked_chunk = chunk.replace(rb"\\", b"..").replace(rb"\"", b"..")
        if (quote := masked_chunk.find(b'"')) >= 0:
            return start + quote
        start += max(1, len(chunk) - masked_chunk.endswith(b"\\"))  # a split escape is read again
    return -1


def _restore_strings(value: Any, placeholder: str, strings: list[JSONString], depth: int = 0) -> Any:
    """Return a tree with strings for its placeholders, changed in place; what is nested too deeply becomes None."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, str) and value.startswith(placeholder):
        return strings[int(value[len(placeholder) :])]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        value[key] = _restore_strings(item, placeholder, strings, depth + 1)
    return value
