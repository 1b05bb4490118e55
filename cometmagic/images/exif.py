"""The EXIF data that matters before a picture is sent: its orientation, and whether it holds a GPS position.

EXIF data is untrusted and often damaged: what cannot be read counts as missing. Nothing here changes a
picture or reads the position itself.
"""

from __future__ import annotations

from typing import Any

from PIL import ExifTags, Image

_LATITUDE_TAG = 2  # the GPS tag that makes the block a position
_XMP_LATITUDE = b"GPSLatitude"
_PNG_MARKERS = (b"eXIf", b"Raw profile type exif")
_EXIF_SIGNATURES = (b"Exif\0\0II*\0", b"Exif\0\0MM\0*")
_MAX_BLOCK_BYTES = 65_536


def read_orientation(picture: Image.Image, content: bytes | None = None) -> int:
    """Return the EXIF orientation of a picture, from 1 (upright) to 8."""
    value = read(picture, content).get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 2 <= value <= 8 else 1


def read(picture: Image.Image, content: bytes | None = None) -> Image.Exif:
    """Return the EXIF data of a picture that was opened from `content`, empty when it has none."""
    try:
        # Pillow decodes a whole PNG to look for a block after the pixels; that is needed only if there is one.
        if picture.format == "PNG" and content is not None and not any(mark in content for mark in _PNG_MARKERS):
            return Image.Image.getexif(picture)
        return picture.getexif()
    except Exception:  # noqa: BLE001  # decoders raise many kinds of errors on untrusted bytes
        return Image.Exif()


def has_position(exif: Image.Exif, content: bytes) -> bool:
    """Whether a file holds a GPS position, in its EXIF data or in XMP."""
    try:
        position: dict[int, Any] = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # noqa: BLE001  # as above
        position = {}
    return _LATITUDE_TAG in position or _XMP_LATITUDE in content


def scan(content: bytes) -> Image.Exif:
    """Return the EXIF data in a file that Pillow cannot open, such as HEIC."""
    exif = Image.Exif()
    for signature in _EXIF_SIGNATURES:
        if (offset := content.find(signature)) >= 0:
            try:
                exif.load(content[offset : offset + _MAX_BLOCK_BYTES])
            except Exception:  # noqa: BLE001  # as above
                return Image.Exif()
    return exif
