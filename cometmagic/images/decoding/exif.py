"""The two facts in EXIF data that matter: how the camera was held, and whether it says where that was.

EXIF data is a small TIFF file: a directory of numbered entries. It is untrusted and often damaged, so only the two
entries are read, and what cannot be read counts as missing. Source: the TIFF 6.0 and EXIF 2.32 specifications.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

ORIENTATION, _POSITION, _LATITUDE = 0x0112, 0x8825, 2  # tags; a block with a latitude is a position
SIDEWAYS_ORIENTATIONS = (5, 6, 7, 8)  # those that swap width and height
_SHORT = 3
_BYTE_ORDERS = {b"II": "<", b"MM": ">"}
_PREFIX = b"Exif\0\0"
_XMP_LATITUDE = b"GPSLatitude"
_SIGNATURES = (b"Exif\0\0II*\0", b"Exif\0\0MM\0*")
_MAX_SCANNED_BYTES = 65_536


class Entry(NamedTuple):
    """An entry of a directory: the type and the number of its values, and the value if there is only one."""

    value_type: int
    value_count: int
    value: int


def read_directory(block: bytes, offset: int | None = None) -> dict[int, Entry]:
    """Return the entries of a TIFF directory by tag: of the first one, or of the one at `offset`.

    Raises `ValueError` when there is none.
    """
    try:
        order = _BYTE_ORDERS[block[:2]]
        is_big = struct.unpack_from(f"{order}H", block, 2)[0] == 43  # BigTIFF, with longer numbers
        if offset is None:
            (offset,) = struct.unpack_from(f"{order}{'Q' if is_big else 'I'}", block, 8 if is_big else 4)
        (count,) = struct.unpack_from(f"{order}{'Q' if is_big else 'H'}", block, offset)
    except (KeyError, struct.error):
        raise ValueError("there is no TIFF directory") from None
    layout = struct.Struct(f"{order}{'HHQ8s' if is_big else 'HHI4s'}")
    entries: dict[int, Entry] = {}
    start = offset + (8 if is_big else 2)
    for position in range(start, min(start + count * layout.size, len(block) - layout.size + 1), layout.size):
        tag, value_type, value_count, value = layout.unpack_from(block, position)
        number = int.from_bytes(value[:2] if value_type == _SHORT else value, "little" if order == "<" else "big")
        entries.setdefault(tag, Entry(value_type, value_count, number))
    return entries


def read_orientation(block: bytes) -> int:
    """Return the orientation in EXIF data, from 1 (upright) to 8."""
    entry = _read_entries(block).get(ORIENTATION)
    return entry.value if entry and 1 <= entry.value <= 8 else 1


def has_position(block: bytes, content: bytes) -> bool:
    """Whether a file holds a GPS position, in its EXIF data or in XMP."""
    entry = _read_entries(block).get(_POSITION)
    return (entry is not None and _LATITUDE in _read_entries(block, entry.value)) or _XMP_LATITUDE in content


def scan(content: bytes) -> bytes:
    """Return the EXIF data in a file that Pillow cannot open, such as HEIC."""
    offset = next((offset for signature in _SIGNATURES if (offset := content.find(signature)) >= 0), None)
    return b"" if offset is None else content[offset : offset + _MAX_SCANNED_BYTES]


def _read_entries(block: bytes, offset: int | None = None) -> dict[int, Entry]:
    try:
        return read_directory(block.removeprefix(_PREFIX), offset)
    except ValueError:
        return {}
