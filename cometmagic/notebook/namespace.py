"""The names in a cell's line: options that name variables of the notebook get the values of these.

`-i photo` is a variable, a file or an address; `--edit bike` is a variable with a result, or the id of a call. An index
selects one of several results, `cats[0]`; no other expression is evaluated. This module knows only these options and
opens no file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from cometmagic.errors import CometError, OptionError
from cometmagic.images.inputs.image_text import is_image_text
from cometmagic.system.sanitize import clean_line
from cometmagic.system.suggestions import suggest

_OUTPUT_NAME = re.compile(r"(?:Out\[(\d+)\]|_(\d+))")
_INDEXED_NAME = re.compile(r"(\w+)\[(-?\d{1,6})\]")
_EXPRESSION = re.compile(r"([^\W\d]\w*)(?:[\[(]|\.(\w+))")
_MAX_CHECKED_ITEMS = 100  # items of a list
_CALL_ID = re.compile(r"(?:\d{8}-\d{6}-.+-)?[0-9a-f]{6}")


def resolve_options(options: dict[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with names of variables replaced by their values. Raises `OptionError` for an unknown name."""
    resolved_options = dict(options)
    if "image" in options:
        resolved_options["image"] = [_resolve_image(word, namespace) for word in _ensure_list(options["image"])]
    for name in ("edit", "chat"):
        if isinstance(options.get(name), str):
            resolved_options[name] = _resolve_result(options[name], namespace)
    return resolved_options


def is_result_name(word: str, namespace: Mapping[str, Any], library_root: Path) -> bool:
    """Whether a word names a variable with a result, or is the id of a call in the library."""
    value = _find_value(word, namespace)
    # A list of results cannot be edited, but its name must not become the first word of a prompt.
    items = value[:_MAX_CHECKED_ITEMS] if _is_list(value) else (value,)
    return any(hasattr(item, "folder") for item in items) or (
        _CALL_ID.fullmatch(word) is not None and any(library_root.glob(f"*{word}"))
    )


def _ensure_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _find_value(word: str, namespace: Mapping[str, Any]) -> Any:
    """Return the value that a word names, `Out[3]` and `cats[0]` included, or None."""
    if match := _OUTPUT_NAME.fullmatch(word):
        outputs = namespace.get("Out")
        number = int(match[1] or match[2])
        return outputs.get(number) if isinstance(outputs, Mapping) else None
    if match := _INDEXED_NAME.fullmatch(word):
        items, index = namespace.get(match[1]), int(match[2])
        return items[index] if _is_list(items) and -len(items) <= index < len(items) else None
    return namespace.get(word) if word.isidentifier() else None


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether a value is a list, such as the results of a sweep, and not a text or bytes."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)


def _resolve_image(word: Any, namespace: Mapping[str, Any]) -> Any:
    if not isinstance(word, str):
        return word
    value = _find_value(word, namespace)
    if isinstance(value, CometError):
        raise OptionError(f"--image: {word} is an error, not a picture.")
    if _is_list(value):
        raise OptionError(f"--image: {word} is a list.", advice=f"Choose one, {word}[0], or write -i for each.")
    if value is not None:
        return value
    if is_image_text(word) or os.path.isfile(word):  # noqa: PTH113  # unlike Path.is_file, it never raises
        return word
    if error := _explain_missing_image(word, namespace):
        raise error
    return word


def _explain_missing_image(word: str, namespace: Mapping[str, Any]) -> OptionError | None:
    """Return the error for a word that is neither a variable nor a file; None if it can be a path or an address."""
    text = clean_line(word, 60)
    if _OUTPUT_NAME.fullmatch(word):
        return OptionError(f"--image: there is no output {text}.", advice="Name a variable, a file or an address.")
    if _is_expression(word, namespace) and not _exists(word):
        message = f"--image: {text} is neither a variable nor a file, and nothing is computed here."
        return OptionError(message, advice=f"Put it in a variable, x = {text}, and write -i x.")
    if not word.isidentifier() or _exists(word):
        return None
    if word in namespace or word == "None":
        return OptionError(f"--image: {text} is None, not an image.", advice="Run the cell that makes it.")
    hint = suggest(word, [name for name in namespace if not name.startswith("_")]) or "."
    message = f"--image: there is neither a variable nor a file {text!r}{hint}"
    return OptionError(message, advice="Run the cell that makes it.")


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110  # unlike Path.exists, it never raises


def _is_expression(word: str, namespace: Mapping[str, Any]) -> bool:
    """Whether a word is a Python expression on a variable, `bike.image` or `cats[n]`; `bike.png` is a file."""
    match = _EXPRESSION.match(word)
    return bool(match and match[1] in namespace and (not match[2] or hasattr(type(namespace[match[1]]), match[2])))


def _resolve_result(word: str, namespace: Mapping[str, Any]) -> Any:
    """Return the result that a word names, or the word itself, which can be the id of a call."""
    value = _find_value(word, namespace)
    if value is None:
        return word
    if isinstance(value, CometError):
        raise OptionError(f"{word} holds an error, not a picture.")
    return value
