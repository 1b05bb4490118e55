"""Image files of at most 20 MB that cost many times their size when they are decoded carelessly.

All are written by hand, so that building them takes no memory either. What decides is the shape: flat pixels do.
"""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Callable, Iterable

from PIL import Image

from tests.gemini.answers import png_chunk

MAX_FILE_BYTES = 20_000_000
FLAT = b"\0" * 1_000_000
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6  # colour types of a PNG
_CHANNELS = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGBA: 4}
_SIDE = 8_000  # 64 megapixels, which are allowed


def png(
    size: tuple[int, int],
    colour: int = _RGB,
    bits: int = 8,
    *,
    before: bytes = b"",
    after: bytes = b"",
    interlaced: int = 0,
    pixel_bytes: int = 0,
) -> bytes:
    """Return a flat PNG with chunks before and after its pixels; it may be cut after `pixel_bytes` of these."""
    width, height = size
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))
    row_bits = _CHANNELS[colour] * bits
    if interlaced:
        grids = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        sizes = [(-(-(width - x) // across), -(-(height - y) // down)) for x, y, across, down in grids]
    else:
        sizes = [size]
    length = sum(rows * (1 + -(-columns * row_bits // 8)) for columns, rows in sizes)
    palette = png_chunk(b"PLTE", bytes(range(256)) * 3) + png_chunk(b"tRNS", b"\0") if colour == _PALETTE else b""
    pixels = png_chunk(b"IDAT", deflate(pixel_bytes or length))
    return b"\x89PNG\r\n\x1a\n" + header + palette + before + pixels + after + png_chunk(b"IEND", b"")


@functools.cache
def deflate(length: int) -> bytes:
    """Return so many zeros, compressed: a million once, since all the others are the same after a flush."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(FLAT) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(FLAT[: length % len(FLAT)]) + packer.flush()
    return b"\x78\xda" + block * (length // len(FLAT)) + end + struct.pack(">HH", length % 65_521, 1)


def segment(marker: int, content: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg(
    size: tuple[int, int],
    samplings: Iterable[int] = (0x22, 0x11, 0x11),
    *,
    progressive: bool = False,
    before: bytes = b"",
) -> bytes:
    """Return a flat JPEG: with these Huffman tables every block is four zero bits, or two in a progressive one."""
    width, height = size
    factors = [(sampling >> 4, sampling & 15) for sampling in samplings]
    across, down = (8 * max(sides) for sides in zip(*factors, strict=True))
    blocks = -(-width // across) * -(-height // down) * sum(columns * rows for columns, rows in factors)
    components = [(number, columns << 4 | rows, 0) for number, (columns, rows) in enumerate(factors, 1)]
    tables = segment(0xDB, b"\0" + b"\1" * 64) + b"".join(
        segment(0xC4, bytes([table, 0, 1]) + bytes(14) + b"\0") for table in (0x00, 0x10)
    )
    frame = struct.pack(">BHHB", 8, height, width, len(components)) + bytes(sum(components, ()))
    scan = bytes([len(components)]) + b"".join(bytes([number, 0]) for number, _, _ in components)
    scan += b"\0\0\0" if progressive else b"\0\x3f\0"
    pixels = bytes(-(-blocks * (1 if progressive else 2) // 8) + 1)
    return (
        b"\xff\xd8" + before + tables + segment(0xC2 if progressive else 0xC0, frame) + segment(0xDA, scan) + pixels
    ) + b"\xff\xd9"


def gif(size: tuple[int, int], frames: int = 1, disposal: int = 0, pixel_count: int | None = None) -> bytes:
    """Return a flat GIF of some frames, each with so many pixels; without them, of all that there are."""
    control = b"!\xf9\4" + bytes([disposal << 2 | 1, 0, 0, 0, 0])
    frame = control + b"," + struct.pack("<HHHHB", 0, 0, *size, 0) + b"\x08"
    frame += _pack_blocks(_compress_zeros(size[0] * size[1] if pixel_count is None else pixel_count))
    return b"GIF89a" + struct.pack("<HHBBB", *size, 0x80, 0, 0) + bytes(6) + frame * frames + b";"


def _pack_blocks(content: bytes) -> bytes:
    pieces = [content[start : start + 255] for start in range(0, len(content), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def _compress_zeros(count: int) -> bytes:
    """Return so many zeros in LZW: each code is the one that was just defined, for one zero more."""
    bits, position, next_code, remaining = 0, 0, 4096, count
    while remaining > 0:
        if next_code == 4096:
            width = 9 if position == 0 else 12
            bits, position = bits | 256 << position, position + width
            code, next_code, length = 0, 257, 0
        width = max(9, next_code.bit_length())
        bits, position, length = bits | code << position, position + width, length + 1
        remaining -= length
        next_code += 1
        code = next_code
    return (bits | 257 << position).to_bytes(position // 8 + 3, "little")


def webp(size: tuple[int, int]) -> bytes:
    """Return a flat lossless WebP: of one colour, so that a pixel takes no bits."""
    Image.new("RGBA", (16, 16), (9, 9, 9, 9)).save(buffer := io.BytesIO(), "WEBP", lossless=True, exact=True)
    content = bytearray(buffer.getvalue())
    start = content.index(b"VP8L") + 9
    (bits,) = struct.unpack_from("<I", content, start)
    struct.pack_into("<I", content, start, bits >> 28 << 28 | (size[1] - 1) << 14 | size[0] - 1)
    return bytes(content)


def tiff(size: tuple[int, int], tags: dict[int, tuple[int, int, int]], pixels: bytes) -> bytes:
    """Return a deflated TIFF in RGB of one strip at offset 8, with more or other tags: (type, count, value)."""
    entries = {
        256: (4, 1, size[0]), 257: (4, 1, size[1]), 258: (3, 1, 8), 259: (3, 1, 8), 262: (3, 1, 2), 273: (4, 1, 8),
        277: (3, 1, 3), 278: (4, 1, size[1]), 279: (4, 1, len(pixels)), **tags,
    }  # fmt: skip
    rows = b"".join(
        struct.pack("<HHI", tag, kind, count)
        + (struct.pack("<HH", value, 0) if kind == 3 else struct.pack("<I", value))
        for tag, (kind, count, value) in sorted(entries.items())
        if count
    )
    present = sum(bool(count) for _, count, _ in entries.values())
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + struct.pack("<H", present) + rows + bytes(4)


def bmp(size: tuple[int, int]) -> bytes:
    """Return a black BMP of one bit per pixel."""
    stride = -(-size[0] // 32) * 4
    header = struct.pack("<IiiHHIIiiII", 40, *size, 1, 1, 0, stride * size[1], 0, 0, 2, 2)
    return b"BM" + struct.pack("<IHHI", 62 + stride * size[1], 0, 0, 62) + header + bytes(8) + bytes(stride * size[1])


def exif_block(tags: int, length: int) -> bytes:
    """Return EXIF data in which so many tags all point to the same long value."""
    entry = b"".join(
        struct.pack("<HHII", tag, 4, length // 4, 8) for tag in (0x0112, 0x8825, *range(40_000, 40_000 + tags))
    )
    block = b"II*\0\x08\0\0\0" + struct.pack("<H", tags + 2) + entry + bytes(4)
    return block + bytes(max(0, length - len(block)))


def avif(size: tuple[int, int], mode: str = "RGB", frames: int = 1) -> bytes:
    """Return a flat AVIF; one with transparency has an item for it."""
    picture = Image.new(mode, size, (0, 128, 128, 99) if mode == "RGBA" else "teal")
    options = {"save_all": True, "append_images": [picture] * (frames - 1)} if frames > 1 else {}
    picture.save(buffer := io.BytesIO(), "AVIF", speed=10, quality=1, **options)
    return buffer.getvalue()


def lying_avif(size: tuple[int, int], mode: str = "RGB", frames: int = 1) -> bytes:
    """Return a flat AVIF whose boxes say that it is tiny; the size in its data is the true one."""
    content = avif(size, mode, frames)
    for layout, unit in ((">II", 1), (">HH", 1), (">II", 1 << 16)):  # of items, of frames and of tracks
        true, false = (struct.pack(layout, *(side * unit for side in sides)) for sides in (size, (16, 16)))
        content = content.replace(true, false)
    return content


def _repeat(piece: bytes) -> bytes:
    return piece * ((MAX_FILE_BYTES - 1_000_000) // len(piece))


_EXIF_SEGMENT = segment(0xE1, b"Exif\0\0" + exif_block(2_000, 65_000)[:65_000])
SQUARE, TURNED = (_SIDE, _SIDE), png_chunk(b"eXIf", b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0" + bytes(4))
BOMBS: dict[str, Callable[[], bytes]] = {
    "png-rgb": lambda: png(SQUARE),
    "png-rgba": lambda: png(SQUARE, _RGBA),
    "png-rgba-turned": lambda: png(SQUARE, _RGBA, after=TURNED),
    "png-palette": lambda: png(SQUARE, _PALETTE),
    "png-1-bit": lambda: png(SQUARE, _GREY, 1),
    "png-16-bit": lambda: png(SQUARE, _GREY, 16),
    "png-48-bit": lambda: png(SQUARE, _RGB, 16),
    "png-grey-alpha": lambda: png(SQUARE, _GREY_ALPHA),
    "png-interlaced": lambda: png(SQUARE, _RGBA, interlaced=1),
    "png-low": lambda: png((65_000, 950), _RGBA),
    "png-narrow": lambda: png((950, 65_000), _PALETTE),
    "png-a-pixel-wide": lambda: png((1, 60_000_000), _GREY),
    "png-too-large": lambda: png((13_000, 13_000), _GREY, 1),
    "png-vast": lambda: png((2**31 - 1, 2**31 - 1), pixel_bytes=1_000_000),
    "png-tiny-chunks": lambda: png(SQUARE, before=_repeat(png_chunk(b"prVt", b""))),
    "png-texts": lambda: png(SQUARE, before=png_chunk(b"zTXt", b"a\0\0" + deflate(1_000_000)) * 60),
    "png-text": lambda: png(SQUARE, before=png_chunk(b"iTXt", b"a\0\0\0\0\0" + "😀".encode() + FLAT * 18)),
    "png-profile": lambda: png(SQUARE, before=png_chunk(b"iCCP", b"a\0\0" + deflate(900_000_000))),
    "png-exif": lambda: png(SQUARE, after=png_chunk(b"eXIf", exif_block(2_000, 18_000_000))),
    "png-animated": lambda: png(SQUARE, before=png_chunk(b"acTL", struct.pack(">II", 9, 0))
                                + png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, *SQUARE, 0, 0, 1, 1, 2, 1))),
    "jpeg-48-megapixels": lambda: jpeg((8064, 6048)),
    "jpeg-200-megapixels": lambda: jpeg((16_320, 12_240)),
    "jpeg-progressive": lambda: jpeg((8064, 6048), progressive=True),
    "jpeg-progressive-444": lambda: jpeg(SQUARE, (0x11, 0x11, 0x11), progressive=True),
    "jpeg-progressive-cmyk": lambda: jpeg(SQUARE, (0x11, 0x11, 0x11, 0x11), progressive=True),
    "jpeg-progressive-200-megapixels": lambda: jpeg((16_320, 12_240), progressive=True),
    "jpeg-cmyk": lambda: jpeg(SQUARE, (0x11, 0x11, 0x11, 0x11)),
    "jpeg-grey-vast": lambda: jpeg((65_500, 60_000), (0x11,), progressive=True)[:MAX_FILE_BYTES],
    "jpeg-low": lambda: jpeg((65_500, 950)),
    "jpeg-exif": lambda: jpeg((8064, 6048), before=_repeat(_EXIF_SEGMENT)),
    "jpeg-comments": lambda: jpeg((8064, 6048), before=_repeat(segment(0xFE, b"x" * 60_000))),
    "jpeg-two-frames": lambda: jpeg((16, 16), before=segment(0xC2, b"\x08\xff\0\xff\0\1\1\x11\0")),
    "gif": lambda: gif(SQUARE),
    "gif-disposed": lambda: gif(SQUARE, 2, disposal=2),
    "gif-13000": lambda: gif((13_000, 13_000), 1, 2, pixel_count=1),
    "gif-vast": lambda: gif((65_000, 65_000), 1, 2, pixel_count=1),
    "gif-animated": lambda: gif((4000, 4000), 100_000, 3, pixel_count=1),
    "webp": lambda: webp((4000, 4000)),
    "webp-large": lambda: webp((8000, 7900)),
    "webp-vast": lambda: webp((16_383, 16_383)),
    "bmp": lambda: bmp(SQUARE),
    "tiff-one-strip": lambda: tiff(SQUARE, {}, deflate(_SIDE * _SIDE * 3)),
    "tiff-turned": lambda: tiff((5000, 4000), {274: (3, 1, 6)}, deflate(60_000_000)),
    "tiff-tile": lambda: tiff((100, 100), {**dict.fromkeys((273, 278, 279), (4, 0, 0)), 322: (4, 1, 20_000),
                              323: (4, 1, 20_000), 324: (4, 1, 8), 325: (4, 1, 1_186_808)}, deflate(1_200_000_000)),
    "tiff-strips": lambda: tiff((100, 100), {259: (3, 1, 1), 273: (4, 4_700_000, 8), 278: (4, 1, 1)}, FLAT * 19),
    "tiff-tags": lambda: tiff((100, 100), dict.fromkeys(range(40_000, 41_000), (4, 4_700_000, 8)), FLAT * 19),
    "avif": lambda: avif((3500, 3500)),
    "avif-large": lambda: avif((6000, 6000)),
    "avif-lying": lambda: lying_avif((12_000, 12_000)),
    "avif-lying-transparent": lambda: lying_avif((3500, 3500), "RGBA"),
}  # fmt: skip
