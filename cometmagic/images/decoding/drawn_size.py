"""The size at which browsers draw a JPEG, which its EXIF data may tell apart from its number of pixels.

A preview with it takes the place of a larger picture, whatever the page around it says. This module knows nothing of
pages. Source: "density-corrected natural width and height" in the HTML standard, and the EXIF 2.32 specification.
"""

from __future__ import annotations

import contextlib

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _EXIF_BLOCK = 0x011A, 0x011B, 0x0128, 0x8769
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_INCH, _DEFAULT_RESOLUTION = 2, 72  # pixels per inch
_EXIF_MARKER = b"\xff\xe1"
_FIRST_SEGMENT = 2  # where it begins in a JPEG
Size = tuple[int, int]


def read_drawn_size(exif_block: bytes, size: Size) -> Size:
    """Return the size in pixels at which a JPEG of `size` pixels is drawn, before it is turned upright."""
    exif = Image.Exif()
    with contextlib.suppress(Exception):  # of damaged EXIF data
        exif.load(exif_block)
        block = exif.get_ifd(_EXIF_BLOCK)
        drawn_size = (int(block[_PIXEL_WIDTH]), int(block[_PIXEL_HEIGHT]))
        resolutions = (float(exif[_X_RESOLUTION]), float(exif[_Y_RESOLUTION]))
        scaled_size = tuple(
            round(side * _DEFAULT_RESOLUTION / resolution) for side, resolution in zip(size, resolutions, strict=True)
        )
        if exif[_RESOLUTION_UNIT] == _INCH and min(drawn_size) > 0 and scaled_size == drawn_size:
            return drawn_size
    return size


def add_drawn_size(jpeg: bytes, size: Size, drawn_size: Size) -> bytes:
    """Return a JPEG of `size` pixels, without EXIF data so far, that is drawn at `drawn_size` pixels."""
    exif = Image.Exif()
    exif[_X_RESOLUTION], exif[_Y_RESOLUTION] = (
        IFDRational(_DEFAULT_RESOLUTION * side, drawn_side) for side, drawn_side in zip(size, drawn_size, strict=True)
    )
    exif[_RESOLUTION_UNIT] = _INCH
    exif.get_ifd(_EXIF_BLOCK).update({_PIXEL_WIDTH: drawn_size[0], _PIXEL_HEIGHT: drawn_size[1]})
    block = exif.tobytes()
    position = _find_exif(jpeg)
    return jpeg[:position] + _EXIF_MARKER + (len(block) + 2).to_bytes(2, "big") + block + jpeg[position:]


def remove_drawn_size(jpeg: bytes) -> bytes:
    """Return a JPEG without the segment that `add_drawn_size` puts in."""
    position = _find_exif(jpeg)
    if jpeg[position : position + 2] != _EXIF_MARKER:
        return jpeg
    return jpeg[:position] + jpeg[position + 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big") :]


def _find_exif(jpeg: bytes) -> int:
    """Return where the segment behind the first one begins, which is that of JFIF."""
    return _FIRST_SEGMENT + 2 + int.from_bytes(jpeg[_FIRST_SEGMENT + 2 : _FIRST_SEGMENT + 4], "big")
