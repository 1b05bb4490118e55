"""The texts of an answer that are read one after the other, such as those of its parts.

A secret may be split between them: a stream brings a few letters at a time. So they are redacted together. This module
does not know what a secret is.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from cometmagic.gemini.coerce import coerce_string
from cometmagic.gemini.decode import is_thought
from cometmagic.gemini.json_string import JSONString
from cometmagic.system.sanitize import clean

_FILE_FIELDS = ("data", "file", "thoughtSignature")  # no texts: they are sent back, or name files of ours

_Kind = tuple[str, bool]  # the name of a field, and whether it is one of a thought
_Place = tuple[Any, Any]  # an object or a list, and the name or the index of a text in it


def redact_texts(document: dict[str, Any], redact: Callable[[list[str]], list[str]]) -> None:
    """Redact the texts of a document in place; `redact` gets all texts of one kind, in their order."""
    places_by_kind: defaultdict[_Kind, list[_Place]] = defaultdict(list)
    for kind, place in _iter_places(document, ("", False)):
        places_by_kind[kind].append(place)
    for places in places_by_kind.values():
        texts = [coerce_string(container[key], sys.maxsize) for container, key in places]
        for (container, key), text, redacted_text in zip(places, texts, _redact_cleaned(texts, redact), strict=True):
            if redacted_text != text:
                container[key] = redacted_text


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
