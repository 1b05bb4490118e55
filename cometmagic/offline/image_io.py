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
_JPEG_SIDE = 4096  # a larger JPEG is decoded at about this size


def is_image(data: bytes) -> bool:
    """Return whether Pillow recognises the data as an image; reads only the header."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)):
            return True
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False


def decode_image(data: bytes) -> Image:
    """Return the image in `data`, upright and in RGB; a large JPEG is reduced while it is decoded.

    Raises `ValueError` when there is none.
    """
    from PIL import Image, ImageOps

    from cometmagic.images.resize import flatten_on_white

    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.draft("RGB", (_JPEG_SIDE, _JPEG_SIDE))  # JPEG can decode at a smaller size
            upright_image = ImageOps.exif_transpose(picture)
            return flatten_on_white(upright_image)
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"not a readable picture: {error}") from None


def encode_jpeg(image: Image, quality: int = FINAL_QUALITY, max_size: tuple[int, int] | None = None) -> bytes:
    """Return the image as a JPEG, first reduced to `max_size` when it is larger."""
    if max_size is not None and (image.width > max_size[0] or image.height > max_size[1]):
        image = image.resize(max_size, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, comment=COMMENT)
    return buffer.getvalue()
