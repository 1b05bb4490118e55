"""The types of options that hold several values: lists, pairs, JSON objects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cometmagic.options.option_types import Choice, OptionType, format_value
from cometmagic.system.suggestions import suggest


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
                raise ValueError(f"{format_value(some)} has no option in front, as in {self.metavar}")
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
        raise ValueError(f"{format_value(value)} is not a JSON list ({error})") from None


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
            raise ValueError(f"{format_value(word)} is not one of {', '.join(table)}{suggest(key, table)}")
        return table.get(key) or full[key]


def _split_pair(item: Any, option_type: OptionType) -> tuple[str, str]:
    """Return what stands before and behind the first equals sign of a value of `kind`."""
    name, sign, setting = str(item).partition("=")
    if not sign:
        raise ValueError(f"{format_value(item)} is not of the form {option_type.metavar}")
    return name, setting


def _reject_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON value")


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
