"""An array as an 8-bit picture, after a check of its shape, type and range of values.

An array does not say what its numbers mean. Anything ambiguous is an error with advice, never a guess: an
all-black picture would be sent and paid for. numpy is optional and never imported here; if a value is an
array, numpy is imported already.
"""

from __future__ import annotations

import sys
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.options.settings import read_max_pixels
from cometmagic.system.sanitize import clean_line

FLOAT_TOLERANCE = 1e-6  # floats may lie outside 0 to 1 by this much, because of rounding
BIT_DEPTH_NOTE = "scaled from 16 to 8 bits"
_CHANNEL_COUNTS = (1, 3, 4)


def is_array(value: Any) -> bool:
    """Whether `value` is a numpy array, or something that numpy can read as one and that is not a table."""
    numpy = sys.modules.get("numpy")
    if numpy is None or isinstance(value, type | numpy.generic):
        return False
    return isinstance(value, numpy.ndarray) or (hasattr(value, "__array__") and not hasattr(value, "iloc"))


def convert_to_uint8(value: Any) -> tuple[Any, str]:
    """Return an array of uint8, height × width or height × width × 3 or 4, and how the values were converted.

    Raises `OptionError` for anything that cannot be read as a picture without guessing.
    """
    numpy = sys.modules["numpy"]
    try:
        array = value if isinstance(value, numpy.ndarray) else numpy.asarray(value)
    except Exception as error:  # noqa: BLE001  # a tensor on a GPU raises an error of its own library
        type_name = type(value).__name__
        raise OptionError(f"The {clean_line(type_name)} cannot be read as an array ({type(error).__name__}).") from None
    _check_shape(array.shape)
    if isinstance(array, numpy.ma.MaskedArray) and numpy.ma.is_masked(array):
        raise OptionError("The array has masked values.", advice="Fill them: array.filled(0).")
    values, conversion = _scale_values(numpy, numpy.asarray(array))
    is_grey = values.ndim == 3 and values.shape[2] == 1
    return numpy.ascontiguousarray(values[:, :, 0] if is_grey else values), conversion


def _check_shape(shape: tuple[int, ...]) -> None:
    description = "The array's shape is " + " × ".join(map(str, shape)) if shape else "The array has no dimensions"
    if 0 in shape:
        raise OptionError(f"{description}: it is empty.", advice="Give one with pixels.")
    if len(shape) > 1 and shape[0] * shape[1] > read_max_pixels():
        raise OptionError(f"{description}: it has too many pixels.", advice="Make it smaller, such as array[::2, ::2].")
    if len(shape) == 2 or (len(shape) == 3 and shape[2] in _CHANNEL_COUNTS):
        return
    if len(shape) == 3 and shape[0] in _CHANNEL_COUNTS:
        raise OptionError(f"{description}: the channels come first.", advice="Turn it with array.transpose(1, 2, 0).")
    if len(shape) == 4:
        raise OptionError(f"{description}: it is a batch of pictures.", advice="Give one of them, such as array[0].")
    advice = "A picture is height × width, or height × width × 1, 3 or 4."
    raise OptionError(f"{description}, which is no picture.", advice=advice)


def _scale_values(numpy: Any, array: Any) -> tuple[Any, str]:
    """Return the values scaled to 0 to 255, and how they were converted."""
    dtype_kind = array.dtype.kind
    if dtype_kind == "b":
        return array.astype(numpy.uint8) * numpy.uint8(255), ""
    if dtype_kind == "f":
        return _scale_floats(numpy, array), ""
    if dtype_kind not in "ui":
        message = f"The array holds {clean_line(array.dtype)}, which are no brightnesses."
        raise OptionError(message, advice="Convert it: array.astype('uint8').")
    if array.dtype.itemsize == 1 and dtype_kind == "u":
        return array, ""
    if array.dtype.itemsize == 2 and dtype_kind == "u":
        return ((array.astype(numpy.uint32) + 128) // 257).astype(numpy.uint8), BIT_DEPTH_NOTE
    return _check_range(array, 0, 255, "array.clip(0, 255).astype('uint8')").astype(numpy.uint8), ""


def _scale_floats(numpy: Any, array: Any) -> Any:
    if not numpy.isfinite(array).all():
        raise OptionError("The array holds NaN or infinite values.", advice="Replace them: numpy.nan_to_num(array).")
    highest = float(array.max())
    remedy = "array / 255" if 1 < highest <= 255 and array.min() >= 0 else "(array - array.min()) / numpy.ptp(array)"
    floats = _check_range(array, 0, 1, remedy, FLOAT_TOLERANCE).clip(0, 1).astype(numpy.float64, copy=False)
    floats *= 255  # in place: a copy takes eight times the memory of the picture
    return numpy.rint(floats, out=floats).astype(numpy.uint8)


def _check_range(array: Any, minimum: int, maximum: int, remedy: str, tolerance: float = 0.0) -> Any:
    """Return the array. Raises `OptionError` when a value is out of range."""
    lowest, highest = array.min(), array.max()
    if lowest < minimum - tolerance or highest > maximum + tolerance:
        extent = f"The array's values run from {lowest:.6g} to {highest:.6g}"
        message = f"{extent}; {array.dtype} must lie in {minimum} to {maximum}."
        raise OptionError(message, advice=f"Scale it: {remedy}.")
    return array
