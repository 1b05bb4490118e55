"""Coerces untrusted JSON values to the type they should have, so that other modules need not check types.

A value of the wrong type becomes an empty one. This module knows nothing of what a value means.
"""

from __future__ import annotations

from typing import Any

from cometmagic.gemini.json_string import MAX_TEXT_BYTES, JSONString


def coerce_object(value: Any) -> dict[str, Any]:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def coerce_list(value: Any) -> list[Any]:
    """Return `value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def coerce_objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list; a single object counts as a list of one."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def coerce_string(value: Any, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """Return `value` if it is a string, else an empty one; a `JSONString` is read up to `max_bytes`."""
    return value.read_text(max_bytes) if isinstance(value, JSONString) else value if isinstance(value, str) else ""
