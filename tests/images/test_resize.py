"""Pillow's part: previews small and upright, pictures made small enough, and never an odd exception."""

from __future__ import annotations

import io
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cometmagic.images.decoding.opener import read_size
from cometmagic.images.resize import (
    SIDE_LENGTHS,
    render_png,
    render_preview,
    shrink_to_fit,
)
from tests.gemini.answers import SIZES, picture, png_chunk, png_header
from tests.image_samples import RED, WHITE, encoded, near, opened
from tests.notebook.answers import gravel


def previewed(content: bytes, longest: int = 64) -> Image.Image:
    small = render_preview(io.BytesIO(content), longest)
    assert small is not None
    made = Image.open(io.BytesIO(small))
    assert (made.format, made.mode) == ("JPEG", "RGB")
    return made


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize(
    ("given_size", "expected"),
    [((640, 480), (64, 48)), ((300, 900), (21, 64)), ((64, 64), (64, 64)), ((20, 10), (20, 10)), ((1000, 4), (64, 1))],
)
def test_the_longest_side_and_the_aspect(kind: str, given_size: tuple[int, int], expected: tuple[int, int]) -> None:
    made = previewed(encoded(Image.new("RGB", given_size, "red"), kind))

    assert abs(made.width - expected[0]) <= 1
    assert abs(made.height - expected[1]) <= 1
    assert max(made.size) <= 64
    assert near(made.getpixel((made.width // 2, made.height // 2)), RED)


def test_a_preview_of_a_path(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(picture())

    assert read_size(path) == (40, 30)
    assert render_preview(path, 20)


@pytest.mark.parametrize("sides", [(100, 100), (600, 600)], ids=["as-it-is", "reduced"])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode: str, sides: tuple[int, int]) -> None:
    clear = Image.new("RGBA", sides, (0, 0, 0, 0))
    clear.paste((254, 0, 0, 255), (0, 0, sides[0] // 2, sides[1]))
    kept = {"transparency": 0} if mode == "P" else {}
    content = encoded(clear.convert(mode) if mode != "P" else clear.quantize(4), "PNG", **({} if mode == "P" else kept))

    made = previewed(content)

    assert near(made.getpixel((made.width - 5, 20)), WHITE)
    assert not near(made.getpixel((5, 20)), WHITE, 30)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("sides", [(80, 40), (800, 400)], ids=["as-it-is", "reduced"])
def test_exif_turns_the_preview_upright(kind: str, sides: tuple[int, int]) -> None:
    lying = Image.new("RGB", sides, "blue")
    lying.paste("red", (0, 0, sides[0] // 2, sides[1]))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to show: the left half becomes the top

    made = previewed(encoded(lying, kind, exif=exif))

    assert made.height > made.width
    assert near(made.getpixel((made.width // 2, 5)), RED, 12)


@pytest.mark.parametrize("sides", [(100, 100), (600, 600)], ids=["as-it-is", "reduced"])
@pytest.mark.parametrize(
    ("mode", "kind", "value", "shown"),
    [
        ("CMYK", "JPEG", (0, 255, 255, 0), RED),
        ("I;16", "PNG", 0x8000, (128, 128, 128)),
        ("L", "JPEG", 100, (100, 100, 100)),
        ("1", "PNG", 1, WHITE),
        ("P", "GIF", 0, (0, 0, 0)),
    ],
)
def test_modes(mode: str, kind: str, value: Any, shown: tuple[int, int, int], sides: tuple[int, int]) -> None:
    made = previewed(encoded(Image.new(mode, sides, value), kind))

    assert near(made.getpixel((20, 20)), shown)


@pytest.mark.parametrize(
    "content",
    [b"", b"junk", picture()[:40], picture("JPEG")[:100], picture("TIFF"), b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>"],
    ids=["empty", "junk", "png-head", "jpeg-head", "tiff", "eps", "svg"],
)
def test_what_cannot_be_drawn_has_no_preview(content: bytes) -> None:
    assert render_preview(io.BytesIO(content), 64) is None


def test_a_bomb_has_a_size_and_no_preview() -> None:
    content = png_header(13_000, 13_000) + png_chunk(b"IDAT", b"")

    assert read_size(io.BytesIO(content)) == (13_000, 13_000)
    assert render_preview(io.BytesIO(content), 64) is None


def with_ballast(kind: str, length: int) -> bytes:
    """Return a picture with about so many bytes before its pixels that say nothing of it."""
    content = picture(kind)
    if kind == "PNG":
        return content[:33] + png_chunk(b"tEXt", b"a\0" + bytes(length)) + content[33:]
    if kind == "JPEG":
        block = b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527)
        return content[:2] + block * (length // len(block)) + content[2:]
    start = content.index(b"\x2c", 13)
    return content[:start] + b"\x21\xfe" + (b"\xff" + b"c" * 255) * (length // 256) + b"\0" + content[start:]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_a_picture_lost_in_other_things_takes_no_memory_for_them(kind: str) -> None:
    vast = io.BytesIO(with_ballast(kind, 20_000_000))

    tracemalloc.start()
    try:
        assert read_size(vast) == SIZES[kind]
        assert render_preview(vast, 16) is not None
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        Image.open(vast)
        assert tracemalloc.get_traced_memory()[1] > 20_000_000  # the control
    finally:
        tracemalloc.stop()


def test_a_text_behind_the_pixels_is_not_read_for_a_preview() -> None:
    content = picture("PNG")
    lying = struct.pack(">I4s", 2**31 - 1, b"tEXt")  # which Pillow would read for

    assert render_preview(io.BytesIO(content[:-12] + lying + content[-12:]), 16) is not None


@settings(max_examples=150)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.data())
def test_g17_hostile_bytes_never_raise(kind: str, data: st.DataObject) -> None:
    content = bytearray(picture(kind))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    read_size(io.BytesIO(bytes(content)))
    render_preview(io.BytesIO(bytes(content)), 32)


NOISE = Image.effect_noise((900, 600), 90).convert("RGB")


def test_a_picture_is_made_smaller_until_it_fits() -> None:
    part = shrink_to_fit(NOISE, 300_000)

    assert part is not None
    assert (part.mime_type, part.width, part.height) == ("image/jpeg", 768, 512)
    assert len(part.data) <= 300_000
    assert opened(part.data).size == (768, 512)


def test_a_picture_that_fits_keeps_its_size() -> None:
    part = shrink_to_fit(NOISE, 10_000_000)

    assert part is not None
    assert (part.width, part.height) == NOISE.size


def test_what_never_fits_is_not_made() -> None:
    assert shrink_to_fit(NOISE, 1000) is None


@pytest.mark.parametrize("sides", [(5000, 2), (2, 5000), (5000, 5000)])
def test_no_side_is_longer_than_the_longest_or_none(sides: tuple[int, int]) -> None:
    part = shrink_to_fit(Image.new("RGB", sides), 10_000_000)

    assert part is not None
    assert max(part.width or 0, part.height or 0) == SIDE_LENGTHS[0]
    assert min(part.width or 0, part.height or 0) >= 1


def test_what_is_transparent_stays_so() -> None:
    clear = Image.new("RGBA", (1000, 800), (0, 0, 0, 0))

    part = shrink_to_fit(clear, 1_000_000)

    assert part is not None
    assert part.mime_type == "image/webp"
    pixel = opened(part.data).convert("RGBA").getpixel((500, 400))
    assert isinstance(pixel, tuple)
    assert pixel[3] == 0


@pytest.mark.parametrize("most", [40_000, 12_000, 3_000, 1_000])
def test_a_preview_is_no_heavier_than_it_may_be(most: int) -> None:
    small = render_preview(io.BytesIO(gravel(1024, 768)), 512, most)

    assert small is not None
    assert len(small) <= most
    width, height = Image.open(io.BytesIO(small)).size
    assert 1.2 < width / height < 1.5


def test_a_preview_that_can_be_no_lighter_is_made_all_the_same() -> None:
    small = render_preview(io.BytesIO(gravel(1024, 16)), 512, 1)

    assert small is not None
    assert max(Image.open(io.BytesIO(small)).size) <= 32


def test_a_picture_as_png() -> None:
    made = render_png(encoded(Image.new("RGB", (900, 300), RED), "JPEG"), 300)

    assert made is not None
    assert (Image.open(io.BytesIO(made)).format, Image.open(io.BytesIO(made)).size) == ("PNG", (300, 100))
    assert render_png(b"no picture", 300) is None
