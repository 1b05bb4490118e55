"""The types of options that hold several values: lists, pairs, JSON objects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cometmagic.options.option_types import Choice, OptionType, format_value, read_text
from cometmagic.options.strict_json import parse_json
from cometmagic.system.suggestions import suggest


@dataclass(frozen=True)
class ValueLists:
    """NAME=V1,V2,…, repeatable: several values for each name, which the option of that name checks.

    Values that contain commas are written as a JSON list: NAME=["V1", "V2"].
    """

    metavar: str = "OPTION=V1,V2,…"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> dict[str, tuple[Any, ...]]:
        items = value.items() if isinstance(value, dict) else [_split_pair(item, self) for item in _ensure_list(value)]
        lists: dict[str, tuple[Any, ...]] = {}
        for raw_name, raw_values in items:
            name = read_text(raw_name).lstrip("-").replace("-", "_")
            if not name:
                raise ValueError(f"{format_value(raw_values)} has no option in front, as in {self.metavar}")
            if name in lists:
                raise ValueError(f"{name.replace('_', '-')} is given twice")
            values = tuple(word.strip() if isinstance(word, str) else word for word in _split_values(raw_values))
            if not values or "" in values:
                raise ValueError(f"a value of {name.replace('_', '-')} is empty")
            lists[name] = values
        return lists


def _split_values(value: Any) -> list[Any]:
    """Return the values of words with commas between them, of a JSON list, or of any other iterable."""
    if not isinstance(value, str):
        is_single = isinstance(value, bytes | dict) or not isinstance(value, Iterable)
        return [value] if is_single else list(value)
    if not value.lstrip().startswith("["):
        return value.split(",")
    try:
        return list(parse_json(value))
    except ValueError as error:
        raise ValueError(f"{format_value(value)} is not a JSON list ({error})") from None


@dataclass(frozen=True)
class ChoiceList:
    """One or more of a few words, as a list or separated by commas or plus signs (`web,image`)."""

    item_type: Choice
    metavar: str = "KINDS"

    @property
    def choices(self) -> tuple[str, ...]:
        return self.item_type.choices

    def parse(self, value: Any) -> tuple[str, ...]:
        words = value.replace("+", ",").split(",") if isinstance(value, str) else _ensure_list(value)
        if not words:
            raise ValueError("is empty")
        selection = {self.item_type.parse(word) for word in words}
        return tuple(choice for choice in self.choices if choice in selection)


@dataclass(frozen=True)
class JsonObject:
    """A JSON object, as text or as a dict."""

    metavar: str = "JSON"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> dict[str, Any]:
        try:
            text = value if isinstance(value, str) else json.dumps(value)
            document = parse_json(text)
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"is not valid JSON ({error}); it looks like '{{\"generationConfig\": {{…}}}}'") from None
        if not isinstance(document, dict):
            raise ValueError("is not a JSON object; it must look like '{\"name\": value}'")
        return document


@dataclass(frozen=True)
class Pairs:
    """NAME=VALUE, repeatable; both sides are looked up in tables of short and full names."""

    key_table: dict[str, str]
    value_table: dict[str, str]
    metavar: str = "NAME=VALUE"
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> dict[str, str]:
        items = value.items() if isinstance(value, dict) else [_split_pair(item, self) for item in _ensure_list(value)]
        return {
            self._expand_name(key, self.key_table): self._expand_name(item, self.value_table) for key, item in items
        }

    @staticmethod
    def _expand_name(word: Any, table: dict[str, str]) -> str:
        key = read_text(word).lower().replace("_", "-")
        full_names = {name.lower().replace("_", "-"): name for name in table.values()}
        if key not in table and key not in full_names:
            raise ValueError(f"{format_value(word)} is not one of {', '.join(table)}{suggest(key, table)}")
        return table.get(key) or full_names[key]


def _split_pair(item: Any, option_type: OptionType) -> tuple[str, str]:
    """Return the texts before and after the first equals sign of an item."""
    name, equals_sign, value = read_text(item).partition("=")
    if not equals_sign:
        raise ValueError(f"{format_value(item)} is not of the form {option_type.metavar}")
    return name, value


def _ensure_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
