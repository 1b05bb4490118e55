"""Which mode a picture is converted to before it is sent, and what is lost.

A mode is how Pillow stores pixels: as RGB, as a palette, as 16-bit greys. PNG can hold some of them. This module
decides and says how; when and at what size a picture is converted is known elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cometmagic.images.arrays import BIT_DEPTH_NOTE
from cometmagic.images.bands import Conversion
from cometmagic.images.brightness import find_grey_range
from cometmagic.images.resize import convert_to_rgba, flatten_on_white

if TYPE_CHECKING:
    from PIL import Image

PNG_MODES = ("RGB", "RGBA", "L", "LA", "P", "1")


def choose_conversion(name: str, picture: Image.Image) -> tuple[Conversion, str]:
    """Return how a picture becomes one that can be saved as PNG at any size, and what that changes.

    `name` begins sentences. Raises `OptionError` when it is not clear which numbers are black and white.
    """
    mode = picture.mode
    if mode in ("I", "F"):
        return _choose_grey_conversion(name, picture), ""
    if picture.has_transparency_data and not mode.startswith("I;16"):
        return convert_to_rgba, ""
    if mode in PNG_MODES:
        return flatten_on_white, ""
    return flatten_on_white, BIT_DEPTH_NOTE if mode.startswith("I;16") else f"converted from {mode} to RGB"


def _choose_grey_conversion(name: str, picture: Image.Image) -> Conversion:
    """Return how a picture of integers or floats becomes one of 256 greys."""
    if find_grey_range(name, picture) == 1:
        return lambda band: band.point(lambda value: value * 255 + 0).convert("L")
    return lambda band: band.convert("L")
