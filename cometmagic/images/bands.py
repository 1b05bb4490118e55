"""A picture converted and resized band by band, so that it takes little memory beside the original and the result.

Pillow converts a whole picture before it resizes it, and resizes in two passes: a palette of 64 megapixels takes
64 MB, but as RGBA with white behind it 770 MB. The result is the same as of the whole picture at once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from PIL import Image

BAND_PIXELS = 1_000_000  # of the original, approximately
TILE_SIDE = 1_000  # pixels of the original, likewise
_FILTER_RADIUS = 3  # pixels of the result, of Lanczos
Conversion = Callable[[Image.Image], Image.Image]


def redraw(
    picture: Image.Image,
    size: tuple[int, int],
    convert: Conversion,
    resample: Image.Resampling = Image.Resampling.LANCZOS,
    reducing_gap: float = 3.0,
) -> Image.Image:
    """Return `picture` at `size` pixels, in the mode that `convert` gives each band.

    A picture of more than `reducing_gap` times the size is first reduced by a whole factor, which is fast.
    """
    step = int(max(picture.size) / max(size) / reducing_gap)
    if step > 1:
        picture, convert = _reduce(picture, step, convert), _keep
    scale = picture.height / size[1]
    row_count = max(1, int(BAND_PIXELS / picture.width / scale))
    margin = 0 if size == picture.size else math.ceil(_FILTER_RADIUS * max(scale, 1)) + 1
    redrawn = None
    for top in range(0, size[1], row_count):
        bottom = min(top + row_count, size[1])
        first = max(0, math.floor(top * scale) - margin)
        band = convert(picture.crop((0, first, picture.width, min(picture.height, math.ceil(bottom * scale) + margin))))
        if margin:
            box = (0, top * scale - first, size[0], min(band.height, bottom * scale - first))
            band = _resize(band, (size[0], bottom - top), box, resample)
        redrawn = redrawn or Image.new(band.mode, size)
        redrawn.paste(band, (0, top))
    return redrawn or picture


def _resize(
    band: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float], resample: Image.Resampling
) -> Image.Image:
    """Return the `box` of a band at `size`; the box is as wide as the result. In two steps, as one is not exact."""
    mode = {"RGBA": "RGBa", "LA": "La"}.get(band.mode, band.mode)  # colours that are not seen do not count
    wide = band.convert(mode).resize((size[0], band.height), resample)
    return wide.resize(size, resample, box).convert(band.mode)


def _reduce(picture: Image.Image, step: int, convert: Conversion) -> Image.Image:
    """Return a picture at a fraction of its size, tile by tile: a picture may be wide and low."""
    side = max(step, TILE_SIDE // step * step)
    reduced = None
    for left, top in itertools.product(range(0, picture.width, side), range(0, picture.height, side)):
        right, bottom = min(left + side, picture.width), min(top + side, picture.height)
        tile = convert(picture.crop((left, top, right, bottom))).reduce(step)
        reduced = reduced or Image.new(tile.mode, (-(-picture.width // step), -(-picture.height // step)))
        reduced.paste(tile, (left // step, top // step))
    return reduced or picture


def _keep(picture: Image.Image) -> Image.Image:
    return picture


def fit_size(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """Return a size in pixels, reduced to at most `max_side` a side."""
    share = min(1, max_side / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))
