"""What the head of an image file says, and the part of the file that Pillow may read.

Pillow keeps all metadata in memory and parses much of it. A file that is mostly metadata would cost many times its
size, so the headers are read here first, and the decoder gets what the pixels need. This module knows no format.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_EXIF_BYTES = 2**20  # of a block; cameras write at most 64 KiB


@dataclass(frozen=True)
class FileHeader:
    """The header of an image file. `size` is in pixels as they are stored, None when only Pillow can tell."""

    file: BinaryIO  # what Pillow reads
    size: tuple[int, int] | None = None
    exif: bytes = b""
    is_animated: bool = False
    decoder_bytes: int = 0  # memory of the decoder, in addition to the picture


class FileRanges(io.RawIOBase):
    """Ranges of a file, from an offset to an end, that are read like one file. Closing it leaves the file open."""

    def __init__(self, file: BinaryIO, ranges: Sequence[tuple[int, int]]) -> None:
        self._file, self._ranges = file, ranges
        self._length = sum(end - offset for offset, end in ranges)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view, start = memoryview(buffer), self._position
        for offset, end in self._ranges:
            if start < end - offset:
                self._file.seek(offset + start)
                content = self._file.read(min(len(view), end - offset - start))
                view[: len(content)] = content
                self._position += len(content)
                return len(content)
            start -= end - offset
        return 0


def select_ranges(file: BinaryIO, ranges: Sequence[tuple[int, int]]) -> BinaryIO:
    """Return these ranges of `file` as a file; each goes from an offset to an end, in bytes."""
    return io.BufferedReader(FileRanges(file, ranges))


def measure_length(file: BinaryIO) -> int:
    """Return the length of a file in bytes."""
    return file.seek(0, io.SEEK_END)
