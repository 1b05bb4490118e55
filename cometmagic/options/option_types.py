"""The types of options: which values an option can take, and how they are parsed.

A type turns what the user wrote (in a cell, in Python, in a panel) into the one value that the rest of the
package works with, or raises `ValueError` with a sentence that lists the choices. Types know no option by name
and no front end; parsers, help texts and panels read their attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from keyword import iskeyword
from numbers import Number as AnyNumber
from pathlib import PurePath
from typing import Any, Protocol

from cometmagic.system.suggestions import suggest

MAX_VALUE_LENGTH = 40  # characters of a wrong value in a message


class OptionType(Protocol):
    """What every type of option offers."""

    @property
    def metavar(self) -> str:
        """The placeholder shown in help texts."""

    @property
    def choices(self) -> tuple[str, ...]:
        """All values that are allowed, or () when there are too many to list."""

    def parse(self, value: Any) -> Any:
        """Return the value as the package uses it, or raise `ValueError`."""


@dataclass(frozen=True)
class Text:
    """Any text that is not blank; a number or a path is taken as its text."""

    metavar: str = "TEXT"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | AnyNumber | PurePath):
            raise ValueError(f"{format_value(value)} is not a text")
        text = read_text(value)
        if not text:
            raise ValueError("is empty")
        return text


@dataclass(frozen=True)
class VariableName:
    """The name of a Python variable."""

    metavar: str = "NAME"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> str:
        name = read_text(value)
        if not name.isidentifier() or iskeyword(name):
            raise ValueError(f"{format_value(value)} is not a name for a variable")
        return name


@dataclass(frozen=True)
class NotebookValues:
    """One or more values of a notebook, which are interpreted where they are used."""

    metavar: str = "REF"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> tuple[Any, ...]:
        items = tuple(value) if isinstance(value, list | tuple) else (value,)
        if any(isinstance(item, str) and not item.strip() for item in items):
            raise ValueError("is empty")
        return items


@dataclass(frozen=True)
class PreviousResult:
    """An earlier result: True for the last one, its name, or the result itself. On a line the name may be left out."""

    metavar: str = "[NAME]"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> Any:
        return value.strip() or True if isinstance(value, str) else value


@dataclass(frozen=True)
class Choice:
    """One of a few words, in upper or lower case."""

    choices: tuple[str, ...]
    metavar: str = "NAME"

    def parse(self, value: Any) -> str:
        choices = {choice.lower(): choice for choice in self.choices}
        word = read_text(value)
        if word.lower() not in choices:
            suggestion = suggest(word, self.choices)
            raise ValueError(f"{format_value(value)} is not one of {', '.join(self.choices)}{suggestion}")
        return choices[word.lower()]


@dataclass(frozen=True)
class Number:
    """A number between `minimum` and `maximum`."""

    minimum: float
    maximum: float
    is_whole: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()

    @property
    def metavar(self) -> str:
        return self.unit or ("N" if self.is_whole else "X")

    def parse(self, value: Any) -> float | int:
        text = read_text(value)
        try:
            number = float(text)  # reads any length, which int() does not
            is_in_range = self.minimum <= number <= self.maximum
            number = int(text) if self.is_whole and is_in_range else number
        except ValueError:
            raise ValueError(
                f"{format_value(value)} is not a {'whole number' if self.is_whole else 'number'}"
            ) from None
        if not is_in_range:
            raise ValueError(f"{_truncate(text)} is not between {self.minimum:.10g} and {self.maximum:.10g}")
        return number


_TRUE_WORDS, _FALSE_WORDS = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True)
class Flag:
    """On or off."""

    metavar: str = ""
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = read_text(value).lower()
        if word not in _TRUE_WORDS + _FALSE_WORDS:
            raise ValueError(f"{format_value(value)} is neither true nor false")
        return word in _TRUE_WORDS


def read_text(value: Any) -> str:
    """Return a value as text, without spaces around it. Raises `ValueError` when its class cannot do that."""
    try:
        return str(value).strip()
    except Exception:  # noqa: BLE001  # as in `format_value`
        raise ValueError(f"{format_value(value)} cannot be read as text") from None


def format_value(value: Any) -> str:
    """Return a value as messages show it: on one line, and cut when it is long."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # nested too deeply, a number of too many digits, any error of a user's class
        text = f"a {type(value).__name__}"
    return _truncate(text.replace("\n", " "))


def _truncate(text: str) -> str:
    return text if len(text) <= MAX_VALUE_LENGTH else text[: MAX_VALUE_LENGTH - 1] + "…"
