"""Parses odd JSON: event streams, several documents, duplicate keys, invalid numbers, a missing end.

All of these have been seen from relays, proxies or broken connections. The text must be small. This
module does not know what the JSON means.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 100  # levels of nesting; responses have about eight
_FIELD = re.compile(r"(data|event|id|retry):|:")  # of an event; a colon alone begins a comment
_FIELD_LINE = re.compile(rf"^(?:{_FIELD.pattern})", re.MULTILINE)
_ERROR_OBJECT = re.compile(r'\{\s*"error"\s*:')
_ERROR_FIELD = re.compile(r'"error"\s*:')
_END_MARK = re.compile(r"^(?:data:[ ]*)?\[DONE\][ \t\r]*$", re.MULTILINE)
_END_EVENT = re.compile(
    r"^event:[ ]*(?:[\w.]+\.completed|message_stop|completed?|done|end|finish(?:ed)?)[ \t\r]*$", re.MULTILINE
)
_DOCUMENT_LINE = re.compile(r"^\s*[{\[]", re.MULTILINE)
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\n|\r|\Z)")  # not `splitlines`: JSON may contain U+2028
_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+|"', re.DOTALL)
_LITERAL = re.compile(r"(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[\s,}\]])")
_CLOSING_BRACKETS = {"{": "}", "[": "]"}


def remove_end_mark(text: str) -> tuple[str, bool]:
    """Return a text without the `[DONE]` that ends some streams, and whether it had one or another end."""
    text, count = _END_MARK.subn("", text)
    return text, count > 0 or _END_EVENT.search(text) is not None


def parse_events(text: str) -> Iterator[str] | None:
    """Return the data of each server-sent event, or None when the text is no event stream.

    A line that is no field of an event is data too, as gateways put JSON of their own among events.
    """
    return _iter_events(text) if _FIELD_LINE.search(text) and not _is_json(text) else None


def _is_json(text: str) -> bool:
    """Whether a text is JSON: in that, a line may begin with a colon, like a comment of an event stream."""
    try:
        return text[:1] in "{[" and json.loads(text) is not None
    except (ValueError, RecursionError):
        return False


def _iter_events(text: str) -> Iterator[str]:
    data: list[str] = []
    name, is_closed = "", False  # of the event; and whether a blank line has come after its data
    for line in (match[1] for match in _LINE.finditer(text)):
        field = _FIELD.match(line)
        field_name = (field[1] or "comment") if field else ""
        if data and ((is_closed and field_name in ("data", "id", "retry")) or _is_start(line, field_name)):
            yield _join_event(name, data)
            name, data = "", []
        is_closed = not line.strip() or (is_closed and field_name == "comment")
        if field_name == "event":
            name = line[field.end() :].strip() if field else ""
        elif field_name in ("data", "") and (content := line[field.end() :] if field else line).strip():
            data.append(content.strip())
    if data:
        yield _join_event(name, data)


def _is_start(line: str, field_name: str) -> bool:
    """Whether a line starts an event even if the one before it has no end: a name, or a gateway's own error."""
    return field_name == "event" or (not field_name and _ERROR_OBJECT.match(line) is not None)


def _join_event(name: str, lines: list[str]) -> str:
    """Return the data of an event; that of an error event as an error object."""
    data = "\n".join(lines)
    if name != "error" or _ERROR_FIELD.search(data):
        return data
    return f'{{"error": {data if data.startswith("{") else json.dumps(data)}}}'


def parse_documents(text: str) -> tuple[list[Any], bool]:
    """Return the objects and lists in `text`, in order, and whether they are complete.

    Words before and between them are ignored, and everything from a tag of HTML on.
    """
    documents: list[Any] = []
    start = _skip_whitespace(text, 0)
    while start < len(text):
        try:
            document, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            if text[start] in (*_CLOSING_BRACKETS, "<") or not (match := _DOCUMENT_LINE.search(text, start)):
                break
            start = match.end() - 1
            continue
        if isinstance(document, dict | list):
            documents.append(document)
        start = _skip_whitespace(text, end)
    if text[start : start + 1] not in tuple(_CLOSING_BRACKETS):
        return documents, True
    with contextlib.suppress(ValueError, RecursionError):
        documents.append(_DECODER.decode(_close_brackets(text[start:])))
    return documents, False


def _skip_whitespace(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start


def _merge_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; the values of a duplicate key are merged, so that no image is lost."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        match members.get(name), value:
            case list() as previous, list():
                members[name] = previous + value
            case dict() as previous, dict():
                members[name] = _merge_members([*previous.items(), *value.items()])
            case list() | dict(), None:
                pass
            case _:
                members[name] = value
    return members


def _parse_finite(digits: str) -> float | None:
    return number if math.isfinite(number := float(digits)) else None


_DECODER = json.JSONDecoder(
    strict=False,
    object_pairs_hook=_merge_members,
    parse_constant=lambda _: None,
    parse_float=_parse_finite,
    parse_int=lambda digits: int(digits) if len(digits) < 20 else None,
)


def _close_brackets(text: str) -> str:
    """Return `text` up to its last complete value, with all open brackets closed."""
    brackets: list[str] = []  # those that are open
    end, brackets_at_end, previous_lexeme = 0, "", ""
    for match in _TOKEN.finditer(text):
        lexeme = match.group()
        if lexeme in _CLOSING_BRACKETS:
            brackets.append(lexeme)
        elif lexeme in ("}", "]"):
            if not brackets or _CLOSING_BRACKETS[brackets.pop()] != lexeme:
                break
        elif lexeme == '"':  # the start of a string without an end
            break
        is_string = lexeme[0] == '"' and (previous_lexeme == ":" or brackets[-1:] == ["["])
        if lexeme in ("}", "]") or is_string or _LITERAL.match(text, match.start()):
            end, brackets_at_end = match.end(), "".join(brackets)
        if not brackets or len(brackets) > MAX_DEPTH:
            break
        previous_lexeme = lexeme
    return text[:end] + "".join(_CLOSING_BRACKETS[bracket] for bracket in reversed(brackets_at_end))
