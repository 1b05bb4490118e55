"""What a camera wrote into a picture that matters before it leaves this machine: how it was held, and where.

EXIF data is foreign and often damaged: what cannot be read is taken as not there. Nothing here changes a
picture, and nobody's place is told to anyone but the user.
"""

from __future__ import annotations

from typing import Any

from PIL import ExifTags, Image

_LATITUDE_TAG = 2  # the tag of the GPS block that makes it a position
_XMP_LATITUDE = b"GPSLatitude"
_PNG_MARKERS = (b"eXIf", b"Raw profile type exif")
_EXIF_SIGNATURES = (b"Exif\0\0II*\0", b"Exif\0\0MM\0*")
_MAX_BLOCK_BYTES = 65_536  # bytes of a block


def read_orientation(picture: Image.Image, content: bytes | None = None) -> int:
    """Return how the picture is to be turned, by EXIF's numbers from 1 (not at all) to 8."""
    value = read(picture, content).get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 2 <= value <= 8 else 1


def read(picture: Image.Image, content: bytes | None = None) -> Image.Exif:
    """Return the EXIF data of a picture that was opened from `content`, empty where it has none."""
    try:
        # Pillow decodes a whole PNG to look for a block behind the pixels: only where there is one.
        if picture.format == "PNG" and content is not None and not any(mark in content for mark in _PNG_MARKERS):
            return Image.Image.getexif(picture)
        return picture.getexif()
    except Exception:  # noqa: BLE001  # decoders raise many things on foreign bytes
        return Image.Exif()


def has_position(exif: Image.Exif, content: bytes) -> bool:
    """Whether a file tells where it was taken, in its EXIF data or in the XMP text beside it."""
    try:
        position: dict[int, Any] = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # noqa: BLE001  # as above
        position = {}
    return _LATITUDE_TAG in position or _XMP_LATITUDE in content


def scan(content: bytes) -> Image.Exif:
    """Return the EXIF data in a file that cannot be opened, such as a HEIC."""
    exif = Image.Exif()
    for begins in _EXIF_SIGNATURES:
        if (place := content.find(begins)) >= 0:
            try:
                exif.load(content[place : place + _MAX_BLOCK_BYTES])
            except Exception:  # noqa: BLE001  # as above
                return Image.Exif()
    return exif
