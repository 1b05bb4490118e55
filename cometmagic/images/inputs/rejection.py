"""The one line for a value that is no image, with the advice that fits the value at hand.

It knows kinds of values and no limits of a request. Advice for arrays is turned into that of the library that a
tensor comes from.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from types import ModuleType
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.system.sanitize import clean_line

_ADVICE = "Give a path, bytes, a PIL image, an array or a figure."
_MAX_TYPE_NAME_LENGTH = 60
# Which values, and what to do with them; the first that fits counts.
_ADVICES: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (lambda value: value is None, "Run the cell that makes it."),
    (lambda value: isinstance(value, type), "Give an object, not its class."),
    (lambda value: isinstance(value, ModuleType), "Give an image, not a module."),
    (inspect.isawaitable, "Await it first: image = await …"),
    (inspect.isasyncgen, "Collect it first: images = [image async for image in …]"),
    (lambda value: hasattr(value, "iloc"), "Give one of its values, such as a path: table.iloc[0, 0], column.iloc[0]."),
    (lambda value: isinstance(value, Iterator), "Give its items: images=[*items]."),
    (lambda value: isinstance(value, dict), "Give one of its values."),
    (lambda value: isinstance(value, Sequence), "Give its items one by one, such as items[0], or images=[*items]."),
    (lambda value: isinstance(value, Collection), "Give its items: images=[*items]."),
    (inspect.isroutine, "Call it, and give what it returns."),
)
# The code in advice for arrays, and what it is called in other libraries.
_TORCH_CODE = (
    ("array.transpose(1, 2, 0)", "tensor.permute(1, 2, 0)"),
    ("array.clip(0, 255).astype('uint8')", "tensor.clamp(0, 255).byte()"),
    ("array.clip(0, 1)", "tensor.clamp(0, 1)"),
    ("array / array.max()", "tensor / tensor.max()"),
    ("array.astype('uint8')", "tensor.byte()"),
    ("numpy.nan_to_num(array)", "tensor.nan_to_num()"),
    ("(array - array.min()) / numpy.ptp(array)", "(tensor - tensor.min()) / (tensor.max() - tensor.min())"),
)
_TENSORFLOW_CODE = (
    ("array.transpose(1, 2, 0)", "tf.transpose(tensor, (1, 2, 0))"),
    ("array.clip(0, 255).astype('uint8')", "tf.cast(tf.clip_by_value(tensor, 0, 255), tf.uint8)"),
    ("array.clip(0, 1)", "tf.clip_by_value(tensor, 0, 1)"),
    ("array / array.max()", "tensor / tf.reduce_max(tensor)"),
    ("array.astype('uint8')", "tf.cast(tensor, tf.uint8)"),
    (
        "(array - array.min()) / numpy.ptp(array)",
        "(tensor - tf.reduce_min(tensor)) / (tf.reduce_max(tensor) - tf.reduce_min(tensor))",
    ),
)
_CODE_TABLES = {"torch": _TORCH_CODE, "tensorflow": _TENSORFLOW_CODE}
_ARRAY_WORD = re.compile(r"\barray(?=\b(?:\[| [/*>]|'s| has| holds))")
_NUMPY_CODE = re.compile(r"\b(?:array|numpy|np)\b[.(]")
_TENSOR_ADVICE = "Scale it to 0 to 1, height × width × 3."


def build_rejection(value: Any) -> OptionError:
    """Return the error for a value that is no image."""
    name = clean_line(type(value).__name__, _MAX_TYPE_NAME_LENGTH)
    article = "An" if name[:1] in "aeiouAEIOU" else "A"
    return OptionError(f"{article} {name} is not an image.", advice=_choose_advice(value))


def adapt_array_error(value: Any, error: OptionError) -> OptionError:
    """Return the error of an array in the words of the library that `value` comes from, such as torch."""
    packages = {base.__module__.partition(".")[0] for base in type(value).__mro__}
    library = next((name for name in _CODE_TABLES if name in packages), "")
    if not library:
        return error
    advice = error.advice
    for code, replacement in _CODE_TABLES[library]:
        advice = advice.replace(code, replacement)
    advice = _ARRAY_WORD.sub("tensor", advice)
    if _NUMPY_CODE.search(advice):
        advice = _TENSOR_ADVICE
    return OptionError(_ARRAY_WORD.sub("tensor", error.message), advice=advice)


def _choose_advice(value: Any) -> str:
    for fits, advice in _ADVICES:
        try:
            if fits(value):
                return advice
        except Exception:  # noqa: BLE001, S112  # a class may raise anything when it is asked
            continue
    return _ADVICE
