"""The declaration as controls: what the form of a panel shows for each option, and what comes back from it.

A control is chosen by the kind of an option, never by its name, so a new option appears by itself. What the browser
is told and what it tells is JSON; what an option is set to is what the magic's line would say. This module knows no
widget.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from cometmagic.errors import OptionError
from cometmagic.options import models
from cometmagic.options.command_line import format_option
from cometmagic.options.composite_types import ChoiceList, JsonObject, Pairs, ValueLists
from cometmagic.options.declaration import GROUPS, Options, list_options
from cometmagic.options.model_checks import find_model_warnings
from cometmagic.options.option_group import Option, check_option_name
from cometmagic.options.option_types import Choice, Flag, Number, PreviousResult, Text

SEPARATE_OPTIONS = ("image",)  # reference images have a place of their own
OMITTED_OPTIONS = ("background", "dry_run", "show_code")  # a panel never blocks, and shows its cell at all times
MAIN_OPTIONS = (
    "model",
    "aspect_ratio",
    "image_size",
    "thinking",
    "thoughts",
    "search",
)  # the others stand under "More"
LAST_RESULT = "the last result"
_RATIO_PATTERN = re.compile(r"\d+:\d+")
_CONTROL_TYPES = {
    Flag: "flag",
    ChoiceList: "several",
    Number: "number",
    Pairs: "pairs",
    ValueLists: "lines",
    JsonObject: "json",
    PreviousResult: "earlier",
}


class ImmutableOptions(dict[str, Any]):
    """Options of a panel, which `panel.options |= …` sets anew: changed in place, nobody would hear of it."""

    def __ior__(self, changes: Any) -> Any:  # type: ignore[misc]  # on purpose not in place
        """Return other options, and leave these as they are."""
        return self | changes

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        do = 'Write panel.options |= {"thoughts": True}, or panel.options = {…}.'
        raise OptionError("The options of a panel are set as a whole.", advice=do)

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = _refuse


def describe_controls() -> list[dict[str, Any]]:
    """Return one description for each control, in the order of the declaration, as JSON values."""
    return [
        _describe_control(option, group.TITLE)
        for group in GROUPS
        for option in group.list_options().values()
        if option.name not in SEPARATE_OPTIONS + OMITTED_OPTIONS
    ]


def _describe_control(option: Option, group: str) -> dict[str, Any]:
    told = {
        "name": option.name,
        "label": option.name.replace("_", " ").capitalize(),
        "flag": option.flag,
        "help": option.help[:1].upper() + option.help[1:],
        "kind": _find_control_type(option),
        "choices": list(option.type.choices),
        "front": option.name in MAIN_OPTIONS,
        "group": group,
        "hint": _format_hint(option),
        "optional": option.default is None,
    }
    if isinstance(option.type, Pairs):
        told |= {"left": list(option.type.key_table), "right": list(option.type.value_table)}
    if option.name == "model":
        told["known"] = [[name, row.title] for row in models.MODELS for name in row.names[:1]]
    return told


def _format_hint(option: Option) -> str:
    """Return what stands in an empty field: what holds then, or else the form that a value has."""
    if not _is_empty(option.default):
        return str(option.default)
    return option.type.metavar if "=" in option.type.metavar else ""


def _find_control_type(option: Option) -> str:
    """Return the control that a kind of value has; whatever is not known here is written as text."""
    if isinstance(option.type, Choice):
        return "shapes" if all(map(_RATIO_PATTERN.fullmatch, option.type.choices)) else "choice"
    if option.name == "model":
        return "model"
    return next((name for kind, name in _CONTROL_TYPES.items() if isinstance(option.type, kind)), "text")


def normalize_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as the magic reads them, without those that are left out. Raises `OptionError`."""
    known, out = list_options(), {}
    for name, value in options.items():
        check_option_name(name, known)
        if name in SEPARATE_OPTIONS:
            raise OptionError("Reference images are the panel's `references`.")
        try:
            parsed = None if value is None else known[name].type.parse(value)
        except ValueError as error:
            raise OptionError(f"{known[name].flag}: {error}") from None
        is_nothing = parsed is False if isinstance(known[name].type, PreviousResult) else _is_empty(parsed)
        if not is_nothing:
            out[name] = parsed
    return {name: out[name] for name in known if name in out}


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | tuple | list | dict) and not value)


def encode_value(option: Option, value: Any) -> Any:
    """Return what a control shows for a value: JSON that `taken` reads."""
    found: Any = "" if value is None else str(value)
    match option.type:
        case Flag():
            found = bool(value)
        case ChoiceList():
            found = list(value or ())
        case Pairs(key_table=left, value_table=right):
            names, settings = ({full: short for short, full in side.items()} for side in (left, right))
            found = {names[name]: settings[setting] for name, setting in (value or {}).items()}
        case ValueLists():
            lines = (format_option(option.name, {key: some}) for key, some in (value or {}).items())
            found = "\n".join(shlex.split(line)[-1] for line in lines)  # as the line's words are read
        case JsonObject():
            found = json.dumps(value, ensure_ascii=False) if value else ""
        case PreviousResult():
            found = LAST_RESULT if value is True else str(value or "")
        case Number():
            found = "" if value is None else f"{value:.12g}"
    return found


def decode_value(option: Option, value: Any) -> Any:
    """Return the value that a control was set to, None when it was cleared. Raises `OptionError`."""
    if _is_empty(value) or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(option.type, PreviousResult) and value == LAST_RESULT:
        return True
    words = [line for line in str(value).split("\n") if line.strip()] if isinstance(option.type, ValueLists) else value
    try:
        return option.type.parse(words)
    except ValueError as error:
        raise OptionError(f"{option.flag}: {error}") from None


def encode_values(options: Mapping[str, Any], inherited_options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what all controls show: what the panel sets, over what the session and the project do."""
    return {
        name: encode_value(option, options.get(name, inherited_options.get(name, _get_display_default(option))))
        for name, option in list_options().items()
        if name not in SEPARATE_OPTIONS + OMITTED_OPTIONS
    }


def _get_display_default(option: Option) -> Any:
    """Return a declared default where a control shows it as its value; elsewhere it is a hint in an empty field."""
    return option.default if option.name == "model" or isinstance(option.type, Flag | Choice) else None


def apply_changes(
    options: Mapping[str, Any], inherited_options: Mapping[str, Any], changes: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options after the controls were set to `given`, and what is wrong with some of them by name.

    A control that still shows what it showed changes nothing; one that is set to what holds anyway says nothing.
    """
    before, out = encode_values(options, inherited_options), dict(options)
    problems: dict[str, str] = {}
    for name, value in changes.items():
        if name not in before or value == before[name]:
            continue
        option = list_options()[name]
        try:
            wanted = decode_value(option, value)
        except OptionError as error:
            problems[name] = error.message
            continue
        if isinstance(option.type, Flag):
            wanted = bool(wanted)
        out.pop(name, None)
        if wanted is not None and wanted != inherited_options.get(name, _get_display_default(option)):
            out[name] = wanted
    return normalize_options(out), problems


def find_unavailable(options: Options, reference_count: int) -> dict[str, dict[str, str]]:
    """Return why choices do not go with the model, by option and choice; `""` stands for the option as a whole.

    The reasons are the warnings that the magic would give.
    """
    out: dict[str, dict[str, str]] = {}
    said = set(find_model_warnings(options, reference_count))
    for option in Options.list_options().values():
        for choice, changes in _iter_trials(option):
            more = [
                line
                for line in find_model_warnings(_replace_options(options, changes), reference_count)
                if line not in said
            ]
            if more and option.name != "model":
                out.setdefault(option.name, {})[choice] = _shorten_warning(more[0])
    if more := [line for line in find_model_warnings(options, reference_count + 1) if line not in said]:
        out["image"] = {"": _shorten_warning(more[0])}
    return out


def _iter_trials(option: Option) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each choice of an option with the options that try it."""
    for choice in option.type.choices:
        yield choice, {option.name: (choice,) if isinstance(option.type, ChoiceList) else choice}
    if isinstance(option.type, Text) and option.name != "model":
        yield "", {option.name: "x"}


def _replace_options(options: Options, changes: Mapping[str, Any]) -> Options:
    return Options(**{**options.list_changes(), **changes})


def _shorten_warning(warning: str) -> str:
    return warning.partition("; sent all the same")[0].rstrip(".") + "."
