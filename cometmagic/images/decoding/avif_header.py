"""The header of an AVIF: the size of its largest frame, and how much memory its decoder needs.

An AVIF is boxes within boxes. The size that they state is that of the picture, but each item (colours, transparency,
the tiles of a grid) is decoded at the size in its own data. So the data of all items, and of the first frame of each
track, is looked at. What cannot be found this way is not decoded. Sources: ISO/IEC 14496-12, 23008-12, AVIF 1.1.
"""

from __future__ import annotations

import io
import itertools
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from cometmagic.images.decoding.av1_header import FrameSize, read_frame_size
from cometmagic.images.decoding.file_header import FileHeader

MAGIC = b"ftyp"  # at the second word
MAX_READ_BYTES = 64 * 2**20
MAX_BOXES = 10_000  # in a box
MAX_ITEMS = 1_000  # a grid of a phone has 48
_EXIF_ITEM = re.compile(rb"(infe.{8}(?:..)?)Exif", re.DOTALL)
_PATH_TO_SAMPLES = (b"trak", b"mdia", b"minf", b"stbl")
_LENIENT_BYTES = 3  # of a pixel that the limits count in any case
_IN_FILE, _IN_BOX = 0, 1  # where an item's data is


def read_header(file: BinaryIO) -> FileHeader:
    """Return the header of an AVIF. Raises `ValueError` when it is damaged, or has something that is not known."""
    file.seek(0)
    content = file.read(MAX_READ_BYTES)
    try:
        frames = list(_iterate_frames(content))
    except (struct.error, IndexError):
        raise ValueError("the AVIF is cut short") from None
    if not frames:
        raise ValueError("the AVIF has no picture")
    size = max((frame.size for frame in frames), key=lambda sides: sides[0] * sides[1])
    frame_bytes = sum(frame.byte_count for frame in frames) - size[0] * size[1] * _LENIENT_BYTES
    # Pillow parses all EXIF data; it finds none when the item has another type.
    masked_file = io.BytesIO(_EXIF_ITEM.sub(rb"\1skip", content))
    return FileHeader(masked_file, size, decoder_bytes=max(0, frame_bytes))


def _iterate_frames(content: bytes) -> Iterator[FrameSize]:
    for box_type, box in _iterate_boxes(content, is_file=True):
        if box_type == b"meta":
            yield from _iterate_items(content, box[4:])
        elif box_type == b"moov":
            for table in _find_boxes(box, *_PATH_TO_SAMPLES):
                yield read_frame_size(_read_first_sample(content, table))
        elif box_type == b"mini":
            raise ValueError("this kind of AVIF is not decoded")


def _iterate_boxes(content: bytes, *, is_file: bool = False) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and the content of each box; only the last one of a file may be cut short or have no length."""
    offset = 0
    for _ in range(MAX_BOXES):
        if offset >= len(content):
            return
        length, box_type = struct.unpack_from(">I4s", content, offset)
        start, rest = offset + 8, len(content) - offset
        if length == 1:
            (length,) = struct.unpack_from(">Q", content, start)
            start += 8
        length = rest if is_file and (not length or length > rest) else length
        if not start - offset <= length <= rest:
            raise ValueError("a box of the AVIF is damaged")
        offset += length
        yield box_type, content[start + 16 * (box_type == b"uuid") : offset]
    raise ValueError("the AVIF has too many boxes")


def _find_boxes(content: bytes, *path: bytes) -> Iterator[bytes]:
    """Yield the content of the boxes with the types in `path`, each within the one before."""
    for box_type, box in _iterate_boxes(content):
        if box_type == path[0]:
            yield from _find_boxes(box, *path[1:]) if path[1:] else [box]


def _iterate_items(content: bytes, box: bytes) -> Iterator[FrameSize]:
    """Yield the sizes of the pictures that a box of items lists, and of grids that are put together from them."""
    types = dict(itertools.chain.from_iterable(map(_iterate_types, _find_boxes(box, b"iinf"))))
    item_data = b"".join(_find_boxes(box, b"idat"))
    available_bytes = len(content)
    for item, extents in itertools.chain.from_iterable(map(_iterate_locations, _find_boxes(box, b"iloc"))):
        if types.get(item) not in (b"av01", b"grid"):
            continue
        available_bytes -= sum(length for _, _, length in extents)
        if available_bytes < 0:
            raise ValueError("the items of the AVIF overlap")
        data = b"".join(
            {_IN_FILE: content, _IN_BOX: item_data}[place][offset : offset + length]
            for place, offset, length in extents
        )
        if data:
            yield read_frame_size(data) if types[item] == b"av01" else _read_grid(data)


def _iterate_types(box: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the type of each item."""
    for entry in itertools.islice(_find_boxes(box[4 + (4 if box[0] else 2) :], b"infe"), MAX_ITEMS):
        if entry[0] not in (2, 3):
            raise ValueError("an item of the AVIF has no type")
        number, item_type = struct.unpack_from(">Hxx4s" if entry[0] == 2 else ">Ixx4s", entry, 4)
        yield number, item_type


def _iterate_locations(box: bytes) -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
    """Yield the number of each item, and of each piece of its data the place, the offset and the length."""
    numbers = _Numbers(box)
    version = numbers.read(4) >> 24
    offset_bytes, length_bytes, base_bytes, index_bytes = (numbers.read_nibbles() + numbers.read_nibbles())[:4]
    count = numbers.read(4 if version == 2 else 2)
    if version > 2 or count > MAX_ITEMS:
        raise ValueError("the items of the AVIF cannot be found")
    for _ in range(count):
        item = numbers.read(4 if version == 2 else 2)
        place = numbers.read(2) & 15 if version else _IN_FILE
        numbers.read(2)
        base = numbers.read(base_bytes)
        extents = []
        for _ in range(numbers.read(2)):
            numbers.read(index_bytes if version else 0)
            extents.append((place, base + numbers.read(offset_bytes), numbers.read(length_bytes)))
        yield item, extents


class _Numbers:
    """Reads big-endian numbers of some bytes, one after another."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def read(self, length: int) -> int:
        content = self._file.read(length)
        if len(content) < length:
            raise ValueError("a box of the AVIF is cut short")
        return int.from_bytes(content, "big")

    def read_nibbles(self) -> list[int]:
        byte = self.read(1)
        return [byte >> 4, byte & 15]


def _read_grid(data: bytes) -> FrameSize:
    """Return the size of a picture that is put together from tiles, which are items of their own."""
    width, height = struct.unpack_from(">II" if data[1] & 1 else ">HH", data, 4)
    return FrameSize((width, height), width * height * _LENIENT_BYTES)


def _read_first_sample(content: bytes, table: bytes) -> bytes:
    """Return the data of the first frame of a track."""
    boxes = [(box_type, box) for box_type, box in _iterate_boxes(table) if box_type in (b"stco", b"co64", b"stsz")]
    if sorted(box_type for box_type, _ in boxes) not in ([b"stco", b"stsz"], [b"co64", b"stsz"]):
        raise ValueError("the frames of the AVIF cannot be found")
    values = dict(boxes)
    common_length, first_length = struct.unpack_from(">I4xI", values[b"stsz"].ljust(16, b"\0"), 4)
    (offset,) = struct.unpack_from(*((">I", values[b"stco"], 8) if b"stco" in values else (">Q", values[b"co64"], 8)))
    return content[offset : offset + (common_length or first_length)]
