"""A JPEG is drawn at the size its EXIF data tells, where browsers believe it."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from cometmagic.images import resize
from cometmagic.images.decoding.drawn_size import add_drawn_size, read_drawn_size, remove_drawn_size
from tests.image_samples import RED, encoded

SIZE = (30, 20)
JPEG = encoded(Image.new("RGB", SIZE, RED), "JPEG")


def exif(*resolution: float, unit: int = 2, drawn_size: tuple[int, int] = (60, 40), orientation: int = 1) -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x011A], block[0x011B] = (IFDRational(int(side * 100), 100) for side in resolution)
    block[0x0128] = unit
    block.get_ifd(0x8769).update({0xA002: drawn_size[0], 0xA003: drawn_size[1]})
    return block.tobytes()


@pytest.mark.parametrize("drawn_size", [(60, 40), (61, 40), (3000, 2000), (65535, 43690), (15, 10), (1, 65535)])
def test_a_size_that_was_added_is_read_and_can_be_removed(drawn_size: tuple[int, int]) -> None:
    content = add_drawn_size(JPEG, SIZE, drawn_size)

    header = resize.read_header(content)
    assert header
    assert (header.size, header.drawn_size) == (SIZE, drawn_size)
    assert Image.open(io.BytesIO(content)).tobytes() == Image.open(io.BytesIO(JPEG)).tobytes()
    assert remove_drawn_size(content) == JPEG == remove_drawn_size(JPEG)


@pytest.mark.parametrize(
    ("block", "drawn_size"),
    [
        (exif(36, 36), (60, 40)),
        (exif(36.2, 36.2), (60, 40)),
        (exif(300, 300), SIZE),  # for a printer, and not a size in pixels
        (exif(36, 36, unit=3), SIZE),
        (exif(36, 36, drawn_size=(61, 40)), SIZE),
        (exif(72, 72, drawn_size=SIZE), SIZE),
        (exif(0, 0), SIZE),
        (exif(36, 36)[:40], SIZE),
        (b"", SIZE),
        (b"Exif\0\0nothing", SIZE),
    ],
)
def test_only_a_size_that_fits_the_resolution_counts(block: bytes, drawn_size: tuple[int, int]) -> None:
    assert read_drawn_size(block, SIZE) == drawn_size


def test_a_picture_on_its_side_is_drawn_upright() -> None:
    header = resize.read_header(encoded(Image.new("RGB", SIZE, RED), "JPEG", exif=exif(36, 36, orientation=6)))

    assert header
    assert header.drawn_size == (40, 60)
