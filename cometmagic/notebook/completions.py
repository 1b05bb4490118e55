"""What may stand where the cursor is: values of an option, names of variables, ids of calls, paths.

All of it is read when it is asked for: the declaration, the notebook's variables, the project's file, the
library, the disk. A library of pictures is known by the names of its types and is never imported. This
module knows no IPython and nothing of lines.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cometmagic.options.declaration import Option, Options
from cometmagic.options.option_types import ChoiceList, Flag, JsonObject, Pairs

MOST = 200  # paths
NEWEST = 20  # calls
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
_RESULT = "cometmagic.generation.result.ImageResult"
_IMAGES = {_RESULT, "cometmagic.gemini.parts.ImagePart", "PIL.Image.Image", "numpy.ndarray", "matplotlib.figure.Figure"}


class Offer(NamedTuple):
    """A text that may stand there, and what it is."""

    text: str
    kind: str


Offers = tuple[str, list[Offer]]  # the end of what is written that the offers replace, and the offers


def values(option: Option, written: str, variables: Mapping[str, Any]) -> Offers:
    """Return what may follow an option of which `written` stands there already."""
    match option.name:
        case "model" | "preset":
            return _among(_names(option.name), written)
        case "image":
            return written, [*_named(variables, _is_image, written), *paths(written, SUFFIXES)]
        case "edit" | "chat":
            return written, [*_named(variables, _is_result, written), *ids(written)]
        case "save":
            return written, list(paths(written, SUFFIXES))
        case "sweep":
            return _sweep(written, variables)
    return _of_kind(option, written)


def _names(what: str) -> Iterable[str]:
    from cometmagic.options import models, project

    return models.MODEL_NAMES if what == "model" else project.list_preset_names()


def _of_kind(option: Option, written: str) -> Offers:
    match option.type:
        case Flag():
            return _among(("true", "false"), written)
        case ChoiceList():
            return _listed(option.type.choices, written)
        case Pairs() as pairs:
            _, sign, setting = written.partition("=")
            return (
                _among(pairs.value_table, setting)
                if sign
                else _among([f"{name}=" for name in pairs.key_table], written)
            )
        case _:
            return _among(option.type.choices, written)


def _listed(words: Iterable[str], written: str) -> Offers:
    """Return the words that may follow in a list with commas; none twice."""
    *before, last = written.split(",")
    return _among([word for word in words if word not in before], last)


def _sweep(written: str, variables: Mapping[str, Any]) -> Offers:
    name, sign, listed = written.partition("=")
    known = Options.list_options()
    if not sign:
        spelled = name if "_" in name else name.replace("_", "-")
        names = [one for one in known if not isinstance(known[one].type, JsonObject)]
        return _among([f"{one if '_' in spelled else one.replace('_', '-')}=" for one in names], written)
    option = known[name.strip().replace("-", "_")]
    _, every = values(option, "", variables)
    return _listed([offer.text for offer in every], listed)


def _among(words: Iterable[str], written: str) -> Offers:
    """Return the words that begin as it is written, in any case."""
    return written, [Offer(word, "value") for word in words if word.lower().startswith(written.lower())]


def _named(variables: Mapping[str, Any], wanted: Callable[[Any], bool], written: str) -> Iterator[Offer]:
    """Yield the variables of the user that hold what is wanted, and the outputs that do."""
    for name, value in list(variables.items()):
        if name.startswith(written) and not name.startswith("_") and wanted(value):
            yield Offer(name, "instance")
    outputs = variables.get("Out")
    for number, value in list(outputs.items()) if isinstance(outputs, dict) else ():
        if (name := f"Out[{number}]").startswith(written) and wanted(value):
            yield Offer(name, "instance")


def _is_result(value: Any) -> bool:
    return _RESULT in _types(value)


def _is_image(value: Any) -> bool:
    if isinstance(value, bytes):
        from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN_TYPE, sniff

        return sniff(value[:MAGIC_BYTES]) != UNKNOWN_TYPE
    if isinstance(value, Path):
        return value.suffix.lower() in SUFFIXES
    return not _IMAGES.isdisjoint(_types(value))


def _types(value: Any) -> set[str]:
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in type(value).__mro__}


def ids(written: str) -> list[Offer]:
    """Return the ids of the newest calls; where none begins as it is written, the names it is a part of."""
    from cometmagic.options.settings import find_library_folder
    from cometmagic.storage.index import shorten_id
    from cometmagic.storage.store import Library

    word, folders = written.lower(), list(Library(find_library_folder()).iter_folders())
    found = [short for folder in folders if (short := shorten_id(folder)).startswith(word)]
    found = found or [folder.id for folder in folders if word in folder.id.lower()]
    return [Offer(name, "id") for name in found[:NEWEST]]


def paths(written: str, suffixes: tuple[str, ...] = ()) -> Iterator[Offer]:
    """Yield the folders, and the files with one of `suffixes`, that begin as it is written; `~` stays."""
    start, name = os.path.split(written)
    start = written[: len(written) - len(name)]
    try:
        with os.scandir(Path(start or ".").expanduser()) as entries:
            is_hidden = name.startswith(".")
            found = [one for one in entries if one.name.startswith(name) and one.name.startswith(".") == is_hidden]
    except (OSError, RuntimeError, ValueError):  # no folder, or a `~user` nobody knows
        return
    for entry in sorted(found, key=lambda entry: entry.name.lower())[:MOST]:
        if entry.is_dir():
            yield Offer(f"{start}{entry.name}/", "path")
        elif entry.name.lower().endswith(suffixes):
            yield Offer(f"{start}{entry.name}", "path")
