"""The header of a PNG: its size, its EXIF data, and what of it the decoder has to read.

A PNG is a list of chunks. Pillow keeps texts and chunks that it does not know, and decodes all pixels to look for
EXIF data after them. The decoder gets the first image of an animation only. Source: the PNG specification.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from cometmagic.images.decoding.file_header import MAX_EXIF_BYTES, FileHeader, select_ranges

MAGIC = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 100_000  # libpng writes a chunk for every 8 kB
_NEEDED_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"iCCP")
_RAW_PROFILE = b"Raw profile type exif\0"  # ImageMagick's, from before there was eXIf


def read_header(file: BinaryIO) -> FileHeader:
    """Return the header of a PNG. Raises `ValueError` when it is damaged."""
    file.seek(len(MAGIC))
    head = file.read(16)
    if len(head) < 16 or head[4:8] != b"IHDR":
        raise ValueError("the PNG has no header")
    exif, is_animated, pixel_count = b"", False, 0
    ranges = {b"": (0, len(MAGIC))}  # by chunk type; those of the pixels are one
    for chunk_type, offset, length in iterate_chunks(file):
        end, is_pixels = offset + length + 4, chunk_type == b"IDAT"
        if chunk_type in _NEEDED_CHUNKS and not pixel_count:
            ranges.setdefault(chunk_type, (offset - 8, end))
        elif is_pixels and (not pixel_count or ranges[b"IDAT"][1] == offset - 8):
            ranges[b"IDAT"] = (ranges.get(b"IDAT", (offset - 8, 0))[0], end)
            pixel_count += 1
        elif chunk_type == b"acTL":
            is_animated = int.from_bytes(_read_chunk(file, offset, 4), "big") > 1
        elif not exif and chunk_type in (b"eXIf", b"zTXt", b"tEXt"):
            exif = _parse_exif(chunk_type, _read_chunk(file, offset, min(length, MAX_EXIF_BYTES)))
    width, height = struct.unpack_from(">II", head, 8)
    if max(width, height) >= 2**31:
        raise ValueError("the PNG has an impossible size")
    return FileHeader(select_ranges(file, list(ranges.values())), (width, height), exif, is_animated)


def iterate_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each chunk, and the offset and length of its data. Raises `ValueError` if they are too many."""
    offset = len(MAGIC)
    for number in itertools.count():
        file.seek(offset)
        head = file.read(8)
        if len(head) < 8:
            return
        if number >= MAX_CHUNKS:
            raise ValueError("the PNG has too many chunks")
        length = int.from_bytes(head[:4], "big")
        yield head[4:], offset + 8, length
        offset += length + 12


def _read_chunk(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


def _parse_exif(chunk_type: bytes, data: bytes) -> bytes:
    """Return the EXIF data in a chunk, or nothing when it has none."""
    if chunk_type == b"eXIf":
        return data
    if not data.startswith(_RAW_PROFILE):
        return b""
    text = data.removeprefix(_RAW_PROFILE)
    try:
        if chunk_type == b"zTXt":
            text = zlib.decompressobj().decompress(text[1:], 2 * MAX_EXIF_BYTES)
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode())  # a name, a length, then hexadecimal
    except (ValueError, zlib.error):
        return b""
