"""Joins the texts of a stream when an image, or JSON that may hold one, is split between its events."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from cometmagic.gemini.coerce import coerce_object, coerce_objects
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.split_pictures import is_whole_picture, starts_with_data_uri

_TextSlot = tuple[dict[str, Any], str]  # an object, and its field that holds a text
_MAX_DEPTH = 4  # of the objects in a delta
_JSON_START = re.compile(rb"(?:\\[nrt]|\s)*[{\[]")
_DELTA = "delta"


def join_texts_with_images(documents: list[Any]) -> None:
    """Move the texts of several documents to the first of them, if they have an image in them; thoughts apart.

    A data URI at the beginning of a text is not joined to one before it: without padding, that would take its letters.
    """
    groups: dict[tuple[str, bool], list[_TextSlot]] = {}
    for kind, node, name in _iter_slots(documents) if len(documents) > 1 else ():
        groups.setdefault((kind, bool(node.get("thought"))), []).append((node, name))
    for (kind, _), group in groups.items():
        for slots in _split_before_images(group):
            content = b"".join(_encode(node[name]) for node, name in slots)
            is_json = kind.startswith(_DELTA) and _JSON_START.match(content)
            if len(slots) > 1 and (is_json or b"data:image" in content):
                _join(slots, content)


def _iter_slots(documents: list[Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield where the texts are, with their kind: in parts, and in deltas of any format."""
    for document in coerce_objects(documents):
        for candidate in coerce_objects(document.get("candidates")):
            for node in coerce_objects(coerce_object(candidate.get("content")).get("parts")):
                if isinstance(node.get("text"), str | JSONString):
                    yield "text", node, "text"
        yield from _iter_deltas(document, _DELTA)
        for choice in coerce_objects(document.get("choices"))[:1]:
            yield from _iter_deltas(choice, _DELTA)


def _iter_deltas(node: dict[str, Any], kind: str, depth: int = _MAX_DEPTH) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the texts of an object's delta; their kind is the path that leads to them."""
    for name, item in node.items() if kind != _DELTA else [(_DELTA, node.get(_DELTA))]:
        if isinstance(item, str | JSONString):
            yield f"{kind}.{name}", node, name
        elif depth:
            for child in coerce_objects(item if isinstance(item, list) else [item]):
                yield from _iter_deltas(child, f"{kind}.{name}.{child.get('index', 0)}", depth - 1)


def _split_before_images(group: list[_TextSlot]) -> Iterator[list[_TextSlot]]:
    """Yield the texts that may belong together: a picture that is whole stands alone."""
    slots: list[_TextSlot] = []
    is_open = False  # whether a picture has begun
    for node, name in group:
        begins, is_whole = starts_with_data_uri(node[name]), is_whole_picture(node[name])
        if slots and ((begins and is_open) or is_whole):
            yield slots
            slots, is_open = [], False
        slots.append((node, name))
        is_open = is_open or begins
        if is_whole:
            yield slots
            slots, is_open = [], False
    yield slots


def _join(slots: list[_TextSlot], content: bytes) -> None:
    for node, name in slots:
        node[name] = ""
    node, name = slots[0]
    node[name] = JSONString(memoryview(content))


def _encode(text: str | JSONString) -> bytes:
    """Return the inside of a text's JSON string."""
    return text.view.tobytes() if isinstance(text, JSONString) else json.dumps(text)[1:-1].encode()
