"""Pictures redrawn band by band look as if they were redrawn at once."""

from __future__ import annotations

import functools

import pytest
from PIL import Image, ImageChops

from cometmagic.images import bands


@functools.cache
def noise() -> Image.Image:
    return Image.effect_noise((900, 700), 90).convert("RGB")


def differ(first: Image.Image, second: Image.Image) -> int:
    """Return by how much two pictures differ at most."""
    extremes = ImageChops.difference(first, second).getextrema()
    return max(high for _, high in extremes)  # type: ignore[misc]  # bands, not one


@pytest.mark.parametrize("size", [(450, 350), (899, 699), (1000, 800), (300, 5), (20, 16), (900, 700), (1, 1)])
def test_bands_leave_no_seam(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = bands.redraw(noise(), size, lambda band: band)

    monkeypatch.setattr(bands, "BAND_PIXELS", 9_000)
    monkeypatch.setattr(bands, "TILE_SIDE", 70)

    assert differ(bands.redraw(noise(), size, lambda band: band), at_once) <= 1


def test_a_picture_is_resized_as_pillow_does() -> None:
    expected = noise().resize((450, 350), Image.Resampling.LANCZOS)

    assert differ(bands.redraw(noise(), (450, 350), lambda band: band), expected) <= 1
    assert differ(noise().resize((450, 350), Image.Resampling.BOX), expected) > 9  # the control


def test_what_is_transparent_has_no_colour() -> None:
    clear = Image.merge("RGBA", [Image.effect_noise((900, 700), 90) for _ in range(4)])
    expected = clear.resize((450, 350), Image.Resampling.LANCZOS).convert("RGBa")

    assert differ(bands.redraw(clear, (450, 350), lambda band: band).convert("RGBa"), expected) <= 2


def test_no_band_is_large_though_the_picture_is_wide_and_low() -> None:
    areas: list[int] = []

    def measure(band: Image.Image) -> Image.Image:
        areas.append(band.width * band.height)
        return band.convert("RGB")

    made = bands.redraw(Image.new("1", (60_000, 500)), (96, 1), measure)

    assert made.size == (96, 1)
    assert max(areas) <= bands.BAND_PIXELS
