"""Whether the numbers in a picture are brightnesses, so that no black picture is sent and paid for.

A mask of 0 and 1, or 12 bits in numbers of 16, is a picture to its owner and black to a model. A black canvas is
black to both, and a photo taken at night has highlights. Arrays are judged here by their extremes only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from cometmagic.errors import OptionError

if TYPE_CHECKING:
    from PIL import Image

    from cometmagic.images.decoding.opened_image import OpenedImage

MAX_LABEL = 3  # of 255; a grey picture with nothing brighter holds numbers of classes
CLIP_MARGIN = 0.25  # how far noise reaches beyond 0 to 1
ROUNDING_ERROR = 1e-6  # of the range of floats
MAX_DARK_VALUE = 4095  # of 65535: 12 bits
_FLOAT_FULL_RANGE = 255
_EXACT_FORMATS = ("PNG", "TIFF", "BMP")  # in others a mask has other values, or colours
_GREY_MODES = ("L", "LA", "I")
_JUDGED_MODES = (*_GREY_MODES, "RGB", "RGBA")


class Extremes(NamedTuple):
    """The lowest and the highest value of a picture."""

    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.lowest:.6g} to {self.highest:.6g}"


def is_nearly_black(extremes: Extremes, *, is_grey: bool) -> bool:
    """Whether values of 0 to 255 are those of a mask: 0 and 1, or numbers of a few classes."""
    lowest, highest = extremes
    return highest == 1 or (is_grey and lowest == 0 and 1 < highest <= MAX_LABEL)


def build_black_error(name: str, extremes: Extremes, full: int, advice: str) -> OptionError:
    """Return the error for a picture that would be black; `full` is white."""
    message = f"{name}'s values run from {extremes}, of 0 to {full}: the picture would be black."
    return OptionError(message, advice=advice)


def check_file(name: str, source: OpenedImage) -> None:
    """Raise `OptionError` for a grey file whose numbers are no brightnesses. Decodes only files that can be such."""
    mode = source.picture.mode
    if source.file_format in _EXACT_FORMATS and (mode in _GREY_MODES or mode.startswith("I;16")):
        _check_brightness(name, source.picture, "Open it with PIL, and give ")


def check_picture(name: str, picture: Image.Image) -> None:
    """Raise `OptionError` for a picture that would be black though its values are not all 0; `name` begins sentences.

    Values that no conversion can place are refused where the conversion is chosen.
    """
    _check_brightness(name, picture, "Scale it: ")


def _check_brightness(name: str, picture: Image.Image, remedy: str) -> None:
    mode = picture.mode
    if mode.startswith("I;16"):
        extremes = read_extremes(picture if mode == "I;16" else picture.convert("I"))
        if code := _choose_16_bit_code(extremes):
            raise build_black_error(name, extremes, 65535, f"{remedy}{code}.")
    elif mode in _JUDGED_MODES:
        extremes = read_extremes(picture)
        if is_nearly_black(extremes, is_grey=mode in _GREY_MODES):
            code = f"image.point(lambda value: value * {255 // int(extremes.highest)})"
            raise build_black_error(name, extremes, 255, f"{remedy}{code}.")


def _choose_16_bit_code(extremes: Extremes) -> str:
    """Return what makes a picture of a 16-bit mode as bright as it was meant to be, or "" if it is."""
    highest = int(extremes.highest)
    if not 0 < highest <= MAX_DARK_VALUE:
        return ""
    if is_nearly_black(extremes, is_grey=True):
        return f"image.convert('I').point(lambda value: value * {255 // highest})"
    if highest <= 255:
        return "image.convert('I')"
    return f"image.convert('I').point(lambda value: value / {4 if highest < 1024 else 16})"


def read_extremes(picture: Image.Image) -> Extremes:
    """Return the extremes of all colours, or of the opacity if all colours are black."""
    extrema: Any = picture.getextrema()  # a pair of numbers, or one for each band
    pairs = [extrema] if len(picture.getbands()) == 1 else extrema
    colours = pairs[:-1] if picture.mode in ("LA", "RGBA") else pairs
    highest = max(high for _, high in colours) or max(high for _, high in pairs)
    return Extremes(min(low for low, _ in colours), highest)


def find_grey_range(name: str, picture: Image.Image) -> int:
    """Return which value is white in a picture of integers or floats: 1 or 255. Raises `OptionError`."""
    extremes = read_extremes(picture)
    lowest, highest = extremes
    if picture.mode == "F":
        _check_finite(name, picture)
        if lowest >= -ROUNDING_ERROR and highest <= 1 + ROUNDING_ERROR:
            return 1
    tolerance = ROUNDING_ERROR * _FLOAT_FULL_RANGE
    if lowest < -tolerance or highest > _FLOAT_FULL_RANGE + tolerance:
        message = f"{name}'s values run from {extremes}; they must lie in 0 to 255."
        raise OptionError(message, advice=_advise_scale(extremes))
    if picture.mode == "F" and highest <= MAX_LABEL:  # noise above 1, or a picture that is black in 0 to 255
        message = f"{name}'s values run from {extremes}; they must lie in 0 to 1, or in 0 to 255."
        raise OptionError(message, advice=_advise_scale(extremes))
    return _FLOAT_FULL_RANGE


def _advise_scale(extremes: Extremes) -> str:
    lowest, highest = min(extremes.lowest, 0), extremes.highest
    if highest <= lowest or (scale := 255 / (highest - lowest)) == 0 or not math.isfinite(scale):
        return "Use values from 0 to 255."
    difference = f"(value - {lowest!r})".replace("- -", "+ ") if lowest else "value"
    return f"Scale it: image.point(lambda value: {difference} * {scale:.9g})."


def _check_finite(name: str, picture: Image.Image) -> None:
    """Raise `OptionError` for NaN and infinite values, which the mean of a picture shows, and its extremes do not."""
    from PIL import Image

    mean = picture.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    if math.isfinite(mean):  # type: ignore[arg-type]  # one band: a number
        return
    finite_values = [value for value in memoryview(picture.tobytes()).cast("f") if math.isfinite(value)]
    if not finite_values:
        raise OptionError(f"{name} holds no numbers, only NaN or infinite values.", advice="Give another.")
    raise OptionError(f"{name} holds NaN or infinite values.", advice=_advise_replacement(finite_values))


def _advise_replacement(finite_values: list[float]) -> str:
    lowest, highest = min(finite_values), max(finite_values)
    code = "numpy.nan_to_num(image)"
    if lowest >= -CLIP_MARGIN and highest <= 1 + CLIP_MARGIN:
        code += ".clip(0, 1)"
    elif lowest >= 0 and MAX_LABEL < highest <= _FLOAT_FULL_RANGE:
        code += ".clip(0, 255) / 255"
    elif lowest < highest:
        code = f"numpy.interp({code}, ({lowest:.6g}, {highest:.6g}), (0, 1))"
    else:
        return "Use values from 0 to 1."
    return f"Replace them: {code}."
