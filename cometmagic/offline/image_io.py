"""Images in and out of the offline service: bytes to Pillow, and Pillow to JPEG.

Besides the painter, this is the only module of the service that knows Pillow, which it imports on first use.
It knows nothing about prompts or JSON.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# Written into every file, so that it cannot be mistaken for an image of the real service.
COMMENT = b"Painted offline by cometmagic; not made by a Gemini model."
FINAL_QUALITY = 92
DRAFT_QUALITY = 80
_MAX_SIDE = 2048  # pixels; a larger image is reduced to this, which is enough for a sketch


def is_image(data: bytes) -> bool:
    """Return whether Pillow recognises the data as an image; reads only the header."""
    from cometmagic.images.decoding import decoder_errors, opener

    try:
        with opener.open_image(data, max_side=_MAX_SIDE):
            return True
    except decoder_errors.ImageFileError:
        return False


def decode_image(data: bytes) -> Image:
    """Return the image in `data`, upright, in RGB and at most 2048 pixels a side.

    Raises `ValueError` when there is none, or it is damaged or has too many pixels.
    """
    from cometmagic.images import bands, colour_profile
    from cometmagic.images.decoding import opener
    from cometmagic.images.resize import flatten_on_white

    with opener.open_image(data, max_side=_MAX_SIDE) as opened:
        size = bands.fit_size(opened.picture.size, _MAX_SIDE)
        convert = colour_profile.combine(opened.picture, flatten_on_white)
        return opened.turn_upright(bands.redraw(opened.picture, size, convert))


def encode_jpeg(image: Image, quality: int = FINAL_QUALITY, max_size: tuple[int, int] | None = None) -> bytes:
    """Return the image as a JPEG, first reduced to `max_size` when it is larger."""
    if max_size is not None and (image.width > max_size[0] or image.height > max_size[1]):
        image = image.resize(max_size, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, comment=COMMENT)
    return buffer.getvalue()
