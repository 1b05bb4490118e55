"""Pictures in and out of the offline service: bytes to Pillow, and Pillow to the JPEG that is sent.

The only part of the service beside the painter that knows Pillow, which it imports when it is used.
It knows nothing of prompts or JSON.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# In every file we make, so that it can never pass for a picture of the real service.
COMMENT = b"Painted offline by cometmagic; not made by a Gemini model."
FINAL_QUALITY = 92
DRAFT_QUALITY = 80


def is_image(data: bytes) -> bool:
    """Tell whether the data begin like a picture Pillow can read; cheap at any size."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)):
            return True
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False


def decode_image(data: bytes, max_side: int = 4096) -> Image:
    """Return the picture in `data`, upright, in RGB, its longer side at most about `within` pixels.

    Raises `ValueError` when there is none.
    """
    from PIL import Image, ImageOps

    from cometmagic.images.resize import flatten_on_white

    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.draft("RGB", (max_side, max_side))  # lets JPEG leave out what nobody will see
            upright = ImageOps.exif_transpose(picture)
            return flatten_on_white(upright)
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"not a readable picture: {error}") from None


def encode_jpeg(image: Image, quality: int = FINAL_QUALITY, max_size: tuple[int, int] | None = None) -> bytes:
    """Return the picture as a JPEG, made smaller first when it is larger than `within`."""
    if max_size is not None and (image.width > max_size[0] or image.height > max_size[1]):
        image = image.resize(max_size, reducing_gap=2.0)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, comment=COMMENT)
    return out.getvalue()
