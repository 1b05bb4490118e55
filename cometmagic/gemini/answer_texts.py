"""The texts of an answer that are read one after the other, such as those of its parts.

A secret may be split between them: a stream brings a few letters at a time. So they are redacted together. This module
does not know what a secret is.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from cometmagic.gemini.coerce import coerce_string
from cometmagic.gemini.decode import is_thought
from cometmagic.gemini.json_string import JSONString
from cometmagic.system.sanitize import clean

EDGE_LENGTH = 1024  # characters of a long text, which was searched when it arrived, that are put together with others
GROUP_LENGTH = 64 * 1024  # characters that are redacted at once
_FILE_FIELDS = ("data", "file", "thoughtSignature")  # no texts: they are sent back, or name files of ours

_Kind = tuple[str, bool]  # the name of a field, and whether it is one of a thought
_Place = tuple[Any, Any]  # an object or a list, and the name or the index of a text in it


def redact_texts(document: dict[str, Any], redact: Callable[[list[str]], list[str]]) -> None:
    """Redact the texts of a document in place; `redact` gets texts of one kind, in their order."""
    places_by_kind: defaultdict[_Kind, list[_Place]] = defaultdict(list)
    for kind, place in _iter_places(document, ("", False)):
        places_by_kind[kind].append(place)
    for places in places_by_kind.values():
        edges = [edge for container, key in places for edge in _read_edges(container[key])]
        redacted_edges = list(edges)
        _redact_in_groups(redacted_edges, redact)
        for index, (container, key) in enumerate(places):
            pair = slice(2 * index, 2 * index + 2)
            if redacted_edges[pair] != edges[pair]:
                container[key] = _replace_edges(container[key], edges[pair], redacted_edges[pair])


def _read_edges(value: str | JSONString) -> tuple[str, str]:
    """Return the beginning and the end of a text; of a short one all of it, and nothing."""
    length = len(value.view) if isinstance(value, JSONString) else len(value)
    if length <= 2 * EDGE_LENGTH:
        return coerce_string(value), ""
    if isinstance(value, JSONString):
        return value.read_text(EDGE_LENGTH), JSONString(value.view[-EDGE_LENGTH:], value.is_complete).read_text()
    return value[:EDGE_LENGTH], value[-EDGE_LENGTH:]


def _replace_edges(value: str | JSONString, edges: list[str], redacted_edges: list[str]) -> str:
    text = coerce_string(value, sys.maxsize)
    (head, tail), (redacted_head, redacted_tail) = edges, redacted_edges
    return f"{redacted_head}{text[len(head) : len(text) - len(tail)]}{redacted_tail}"


def _redact_in_groups(texts: list[str], redact: Callable[[list[str]], list[str]]) -> None:
    """Redact texts in place, some at a time: all of them together would be as large as the answer."""
    start = stop = 0
    while stop < len(texts):
        stop += _count_texts(islice(texts, stop, None), GROUP_LENGTH)
        redacted_texts = _redact_cleaned(texts[start:stop], redact)
        if redacted_texts != texts[start:stop]:
            texts[start:stop] = redacted_texts
        start = stop - _count_texts(reversed(texts[start:stop]), EDGE_LENGTH)  # the next group begins with these


def _count_texts(texts: Iterable[str], length: int) -> int:
    """Return how many texts from the first on have a length together, all of them if they are shorter."""
    count = total = 0
    for text in texts:
        count, total = count + 1, total + len(text)
        if total >= length:
            break
    return count


def _redact_cleaned(texts: list[str], redact: Callable[[list[str]], list[str]]) -> list[str]:
    """Return redacted texts, cleaned ones where cleaning would put a secret together."""
    redacted_texts = redact(texts)
    cleaned_texts = list(map(clean, redacted_texts))
    safe_texts = redact(cleaned_texts)
    return redacted_texts if safe_texts == cleaned_texts else safe_texts


def _iter_places(value: Any, kind: _Kind) -> Iterator[tuple[_Kind, _Place]]:
    """Yield all texts within a value, with their kinds; a text in a list is of the kind of the list."""
    if isinstance(value, dict):
        items, flag = list(value.items()), is_thought(value)
        kinds = [(str(name), flag) for name in value]
    else:
        items = list(enumerate(value))
        kinds = [kind] * len(items)
    for (key, item), item_kind in zip(items, kinds, strict=True):
        if isinstance(item, str | JSONString) and item_kind[0] not in _FILE_FIELDS:
            yield item_kind, (value, key)
        elif isinstance(item, dict | list):
            yield from _iter_places(item, item_kind)
