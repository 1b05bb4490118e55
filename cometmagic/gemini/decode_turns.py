"""The turns of a conversation: a request and its response, read from their files to be sent again.

What was sent and received stays as it was: nothing is cleaned or left out, except thoughts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cometmagic.gemini.coerce import coerce_object, coerce_objects, coerce_string
from cometmagic.gemini.decode import is_thought
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.json_writer import splice_json
from cometmagic.gemini.parts import ImagePart, Part, RawPart, TextPart, ThoughtSignature
from cometmagic.gemini.request import Turn
from cometmagic.gemini.tolerant.json_scanner import Buffer, scan_json
from cometmagic.gemini.tolerant.response_normalizer import normalize_response

# The fields of a part that is text or an image, and nothing else.
_PART_FIELDS = ("text", "inlineData", "thought", "thoughtSignature")


def decode_request(body: dict[str, Any], build_path: Callable[[str], Path]) -> tuple[Turn, ...]:
    """Return the turns of a request.json; `build_path` checks the name of a file and returns its path."""

    def decode_turn(turn: dict[str, Any]) -> Turn:
        nodes = coerce_objects(turn.get("parts"))
        parts = tuple(part for node in nodes for part in _decode_request_part(node, build_path))
        return Turn(parts, "model" if turn.get("role") == "model" else "user")

    return tuple(map(decode_turn, coerce_objects(body.get("contents"))))


def _decode_request_part(node: dict[str, Any], build_path: Callable[[str], Path]) -> Iterator[Part]:
    """Yield a part as it was sent."""
    signature_name = coerce_string(coerce_object(node.get("thoughtSignature")).get("file"))
    signature = ThoughtSignature(path=build_path(signature_name)) if signature_name else None
    if _is_raw(node):
        yield _build_raw_part(node, signature)
        return
    if isinstance(node.get("text"), str):
        yield TextPart(node["text"], signature=signature)
    inline_data = coerce_object(node.get("inlineData"))
    if image_name := coerce_string(coerce_object(inline_data.get("data")).get("file")):
        mime_type = coerce_string(inline_data.get("mimeType"))
        yield ImagePart(mime_type, path=build_path(image_name), signature=signature)


def decode_model_turn(buffer: Buffer, files: Mapping[str, ImagePart]) -> Turn:
    """Return a response as a turn to send back: its parts unchanged, with signatures but without thoughts.

    `files` maps the names in `{"file": name}` to images. Raises `MalformedError`.
    """
    nodes = normalize_response(scan_json(buffer).documents)["candidates"][0]["content"]["parts"]
    return Turn(
        tuple(part for node in nodes if not is_thought(node) for part in _decode_model_part(node, files)), "model"
    )


def _decode_model_part(node: dict[str, Any], files: Mapping[str, ImagePart]) -> Iterator[Part]:
    """Yield a part unchanged: an image, or text that is not cleaned, with its signature."""
    signature = _decode_signature(node.get("thoughtSignature"))
    inline_data = coerce_object(node.get("inlineData"))
    if image := files.get(coerce_string(coerce_object(inline_data.get("data")).get("file"))):
        # The declared type is kept too, because the signature may depend on it.
        yield replace(
            image, mime_type=coerce_string(inline_data.get("mimeType")) or image.mime_type, signature=signature
        )
    elif _is_raw(node):
        yield _build_raw_part(node, signature)
    elif "text" in node or signature:
        yield TextPart(coerce_string(node.get("text")), signature=signature)


def _is_raw(node: dict[str, Any]) -> bool:
    """Whether a part holds more than text or an image."""
    return any(value is not None and name not in _PART_FIELDS for name, value in node.items())


def _build_raw_part(node: dict[str, Any], signature: ThoughtSignature | None) -> RawPart:
    fields = {name: value for name, value in node.items() if name not in ("thought", "thoughtSignature")}
    return RawPart(b"".join(splice_json(fields, JSONString.iter_json, separators=(",", ":"))), signature=signature)


def _decode_signature(value: Any) -> ThoughtSignature | None:
    if isinstance(value, JSONString) and value.is_complete:
        return ThoughtSignature(b"".join(value.iter_json())[1:-1])
    return ThoughtSignature(json.dumps(value)[1:-1].encode()) if isinstance(value, str) and value else None
