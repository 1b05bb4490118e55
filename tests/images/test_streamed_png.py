"""A large PNG made small in strips: the same pixels as Pillow's own way, without its memory."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from PIL import Image, ImageChops

from cometmagic.images import resize, streamed_png
from cometmagic.images.decoding import png_header

LONGEST = 512


def picture(mode: str, size: tuple[int, int]) -> Image.Image:
    """Return a picture in which every strip differs from the next."""
    bands = [
        Image.radial_gradient("L"),
        Image.linear_gradient("L"),
        Image.effect_mandelbrot((256, 256), (-2, -1, 1, 1), 40),
    ]
    bands = [band.resize(size) for band in (*bands, Image.linear_gradient("L").rotate(90))]
    return Image.merge(mode, bands[: len(mode)]) if mode != "L" else bands[2]


def png(made: Image.Image, **how: object) -> io.BytesIO:
    file = io.BytesIO()
    made.save(file, "PNG", compress_level=1, **how)
    return file


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(2048, 2048), (2999, 1501), (1024, 4100)])
def test_every_pixel_is_that_of_pillows_reduce(mode: str, size: tuple[int, int]) -> None:
    file = png(picture(mode, size))

    small = streamed_png.reduce_png(file, LONGEST)

    file.seek(0)
    expected = Image.open(file).reduce(max(size) // LONGEST)
    assert small is not None
    assert small.size == expected.size
    assert ImageChops.difference(small, expected).getbbox() is None


def test_what_is_not_a_large_plain_png_is_left_to_pillow() -> None:
    large = picture("RGB", (2048, 2048))
    jpeg = io.BytesIO()
    large.save(jpeg, "JPEG")
    others = [
        jpeg,
        png(large.resize((800, 800))),
        png(large.quantize()),
        png(large, transparency=(0, 0, 0)),
        png(picture("L", (2048, 2048)).convert("I;16")),
        io.BytesIO(png_header.MAGIC),
        io.BytesIO(b""),
    ]

    assert [streamed_png.reduce_png(file, LONGEST) for file in others] == [None] * len(others)


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_cut_picture_has_no_preview(share: float) -> None:
    whole = png(picture("RGB", (2048, 2048))).getvalue()

    assert resize.render_preview(io.BytesIO(whole), LONGEST) is not None
    assert resize.render_preview(io.BytesIO(whole[: int(len(whole) * share)]), LONGEST) is None


def test_a_turned_picture_is_still_shown_upright() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    small = resize.render_preview(png(picture("RGB", (3000, 1500)), exif=turned), LONGEST)

    assert small is not None
    assert Image.open(io.BytesIO(small)).size == (256, 512)


def test_python_holds_less_than_a_quarter_of_the_pixels() -> None:
    """Pillow's own buffers are not Python's; the benchmark measures the whole process."""
    size = (4096, 2048)
    file = png(picture("RGB", size))
    tracemalloc.start()

    streamed_png.reduce_png(file, LONGEST)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < size[0] * size[1] * 3 / 4
