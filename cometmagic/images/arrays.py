"""An array as an 8-bit picture, after a check of its shape, type and range of values.

An array does not say what its numbers mean. Anything ambiguous is an error with advice, never a guess: an
all-black picture would be sent and paid for. numpy is optional and never imported here; if a value is an
array, numpy is imported already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

from PIL import Image

from cometmagic.errors import OptionError
from cometmagic.images.bands import BAND_PIXELS
from cometmagic.images.brightness import (
    CLIP_MARGIN,
    MAX_DARK_VALUE,
    Extremes,
    build_black_error,
    is_nearly_black,
)
from cometmagic.images.decoding.opener import MAX_SIDE
from cometmagic.options.settings import read_max_pixels
from cometmagic.system.sanitize import clean_line

FLOAT_TOLERANCE = 1e-6  # floats may lie outside 0 to 1 by this much, because of rounding
BIT_DEPTH_NOTE = "scaled from 16 to 8 bits"
_CHANNEL_COUNTS = (1, 3, 4)
_RANGE_CODE = "numpy.interp(array, (array.min(), array.max()), (0, 1))"


def is_array(value: Any) -> bool:
    """Whether `value` is a numpy array, or something that numpy can read as one and that is not a table."""
    numpy = sys.modules.get("numpy")
    if numpy is None or isinstance(value, type | numpy.generic):
        return False
    return isinstance(value, numpy.ndarray) or (hasattr(value, "__array__") and not hasattr(value, "iloc"))


def create_picture(value: Any) -> tuple[Image.Image, str]:
    """Return the picture in an array, and how its values were converted.

    It is made band by band: the array may be one pixel that numpy repeats, or eight bytes for each. Raises
    `OptionError` for anything that cannot be read as a picture without guessing.
    """
    numpy = sys.modules["numpy"]
    array = _read_array(numpy, value)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    convert, conversion = _choose_conversion(numpy, array)
    height, width = array.shape[:2]
    picture = Image.new("L" if array.ndim == 2 else "RGB" if array.shape[2] == 3 else "RGBA", (width, height))
    row_count = max(1, BAND_PIXELS // width)
    for top in range(0, height, row_count):
        band = numpy.ascontiguousarray(convert(array[top : top + row_count]))
        picture.paste(Image.fromarray(band), (0, top))
    return picture, conversion


def _read_array(numpy: Any, value: Any) -> Any:
    """Return an array of the shape of a picture, without a mask."""
    try:
        array = value if isinstance(value, numpy.ndarray) else numpy.asarray(value)
    except Exception as error:  # noqa: BLE001  # a tensor on a GPU raises an error of its own library
        type_name = type(value).__name__
        raise OptionError(f"The {clean_line(type_name)} cannot be read as an array ({type(error).__name__}).") from None
    _check_shape(array.shape)
    if isinstance(array, numpy.ma.MaskedArray) and numpy.ma.is_masked(array):
        raise OptionError("The array has masked values.", advice="Fill them: array.filled(0).")
    return numpy.asarray(array)


def _check_shape(shape: tuple[int, ...]) -> None:
    description = "The array's shape is " + " × ".join(map(str, shape)) if shape else "The array has no dimensions"
    if 0 in shape:
        raise OptionError(f"{description}: it is empty.", advice="Give one with pixels.")
    if len(shape) > 1 and (shape[0] * shape[1] > read_max_pixels() or max(shape[:2]) > MAX_SIDE):
        raise OptionError(f"{description}: it has too many pixels.", advice="Make it smaller, such as array[::2, ::2].")
    if len(shape) == 2 or (len(shape) == 3 and shape[2] in _CHANNEL_COUNTS):
        return
    if len(shape) == 3 and shape[0] in _CHANNEL_COUNTS:
        raise OptionError(f"{description}: the channels come first.", advice="Turn it with array.transpose(1, 2, 0).")
    if len(shape) == 4:
        raise OptionError(f"{description}: it is a batch of pictures.", advice="Give one of them, such as array[0].")
    advice = "A picture is height × width, or height × width × 1, 3 or 4."
    raise OptionError(f"{description}, which is no picture.", advice=advice)


def _choose_conversion(numpy: Any, array: Any) -> tuple[Callable[[Any], Any], str]:
    """Return how a band of the array becomes values from 0 to 255, and how that is described."""
    dtype_kind = array.dtype.kind
    if dtype_kind == "b":
        return (lambda band: band.astype(numpy.uint8) * numpy.uint8(255)), ""
    if dtype_kind == "f":
        _check_floats(numpy, array)
        return (lambda band: numpy.rint(band.clip(0, 1).astype(numpy.float64) * 255).astype(numpy.uint8)), ""
    if dtype_kind not in "ui":
        message = f"The array holds {clean_line(array.dtype)}, which are no brightnesses."
        raise OptionError(message, advice="Convert it: array.astype('uint8').")
    if array.dtype.itemsize == 2 and dtype_kind == "u":
        _check_16_bits(array)
        return (lambda band: ((band.astype(numpy.uint32) + 128) // 257).astype(numpy.uint8)), BIT_DEPTH_NOTE
    _check_integers(array)
    return (lambda band: band.astype(numpy.uint8)), ""


def _read_colour_extremes(array: Any) -> Extremes:
    """Return the extremes of an array's colours, or of its opacity if all colours are black."""
    colours = array[:, :, :3] if array.ndim == 3 else array
    return Extremes(int(colours.min()), int(colours.max()) or int(array.max()))


def _check_16_bits(array: Any) -> None:
    """Raise `OptionError` when fewer bits than 16 are used: such a picture would be black."""
    extremes = _read_colour_extremes(array)
    highest = extremes.highest
    if not 0 < highest <= MAX_DARK_VALUE:
        return
    if is_nearly_black(extremes, is_grey=array.ndim == 2):
        advice = _advise_label_scale(highest)
    elif highest <= 255:
        advice = "Convert it: array.astype('uint8')."
    else:
        advice = f"Scale it: array * {64 if highest < 1024 else 16}."
    raise build_black_error("The array", extremes, 65535, advice)


def _advise_label_scale(highest: float) -> str:
    return "Give the mask as true and false: array > 0." if highest == 1 else f"Scale it: array / {highest:.0f}."


def _check_integers(array: Any) -> None:
    """Raise `OptionError` for values that do not lie in 0 to 255, or that would be black there."""
    lowest, highest = int(array.min()), int(array.max())
    _check_range(array, 0, 255, _choose_integer_code(lowest, highest))
    extremes = _read_colour_extremes(array)
    if is_nearly_black(extremes, is_grey=array.ndim == 2):
        raise build_black_error("The array", extremes, 255, _advise_label_scale(extremes.highest))


def _choose_integer_code(lowest: int, highest: int) -> str:
    """Return what places integers beyond 0 to 255 there, or in another range that is known."""
    if lowest >= -64 and 128 <= highest < 512:  # a sum, or noise
        return "array.clip(0, 255).astype('uint8')"
    if lowest < 0 or highest > 65535:
        return _RANGE_CODE
    factor = 64 if highest < 1024 else 16 if highest <= MAX_DARK_VALUE else 1
    return "array.astype('uint16')" + (f" * {factor}" if factor > 1 else "")


def _check_floats(numpy: Any, array: Any) -> None:
    lowest, highest = float(array.min()), float(array.max())  # NaN if one is
    if not (numpy.isfinite(lowest) and numpy.isfinite(highest)):
        _raise_not_finite(numpy, array)
    if lowest >= -CLIP_MARGIN and 0.5 < highest <= 1 + CLIP_MARGIN:
        remedy = "array.clip(0, 1)"
    elif lowest == highest:
        remedy = "array / array.max()" if highest > 0 else "array - array.min()"
    elif lowest >= 0 and 128 <= highest <= 255:
        remedy = "array / 255"
    elif array.dtype.itemsize == 2:  # their difference may be beyond what such floats can hold
        remedy = _RANGE_CODE
    else:
        remedy = "(array - array.min()) / numpy.ptp(array)"
    _check_range(array, 0, 1, remedy, FLOAT_TOLERANCE)


def _raise_not_finite(numpy: Any, array: Any) -> NoReturn:
    """Raise the error for NaN and infinite values, with advice that leaves the other values as they are."""
    is_finite = numpy.isfinite(array)
    if not is_finite.any():
        advice = "Give another: numpy.nan_to_num(array) would be black."
        raise OptionError("The array holds no numbers, only NaN or infinite values.", advice=advice)
    code = "numpy.nan_to_num(array)"
    if numpy.isinf(array).any():  # becomes the largest number there is
        lowest = float(array.min(where=is_finite, initial=numpy.inf))
        highest = float(array.max(where=is_finite, initial=-numpy.inf))
        code += ".clip(0, 1)" if lowest >= 0 and highest <= 1 else f".clip({lowest:.6g}, {highest:.6g})"
    raise OptionError("The array holds NaN or infinite values.", advice=f"Replace them: {code}.")


def _check_range(array: Any, minimum: int, maximum: int, remedy: str, tolerance: float = 0.0) -> None:
    """Raise `OptionError` when a value is out of range."""
    lowest, highest = array.min(), array.max()
    if lowest < minimum - tolerance or highest > maximum + tolerance:
        extent = f"The array's values run from {lowest:.6g} to {highest:.6g}"
        message = f"{extent}; {array.dtype} must lie in {minimum} to {maximum}."
        raise OptionError(message, advice=f"Scale it: {remedy}.")
