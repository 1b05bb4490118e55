"""The header of a TIFF: its size, and how much memory its decoder needs.

A TIFF may be cut into strips or tiles, of which one is decoded at a time, and each may be as large as its maker
wants. Pillow unpacks all tags, and an entry per strip. Source: the TIFF 6.0 specification.
"""

from __future__ import annotations

from typing import BinaryIO

from cometmagic.images.decoding import exif
from cometmagic.images.decoding.file_header import FileHeader, measure_length, select_ranges

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_VALUES = 65_536  # numbers of one tag: a strip per row
_WIDTH, _HEIGHT, _STRIP_ROWS, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 278, 322, 323
_BYTE_TYPES = (1, 2, 6, 7)  # of texts and blocks, which Pillow does not unpack
_TILE_PIXEL_BYTES = 8  # at most: four channels of 16 bits


def read_header(file: BinaryIO) -> FileHeader:
    """Return the header of a TIFF. Raises `ValueError` when it is damaged or has tags without end."""
    length = measure_length(file)
    file.seek(0)
    content = file.read()
    entries = exif.read_directory(content)
    if any(entry.value_count > MAX_VALUES and entry.value_type not in _BYTE_TYPES for entry in entries.values()):
        raise ValueError("a tag of the TIFF has too many values")
    values = {tag: entry.value for tag, entry in entries.items()}
    width, height = values.get(_WIDTH, 0), values.get(_HEIGHT, 0)
    tile_height = values.get(_TILE_HEIGHT, min(values.get(_STRIP_ROWS, height), height))
    tile_pixels = values.get(_TILE_WIDTH, width) * tile_height
    turned_bytes = width * height * 4 if exif.read_orientation(content) > 1 else 0  # Pillow turns it itself
    return FileHeader(
        select_ranges(file, [(0, length)]),
        (width, height),
        content,
        decoder_bytes=max(tile_pixels * _TILE_PIXEL_BYTES, turned_bytes),
    )
