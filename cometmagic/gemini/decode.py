"""A response's JSON as parts in order of arrival, and the turns of a conversation from their files.

It accepts everything that relays are known to send. Images stay base64 views until `EncodedImage.write`
decodes them into a file; in a call folder they are `{"file": name}`.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import pybase64

from cometmagic.gemini.answer_texts import is_thought
from cometmagic.gemini.coerce import coerce_object, coerce_objects, coerce_string
from cometmagic.gemini.error_bodies import MESSAGE_FIELDS
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.parts import ImagePart, Part, TextPart, ThoughtSignature
from cometmagic.gemini.request import Turn
from cometmagic.gemini.response import ImageResponse
from cometmagic.gemini.response_metadata import build_response
from cometmagic.gemini.tolerant.base64_repair import repair_base64
from cometmagic.gemini.tolerant.json_scanner import Buffer, MalformedError, scan_json
from cometmagic.gemini.tolerant.response_normalizer import normalize_response
from cometmagic.system.sanitize import TEXT_CAP, clean, clean_line

_CHUNK_CHARACTERS = 4 * 2**18  # of base64 at a time; divisible by 4
_MAX_TEXT_CHARACTERS = 50 * TEXT_CAP  # of all texts together; the rest is only in answer.json
# The candidates that `normalize_response` gives a document without any.
_EMPTY_CANDIDATES: list[dict[str, Any]] = [{"content": {"parts": []}}]
_NO_FILES: Mapping[str, ImagePart] = MappingProxyType({})


@dataclass
class EncodedImage:
    """An image as received: its base64 `data`, and `node`, the JSON object that holds it.

    The declared MIME type is ignored because it is often wrong.
    """

    data: JSONString | str
    thought: bool = False
    node: dict[str, Any] = field(default_factory=dict)

    def write(self, file: BinaryIO) -> None:
        """Write the image's bytes to `file`.

        Raises `ValueError` when the image is empty, or is not base64 even after repair.
        """
        is_escaped = isinstance(self.data, JSONString)
        view = self.data.view if isinstance(self.data, JSONString) else memoryview(self.data.encode())
        try:
            file.writelines(
                pybase64.b64decode(view[start : start + _CHUNK_CHARACTERS], validate=True)
                for start in range(0, len(view), _CHUNK_CHARACTERS)
            )
        except binascii.Error:
            file.seek(0)
            file.truncate()
            file.writelines(repair_base64(view, is_escaped=is_escaped))
        if not file.tell():
            raise ValueError("the image is empty")

    def set_file(self, name: str) -> None:
        """Replace the base64 in the JSON by a reference to the file `name`."""
        self.node["data"] = {"file": name}


@dataclass(frozen=True)
class DecodedResponse:
    """A decoded body: the response, its parts before images are saved, and its JSON for answer.json."""

    response: ImageResponse
    parts: tuple[TextPart | ImagePart | EncodedImage, ...]
    document: dict[str, Any]
    error: dict[str, Any] | None
    is_truncated: bool = False

    @property
    def encoded_images(self) -> tuple[EncodedImage, ...]:
        """The images that are still base64."""
        return tuple(part for part in self.parts if isinstance(part, EncodedImage))


def decode_response(buffer: Buffer, files: Mapping[str, ImagePart] = _NO_FILES) -> DecodedResponse:
    """Return the response in `buffer`, which is UTF-8; `files` maps the names in `{"file": name}` to images.

    Raises `MalformedError` when there is no JSON object in it, or too much JSON around its long strings.
    """
    scan = scan_json(buffer)
    if not coerce_objects(scan.documents):
        raise MalformedError("it is no JSON object")
    result = decode_document(normalize_response(scan.documents), files)
    feedback = coerce_object(result.document.get("promptFeedback"))
    has_end = result.document["candidates"][0].get("finishReason") or feedback.get("blockReason") or result.error
    return replace(result, is_truncated=scan.is_truncated or (scan.is_event_stream and not has_end))


def decode_document(document: dict[str, Any], files: Mapping[str, ImagePart] = _NO_FILES) -> DecodedResponse:
    """Return the response in a document of `decode_response`, whose images may be in files by now."""
    parts = list(_decode_response_parts(document["candidates"][0]["content"]["parts"], files))
    return DecodedResponse(
        response=build_response(document, [part for part in parts if not isinstance(part, EncodedImage)]),
        parts=tuple(parts),
        document=document,
        error=_find_error(document),
    )


def _find_error(document: dict[str, Any]) -> dict[str, Any] | None:
    """Return the error that a document reports, even if it is only a message."""
    error = document.get("error")
    if isinstance(error, dict):
        return error
    message = next(filter(None, (coerce_string(document.get(name)) for name in MESSAGE_FIELDS)), "")
    if error:
        return {"message": coerce_string(error) or message or str(error)}
    if not message or document["candidates"] != _EMPTY_CANDIDATES or document.get("promptFeedback"):
        return None
    return {"message": message, "code": document.get("code"), "status": document.get("status")}


def _decode_response_parts(
    nodes: list[dict[str, Any]], files: Mapping[str, ImagePart]
) -> Iterator[TextPart | ImagePart | EncodedImage]:
    remaining = _MAX_TEXT_CHARACTERS
    for node in nodes:
        for part in _decode_response_part(node, files, with_text=remaining > 0):
            remaining -= len(part.text) if isinstance(part, TextPart) else 0
            yield part


def _decode_response_part(
    node: dict[str, Any], files: Mapping[str, ImagePart], *, with_text: bool
) -> Iterator[TextPart | ImagePart | EncodedImage]:
    """Yield the parts in one part of the JSON, which may hold an image, a link and text at once."""
    thought = is_thought(node)
    inline_data = coerce_object(node.get("inlineData"))
    data = inline_data.get("data")
    if isinstance(data, dict) and (image := files.get(coerce_string(data.get("file")))):
        yield replace(image, thought=thought)
    elif isinstance(data, str | JSONString):
        yield EncodedImage(data, thought=thought, node=inline_data)
    if with_text and (uri := coerce_string(coerce_object(node.get("fileData")).get("fileUri"))):
        # Never fetched: a URL in a response is only text.
        yield TextPart(f"(the answer points to a file: {clean_line(uri)})", thought)
    if with_text and (text := clean(coerce_string(node.get("text")))):
        yield TextPart(text, thought)


def decode_request(body: dict[str, Any], build_path: Callable[[str], Path]) -> tuple[Turn, ...]:
    """Return the turns of a request.json; `build_path` checks the name of a file and returns its path."""

    def decode_turn(turn: dict[str, Any]) -> Turn:
        nodes = coerce_objects(turn.get("parts"))
        parts = tuple(part for node in nodes for part in _decode_request_part(node, build_path))
        return Turn(parts, "model" if turn.get("role") == "model" else "user")

    return tuple(map(decode_turn, coerce_objects(body.get("contents"))))


def _decode_request_part(node: dict[str, Any], build_path: Callable[[str], Path]) -> Iterator[Part]:
    signature_name = coerce_string(coerce_object(node.get("thoughtSignature")).get("file"))
    signature = ThoughtSignature(path=build_path(signature_name)) if signature_name else None
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
    elif "text" in node or signature:
        yield TextPart(coerce_string(node.get("text")), signature=signature)


def _decode_signature(value: Any) -> ThoughtSignature | None:
    if isinstance(value, JSONString) and value.is_complete:
        return ThoughtSignature(b"".join(value.iter_json())[1:-1])
    return ThoughtSignature(json.dumps(value)[1:-1].encode()) if isinstance(value, str) and value else None
