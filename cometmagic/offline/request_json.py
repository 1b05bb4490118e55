"""The JSON of a request, parsed like Google's parser does, within a limit on its values.

A body of 20 MB may hold ten million values, which take a hundred times as much memory. They are counted before any is
made. This module does not know what the values mean.
"""

from __future__ import annotations

import json
import re
from typing import Any, Never

from cometmagic.offline import error_responses

MAX_VALUES = 20_000  # in lists and objects; a request has a few hundred
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_EXCERPT_RADIUS = 20  # characters shown before and after a syntax error


def parse_json(body: bytes) -> Any:
    """Return the value in `body`, which is UTF-8. Raises `ServiceError` for anything else, and for too many values."""
    _check_value_count(body)
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        raise error_responses.build_google_error(
            f"Invalid JSON payload received. Unexpected token.\n{_format_position(error)}"
        ) from None
    except (ValueError, RecursionError):
        raise error_responses.build_google_error("Invalid JSON payload received. Unexpected token.") from None


def _check_value_count(body: bytes) -> None:
    """Raise `ServiceError` for too many values, before they take memory; the signs in a text do not count."""
    if _count_signs(body) > MAX_VALUES and _has_many_values(body):
        raise error_responses.build_google_error(
            f"Invalid JSON payload received. It has more than {MAX_VALUES:,} values."
        )


def _has_many_values(body: bytes) -> bool:
    value_count = position = 0
    for string_count, string in enumerate(_STRING.finditer(body)):
        value_count += _count_signs(body[position : string.start()])
        position = string.end()
        if value_count > MAX_VALUES or string_count > 2 * MAX_VALUES:  # names are strings too
            return True
    return value_count + _count_signs(body[position:]) > MAX_VALUES


def _count_signs(content: bytes) -> int:
    return sum(map(content.count, (b",", b"[", b"{")))


def _format_position(error: json.JSONDecodeError) -> str:
    """Return the text around a syntax error, with a caret under the position."""
    start = max(error.doc.rfind("\n", 0, error.pos) + 1, error.pos - _EXCERPT_RADIUS)
    excerpt = error.doc[start : error.pos + _EXCERPT_RADIUS].partition("\n")[0]
    return f"{excerpt}\n{' ' * (error.pos - start)}^"


def _reject_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")
