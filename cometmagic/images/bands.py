"""A picture converted and resized band by band, so that it takes little memory beside the original and the result.

Pillow converts a whole picture before it resizes it, and resizes in two passes: a palette of 64 megapixels takes
64 MB, but as RGBA with white behind it 770 MB. The result is the same as of the whole picture at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image

BAND_PIXELS = 2_000_000  # of the original, approximately
_FILTER_RADIUS = 3  # pixels of the result, of Lanczos


def redraw(
    picture: Image.Image,
    size: tuple[int, int],
    convert: Callable[[Image.Image], Image.Image],
    resample: Image.Resampling = Image.Resampling.LANCZOS,
    reducing_gap: float = 3.0,
) -> Image.Image:
    """Return `picture` at `size` pixels, in the mode that `convert` gives each band."""
    scale = picture.height / size[1]
    row_count = max(1, int(BAND_PIXELS / picture.width / scale))
    margin = 0 if size == picture.size else math.ceil(_FILTER_RADIUS * max(scale, 1)) + 1
    redrawn = None
    for top in range(0, size[1], row_count):
        bottom = min(top + row_count, size[1])
        first = max(0, math.floor(top * scale) - margin)
        band = convert(picture.crop((0, first, picture.width, min(picture.height, math.ceil(bottom * scale) + margin))))
        box = (0, top * scale - first, band.width, min(band.height, bottom * scale - first))
        if margin:
            band = band.resize((size[0], bottom - top), resample, box, reducing_gap)
        redrawn = redrawn or Image.new(band.mode, size)
        redrawn.paste(band, (0, top))
    return redrawn or picture


def fit_size(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """Return a size in pixels, reduced to at most `max_side` a side."""
    share = min(1, max_side / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))
