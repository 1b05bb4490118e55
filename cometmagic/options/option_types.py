"""The kinds of value an option can take, and how each is read.

A kind turns what a person wrote (in a cell, in Python, in a panel) into the one value the rest of the
package works with, or raises `ValueError` with a sentence that tells the choices. Kinds know no
option by name, no JSON and no front end; parsers, help texts and panels read their attributes.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from keyword import iskeyword
from numbers import Number as AnyNumber
from pathlib import PurePath
from typing import Any, Protocol

LONGEST_VALUE = 40  # characters of a wrong value in a message


def suggest(word: str, known_words: Iterable[str]) -> str:
    """Return "; did you mean X?" when one of `known` is near `word`, else an empty string.

    Dashes in front do not count: every flag has them.
    """
    exact = {name.lower().lstrip("-"): name for name in known_words}
    near = difflib.get_close_matches(word.lower().lstrip("-"), exact, n=1)
    return f"; did you mean {exact[near[0]]}?" if near else ""


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
            raise ValueError(f"{_format_value(value)} is not a text")
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
            raise ValueError(f"{_format_value(value)} is not a name for a variable")
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
class ValueLists:
    """NAME=V1,V2,…, repeatable: some values for each name. What they are the options of that name know.

    Values that hold commas stand in a JSON list: NAME=["V1", "V2"].
    """

    metavar: str = "OPTION=V1,V2,…"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> dict[str, tuple[Any, ...]]:
        items = value.items() if isinstance(value, dict) else [_split_pair(item, self) for item in _as_list(value)]
        out: dict[str, tuple[Any, ...]] = {}
        for written, some in items:
            name = str(written).strip().lstrip("-").replace("-", "_")
            if not name:
                raise ValueError(f"{_format_value(some)} has no option in front, as in {self.metavar}")
            if name in out:
                raise ValueError(f"{name.replace('_', '-')} is given twice")
            out[name] = tuple(word.strip() if isinstance(word, str) else word for word in _split_values(some))
            if not out[name] or "" in out[name]:
                raise ValueError(f"a value of {name.replace('_', '-')} is empty")
        return out


def _split_values(value: Any) -> list[Any]:
    """Return several values: words with commas between them, a JSON list, or whatever gives one after another."""
    if not isinstance(value, str):
        is_one = isinstance(value, bytes | dict) or not isinstance(value, Iterable)
        return [value] if is_one else list(value)
    if not value.lstrip().startswith("["):
        return value.split(",")
    try:
        return list(json.loads(value, parse_constant=_reject_constant))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{_format_value(value)} is not a JSON list ({error})") from None


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
            raise ValueError(f"{_format_value(value)} is not one of {', '.join(self.choices)}{hint}")
        return by_case[word.lower()]


@dataclass(frozen=True)
class ChoiceList:
    """One or more of a few words, as a list or with commas or plus signs between them (`web,image`)."""

    item_type: Choice
    metavar: str = "KINDS"

    @property
    def choices(self) -> tuple[str, ...]:
        return self.item_type.choices

    def parse(self, value: Any) -> tuple[str, ...]:
        words = value.replace("+", ",").split(",") if isinstance(value, str) else _as_list(value)
        if not words:
            raise ValueError("is empty")
        chosen = {self.item_type.parse(word) for word in words}
        return tuple(choice for choice in self.choices if choice in chosen)


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
                f"{_format_value(value)} is not a {'whole number' if self.is_whole else 'number'}"
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
            raise ValueError(f"{_format_value(value)} is neither true nor false")
        return word in _TRUE_WORDS


@dataclass(frozen=True)
class JsonObject:
    """A JSON object, as text or as a dict."""

    metavar: str = "JSON"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> dict[str, Any]:
        try:
            made = json.loads(value if isinstance(value, str) else json.dumps(value), parse_constant=_reject_constant)
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"is not valid JSON ({error}); it looks like '{{\"generationConfig\": {{…}}}}'") from None
        if not isinstance(made, dict):
            raise ValueError("is not a JSON object; it must look like '{\"name\": value}'")
        return made


@dataclass(frozen=True)
class Pairs:
    """NAME=VALUE, repeatable; both sides are looked up in tables of short and full names."""

    key_table: dict[str, str]
    value_table: dict[str, str]
    metavar: str = "NAME=VALUE"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> dict[str, str]:
        items = value.items() if isinstance(value, dict) else [_split_pair(item, self) for item in _as_list(value)]
        return {
            self._expand_name(name, self.key_table): self._expand_name(setting, self.value_table)
            for name, setting in items
        }

    @staticmethod
    def _expand_name(word: Any, table: dict[str, str]) -> str:
        key = str(word).strip().lower().replace("_", "-")
        full = {name.lower().replace("_", "-"): name for name in table.values()}
        if key not in table and key not in full:
            raise ValueError(f"{_format_value(word)} is not one of {', '.join(table)}{suggest(key, table)}")
        return table.get(key) or full[key]


def _split_pair(item: Any, option_type: OptionType) -> tuple[str, str]:
    """Return what stands before and behind the first equals sign of a value of `kind`."""
    name, sign, setting = str(item).partition("=")
    if not sign:
        raise ValueError(f"{_format_value(item)} is not of the form {option_type.metavar}")
    return name, setting


def _reject_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON value")


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]


def _format_value(value: Any) -> str:
    """Return a value as a message shows it: on one line, and not at length."""
    return _truncate(repr(value).replace("\n", " "))


def _truncate(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
