"""JSON from a file that may come from elsewhere, within limits on its size, depth, names and numbers.

Whatever exceeds a limit is a `ValueError`: other modules can walk the result recursively, show its numbers and
encode its texts. This module does not know what the JSON means.
"""

from __future__ import annotations

import json
from typing import Any, cast

MAX_DEPTH = 100  # levels of nesting, as in an answer of the service
MAX_VALUES = 20_000  # a call has a few hundred
MAX_NAME_LENGTH = 1000  # characters
MAX_NUMBER = 10**30


def parse_object(content: bytes, max_bytes: int, max_values: int = MAX_VALUES) -> dict[str, Any]:
    """Return the JSON object in `content`, which is UTF-8, with lone surrogates replaced.

    Raises `ValueError` for anything else, and for what exceeds a limit; the message completes "It is unreadable: …".
    """
    if len(content) > max_bytes:
        raise ValueError(f"it has more than {max_bytes:,} bytes")
    try:
        value = _DECODER.decode(content.decode("utf-8-sig"))
    except ValueError:
        raise ValueError("it is not JSON") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return cast("dict[str, Any]", _Normalizer(max_values).normalize(value))


def _reject_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON value")


_DECODER = json.JSONDecoder(parse_constant=_reject_constant)


class _Normalizer:
    """Copies a tree of JSON values, and checks the limits on the way."""

    def __init__(self, max_values: int) -> None:
        self._remaining_values = max_values

    def normalize(self, value: Any, depth: int = 0) -> Any:
        if isinstance(value, str):
            return _replace_surrogates(value)
        if isinstance(value, dict | list):
            self._check_size(value, depth + 1)
            if isinstance(value, list):
                return [self.normalize(item, depth + 1) for item in value]
            return {_replace_surrogates(name): self.normalize(item, depth + 1) for name, item in value.items()}
        if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:  # infinity too, which `1e999` becomes
            raise ValueError("it has a number that is too large")
        return value

    def _check_size(self, items: dict[str, Any] | list[Any], depth: int) -> None:
        self._remaining_values -= len(items)
        if depth > MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        if self._remaining_values < 0:
            raise ValueError("it has too many values")
        if isinstance(items, dict) and max(map(len, items), default=0) > MAX_NAME_LENGTH:
            raise ValueError("it has a name that is too long")


def _replace_surrogates(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
