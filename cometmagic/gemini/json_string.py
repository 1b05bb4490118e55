"""A long JSON string as a view of a body: read and copied in chunks, never as one Python string.

The string may be invalid JSON. This module does not know where in a response it occurs.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TEXT_BYTES = 2**20  # the most that is read of a string; less than that is displayed
_CHUNK_BYTES = 2**18
_VALID_CONTENT = re.compile(rb'(?:[^"\\]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_PARTIAL_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?")
_MAX_PARTIAL_ESCAPE_BYTES = 5
_COMMON_ESCAPES = (rb"\\", rb"\"", rb"\/", rb"\n")
# The control characters, which JSON requires to be escaped.
_CONTROL_ESCAPES = {bytes([code]): json.dumps(chr(code))[1:-1].encode() for code in range(32)}


@dataclass(frozen=True, eq=False, slots=True)
class JSONString:
    """The inside of a JSON string; `is_complete` is False when the body ends in it."""

    view: memoryview
    is_complete: bool = True

    def read_text(self, max_bytes: int = MAX_TEXT_BYTES) -> str:
        """Return the text of the first `max_bytes` bytes."""
        chunks = _repair_content(self.view[:max_bytes], is_complete=self.is_complete and len(self.view) <= max_bytes)
        return str(json.loads(b"".join((b'"', *chunks, b'"'))))

    def has_substring(self, substring: bytes) -> bool:
        """Whether the raw bytes of the string contain `substring`."""
        return re.search(re.escape(substring), self.view) is not None

    def iter_unescaped(self) -> Iterator[bytes]:
        """Yield the text in UTF-8, in chunks. Raises `ValueError` when an escape is invalid."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for chunk in _split_between_escapes(self.view):
            text: str = json.loads(f'"{decoder.decode(chunk)}"', strict=False)
            yield text.encode("utf-8", "replace")

    def iter_json(self) -> Iterator[bytes]:
        """Yield the JSON string with its quotes, in chunks; invalid JSON is repaired."""
        yield b'"'
        yield from _repair_content(self.view, is_complete=self.is_complete)
        yield b'"'


def _repair_content(view: memoryview, *, is_complete: bool) -> Iterator[bytes]:
    """Yield the inside of a string as valid JSON; if any escape is invalid, all backslashes are taken literally."""
    end, is_valid = 0, True
    for chunk in _split_between_escapes(view):
        end, is_valid = end + len(chunk), is_valid and _is_valid(chunk)
    if not is_complete:
        view = view[:end]
    is_valid = is_valid and end == len(view)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for start in range(0, len(view), _CHUNK_BYTES):
        is_last = is_complete and start + _CHUNK_BYTES >= len(view)
        chunk = decoder.decode(view[start : start + _CHUNK_BYTES], final=is_last).encode()
        if not is_valid:
            chunk = chunk.replace(b"\\", rb"\\").replace(b'"', rb"\"")
        if len(chunk.translate(None, b"".join(_CONTROL_ESCAPES))) < len(chunk):
            for control, escape in _CONTROL_ESCAPES.items():
                chunk = chunk.replace(control, escape)
        yield chunk


def _split_between_escapes(view: memoryview) -> Iterator[bytes]:
    """Yield a string in chunks that do not split an escape; a partial escape at the end is left out."""
    start = 0
    while start < len(view):
        chunk = bytes(view[start : start + _CHUNK_BYTES])
        backslash = chunk.replace(rb"\\", b"..").rfind(b"\\", -_MAX_PARTIAL_ESCAPE_BYTES)
        if backslash >= 0 and _PARTIAL_ESCAPE.fullmatch(chunk, backslash):
            chunk = chunk[:backslash]
        if not chunk:
            return
        yield chunk
        start += len(chunk)


def _is_valid(chunk: bytes) -> bool:
    """Whether a chunk has no quotes, and no backslashes except in valid escapes."""
    for escape in _COMMON_ESCAPES:  # the pattern alone is slow for millions of them
        chunk = chunk.replace(escape, b"..")
    return _VALID_CONTENT.fullmatch(chunk) is not None
