"""The possible completions of a word: values of an option, names of variables, ids of calls, paths.

They are read at each request from the option declaration, the notebook's variables, pyproject.toml, the library and the
disk. Image types of other packages are recognized by name, so that no package is imported. This module knows neither
IPython nor the rest of the line.
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
    """A possible text and its kind, as IPython shows it."""

    text: str
    kind: str


CompletionMatch = tuple[str, list[CompletionItem]]  # the end of the fragment that the items replace; the items


def complete_value(option: Option, fragment: str, namespace: Mapping[str, Any]) -> CompletionMatch:
    """Return the possible values of an option that start with `fragment`."""
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
            _, sign, value = fragment.partition("=")
            if sign:
                return _filter_words(pairs.value_table, value)
            return _filter_words([f"{name}=" for name in pairs.key_table], fragment)
        case _:
            return _filter_words(option.type.choices, fragment)


def _complete_list(words: Iterable[str], fragment: str) -> CompletionMatch:
    """Return the words that can continue a comma-separated list, without those already in it."""
    *items, last = fragment.split(",")
    return _filter_words([word for word in words if word not in items], last)


def _complete_sweep(fragment: str, namespace: Mapping[str, Any]) -> CompletionMatch:
    option_name, sign, values = fragment.partition("=")
    options = Options.list_options()
    if not sign:
        names = [name for name, option in options.items() if not isinstance(option.type, JsonObject)]
        has_underscore = "_" in option_name
        return _filter_words([f"{name if has_underscore else name.replace('_', '-')}=" for name in names], fragment)
    option = options[option_name.strip().replace("-", "_")]
    _, items = complete_value(option, "", namespace)
    return _complete_list([item.text for item in items], values)


def _filter_words(words: Iterable[str], fragment: str) -> CompletionMatch:
    """Return the words that start with `fragment`; case does not matter."""
    return fragment, [CompletionItem(word, "value") for word in words if word.lower().startswith(fragment.lower())]


def _find_variables(
    namespace: Mapping[str, Any], is_match: Callable[[Any], bool], fragment: str
) -> Iterator[CompletionItem]:
    """Yield the user's variables and outputs whose values match."""
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
    return {f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__}


def complete_ids(fragment: str) -> list[CompletionItem]:
    """Return the ids of the newest calls that start with `fragment`; without any, the full ids that contain it."""
    from cometmagic.options.settings import find_library_folder
    from cometmagic.storage.index import shorten_id
    from cometmagic.storage.library import Library

    word, folders = fragment.lower(), list(Library(find_library_folder()).iter_folders())
    call_ids = [short_id for folder in folders if (short_id := shorten_id(folder)).startswith(word)]
    call_ids = call_ids or [folder.id for folder in folders if word in folder.id.lower()]
    return [CompletionItem(call_id, "id") for call_id in call_ids[:MAX_CALLS]]


def complete_paths(fragment: str, suffixes: tuple[str, ...] = ()) -> Iterator[CompletionItem]:
    """Yield the folders, and the files with one of `suffixes`, that start with `fragment`; `~` is not expanded."""
    name = os.path.split(fragment)[1]
    folder = fragment[: len(fragment) - len(name)]
    try:
        with os.scandir(Path(folder or ".").expanduser()) as entries:
            matches = [entry for entry in entries if entry.name.startswith(name)]
    except (OSError, RuntimeError, ValueError):  # no folder, or an unknown `~user`
        return
    is_hidden = name.startswith(".")
    matches = [entry for entry in matches if entry.name.startswith(".") == is_hidden]
    for entry in sorted(matches, key=lambda entry: entry.name.lower())[:MAX_PATHS]:
        if entry.is_dir():
            yield CompletionItem(f"{folder}{entry.name}/", "path")
        elif entry.name.lower().endswith(suffixes):
            yield CompletionItem(f"{folder}{entry.name}", "path")
