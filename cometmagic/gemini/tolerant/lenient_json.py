"""JSON read patiently: events, several documents, doubled keys, nonsense numbers, a missing end.

It takes text of modest size and gives what is in it, and whether the end was there. Everything it is
patient with has been seen from relays, proxies or cut connections. It knows nothing of what the JSON means.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 100  # levels that are read; answers have about eight
_EVENT_PREFIXES = ("data:", "event:", ":", "id:", "retry:")
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\n|\r|\Z)")  # and no end that `splitlines` knows: JSON may hold U+2028
_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+|"', re.DOTALL)
_LITERAL = re.compile(r"(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[\s,}\]])")
_CLOSING_BRACKETS = {"{": "}", "[": "]"}


def parse_events(text: str) -> Iterator[str] | None:
    """Return the data of each server-sent event, or None when the text is no event stream."""
    return _iter_events(text) if text.startswith(_EVENT_PREFIXES) else None


def _iter_events(text: str) -> Iterator[str]:
    data: list[str] = []
    for line in itertools.chain((found[1] for found in _LINE.finditer(text)), [""]):
        if line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line:  # the end of an event
            event, data = "\n".join(data), []
            if event and event != "[DONE]":
                yield event


def parse_documents(text: str) -> tuple[list[Any], bool]:
    """Return the objects and lists in `text`, one after the other, and whether they were complete.

    What follows a document and does not look like another is ignored.
    """
    found: list[Any] = []
    start = _skip_whitespace(text, 0)
    while start < len(text):
        try:
            document, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        if isinstance(document, dict | list):
            found.append(document)
        start = _skip_whitespace(text, end)
    if text[start : start + 1] not in tuple(_CLOSING_BRACKETS):
        return found, True
    with contextlib.suppress(ValueError, RecursionError):
        found.append(_DECODER.decode(_close_brackets(text[start:])))
    return found, False


def _skip_whitespace(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _merge_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of a doubled key, what both hold, so that no image is dropped."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        match made.get(name), value:
            case list() as old, list():
                made[name] = old + value
            case dict() as old, dict():
                made[name] = _merge_members([*old.items(), *value.items()])
            case list() | dict(), None:
                pass
            case _:
                made[name] = value
    return made


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
    """Return `text` up to its last complete value, with what is open closed."""
    open_: list[str] = []
    end, last, still_open = 0, "", ""
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in _CLOSING_BRACKETS:
            open_.append(word)
        elif word in ("}", "]"):
            if not open_ or _CLOSING_BRACKETS[open_.pop()] != word:
                break
        elif word == '"':  # a string the body ends in
            break
        is_string = word[0] == '"' and (last == ":" or open_[-1:] == ["["])
        if word in ("}", "]") or is_string or _LITERAL.match(text, token.start()):
            end, still_open = token.end(), "".join(open_)
        if not open_ or len(open_) > MAX_DEPTH:
            break
        last = word
    return text[:end] + "".join(_CLOSING_BRACKETS[opened] for opened in reversed(still_open))
