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

from cometmagic.options.composite_types import ChoiceList, JsonObject, Pairs
from cometmagic.options.declaration import Options
from cometmagic.options.option_group import Option
from cometmagic.options.option_types import Flag

MAX_PATHS = 200  # paths
MAX_CALLS = 20  # calls
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
_RESULT_TYPE = "cometmagic.ImageResult"
_IMAGE_TYPES = {
    _RESULT_TYPE,
    "cometmagic.ImagePart",
    "PIL.Image.Image",
    "numpy.ndarray",
    "matplotlib.figure.Figure",
}


class CompletionItem(NamedTuple):
    """A text that may stand there, and what it is."""

    text: str
    kind: str


CompletionMatch = tuple[str, list[CompletionItem]]  # the end of what is written that the offers replace, and the offers


def complete_value(option: Option, fragment: str, namespace: Mapping[str, Any]) -> CompletionMatch:
    """Return what may follow an option of which `written` stands there already."""
    match option.name:
        case "model" | "preset":
            return _filter_words(_list_names(option.name), fragment)
        case "image":
            return fragment, [
                *_find_variables(namespace, _is_image_value, fragment),
                *complete_paths(fragment, IMAGE_SUFFIXES),
            ]
        case "edit" | "chat":
            return fragment, [*_find_variables(namespace, _is_result_value, fragment), *complete_ids(fragment)]
        case "save":
            return fragment, list(complete_paths(fragment, IMAGE_SUFFIXES))
        case "sweep":
            return _complete_sweep(fragment, namespace)
    return _complete_by_type(option, fragment)


def _list_names(option_name: str) -> Iterable[str]:
    from cometmagic.options import models, pyproject

    return models.MODEL_NAMES if option_name == "model" else pyproject.list_preset_names()


def _complete_by_type(option: Option, fragment: str) -> CompletionMatch:
    match option.type:
        case Flag():
            return _filter_words(("true", "false"), fragment)
        case ChoiceList():
            return _complete_list(option.type.choices, fragment)
        case Pairs() as pairs:
            _, sign, setting = fragment.partition("=")
            return (
                _filter_words(pairs.value_table, setting)
                if sign
                else _filter_words([f"{name}=" for name in pairs.key_table], fragment)
            )
        case _:
            return _filter_words(option.type.choices, fragment)


def _complete_list(words: Iterable[str], fragment: str) -> CompletionMatch:
    """Return the words that may follow in a list with commas; none twice."""
    *before, last = fragment.split(",")
    return _filter_words([word for word in words if word not in before], last)


def _complete_sweep(fragment: str, namespace: Mapping[str, Any]) -> CompletionMatch:
    name, sign, listed = fragment.partition("=")
    known = Options.list_options()
    if not sign:
        spelled = name if "_" in name else name.replace("_", "-")
        names = [one for one in known if not isinstance(known[one].type, JsonObject)]
        return _filter_words([f"{one if '_' in spelled else one.replace('_', '-')}=" for one in names], fragment)
    option = known[name.strip().replace("-", "_")]
    _, every = complete_value(option, "", namespace)
    return _complete_list([offer.text for offer in every], listed)


def _filter_words(words: Iterable[str], fragment: str) -> CompletionMatch:
    """Return the words that begin as it is written, in any case."""
    return fragment, [CompletionItem(word, "value") for word in words if word.lower().startswith(fragment.lower())]


def _find_variables(
    namespace: Mapping[str, Any], is_match: Callable[[Any], bool], fragment: str
) -> Iterator[CompletionItem]:
    """Yield the variables of the user that hold what is wanted, and the outputs that do."""
    for name, value in list(namespace.items()):
        if name.startswith(fragment) and not name.startswith("_") and is_match(value):
            yield CompletionItem(name, "instance")
    outputs = namespace.get("Out")
    for number, value in list(outputs.items()) if isinstance(outputs, dict) else ():
        if (name := f"Out[{number}]").startswith(fragment) and is_match(value):
            yield CompletionItem(name, "instance")


def _is_result_value(value: Any) -> bool:
    return _RESULT_TYPE in _list_types(value)


def _is_image_value(value: Any) -> bool:
    if isinstance(value, bytes):
        from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN_TYPE, sniff

        return sniff(value[:MAGIC_BYTES]) != UNKNOWN_TYPE
    if isinstance(value, Path):
        return value.suffix.lower() in IMAGE_SUFFIXES
    return not _IMAGE_TYPES.isdisjoint(_list_types(value))


def _list_types(value: Any) -> set[str]:
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in type(value).__mro__}


def complete_ids(fragment: str) -> list[CompletionItem]:
    """Return the ids of the newest calls; where none begins as it is written, the names it is a part of."""
    from cometmagic.options.settings import find_library_folder
    from cometmagic.storage.index import shorten_id
    from cometmagic.storage.library import Library

    word, folders = fragment.lower(), list(Library(find_library_folder()).iter_folders())
    found = [short for folder in folders if (short := shorten_id(folder)).startswith(word)]
    found = found or [folder.id for folder in folders if word in folder.id.lower()]
    return [CompletionItem(name, "id") for name in found[:MAX_CALLS]]


def complete_paths(fragment: str, suffixes: tuple[str, ...] = ()) -> Iterator[CompletionItem]:
    """Yield the folders, and the files with one of `suffixes`, that begin as it is written; `~` stays."""
    start, name = os.path.split(fragment)
    start = fragment[: len(fragment) - len(name)]
    try:
        with os.scandir(Path(start or ".").expanduser()) as entries:
            is_hidden = name.startswith(".")
            found = [one for one in entries if one.name.startswith(name) and one.name.startswith(".") == is_hidden]
    except (OSError, RuntimeError, ValueError):  # no folder, or a `~user` nobody knows
        return
    for entry in sorted(found, key=lambda entry: entry.name.lower())[:MAX_PATHS]:
        if entry.is_dir():
            yield CompletionItem(f"{start}{entry.name}/", "path")
        elif entry.name.lower().endswith(suffixes):
            yield CompletionItem(f"{start}{entry.name}", "path")
