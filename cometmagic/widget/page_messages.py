"""Checks the messages of the pages: their kinds, and the type and size of each field.

A page may be out of date or hostile, so nothing else of a message is used, and a message with anything wrong is
ignored as a whole. This module knows no panel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MAX_ID_LENGTH = 200  # characters
MAX_ITEMS = 200  # of a list, or of a control's value
_MAX_WHOLE_NUMBER = 2**53  # the largest of a browser


class MessageError(ValueError):
    """No page of this package sends such a message."""


def parse_message(message: Any) -> dict[str, Any]:
    """Return the known fields of a message, and its `kind`. Raises `MessageError`."""
    kind = message.get("kind") if isinstance(message, dict) else None
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise MessageError("The kind of the message is unknown.")
    fields = _FIELDS[kind]
    return {"kind": kind} | {name: check(message.get(name)) for name, check in fields.items()}


def _check(is_valid: bool, value: Any) -> Any:
    if not is_valid:
        raise MessageError("A field of the message is wrong.")
    return value


def _check_id(value: Any) -> str:
    return str(_check(isinstance(value, str) and len(value) <= MAX_ID_LENGTH and value.isprintable(), value))


def _check_text(value: Any) -> str:
    return str(_check(isinstance(value, str), value))


def _check_flag(value: Any) -> bool:
    return bool(_check(isinstance(value, bool), value))


def _check_number(value: Any) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return int(_check(is_whole and 0 <= value <= _MAX_WHOLE_NUMBER, value))


def _check_list(check_item: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    def check(value: Any) -> list[Any]:
        _check(isinstance(value, list) and len(value) <= MAX_ITEMS, value)
        return [check_item(item) for item in value]

    return check


def _check_values(value: Any) -> dict[str, Any]:
    """Return the values of controls: each is a text, a flag, texts, or texts by text."""
    _check(isinstance(value, dict), value)
    return {name: content for name, content in value.items() if isinstance(name, str) and _is_content(content)}


def _is_content(value: Any) -> bool:
    match value:
        case str() | bool() | None:
            return True
        case list():
            return len(value) <= MAX_ITEMS and all(isinstance(item, str) for item in value)
        case dict():
            return len(value) <= MAX_ITEMS and all(isinstance(item, str) for item in (*value, *value.values()))
    return False


_CHANGES = {"page": _check_id, "revision": _check_number, "values": _check_values}
_RESULT = {"id": _check_id}
_FIELDS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "edit": _CHANGES,
    "run": _CHANGES,
    "cancel": {},
    "arrange": {"order": _check_list(_check_number), "seen": _check_list(_check_text)},
    "add": {"word": _check_text},
    "piece": {"id": _check_id, "name": _check_text, "last": _check_flag},
    "show": _RESULT,
    "going-on": _RESULT,
    "refer": _RESULT,
    "again": _RESULT,
    "save": _RESULT,
}
