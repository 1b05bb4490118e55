"""The fields of `--extra`, merged into the body of a request.

Objects are merged field by field, tools and safety settings by what they hold. Anything else replaces what was there,
and that is reported, as an option set it. A field that an option can set is found in either spelling and sent in
camelCase, so that it never stands in the body twice; all other names are sent as they are written.
"""

from __future__ import annotations

import json
from typing import Any

from cometmagic.options.declaration import Options

_MAX_VALUE_LENGTH = 60  # characters of a value in a report
_JOINED_LISTS = ("tools", "safetySettings")
_OPTION_PATHS = [option.json_path.split(".") for option in Options.list_options().values() if option.json_path]
_TOOL_FIELDS = ("googleSearch", "searchTypes", "webSearch", "imageSearch")
_FIELD_NAMES = {name.lower(): name for path in (["contents", *_TOOL_FIELDS], *_OPTION_PATHS) for name in path}

Report = list[str]


def merge_extra(body: dict[str, Any], extra: dict[str, Any]) -> tuple[dict[str, Any], Report]:
    """Return `body` with `extra` merged into it, and a sentence for each value of `body` that `extra` replaced."""
    report: Report = []
    return _merge_objects(body, extra, "", report), report


def subtract_body(merged_body: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `merged_body` that `body` lacks or has with other values, objects recursively."""
    difference = {name: value for name, value in merged_body.items() if name not in body or body[name] != value}
    return {
        name: subtract_body(value, body[name]) if _are_objects(value, body.get(name)) else value
        for name, value in difference.items()
    }


def _merge_objects(node: dict[str, Any], extra: dict[str, Any], path: str, report: Report) -> dict[str, Any]:
    result = dict(node)
    for spelling, value in extra.items():
        name = _FIELD_NAMES.get(_normalize_name(spelling), spelling)
        result[name] = _merge_values(result.get(name), value, f"{path}.{name}" if path else name, report)
    return result


def _merge_values(value: Any, extra: Any, path: str, report: Report) -> Any:
    name = path.rpartition(".")[2]
    if name in _FIELD_NAMES.values() and _are_objects(value or {}, extra):
        return _merge_objects(value or {}, extra, path, report)
    if name in _JOINED_LISTS and isinstance(extra, list | dict):
        return _join_lists(value or [], extra if isinstance(extra, list) else [extra], path, report)
    if value is not None and value != extra:
        report.append(_describe_replacement(path, value, extra))
    return extra


def _are_objects(first: Any, second: Any) -> bool:
    return isinstance(first, dict) and isinstance(second, dict)


def _join_lists(items: list[Any], extra_items: list[Any], path: str, report: Report) -> list[Any]:
    """Return all items; one of `extra_items` is merged into the item of its kind, if there is one."""
    result = list(items)
    for item in extra_items:
        index = next((index for index, other in enumerate(result) if _is_same_kind(other, item)), None)
        if index is not None:
            result[index] = _merge_objects(result[index], item, path, report)
        else:
            result.append(_merge_objects({}, item, path, report) if isinstance(item, dict) else item)
    return result


def _is_same_kind(first: Any, second: Any) -> bool:
    """Whether two settings are of the same category, or two tools have a field in common."""
    if not _are_objects(first, second):
        return False
    if "category" in first or "category" in second:
        return bool(first.get("category") == second.get("category"))
    return not set(map(_normalize_name, first)).isdisjoint(map(_normalize_name, second))


def _normalize_name(name: str) -> str:
    return name.replace("_", "").lower()


def _describe_replacement(path: str, value: Any, extra: Any) -> str:
    if path == "contents":
        return "--extra replaces contents: the prompt, its images and earlier turns are not sent."
    return f"--extra replaces {path} {_format_value(value)} with {_format_value(extra)}."


def _format_value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[: _MAX_VALUE_LENGTH - 1]}…"
