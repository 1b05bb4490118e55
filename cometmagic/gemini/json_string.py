"""A long JSON string as it stands in a body: looked at and copied in pieces, never a Python string of its size.

It may be the inside of any string that somebody sent, also of one that is no JSON. This module knows
nothing of where in an answer it stands.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TEXT_BYTES = 2**20  # bytes of a string that are read at most; what is shown of it is less
_CHUNK_BYTES = 2**18  # bytes at a time
_VALID_CONTENT = re.compile(rb'(?:[^"\\]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_PARTIAL_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?")
_MAX_PARTIAL_ESCAPE_BYTES = 5
_COMMON_ESCAPES = (rb"\\", rb"\"", rb"\/", rb"\n")  # escapes
_CONTROL_ESCAPES = {
    bytes([code]): json.dumps(chr(code))[1:-1].encode() for code in range(32)
}  # that JSON wants escaped


@dataclass(frozen=True, eq=False, slots=True)
class JSONString:
    """The inside of a JSON string; `whole` is False when the body ends in it."""

    view: memoryview
    is_complete: bool = True

    def read_text(self, max_bytes: int = MAX_TEXT_BYTES) -> str:
        """Return the string that its first `most` bytes stand for."""
        inside = _repair_content(self.view[:max_bytes], is_complete=self.is_complete and len(self.view) <= max_bytes)
        return str(json.loads(b"".join((b'"', *inside, b'"'))))

    def has_substring(self, substring: bytes) -> bool:
        """Whether some plain words stand in it."""
        return re.search(re.escape(substring), self.view) is not None

    def iter_json(self) -> Iterator[bytes]:
        """Yield it as a JSON string, in pieces; one that is none is mended."""
        yield b'"'
        yield from _repair_content(self.view, is_complete=self.is_complete)
        yield b'"'


def _repair_content(view: memoryview, *, is_complete: bool) -> Iterator[bytes]:
    """Yield the inside of a string as JSON has it; where an escape is wrong, all backslashes stand for themselves."""
    end, valid = 0, True
    for piece in _split_between_escapes(view):
        end, valid = end + len(piece), valid and _is_valid(piece)
    if not is_complete:
        view = view[:end]
    valid = valid and end == len(view)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for start in range(0, len(view), _CHUNK_BYTES):
        last = is_complete and start + _CHUNK_BYTES >= len(view)
        piece = decoder.decode(view[start : start + _CHUNK_BYTES], final=last).encode()
        if not valid:
            piece = piece.replace(b"\\", rb"\\").replace(b'"', rb"\"")
        if len(piece.translate(None, b"".join(_CONTROL_ESCAPES))) < len(piece):
            for control, escape in _CONTROL_ESCAPES.items():
                piece = piece.replace(control, escape)
        yield piece


def _split_between_escapes(view: memoryview) -> Iterator[bytes]:
    """Yield a string in pieces that end in no escape; half an escape at the very end is left out."""
    start = 0
    while start < len(view):
        piece = bytes(view[start : start + _CHUNK_BYTES])
        last = piece.replace(rb"\\", b"..").rfind(b"\\", -_MAX_PARTIAL_ESCAPE_BYTES)
        if last >= 0 and _PARTIAL_ESCAPE.fullmatch(piece, last):
            piece = piece[:last]
        if not piece:
            return
        yield piece
        start += len(piece)


def _is_valid(chunk: bytes) -> bool:
    """Whether a piece has no quotes, and no backslashes but those of escapes."""
    for escape in _COMMON_ESCAPES:  # the expression alone takes long for millions of them
        chunk = chunk.replace(escape, b"..")
    return _VALID_CONTENT.fullmatch(chunk) is not None
