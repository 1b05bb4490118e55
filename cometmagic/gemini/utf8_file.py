"""A response's file as UTF-8, memory-mapped instead of read.

Some relays respond in UTF-16. Such a response is first copied as UTF-8, chunk by chunk, into a temporary
file. This module knows nothing about JSON.
"""

from __future__ import annotations

import codecs
import mmap
import re
import tempfile
from pathlib import Path
from typing import BinaryIO

from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.system.regular_files import MAX_FILE_BYTES, open_regular

MAX_COPY_BYTES = 128 * 2**20  # of UTF-8, which may be longer than the UTF-16, though never for base64
_CHUNK_BYTES = 2**20
_UTF_16 = re.compile(rb"(?P<bom>\xff\xfe|\xfe\xff)|(?P<little>[^\0]\0[^\0]\0)|\0[^\0]\0[^\0]", re.DOTALL)


def map_utf8_file(path: Path, max_bytes: int | None = MAX_FILE_BYTES) -> mmap.mmap:
    """Return the content of a file as UTF-8. The map is closed with the last view of it, not by the caller.

    Raises `MalformedError` when the file is empty or has too much text in UTF-16, and `OSError` when it is no regular
    file of at most `max_bytes`, or the disk has no room for the copy.
    """
    with open_regular(path, max_bytes) as file:
        match = _UTF_16.match(file.read(4))
        file.seek(0)
        if match is None:
            return _map_file(file)
        encoding = "utf-16" if match["bom"] else "utf-16-le" if match["little"] else "utf-16-be"
        # Not every system has unnamed files: files with this suffix are removed later if a crash leaves them.
        with tempfile.TemporaryFile(dir=path.parent, prefix=".utf-8.", suffix=".tmp") as copy:
            _copy_as_utf8(file, copy, encoding)
            return _map_file(copy)


def _map_file(file: BinaryIO) -> mmap.mmap:
    if not file.seek(0, 2):
        raise MalformedError("it is empty")
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _copy_as_utf8(source: BinaryIO, target: BinaryIO, encoding: str) -> None:
    """Copy a text as UTF-8; a character may be split between two chunks."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    while chunk := source.read(_CHUNK_BYTES):
        target.write(decoder.decode(chunk).encode())
        if target.tell() > MAX_COPY_BYTES:
            raise MalformedError(f"it is in UTF-16 and has more than {MAX_COPY_BYTES >> 20} MB of text")
    target.write(decoder.decode(b"", final=True).encode())
    target.flush()
