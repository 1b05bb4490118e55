"""Joins the texts of a stream when an image is in them, as it may be split between its events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cometmagic.gemini.coerce import coerce_object, coerce_objects
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.base64_sniffer import is_base64_image

_TextSlot = tuple[dict[str, Any], str]  # an object, and its field that holds a text


def join_texts_with_images(documents: list[Any]) -> None:
    """Move all texts of several documents to the first of them, if they have an image in them; thoughts apart."""
    slots = list(_iter_slots(documents)) if len(documents) > 1 else []
    for is_thought in (False, True):
        group = [(node, name) for node, name in slots if bool(node.get("thought")) is is_thought]
        content = b"".join(_encode(node[name]) for node, name in group)
        is_image = b"data:image" in content or is_base64_image(JSONString(memoryview(content)))
        if len(group) > 1 and is_image:
            for node, name in group:
                node[name] = ""
            node, name = group[0]
            node[name] = JSONString(memoryview(content))


def _iter_slots(documents: list[Any]) -> Iterator[_TextSlot]:
    """Yield where the texts are: in parts, and in the deltas of chat completions and of OpenAI's responses."""
    for document in coerce_objects(documents):
        if isinstance(document.get("delta"), str | JSONString):
            yield document, "delta"
        for candidate in coerce_objects(document.get("candidates")):
            for node in coerce_objects(coerce_object(candidate.get("content")).get("parts")):
                if isinstance(node.get("text"), str | JSONString):
                    yield node, "text"
        for choice in coerce_objects(document.get("choices"))[:1]:
            if isinstance((delta := coerce_object(choice.get("delta"))).get("content"), str | JSONString):
                yield delta, "content"


def _encode(text: str | JSONString) -> bytes:
    """Return the inside of a text's JSON string."""
    return text.view.tobytes() if isinstance(text, JSONString) else json.dumps(text)[1:-1].encode()
