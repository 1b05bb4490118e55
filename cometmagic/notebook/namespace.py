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
from cometmagic.options.option_types import suggest
from cometmagic.system.sanitize import clean_line

_OUT = re.compile(r"(?:Out\[(\d+)\]|_(\d+))")
_PLACE = re.compile(r"(\w+)\[(-?\d{1,6})\]")
_EXPRESSION = re.compile(r"([^\W\d]\w*)(?:[\[(]|\.(\w+))")
_LOOKED_AT = 100  # things of a list
_ID = re.compile(r"(?:\d{8}-\d{6}-.+-)?[0-9a-f]{6}")


def resolved(options: dict[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line's options with the values of variables in them. Raises `OptionError` for what is nothing."""
    out = dict(options)
    if "image" in out:
        out["image"] = [_image(word, names) for word in _list(out["image"])]
    for name in ("edit", "chat"):
        if isinstance(out.get(name), str):
            out[name] = _result(out[name], names)
    return out


def is_result(word: str, names: Mapping[str, Any], library: Path) -> bool:
    """Whether a word names a variable with a result, or is the id of a call of the library, as its table shows it."""
    found = _found(word, names)
    # Several results are named too, if in vain: they must not become the first word of a prompt.
    some = found[:_LOOKED_AT] if _is_several(found) else (found,)
    return any(hasattr(one, "folder") for one in some) or (
        _ID.fullmatch(word) is not None and any(library.glob(f"*{word}"))
    )


def _list(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else [given]


def _found(word: str, names: Mapping[str, Any]) -> Any:
    """Return the value a word stands for, `Out[3]` and `cats[0]` included, or None."""
    if found := _OUT.fullmatch(word):
        past = names.get("Out")
        number = int(found[1] or found[2])
        return past.get(number) if isinstance(past, Mapping) else None
    if found := _PLACE.fullmatch(word):
        several, place = names.get(found[1]), int(found[2])
        return several[place] if _is_several(several) and -len(several) <= place < len(several) else None
    return names.get(word) if word.isidentifier() else None


def _is_several(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether a value is a list of things, such as the results of a sweep."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)


def _image(word: Any, names: Mapping[str, Any]) -> Any:
    if not isinstance(word, str):
        return word
    found = _found(word, names)
    if isinstance(found, CometError):
        raise OptionError(f"--image: {word} is an error, not a picture.")
    if _is_several(found):
        raise OptionError(f"--image: {word} is a list.", advice=f"Choose one, {word}[0], or write -i for each.")
    if found is not None:
        return found
    if Path(word).is_file():
        return word
    if why := _nothing(word, names):
        raise why
    return word


def _nothing(word: str, names: Mapping[str, Any]) -> OptionError | None:
    """Return the error for a word that is no variable and no file, or None where others say more: it may be a path."""
    told = clean_line(word, 60)
    if _OUT.fullmatch(word):
        return OptionError(f"--image: there is no output {told}.", advice="Name a variable, a file or an address.")
    if _is_expression(word, names) and not Path(word).exists():
        what = f"--image: {told} is neither a variable nor a file, and nothing is computed here."
        return OptionError(what, advice=f"Put it in a variable, x = {told}, and write -i x.")
    if not word.isidentifier() or Path(word).exists():
        return None
    if word in names or word == "None":
        return OptionError(f"--image: {told} is None, not an image.", advice="Run the cell that makes it.")
    hint = suggest(word, [name for name in names if not name.startswith("_")]) or "."
    what = f"--image: there is neither a variable nor a file {told!r}{hint}"
    return OptionError(what, advice="Run the cell that makes it.")


def _is_expression(word: str, names: Mapping[str, Any]) -> bool:
    """Whether a word looks like Python on a variable: `bike.image`, `cats[n]`; `bike.png` is rather a file."""
    found = _EXPRESSION.match(word)
    return bool(found and found[1] in names and (not found[2] or hasattr(type(names[found[1]]), found[2])))


def _result(word: str, names: Mapping[str, Any]) -> Any:
    """Return the result a word names; one that is no variable is a call's id."""
    found = _found(word, names)
    if found is None:
        return word
    if isinstance(found, CometError):
        raise OptionError(f"{word} holds an error, not a picture.")
    return found
