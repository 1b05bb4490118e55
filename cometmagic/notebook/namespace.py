"""What a cell's line names: variables of the notebook, in place of the words that stand for them.

`-i photo` is a variable, a file or an address; `--edit bike` a variable with a result, or a call's id. Of several
results one is named by its number, `cats[0]`; nothing else is computed. This module knows no option but these, and
opens no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from cometmagic.errors import CometError, OptionError
from cometmagic.system.sanitize import clean_line
from cometmagic.system.suggestions import suggest

_OUTPUT_NAME = re.compile(r"(?:Out\[(\d+)\]|_(\d+))")
_INDEXED_NAME = re.compile(r"(\w+)\[(-?\d{1,6})\]")
_EXPRESSION = re.compile(r"([^\W\d]\w*)(?:[\[(]|\.(\w+))")
_MAX_CHECKED_ITEMS = 100  # things of a list
_CALL_ID = re.compile(r"(?:\d{8}-\d{6}-.+-)?[0-9a-f]{6}")


def resolve_options(options: dict[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line's options with the values of variables in them. Raises `OptionError` for what is nothing."""
    out = dict(options)
    if "image" in out:
        out["image"] = [_resolve_image(word, namespace) for word in _ensure_list(out["image"])]
    for name in ("edit", "chat"):
        if isinstance(out.get(name), str):
            out[name] = _resolve_result(out[name], namespace)
    return out


def is_result_name(word: str, namespace: Mapping[str, Any], library_root: Path) -> bool:
    """Whether a word names a variable with a result, or is the id of a call of the library, as its table shows it."""
    found = _find_value(word, namespace)
    # Several results are named too, if in vain: they must not become the first word of a prompt.
    some = found[:_MAX_CHECKED_ITEMS] if _is_list(found) else (found,)
    return any(hasattr(one, "folder") for one in some) or (
        _CALL_ID.fullmatch(word) is not None and any(library_root.glob(f"*{word}"))
    )


def _ensure_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _find_value(word: str, namespace: Mapping[str, Any]) -> Any:
    """Return the value a word stands for, `Out[3]` and `cats[0]` included, or None."""
    if found := _OUTPUT_NAME.fullmatch(word):
        past = namespace.get("Out")
        number = int(found[1] or found[2])
        return past.get(number) if isinstance(past, Mapping) else None
    if found := _INDEXED_NAME.fullmatch(word):
        several, place = namespace.get(found[1]), int(found[2])
        return several[place] if _is_list(several) and -len(several) <= place < len(several) else None
    return namespace.get(word) if word.isidentifier() else None


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether a value is a list of things, such as the results of a sweep."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)


def _resolve_image(word: Any, namespace: Mapping[str, Any]) -> Any:
    if not isinstance(word, str):
        return word
    found = _find_value(word, namespace)
    if isinstance(found, CometError):
        raise OptionError(f"--image: {word} is an error, not a picture.")
    if _is_list(found):
        raise OptionError(f"--image: {word} is a list.", advice=f"Choose one, {word}[0], or write -i for each.")
    if found is not None:
        return found
    if Path(word).is_file():
        return word
    if why := _explain_missing_image(word, namespace):
        raise why
    return word


def _explain_missing_image(word: str, namespace: Mapping[str, Any]) -> OptionError | None:
    """Return the error for a word that is no variable and no file, or None where others say more: it may be a path."""
    told = clean_line(word, 60)
    if _OUTPUT_NAME.fullmatch(word):
        return OptionError(f"--image: there is no output {told}.", advice="Name a variable, a file or an address.")
    if _is_expression(word, namespace) and not Path(word).exists():
        what = f"--image: {told} is neither a variable nor a file, and nothing is computed here."
        return OptionError(what, advice=f"Put it in a variable, x = {told}, and write -i x.")
    if not word.isidentifier() or Path(word).exists():
        return None
    if word in namespace or word == "None":
        return OptionError(f"--image: {told} is None, not an image.", advice="Run the cell that makes it.")
    hint = suggest(word, [name for name in namespace if not name.startswith("_")]) or "."
    what = f"--image: there is neither a variable nor a file {told!r}{hint}"
    return OptionError(what, advice="Run the cell that makes it.")


def _is_expression(word: str, namespace: Mapping[str, Any]) -> bool:
    """Whether a word looks like Python on a variable: `bike.image`, `cats[n]`; `bike.png` is rather a file."""
    found = _EXPRESSION.match(word)
    return bool(found and found[1] in namespace and (not found[2] or hasattr(type(namespace[found[1]]), found[2])))


def _resolve_result(word: str, namespace: Mapping[str, Any]) -> Any:
    """Return the result a word names; one that is no variable is a call's id."""
    found = _find_value(word, namespace)
    if found is None:
        return word
    if isinstance(found, CometError):
        raise OptionError(f"{word} holds an error, not a picture.")
    return found
