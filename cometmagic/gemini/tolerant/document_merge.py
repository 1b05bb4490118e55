"""Merges the documents of a response into one: a later, emptier value never replaces a fuller one.

A stream repeats its facts in every event, and some gateways end it with an event of zeros and nulls. This module
knows the few fields that are added up or compared, and nothing else of what they mean.
"""

from __future__ import annotations

from typing import Any

from cometmagic.gemini.token_counts import merge_usage

_PLACEHOLDER_SUFFIX = "_UNSPECIFIED"  # of the names that the API gives to a reason that is none
_COLLECTED_FIELDS = ("groundingMetadata", "urlContextMetadata", "citationMetadata")  # their lists are joined
_USAGE_FIELD = "usageMetadata"
_REPLACED_FIELDS = ("error",)  # a mixture of two errors would be neither


def merge_fields(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of both objects; those of `new` count, unless they are emptier."""
    merged = {name: value for name, value in old.items() if value is not None}
    for name, value in new.items():
        if value is not None:
            merged[name] = _merge_field(name, merged.get(name), value)
    return merged


def _merge_field(name: str, old: Any, new: Any) -> Any:
    if _is_empty(new) or _is_empty(old) or name in _REPLACED_FIELDS:
        return old if _is_empty(new) and old is not None else new
    if name == _USAGE_FIELD:
        return merge_usage([{_USAGE_FIELD: old}, {_USAGE_FIELD: new}])
    return _merge_values(old, new, is_collected=name in _COLLECTED_FIELDS)


def _is_empty(value: Any) -> bool:
    """Whether a value says nothing; False says something."""
    if isinstance(value, str):
        return not value.strip() or value.endswith(_PLACEHOLDER_SUFFIX)
    return value is not False and (not value or (isinstance(value, dict) and all(map(_is_empty, value.values()))))


def _merge_values(old: Any, new: Any, *, is_collected: bool) -> Any:
    """Return two values as one; lists are joined if `is_collected`, else the fuller one counts."""
    if _is_empty(old) or _is_empty(new):
        return old if _is_empty(new) else new
    match old, new:
        case dict(), dict():
            names = dict.fromkeys([*old, *new])
            return {name: _merge_values(old.get(name), new.get(name), is_collected=is_collected) for name in names}
        case list(), list() if is_collected:
            return [*old, *(item for item in new if item not in old)]
        case list(), list():
            return old if _count_values(old) > _count_values(new) else new
    return new


def _count_values(value: Any) -> int:
    """Return how many values of a tree say something."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return int(not _is_empty(value)) if items is None else sum(map(_count_values, items))
