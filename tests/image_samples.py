"""Pictures of our own as files, and how near a colour is to what it should be."""

from __future__ import annotations

import io
from typing import Any

from PIL import ExifTags, Image

RED, WHITE, BLUE = (254, 0, 0), (255, 255, 255), (0, 0, 254)
GPS = {1: "N", 2: (52.0, 31.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)}


def encoded(made: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return a picture as a file of one of Pillow's formats."""
    buffer = io.BytesIO()
    made.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(content: bytes) -> Image.Image:
    """Return a file as a loaded picture."""
    made = Image.open(io.BytesIO(content))
    made.load()
    return made


def near(pixel: Any, wanted: tuple[int, int, int], within: int = 6) -> bool:
    """Whether a pixel is a colour, as far as a lossy format keeps it."""
    return all(abs(have - want) <= within for have, want in zip(pixel, wanted, strict=True))


def exif(orientation: int = 1, gps: dict[int, Any] | None = None) -> Image.Exif:
    """Return what a camera writes beside a picture."""
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = orientation
    if gps:
        made.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    return made


def lying(sides: tuple[int, int] = (80, 40)) -> Image.Image:
    """Return a picture whose left half is red and whose right half is blue."""
    made = Image.new("RGB", sides, BLUE)
    made.paste(RED, (0, 0, sides[0] // 2, sides[1]))
    return made
