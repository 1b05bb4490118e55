"""One shape out of the many an answer comes in: one document, one candidate, its parts in order.

Missing or null containers, snake_case names, one object where a list should be, several documents of a
stream, images hidden in texts and addresses: afterwards everything stands where Google documents it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from cometmagic.gemini.json_string import READ, Blob
from cometmagic.gemini.tolerant.data_uris import pieces

_SNAKE = re.compile(r"_([a-z])")
_HEAD = 100  # bytes of an address that tell of what kind it is
_MOST = 1000  # parts in which hidden images are looked for


def shaped(documents: list[Any]) -> dict[str, Any]:
    """Return one document with one candidate that holds the parts of all, later fields winning."""
    whole: dict[str, Any] = {}
    candidate: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    content: dict[str, Any] = {}
    _camel(documents)
    for document in objects(documents):
        whole |= _given(document)
        for one in objects(document.get("candidates")):
            candidate |= _given(one)
            content |= object_(one.get("content"))
            for node in objects(object_(one.get("content")).get("parts")):
                parts += _plain(node) if len(parts) < _MOST else [node]
    candidate["content"] = content | {"parts": parts}
    whole["candidates"] = [candidate]
    return whole


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in what should be a list of objects."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def object_(value: Any) -> dict[str, Any]:
    """Return what should be an object, or an empty one."""
    return value if isinstance(value, dict) else {}


def string(value: Any, most: int = READ) -> str:
    """Return what should be a string, or an empty one; of a long one what its first `most` bytes say."""
    return value.text(most) if isinstance(value, Blob) else value if isinstance(value, str) else ""


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _camel(value: Any) -> None:
    """Give a tree camelCase names: some relays answer in snake_case."""
    if isinstance(value, dict):
        for name in list(value):
            camel = _SNAKE.sub(lambda found: found[1].upper(), name)
            if camel != name:
                item = value.pop(name)
                if value.get(camel) is None:  # a field in both spellings: the one that says something
                    value[camel] = item
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _camel(item)


def _plain(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a part with the images that some relays hide in texts and addresses as plain inlineData."""
    filed, text = object_(node.get("fileData")), _with_images(node.get("text"))
    uri, thought = filed.get("fileUri"), {"thought": node.get("thought")}
    if string(uri, _HEAD).startswith("data:"):
        node = {name: value for name, value in node.items() if name != "fileData"}
        image = {"inlineData": {"mimeType": filed.get("mimeType"), "data": uri}}
        yield from [node, thought | image] if node.get("text") or "inlineData" in node else [node | image]
    elif text:
        for piece, is_image in pieces(text):
            yield thought | ({"inlineData": {"data": piece}} if is_image else {"text": piece})
        yield {name: value for name, value in node.items() if name != "text"}
    else:
        yield node


def _with_images(value: Any) -> Blob | None:
    """Return a text that may have images in it, or None."""
    if isinstance(value, str) and "data:image/" in value:
        return Blob(memoryview(json.dumps(value)[1:-1].encode()))
    return value if isinstance(value, Blob) and value.holds(b"data:image") else None
