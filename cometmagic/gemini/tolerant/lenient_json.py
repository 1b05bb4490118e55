"""Parses odd JSON: event streams, several documents, duplicate keys, invalid numbers, a missing end.

All of these have been seen from relays, proxies or broken connections. The text must be small. This
module does not know what the JSON means.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 100  # levels of nesting; responses have about eight
_EVENT_PREFIXES = ("data:", "event:", ":", "id:", "retry:")
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\n|\r|\Z)")  # not `splitlines`: JSON may contain U+2028
_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+|"', re.DOTALL)
_LITERAL = re.compile(r"(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[\s,}\]])")
_CLOSING_BRACKETS = {"{": "}", "[": "]"}


def parse_events(text: str) -> Iterator[str] | None:
    """Return the data of each server-sent event, or None when the text is no event stream."""
    return _iter_events(text) if text.startswith(_EVENT_PREFIXES) else None


def _iter_events(text: str) -> Iterator[str]:
    data: list[str] = []
    for line in itertools.chain((match[1] for match in _LINE.finditer(text)), [""]):
        if line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line:  # the end of an event
            event, data = "\n".join(data), []
            if event and event != "[DONE]":
                yield event


def parse_documents(text: str) -> tuple[list[Any], bool]:
    """Return the objects and lists in `text`, in order, and whether they are complete.

    Text after a document that does not begin another is ignored.
    """
    documents: list[Any] = []
    start = _skip_whitespace(text, 0)
    while start < len(text):
        try:
            document, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
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
