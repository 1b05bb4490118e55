"""An answer's file as bytes in UTF-8 that can be looked at without being read into memory.

Some relays answer in UTF-16. Such an answer is copied in UTF-8, piece by piece, into a file without a name,
and that is mapped. This module knows nothing of JSON.
"""

from __future__ import annotations

import codecs
import mmap
import re
import tempfile
from pathlib import Path
from typing import BinaryIO

from cometmagic.gemini.tolerant.json_scanner import MalformedError

MAX_COPY_BYTES = 128 * 2**20  # bytes; in UTF-8 a text may take half as much again, and no picture does
_CHUNK_BYTES = 2**20
_UTF_16 = re.compile(rb"(?P<bom>\xff\xfe|\xfe\xff)|(?P<little>[^\0]\0[^\0]\0)|\0[^\0]\0[^\0]", re.DOTALL)


def map_utf8_file(path: Path) -> mmap.mmap:
    """Return the content of a file in UTF-8; it is not closed by hand, but goes with the last view on it.

    Raises `MalformedError` when there is nothing in it, or too much in UTF-16, and `OSError`, also when the
    disk has no room for the copy.
    """
    with path.open("rb") as file:
        found = _UTF_16.match(file.read(4))
        file.seek(0)
        if found is None:
            return _map(file)
        encoding = "utf-16" if found["bom"] else "utf-16-le" if found["little"] else "utf-16-be"
        # Of the ending that is cleared away where a crash leaves it: not every system has files without a name.
        with tempfile.TemporaryFile(dir=path.parent, prefix=".utf-8.", suffix=".tmp") as copy:
            _copy_as_utf8(file, copy, encoding)
            return _map(copy)


def _map(file: BinaryIO) -> mmap.mmap:
    if not file.seek(0, 2):
        raise MalformedError("it is empty")
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _copy_as_utf8(source: BinaryIO, target: BinaryIO, encoding: str) -> None:
    """Write a text in UTF-8; characters may stand across any two pieces."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    while piece := source.read(_CHUNK_BYTES):
        target.write(decoder.decode(piece).encode())
        if target.tell() > MAX_COPY_BYTES:
            raise MalformedError(f"it is in UTF-16 and has more than {MAX_COPY_BYTES >> 20} MB of text")
    target.write(decoder.decode(b"", final=True).encode())
    target.flush()
