"""Turns the declared options into controls: what the form shows for each option, and how its values are read.

The type of an option selects its control, so a new option gets a control automatically. The browser sends and
receives JSON; an option has the same value as on the magic's line. This module knows no widget.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Container, Iterator, Mapping
from typing import Any, NoReturn

from cometmagic.errors import OptionError
from cometmagic.options import models
from cometmagic.options.command_line import format_option
from cometmagic.options.composite_types import ChoiceList, JsonObject, Pairs, ValueLists
from cometmagic.options.declaration import GROUPS, Options, list_options
from cometmagic.options.model_checks import find_model_warnings
from cometmagic.options.option_group import Option, check_option_name
from cometmagic.options.option_types import Choice, Flag, Number, PreviousResult, Text

SEPARATE_OPTIONS = ("image",)  # reference images have their own section
OMITTED_OPTIONS = ("background", "dry_run", "show_code", "html")  # a panel never blocks, and always shows its cell
# All other options are under "More".
MAIN_OPTIONS = ("model", "aspect_ratio", "image_size", "thinking", "thoughts", "search")
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
    """Options of a panel, which `panel.options |= …` replaces: a change in place would not be noticed."""

    def __ior__(self, changes: Any) -> Any:  # type: ignore[misc]  # on purpose not in place
        """Return new options, and leave these unchanged."""
        return self | changes

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        advice = 'Write panel.options |= {"thoughts": True}, or panel.options = {…}.'
        raise OptionError("The options of a panel are set as a whole.", advice=advice)

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = _refuse


def describe_controls(names: Container[str] | None = None) -> list[dict[str, Any]]:
    """Return a description of each control as JSON values, in the order of the declaration.

    `names` are the options that the user of the form may set, by default all.
    """
    return [
        _describe_control(option, group.TITLE)
        for group in GROUPS
        for option in group.list_options().values()
        if option.name not in SEPARATE_OPTIONS + OMITTED_OPTIONS and (names is None or option.name in names)
    ]


def _describe_control(option: Option, group: str) -> dict[str, Any]:
    description = {
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
        description |= {"left": list(option.type.key_table), "right": list(option.type.value_table)}
    if option.name == "model":
        description["known"] = [[name, row.title] for row in models.MODELS for name in row.names[:1]]
    return description


def _format_hint(option: Option) -> str:
    """Return the hint in an empty field: the default, or the format of a value."""
    if not _is_empty(option.default):
        return str(option.default)
    return option.type.metavar if "=" in option.type.metavar else ""


def _find_control_type(option: Option) -> str:
    """Return the control for an option; an unknown type gets a text field."""
    if isinstance(option.type, Choice):
        return "shapes" if all(map(_RATIO_PATTERN.fullmatch, option.type.choices)) else "choice"
    if option.name == "model":
        return "model"
    return next((control for cls, control in _CONTROL_TYPES.items() if isinstance(option.type, cls)), "text")


def normalize_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as the magic parses them, without empty values. Raises `OptionError`."""
    declared_options, parsed_options = list_options(), {}
    for name, value in options.items():
        check_option_name(name, declared_options)
        if name in SEPARATE_OPTIONS:
            raise OptionError("Reference images are the panel's `references`.")
        option = declared_options[name]
        try:
            parsed = None if value is None else option.type.parse(value)
        except ValueError as error:
            raise OptionError(f"{option.flag}: {error}") from None
        is_unset = parsed is False if isinstance(option.type, PreviousResult) else _is_empty(parsed)
        if not is_unset:
            parsed_options[name] = parsed
    return {name: parsed_options[name] for name in declared_options if name in parsed_options}


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | tuple | list | dict) and not value)


def encode_value(option: Option, value: Any) -> Any:
    """Return what a control shows for a value, as JSON that `decode_value` reads."""
    content: Any = "" if value is None else str(value)
    match option.type:
        case Flag():
            content = bool(value)
        case ChoiceList():
            content = list(value or ())
        case Pairs(key_table=key_table, value_table=value_table):
            keys, values = ({full: short for short, full in table.items()} for table in (key_table, value_table))
            content = {keys[key]: values[setting] for key, setting in (value or {}).items()}
        case ValueLists():
            lines = (format_option(option.name, {key: values}) for key, values in (value or {}).items())
            content = "\n".join(shlex.split(line)[-1] for line in lines)  # split like the magic's line
        case JsonObject():
            content = json.dumps(value, ensure_ascii=False) if value else ""
        case PreviousResult():
            content = LAST_RESULT if value is True else str(value or "")
        case Number():
            content = "" if value is None else f"{value:.12g}"
    return content


def is_content(name: str, value: Any) -> bool:
    """Whether there is a control for this option that can contain a value; the form cannot show any other."""
    option = list_options().get(name)
    if option is None or name in SEPARATE_OPTIONS + OMITTED_OPTIONS:
        return False
    return value is None or type(value) is type(encode_value(option, None))


def decode_value(option: Option, value: Any) -> Any:
    """Return the value that a control was set to, or None if it was cleared. Raises `OptionError`."""
    if _is_empty(value) or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(option.type, PreviousResult) and value == LAST_RESULT:
        return True
    if isinstance(option.type, ValueLists):
        value = [line for line in str(value).split("\n") if line.strip()]
    try:
        return option.type.parse(value)
    except ValueError as error:
        raise OptionError(f"{option.flag}: {error}") from None


def encode_values(options: Mapping[str, Any], inherited_options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what all controls show: the panel's values, and the inherited ones where the panel sets nothing."""
    return {
        name: encode_value(option, options.get(name, inherited_options.get(name, _get_display_default(option))))
        for name, option in list_options().items()
        if name not in SEPARATE_OPTIONS + OMITTED_OPTIONS
    }


def _get_display_default(option: Option) -> Any:
    """Return the default if the control shows it as a value; otherwise it is a hint in an empty field."""
    return option.default if option.name == "model" or isinstance(option.type, Flag | Choice) else None


def apply_changes(
    options: Mapping[str, Any], inherited_options: Mapping[str, Any], changes: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options after `changes` of the controls, and the errors by name.

    A control whose content is unchanged changes nothing; one that is set to the inherited value unsets its option.
    """
    contents, new_options = encode_values(options, inherited_options), dict(options)
    errors: dict[str, str] = {}
    for name, value in changes.items():
        if name not in contents or value == contents[name]:
            continue
        option = list_options()[name]
        try:
            new_value = decode_value(option, value)
        except OptionError as error:
            errors[name] = error.message
            continue
        if isinstance(option.type, Flag):
            new_value = bool(new_value)
        new_options.pop(name, None)
        if new_value is not None and new_value != inherited_options.get(name, _get_display_default(option)):
            new_options[name] = new_value
    return normalize_options(new_options), errors


def find_unavailable(options: Options, reference_count: int) -> dict[str, dict[str, str]]:
    """Return why the model does not support choices, by option and choice; the choice `""` is the whole option.

    The reasons are the warnings that the magic would show.
    """
    warnings = find_model_warnings(options, reference_count)
    reasons: dict[str, dict[str, str]] = {}
    for option in Options.list_options().values():
        for choice, changes in _iter_trials(option):
            trial_warnings = find_model_warnings(_replace_options(options, changes), reference_count)
            if reason := _find_reason(trial_warnings, warnings):
                reasons.setdefault(option.name, {})[choice] = reason
    if reason := _find_reason(find_model_warnings(options, reference_count + 1), warnings):
        reasons["image"] = {"": reason}
    return reasons


def _find_reason(trial_warnings: list[str], warnings: list[str]) -> str:
    """Return the first warning of a trial that does not apply already, shortened, or ""."""
    warning = next((warning for warning in trial_warnings if warning not in warnings), "")
    return f"{warning.partition('; sent anyway')[0].rstrip('.')}." if warning else ""


def _iter_trials(option: Option) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each choice of an option, with the change of options that tries it; the model itself has none."""
    if option.name == "model":
        return
    for choice in option.type.choices:
        yield choice, {option.name: (choice,) if isinstance(option.type, ChoiceList) else choice}
    if isinstance(option.type, Text):
        yield "", {option.name: "x"}


def _replace_options(options: Options, changes: Mapping[str, Any]) -> Options:
    return Options(**{**options.list_changes(), **changes})
