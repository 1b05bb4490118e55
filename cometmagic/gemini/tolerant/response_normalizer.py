"""One shape out of the many an answer comes in: one document, one candidate, its parts in order.

Missing or null containers, snake_case names, one object where a list should be, several documents of a
stream, images hidden in texts and addresses: afterwards everything stands where Google documents it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from cometmagic.gemini.json_string import MAX_TEXT_BYTES, JSONString
from cometmagic.gemini.tolerant.data_uris import split_data_uris

_SNAKE_CASE = re.compile(r"_([a-z])")
_SCHEME_BYTES = 100  # bytes of an address that tell of what kind it is
_MAX_PARTS = 1000  # parts in which hidden images are looked for


def normalize_response(documents: list[Any]) -> dict[str, Any]:
    """Return one document with one candidate that holds the parts of all, later fields winning."""
    whole: dict[str, Any] = {}
    candidate: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    content: dict[str, Any] = {}
    _convert_to_camel_case(documents)
    for document in coerce_objects(documents):
        whole |= _remove_nulls(document)
        for one in coerce_objects(document.get("candidates")):
            candidate |= _remove_nulls(one)
            content |= coerce_object(one.get("content"))
            for node in coerce_objects(coerce_object(one.get("content")).get("parts")):
                parts += _extract_inline_data(node) if len(parts) < _MAX_PARTS else [node]
    candidate["content"] = content | {"parts": parts}
    whole["candidates"] = [candidate]
    return whole


def coerce_objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in what should be a list of objects."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def coerce_object(value: Any) -> dict[str, Any]:
    """Return what should be an object, or an empty one."""
    return value if isinstance(value, dict) else {}


def coerce_string(value: Any, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """Return what should be a string, or an empty one; of a long one what its first `most` bytes say."""
    return value.read_text(max_bytes) if isinstance(value, JSONString) else value if isinstance(value, str) else ""


def _remove_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _convert_to_camel_case(value: Any) -> None:
    """Give a tree camelCase names: some relays answer in snake_case."""
    if isinstance(value, dict):
        for name in list(value):
            camel = _SNAKE_CASE.sub(lambda found: found[1].upper(), name)
            if camel != name:
                item = value.pop(name)
                if value.get(camel) is None:  # a field in both spellings: the one that says something
                    value[camel] = item
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _convert_to_camel_case(item)


def _extract_inline_data(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a part with the images that some relays hide in texts and addresses as plain inlineData."""
    filed, text = coerce_object(node.get("fileData")), _find_image_text(node.get("text"))
    uri, thought = filed.get("fileUri"), {"thought": node.get("thought")}
    if coerce_string(uri, _SCHEME_BYTES).startswith("data:"):
        node = {name: value for name, value in node.items() if name != "fileData"}
        image = {"inlineData": {"mimeType": filed.get("mimeType"), "data": uri}}
        yield from [node, thought | image] if node.get("text") or "inlineData" in node else [node | image]
    elif text:
        for piece, is_image in split_data_uris(text):
            yield thought | ({"inlineData": {"data": piece}} if is_image else {"text": piece})
        yield {name: value for name, value in node.items() if name != "text"}
    else:
        yield node


def _find_image_text(value: Any) -> JSONString | None:
    """Return a text that may have images in it, or None."""
    if isinstance(value, str) and "data:image/" in value:
        return JSONString(memoryview(json.dumps(value)[1:-1].encode()))
    return value if isinstance(value, JSONString) and value.has_substring(b"data:image") else None
