"""The kinds of value an option can take, and how each is read.

A kind turns what a person wrote (in a cell, in Python, in a panel) into the one value the rest of the
package works with, or raises `ValueError` with a sentence that tells the choices. Kinds know no
option by name, no JSON and no front end; parsers, help texts and panels read their attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from keyword import iskeyword
from numbers import Number as AnyNumber
from pathlib import PurePath
from typing import Any, Protocol

from cometmagic.system.suggestions import suggest

LONGEST_VALUE = 40  # characters of a wrong value in a message


class OptionType(Protocol):
    """What every kind offers."""

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
        text = str(value).strip()
        if not text:
            raise ValueError("is empty")
        return text


@dataclass(frozen=True)
class VariableName:
    """The name of a Python variable."""

    metavar: str = "NAME"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> str:
        name = str(value).strip()
        if not name.isidentifier() or iskeyword(name):
            raise ValueError(f"{format_value(value)} is not a name for a variable")
        return name


@dataclass(frozen=True)
class NotebookValues:
    """Values of a notebook, one or several: their meaning is found where they are used."""

    metavar: str = "REF"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> tuple[Any, ...]:
        given = tuple(value) if isinstance(value, list | tuple) else (value,)
        if any(isinstance(one, str) and not one.strip() for one in given):
            raise ValueError("is empty")
        return given


@dataclass(frozen=True)
class PreviousResult:
    """An earlier result: True for the last one, its name, or the result itself. On a line the name may be left out."""

    metavar: str = "[NAME]"
    choices: tuple[str, ...] = ()
    optional: bool = True

    def parse(self, value: Any) -> Any:
        return value.strip() or True if isinstance(value, str) else value


@dataclass(frozen=True)
class Choice:
    """One of a few words, written in any case."""

    choices: tuple[str, ...]
    metavar: str = "NAME"

    def parse(self, value: Any) -> str:
        by_case = {choice.lower(): choice for choice in self.choices}
        word = str(value).strip()
        if word.lower() not in by_case:
            hint = suggest(word, self.choices)
            raise ValueError(f"{format_value(value)} is not one of {', '.join(self.choices)}{hint}")
        return by_case[word.lower()]


@dataclass(frozen=True)
class Number:
    """A number between `low` and `high`, whole or not."""

    minimum: float
    maximum: float
    is_whole: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()

    @property
    def metavar(self) -> str:
        return self.unit or ("N" if self.is_whole else "X")

    def parse(self, value: Any) -> float | int:
        text = str(value).strip()
        try:
            number = float(text)  # reads any length, which int() does not
            inside = self.minimum <= number <= self.maximum
            number = int(text) if self.is_whole and inside else number
        except ValueError:
            raise ValueError(
                f"{format_value(value)} is not a {'whole number' if self.is_whole else 'number'}"
            ) from None
        if not inside:
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
        word = str(value).strip().lower()
        if word not in _TRUE_WORDS + _FALSE_WORDS:
            raise ValueError(f"{format_value(value)} is neither true nor false")
        return word in _TRUE_WORDS


def format_value(value: Any) -> str:
    """Return a value as a message shows it: on one line, and not at length."""
    return _truncate(repr(value).replace("\n", " "))


def _truncate(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
