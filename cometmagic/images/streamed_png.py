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
SMALLEST = 4_000_000  # pixels; a smaller picture may as well be decoded whole
ROWS = 32  # of a strip, about
_READ = 64 * 1024
_HEADER = struct.Struct(">IIBBBBB")
_MODES = {0: ("L", 1), 2: ("RGB", 3), 4: ("LA", 2), 6: ("RGBA", 4)}
_NEEDED = (b"PLTE", b"tRNS", b"eXIf")  # chunks that change how the pixels are to be read


def reduced(file: BinaryIO, longest: int) -> Image.Image | None:
    """Return the picture at a whole fraction of its size, its longest side `longest` or little more.

    None when the file is not a large plain PNG. Raises `ValueError` or `zlib.error` when it is damaged.
    """
    file.seek(0)
    head = file.read(len(SIGNATURE) + 8 + _HEADER.size)
    if not head.startswith(SIGNATURE) or head[12:16] != b"IHDR" or len(head) < len(SIGNATURE) + 8 + _HEADER.size:
        return None
    width, height, bits, color, _, _, interlaced = _HEADER.unpack(head[16:])
    step = max(width, height) // longest
    if bits != 8 or interlaced or color not in _MODES or width * height < SMALLEST or step < 2:
        return None
    if not _is_plain(file):
        return None
    mode, channels = _MODES[color]
    small = Image.new(mode, (-(-width // step), -(-height // step)))
    strips = _strips(_pixels(file), width * channels + 1, height, max(1, ROWS // step) * step)
    before, top = bytes(width * channels), 0
    for filtered in strips:
        strip, before = _decoded(head, filtered, before)
        small.paste(strip.reduce(step, (0, 1, width, strip.height)), (0, top // step))
        top += strip.height - 1
    return small if top == height else None


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
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
    return not any(kind in _NEEDED for kind, _ in itertools.takewhile(lambda chunk: chunk[0] != b"IDAT", _chunks(file)))


def _pixels(file: BinaryIO) -> Iterator[bytes]:
    """Yield the packed pixel data of a PNG."""
    for kind, length in _chunks(file):
        left = length if kind == b"IDAT" else 0
        while left and (piece := file.read(min(left, _READ))):
            left -= len(piece)
            yield piece


def _strips(packed: Iterator[bytes], stride: int, height: int, rows: int) -> Iterator[bytes]:
    """Yield the filtered rows of the picture, `rows` at a time and what is left."""
    inflate, held, wanted = zlib.decompressobj(), bytearray(), height * stride
    for piece in packed:
        rest = piece
        while rest and wanted:
            # No more than a strip at once, however much the data would unpack to.
            fresh = inflate.decompress(rest, min(rows * stride, wanted))
            rest = inflate.unconsumed_tail
            wanted -= len(fresh)
            held += fresh
            while len(held) >= rows * stride:
                yield bytes(held[: rows * stride])
                del held[: rows * stride]
            if inflate.eof:
                break
    if wanted:
        raise ValueError("the picture is cut short")
    if held:
        yield bytes(held)


def _decoded(head: bytes, filtered: bytes, before: bytes) -> tuple[Image.Image, bytes]:
    """Return a strip with the row before it on top, and its last row.

    A row is coded against the one above it, so that one goes in front, as it is (filter 0).
    """
    width = _HEADER.unpack(head[16:])[0]
    rows = len(filtered) // (len(before) + 1) + 1
    stored = zlib.compress(b"\0" + before + filtered, level=0)
    header = struct.pack(">II", width, rows) + head[24:]
    png = SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", stored) + _chunk(b"IEND", b"")
    strip = Image.open(io.BytesIO(png), formats=("PNG",))
    strip.load()
    return strip, strip.crop((0, rows - 1, width, rows)).tobytes()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
