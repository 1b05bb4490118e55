"""Brings every variant of a response into the documented form: one document, one candidate, its parts in order.

The variants: missing or null containers, snake_case names, an object in place of a list, several
documents of a stream, images inside texts and URLs. This module does not interpret the values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from cometmagic.gemini.coerce import coerce_object, coerce_objects, coerce_string
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.token_counts import merge_usage
from cometmagic.gemini.tolerant.data_uris import split_data_uris

_SNAKE_CASE = re.compile(r"_([a-z])")
_SCHEME_BYTES = 100  # enough of a URL to see its scheme
_MAX_PARTS = 1000  # those that are searched for images


def normalize_response(documents: list[Any]) -> dict[str, Any]:
    """Return one document with one candidate and the parts of all documents; later fields override earlier ones.

    Of token counts the fullest stay.
    """
    result: dict[str, Any] = {}
    candidate: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    content: dict[str, Any] = {}
    _convert_to_camel_case(documents)
    for document in coerce_objects(documents):
        result |= _remove_nulls(document)
        for fields in coerce_objects(document.get("candidates")):
            candidate |= _remove_nulls(fields)
            content |= coerce_object(fields.get("content"))
            for node in coerce_objects(coerce_object(fields.get("content")).get("parts")):
                parts += _extract_inline_data(node) if len(parts) < _MAX_PARTS else [node]
    candidate["content"] = content | {"parts": parts}
    result["candidates"] = [candidate]
    if usage := merge_usage(coerce_objects(documents)):
        result["usageMetadata"] = usage
    return result


def _remove_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _convert_to_camel_case(value: Any) -> None:
    """Rename the fields of a tree to camelCase, in place: some relays use snake_case."""
    if isinstance(value, dict):
        for name in list(value):
            camel_name = _SNAKE_CASE.sub(lambda match: match[1].upper(), name)
            if camel_name != name:
                item = value.pop(name)
                if value.get(camel_name) is None:  # if a field has both spellings, the one that is not null counts
                    value[camel_name] = item
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _convert_to_camel_case(item)


def _extract_inline_data(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a part, with images inside its text or in a data URI moved to inlineData."""
    file_data, text = coerce_object(node.get("fileData")), _find_image_text(node.get("text"))
    uri, thought = file_data.get("fileUri"), {"thought": node.get("thought")}
    if coerce_string(uri, _SCHEME_BYTES).startswith("data:"):
        node = {name: value for name, value in node.items() if name != "fileData"}
        image = {"inlineData": {"mimeType": file_data.get("mimeType"), "data": uri}}
        yield from [node, thought | image] if node.get("text") or "inlineData" in node else [node | image]
    elif text:
        for piece, is_image in split_data_uris(text):
            yield thought | ({"inlineData": {"data": piece}} if is_image else {"text": piece})
        yield {name: value for name, value in node.items() if name != "text"}
    else:
        yield node


def _find_image_text(value: Any) -> JSONString | None:
    """Return the text if it may contain images, else None."""
    if isinstance(value, str) and "data:image/" in value:
        return JSONString(memoryview(json.dumps(value)[1:-1].encode()))
    return value if isinstance(value, JSONString) and value.has_substring(b"data:image") else None
