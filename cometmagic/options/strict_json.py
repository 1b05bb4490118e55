"""Parses JSON that a user wrote, and accepts only what every JSON parser reads the same way.

Python also reads `NaN` and turns `1e999` into infinity, neither of which can be sent, and deep nesting breaks other
code. This module knows no option.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

MAX_DEPTH = 50  # levels; a request of the API has fewer than ten
MAX_LENGTH = 1_000_000  # characters


def parse_json(text: str) -> Any:
    """Return the value of a JSON text. Raises `ValueError`."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"it has {len(text):,} characters, and {MAX_LENGTH:,} are allowed")
    try:
        document = json.loads(text, parse_constant=_reject_constant, parse_float=_parse_float)
    except RecursionError:
        raise _build_depth_error() from None
    _check_depth(document, MAX_DEPTH)
    return document


def _reject_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON value")


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _check_depth(value: Any, max_depth: int) -> None:
    if not isinstance(value, dict | list):
        return
    if max_depth == 0:
        raise _build_depth_error()
    for item in value.values() if isinstance(value, dict) else value:
        _check_depth(item, max_depth - 1)


def _build_depth_error() -> ValueError:
    return ValueError(f"it has more than {MAX_DEPTH} levels")
