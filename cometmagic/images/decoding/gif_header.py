"""The size of a GIF: of its screen, or of its first frame if that is larger.

Pillow creates a picture of that size as soon as a GIF is opened, and keeps all comments before it. Source: the
GIF89a specification.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from cometmagic.images.decoding.file_header import FileHeader, measure_length, select_ranges

MAGICS = (b"GIF87a", b"GIF89a")
MAX_READ_BYTES = 64 * 2**20  # from the first frame on
_MAX_BLOCKS = 1_000_000  # before the first frame, of up to 255 bytes
_EXTENSION, _CONTROL, _FRAME = b"!", b"\xf9", b","


def read_header(file: BinaryIO) -> FileHeader:
    """Return the header of a GIF. Raises `ValueError` when it is damaged or has no frame."""
    length = measure_length(file)
    file.seek(6)
    try:
        width, height, flags = struct.unpack("<HHBxx", file.read(7))
        ranges = [(0, file.seek(_measure_palette(flags), io.SEEK_CUR))]
        while (introducer := file.read(1)) == _EXTENSION:
            offset, label = file.tell() - 1, file.read(1)
            _skip_blocks(file)
            if label == _CONTROL:  # which says what is transparent
                ranges[1:] = [(offset, file.tell())]
        offset = file.tell() - 1
        left, top, frame_width, frame_height = struct.unpack("<HHHH", file.read(8))
    except struct.error:
        raise ValueError("the GIF is cut short") from None
    if introducer != _FRAME:
        raise ValueError("the GIF has no frame")
    ranges.append((offset, min(length, offset + MAX_READ_BYTES)))
    size = max(width, left + frame_width), max(height, top + frame_height)
    return FileHeader(select_ranges(file, ranges), size)


def _measure_palette(flags: int) -> int:
    """Return the length of the palette in bytes."""
    return 3 << (flags & 7) + 1 if flags & 128 else 0


def _skip_blocks(file: BinaryIO) -> None:
    for _ in range(_MAX_BLOCKS):
        length = int.from_bytes(file.read(1))
        if not length:
            return
        file.seek(length, io.SEEK_CUR)
    raise ValueError("the GIF has too many blocks")
