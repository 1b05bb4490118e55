"""A file may state one size and hold an image of another; no format gets more memory in this way than it may have."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import pytest
from PIL import Image

from cometmagic.images.decoding import opener
from cometmagic.images.decoding.decoder_errors import ImageFileError, PixelLimitError
from cometmagic.images.decoding.opener import open_image
from tests.gemini.answers import png_chunk
from tests.images.decoding.image_bombs import avif, gif, jpeg, lying_avif, png, segment, tiff, webp

SMALL, LARGE = (16, 16), (1200, 1200)
REFUSED, TOO_LARGE = "refused", "too large"


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2) for name, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def extended(canvas: tuple[int, int], flags: int = 0) -> tuple[bytes, bytes]:
    return b"VP8X", struct.pack("<I", flags) + b"".join(struct.pack("<I", side - 1)[:3] for side in canvas)


def lossless(size: tuple[int, int]) -> tuple[bytes, bytes]:
    return b"VP8L", webp(size)[20:]


def lossy(size: tuple[int, int]) -> tuple[bytes, bytes]:
    Image.new("RGB", size).save(buffer := io.BytesIO(), "WEBP", method=0)
    return b"VP8 ", buffer.getvalue()[20:]


def animated(canvas: tuple[int, int], frame: tuple[int, int], content: tuple[bytes, bytes]) -> bytes:
    sides = b"".join(struct.pack("<I", side)[:3] for side in (0, 0, frame[0] - 1, frame[1] - 1, 10))
    frame_chunk = riff(content)[12:]
    return riff(extended(canvas, 2), (b"ANIM", bytes(6)), *[(b"ANMF", sides + b"\0" + frame_chunk)] * 2)


def frame_header(size: tuple[int, int], *, marker: int = 0xC0) -> bytes:
    return segment(marker, struct.pack(">BHHB", 8, *size[::-1], 1) + b"\1\x11\0")


def rows(count: int) -> bytes:
    """Return the segment that says how many rows a JPEG has, which stands after them."""
    return segment(0xDC, struct.pack(">H", count))


def multi_picture() -> bytes:
    Image.new("RGB", SMALL).save(buffer := io.BytesIO(), "MPO", save_all=True, append_images=[Image.new("RGB", LARGE)])
    return buffer.getvalue()


def pages() -> bytes:
    Image.new("RGB", SMALL).save(buffer := io.BytesIO(), "TIFF", save_all=True, append_images=[Image.new("RGB", LARGE)])
    return buffer.getvalue()


def packed_bmp(size: tuple[int, int], pixels: bytes) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, *size, 1, 8, 1, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + 1024) + header + bytes(1024) + pixels


HEADER = png_chunk(b"IHDR", struct.pack(">IIBBBBB", *LARGE, 8, 2, 0, 0, 0))
FRAME_CONTROL = png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, *LARGE, 0, 0, 1, 1, 0, 0))
ANIMATION = png_chunk(b"acTL", struct.pack(">II", 2, 0))

LIES: dict[str, tuple[Callable[[], bytes], str | tuple[int, int]]] = {
    "png-second-header": (lambda: png(SMALL, before=HEADER), SMALL),
    "png-header-at-the-end": (lambda: png(SMALL, after=HEADER), SMALL),
    "png-large-frame": (lambda: png(SMALL, before=ANIMATION + FRAME_CONTROL), SMALL),
    "png-more-pixels": (lambda: png(SMALL, pixel_bytes=5_000_000), SMALL),
    "jpeg-second-frame": (lambda: jpeg(SMALL, before=frame_header(LARGE)), REFUSED),
    "jpeg-second-frame-of-another-kind": (lambda: jpeg(SMALL, before=frame_header(LARGE, marker=0xC1)), REFUSED),
    "jpeg-frame-after-the-pixels": (lambda: jpeg(SMALL)[:-2] + frame_header(LARGE) + b"\xff\xd9", REFUSED),
    "jpeg-more-rows-at-the-end": (lambda: jpeg(SMALL)[:-2] + rows(1200) + b"\xff\xd9", SMALL),
    "jpeg-rows-only-at-the-end": (lambda: jpeg((1200, 0))[:-2] + rows(1200) + b"\xff\xd9", REFUSED),
    "jpeg-second-picture": (multi_picture, SMALL),
    "gif-large-frame": (lambda: gif(SMALL)[:-1].replace(struct.pack("<HHHH", 0, 0, *SMALL),
                                                        struct.pack("<HHHH", 0, 0, *LARGE)), TOO_LARGE),
    "gif-frame-outside": (lambda: gif(SMALL)[:-1].replace(struct.pack("<HHHH", 0, 0, *SMALL),
                                                          struct.pack("<HHHH", *LARGE, *SMALL)), TOO_LARGE),
    "gif-second-frame-is-large": (lambda: gif(SMALL)[:-1] + gif(LARGE, pixel_count=1)[19:], SMALL),
    "webp-lossless": (lambda: riff(extended(SMALL), lossless(LARGE)), REFUSED),
    "webp-lossy": (lambda: riff(extended(SMALL), lossy(LARGE)), REFUSED),
    "webp-frame-beyond-its-canvas": (lambda: animated(SMALL, LARGE, lossless(LARGE)), REFUSED),
    "webp-frame-beyond-its-own-size": (lambda: animated(SMALL, SMALL, lossless(LARGE)), REFUSED),
    "webp-two-images": (lambda: riff(extended(SMALL), lossless(SMALL), lossless(LARGE)), REFUSED),
    "tiff-tile": (lambda: tiff(SMALL, {322: (4, 1, 1200), 323: (4, 1, 1200)}, b""), TOO_LARGE),
    "tiff-strip": (lambda: tiff(SMALL, {278: (4, 1, 90_000)}, bytes(5_000_000)), REFUSED),
    "tiff-second-page": (pages, SMALL),
    "bmp-runs-beyond-the-end": (lambda: packed_bmp(SMALL, b"\xff\1" * 20_000), REFUSED),
    "bmp-jumps-beyond-the-end": (lambda: packed_bmp(SMALL, b"\0\2\xff\xff" * 20_000), SMALL),
    "avif-items": (lambda: lying_avif(LARGE), TOO_LARGE),
    "avif-large-boxes": (lambda: avif(SMALL).replace(struct.pack(">II", *SMALL), struct.pack(">II", *LARGE)),
                         TOO_LARGE),
}  # fmt: skip


def outcome(content: bytes) -> str | tuple[int, int]:
    try:
        with open_image(content, opener.REFERENCE_FORMATS) as opened:
            opened.picture.load()
            return opened.picture.size
    except PixelLimitError:
        return TOO_LARGE
    except ImageFileError:
        return REFUSED


@pytest.mark.parametrize("name", LIES)
def test_an_image_is_never_larger_than_was_checked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETMAGIC_MAX_MEGAPIXELS", "1")
    build, expected = LIES[name]

    assert outcome(build()) == expected
