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

READ = 2**20  # bytes of a string that are read at most; what is shown of it is less
_PIECE = 2**18  # bytes at a time
_VALID = re.compile(rb'(?:[^"\\]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_HALF_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?")
_LONGEST_HALF = 5
_COMMON = (rb"\\", rb"\"", rb"\/", rb"\n")  # escapes
_CONTROLS = {bytes([code]): json.dumps(chr(code))[1:-1].encode() for code in range(32)}  # that JSON wants escaped


@dataclass(frozen=True, eq=False, slots=True)
class Blob:
    """The inside of a JSON string; `whole` is False when the body ends in it."""

    view: memoryview
    whole: bool = True

    def text(self, most: int = READ) -> str:
        """Return the string that its first `most` bytes stand for."""
        inside = _mended(self.view[:most], whole=self.whole and len(self.view) <= most)
        return str(json.loads(b"".join((b'"', *inside, b'"'))))

    def holds(self, words: bytes) -> bool:
        """Whether some plain words stand in it."""
        return re.search(re.escape(words), self.view) is not None

    def token(self) -> Iterator[bytes]:
        """Yield it as a JSON string, in pieces; one that is none is mended."""
        yield b'"'
        yield from _mended(self.view, whole=self.whole)
        yield b'"'


def _mended(view: memoryview, *, whole: bool) -> Iterator[bytes]:
    """Yield the inside of a string as JSON has it; where an escape is wrong, all backslashes stand for themselves."""
    end, valid = 0, True
    for piece in _between_escapes(view):
        end, valid = end + len(piece), valid and _is_valid(piece)
    if not whole:
        view = view[:end]
    valid = valid and end == len(view)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for start in range(0, len(view), _PIECE):
        last = whole and start + _PIECE >= len(view)
        piece = decoder.decode(view[start : start + _PIECE], final=last).encode()
        if not valid:
            piece = piece.replace(b"\\", rb"\\").replace(b'"', rb"\"")
        if len(piece.translate(None, b"".join(_CONTROLS))) < len(piece):
            for control, escape in _CONTROLS.items():
                piece = piece.replace(control, escape)
        yield piece


def _between_escapes(view: memoryview) -> Iterator[bytes]:
    """Yield a string in pieces that end in no escape; half an escape at the very end is left out."""
    start = 0
    while start < len(view):
        piece = bytes(view[start : start + _PIECE])
        last = piece.replace(rb"\\", b"..").rfind(b"\\", -_LONGEST_HALF)
        if last >= 0 and _HALF_ESCAPE.fullmatch(piece, last):
            piece = piece[:last]
        if not piece:
            return
        yield piece
        start += len(piece)


def _is_valid(piece: bytes) -> bool:
    """Whether a piece has no quotes, and no backslashes but those of escapes."""
    for escape in _COMMON:  # the expression alone takes long for millions of them
        piece = piece.replace(escape, b"..")
    return _VALID.fullmatch(piece) is not None
