"""How options are declared: what an option is, and what every group of options can do.

This module knows no option by name; they are declared in `declaration`.
"""

from __future__ import annotations

import functools
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, Self

from cometmagic.errors import OptionError
from cometmagic.options.option_types import OptionType, format_value
from cometmagic.system.suggestions import suggest


@dataclass(frozen=True)
class Option:
    """One option: its name, type, help and default, and where it goes."""

    name: str
    type: OptionType
    help: str
    default: Any
    short_flag: str = ""
    json_path: str = ""
    is_repeatable: bool = False

    @property
    def flag(self) -> str:
        """The long flag, `--aspect-ratio`."""
        return "--" + self.name.replace("_", "-")

    @property
    def flags(self) -> tuple[str, ...]:
        """The short flag, if there is one, and the long flag."""
        return (self.short_flag, self.flag) if self.short_flag else (self.flag,)


def declare(
    option_type: OptionType,
    help_text: str,
    *,
    default: Any = None,
    short_flag: str = "",
    json_path: str = "",
    is_repeatable: bool = False,
) -> Any:
    """Declare one field of an options class; its name becomes the flag."""
    metadata = {
        "type": option_type,
        "help": help_text,
        "short_flag": short_flag,
        "json_path": json_path,
        "is_repeatable": is_repeatable,
    }
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class OptionGroup:
    """Base of the classes whose fields are options."""

    TITLE: ClassVar[str] = ""

    @classmethod
    @functools.cache
    def list_options(cls) -> dict[str, Option]:
        """Return the options by name, in the order they are declared."""
        return {option.name: option for option in map(_read_option, fields(cls))}

    @classmethod
    def build(cls, raw_values: dict[str, Any]) -> Self:
        """Return the options with values as the user wrote them; None means the default, as does a missing name.

        Raises `OptionError` with the flag and the choices.
        """
        options, values = cls.list_options(), {}
        for name, value in raw_values.items():
            check_option_name(name, options)
            if value is None:
                continue
            try:
                values[name] = options[name].type.parse(value)
            except ValueError as error:
                raise OptionError(f"{options[name].flag}: {error}") from None
        return cls(**values)

    def list_changes(self) -> dict[str, Any]:
        """Return the values that differ from the declaration's defaults."""
        options = self.list_options()
        return {name: value for name in options if _is_changed(value := getattr(self, name), options[name].default)}


def _is_changed(value: Any, default: Any) -> bool:
    # An array, which somebody takes for a result, cannot be compared.
    return value is not None if default is None else bool(value != default)


def _read_option(dataclass_field: Field[Any]) -> Option:
    default = (
        dataclass_field.default_factory() if dataclass_field.default_factory is not MISSING else dataclass_field.default
    )
    return Option(name=dataclass_field.name, default=default, **dataclass_field.metadata)


def check_option_name(name: str, known_options: dict[str, Option]) -> None:
    """Raise `OptionError` for an unknown name, with a suggestion."""
    if name not in known_options:
        raise OptionError(f"There is no option {format_value(name)}{suggest(name, known_options)}")
