"""The identity of a picture: its size, its pixels and its colour profile, whichever encoder writes it to a file.

This module knows nothing of files and requests.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cometmagic.images.bands import BAND_PIXELS

if TYPE_CHECKING:
    from PIL import Image


def compute_pixel_digest(picture: Image.Image) -> str:
    """Return a hex digest of a picture of 8 bits per channel. The mode does not count: grey is grey in RGB too."""
    digest = hashlib.sha256(f"{picture.width} × {picture.height}\n".encode())
    digest.update(hashlib.sha256(picture.info.get("icc_profile") or b"").digest())
    row_count = max(1, BAND_PIXELS // picture.width)
    for top in range(0, picture.height, row_count):
        band = picture.crop((0, top, picture.width, min(top + row_count, picture.height)))
        digest.update(band.convert("RGBA").tobytes())
    return digest.hexdigest()
