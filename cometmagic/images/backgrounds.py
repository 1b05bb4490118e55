"""What is behind the transparent areas of a reference: a remark that models may see black, or a colour.

This module does not know where a picture comes from, or how it is saved.
"""

from __future__ import annotations

from PIL import Image, ImageColor

from cometmagic.errors import OptionError
from cometmagic.images.bands import BAND_PIXELS, Conversion
from cometmagic.system.sanitize import clean_line

RGB = tuple[int, int, int]
_OPAQUE = 255


def parse_colour(text: str) -> RGB:
    """Return the colour that is called `text`: a name, #rgb, #rrggbb, rgb(…) or hsl(…). Raises `OptionError`."""
    try:
        colour = ImageColor.getrgb(text.strip())
    except ValueError:
        colour = (0, 0, 0, 0)
    if len(colour) != 3 and colour[3] != _OPAQUE:
        message = f"--on {clean_line(text, 40)}: this is no opaque colour."
        raise OptionError(message, advice="Give a name such as white, or #rrggbb.")
    return colour[:3]


def has_transparent_pixels(picture: Image.Image) -> bool:
    """Whether at least one pixel is not opaque; decodes the picture."""
    if not picture.has_transparency_data:
        return False
    row_count = max(1, BAND_PIXELS // picture.width)  # a palette as RGBA takes four times its memory
    bands = (
        picture.crop((0, top, picture.width, min(top + row_count, picture.height)))
        for top in range(0, picture.height, row_count)
    )
    return any(band.convert("RGBA").getchannel("A").getextrema()[0] != _OPAQUE for band in bands)


def flatten_on(colour: RGB) -> Conversion:
    """Return a conversion to RGB that puts this colour behind transparent areas."""

    def flatten(picture: Image.Image) -> Image.Image:
        rgba = picture.convert("RGBA")
        background = Image.new("RGB", picture.size, colour)
        background.paste(rgba, mask=rgba.getchannel("A"))
        return background

    return flatten


def format_remark(name: str) -> str:
    """Return the sentence on a picture that is sent with transparent areas."""
    return f"{name} has transparent areas, which models tend to see as black; --on white puts white behind them."
