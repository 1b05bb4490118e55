"""What a cell's line names: variables of the notebook, in place of the words that stand for them.

`-i photo` is a variable, a file or an address; `--edit bike` a variable with a result, or a call's id. This module
knows no option but these, and opens no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cometmagic.errors import CometError, OptionError
from cometmagic.foreign import line
from cometmagic.kinds import suggest

_OUT = re.compile(r"(?:Out\[(\d+)\]|_(\d+))")
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
    return hasattr(_found(word, names), "folder") or (_ID.fullmatch(word) is not None and any(library.glob(f"*{word}")))


def _list(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else [given]


def _found(word: str, names: Mapping[str, Any]) -> Any:
    """Return the value a word stands for, `Out[3]` included, or None."""
    if found := _OUT.fullmatch(word):
        past = names.get("Out")
        number = int(found[1] or found[2])
        return past.get(number) if isinstance(past, Mapping) else None
    return names.get(word) if word.isidentifier() else None


def _image(word: Any, names: Mapping[str, Any]) -> Any:
    if not isinstance(word, str):
        return word
    found = _found(word, names)
    if found is not None:
        return found
    if not word.isidentifier() and not _OUT.fullmatch(word):
        return word
    if Path(word).is_file():
        return word
    told = line(word, 60)
    if _OUT.fullmatch(word):
        raise OptionError(f"--image: there is no output {told}.", do="Name a variable, a file or an address.")
    hint = suggest(word, [name for name in names if not name.startswith("_")]) or "."
    raise OptionError(
        f"--image: there is neither a variable nor a file {told!r}{hint}", do="Run the cell that makes it."
    )


def _result(word: str, names: Mapping[str, Any]) -> Any:
    """Return the result a word names; one that is no variable is a call's id."""
    found = _found(word, names)
    if found is None:
        return word
    if isinstance(found, CometError):
        raise OptionError(f"{word} holds an error, not a picture.")
    return found
