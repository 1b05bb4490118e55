"""Checks of JSON values, and the check of an object that a `TypedDict` declares with them.

    class Row(TypedDict, total=False):
        name: Annotated[Required[str], has_length(80)]
        size: Annotated[int, is_whole(0, 1000)]

    find_misfit({"name": 5}, Row)  # "name"

A field that is not declared may have any value. This module knows no field by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any, get_type_hints

from cometmagic.system.sanitize import clean_line

Check = Callable[[Any], bool]

_MIN_YEAR, _MAX_YEAR = 1971, 9990  # every system can convert these to local time


def has_length(max_length: int) -> Check:
    """Return the check of a text of at most `max_length` characters."""
    return lambda value: isinstance(value, str) and len(value) <= max_length


def is_line(max_length: int) -> Check:
    """Return the check of one line of at most `max_length` characters that is safe to show as it is."""

    def check(value: Any) -> bool:
        is_short = isinstance(value, str) and len(value) <= max_length
        return is_short and (value.isprintable() or clean_line(value, max_length) == value)

    return check


def has_pattern(pattern: str) -> Check:
    """Return the check of a text that matches a regular expression as a whole."""
    expression = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None


def is_one_of(values: Collection[str]) -> Check:
    """Return the check of a text that is one of `values`."""
    texts = frozenset(map(str, values))
    return lambda value: isinstance(value, str) and value in texts


def is_flag(value: Any) -> bool:
    """Whether a value is true or false."""
    return isinstance(value, bool)


def is_whole(minimum: int, maximum: int) -> Check:
    """Return the check of a whole number in a range."""
    return lambda value: type(value) is int and minimum <= value <= maximum


def is_number(maximum: float) -> Check:
    """Return the check of a number from 0 to `maximum`."""
    return lambda value: type(value) in (int, float) and 0 <= value <= maximum


def is_time(value: Any) -> bool:
    """Whether a value is a time with its UTC offset, in ISO format."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return moment.tzinfo is not None and _MIN_YEAR <= moment.year <= _MAX_YEAR


def is_optional(check: Check) -> Check:
    """Return the check of a value that may also be null."""
    return lambda value: value is None or check(value)


def is_list(check: Check, max_length: int) -> Check:
    """Return the check of a list of at most `max_length` items that all pass `check`."""
    return lambda value: isinstance(value, list) and len(value) <= max_length and all(map(check, value))


def is_object(max_length: int) -> Check:
    """Return the check of an object of at most `max_length` fields, whatever they are."""
    return lambda value: isinstance(value, dict) and len(value) <= max_length


def is_record(declaration: type) -> Check:
    """Return the check of an object that a `TypedDict` declares."""
    return lambda value: isinstance(value, dict) and find_misfit(value, declaration) is None


def find_misfit(record: Mapping[str, Any], declaration: type) -> str | None:
    """Return the first declared field that is missing or does not pass its check; None when all do."""
    checks, required_names = _read_declaration(declaration)
    names = (name for name in required_names if name not in record)
    return next(names, None) or next(
        (name for name, value in record.items() if name in checks and not checks[name](value)), None
    )


@cache
def _read_declaration(declaration: type) -> tuple[dict[str, Check], frozenset[str]]:
    """Return the check of each field of a `TypedDict`, and the fields that it requires."""
    hints = get_type_hints(declaration, include_extras=True)
    checks = {name: hint.__metadata__[0] for name, hint in hints.items()}
    return checks, declaration.__required_keys__  # type: ignore[attr-defined]  # every TypedDict has it
