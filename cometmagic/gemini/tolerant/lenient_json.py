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

DEEPEST = 100  # levels that are read; answers have about eight
_STREAM = ("data:", "event:", ":", "id:", "retry:")
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\n|\r|\Z)")  # and no end that `splitlines` knows: JSON may hold U+2028
_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+|"', re.DOTALL)
_LITERAL = re.compile(r"(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[\s,}\]])")
_CLOSER = {"{": "}", "[": "]"}


def events_in(text: str) -> Iterator[str] | None:
    """Return the data of each server-sent event, or None when the text is no event stream."""
    return _events(text) if text.startswith(_STREAM) else None


def _events(text: str) -> Iterator[str]:
    data: list[str] = []
    for line in itertools.chain((found[1] for found in _LINE.finditer(text)), [""]):
        if line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line:  # the end of an event
            event, data = "\n".join(data), []
            if event and event != "[DONE]":
                yield event


def documents_in(text: str) -> tuple[list[Any], bool]:
    """Return the objects and lists in `text`, one after the other, and whether they were complete.

    What follows a document and does not look like another is ignored.
    """
    found: list[Any] = []
    start = _skip(text, 0)
    while start < len(text):
        try:
            document, end = _READER.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        if isinstance(document, dict | list):
            found.append(document)
        start = _skip(text, end)
    if text[start : start + 1] not in tuple(_CLOSER):
        return found, True
    with contextlib.suppress(ValueError, RecursionError):
        found.append(_READER.decode(_closed(text[start:])))
    return found, False


def _skip(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of a doubled key, what both hold, so that no image is dropped."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        match made.get(name), value:
            case list() as old, list():
                made[name] = old + value
            case dict() as old, dict():
                made[name] = _members([*old.items(), *value.items()])
            case list() | dict(), None:
                pass
            case _:
                made[name] = value
    return made


def _finite(digits: str) -> float | None:
    return number if math.isfinite(number := float(digits)) else None


_READER = json.JSONDecoder(
    strict=False,
    object_pairs_hook=_members,
    parse_constant=lambda _: None,
    parse_float=_finite,
    parse_int=lambda digits: int(digits) if len(digits) < 20 else None,
)


def _closed(text: str) -> str:
    """Return `text` up to its last complete value, with what is open closed."""
    open_: list[str] = []
    end, last, still_open = 0, "", ""
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in _CLOSER:
            open_.append(word)
        elif word in ("}", "]"):
            if not open_ or _CLOSER[open_.pop()] != word:
                break
        elif word == '"':  # a string the body ends in
            break
        is_string = word[0] == '"' and (last == ":" or open_[-1:] == ["["])
        if word in ("}", "]") or is_string or _LITERAL.match(text, token.start()):
            end, still_open = token.end(), "".join(open_)
        if not open_ or len(open_) > DEEPEST:
            break
        last = word
    return text[:end] + "".join(_CLOSER[opened] for opened in reversed(still_open))
