"""An answer's JSON as parts, in order of arrival, tolerant of everything relays are known to send.

Images stay base64 views until `EncodedImage.write` puts them into a file; in a call folder they are
`{"file": name}`.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import pybase64

from cometmagic.gemini.error_bodies import MESSAGE_FIELDS
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.parts import ImagePart, Part, TextPart, ThoughtSignature
from cometmagic.gemini.request import Turn
from cometmagic.gemini.response import ImageResponse
from cometmagic.gemini.response_metadata import build_response
from cometmagic.gemini.tolerant.base64_repair import repair_base64
from cometmagic.gemini.tolerant.json_scanner import Buffer, MalformedError, scan_json
from cometmagic.gemini.tolerant.response_normalizer import (
    coerce_object,
    coerce_objects,
    coerce_string,
    normalize_response,
)
from cometmagic.system.sanitize import TEXT_CAP, clean, clean_line

_CHUNK_CHARACTERS = 4 * 2**18  # base64 characters at a time, divisible by 4
_MAX_TEXT_CHARACTERS = 50 * TEXT_CAP  # characters of all texts together; what comes after them stays in answer.json
_EMPTY_CANDIDATES: list[dict[str, Any]] = [{"content": {"parts": []}}]  # the candidates of a document that has none
_NO_FILES: Mapping[str, ImagePart] = MappingProxyType({})


@dataclass
class EncodedImage:
    """An image as it came: base64 in `data`, and the JSON object `node` it stands in.

    The MIME type it was declared with is not read: it often lies.
    """

    data: JSONString | str
    thought: bool = False
    node: dict[str, Any] = field(default_factory=dict)

    def write(self, file: BinaryIO) -> None:
        """Write the image's bytes to `file`.

        Raises `ValueError` when there are none, or when they are not base64, also after repair.
        """
        escaped = isinstance(self.data, JSONString)
        view = self.data.view if isinstance(self.data, JSONString) else memoryview(self.data.encode())
        try:
            file.writelines(
                pybase64.b64decode(view[start : start + _CHUNK_CHARACTERS], validate=True)
                for start in range(0, len(view), _CHUNK_CHARACTERS)
            )
        except binascii.Error:
            file.seek(0)
            file.truncate()
            file.writelines(repair_base64(view, is_escaped=escaped))
        if not file.tell():
            raise ValueError("the image is empty")

    def set_file(self, name: str) -> None:
        """Say in the JSON that the image now lies in the file `name`."""
        self.node["data"] = {"file": name}


@dataclass(frozen=True)
class DecodedResponse:
    """A decoded body: the response, its parts before saving, and its JSON for answer.json."""

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
    """Return the answer in `buffer`, which is UTF-8; `files` are the images that `{"file": name}` stands for.

    Raises `MalformedError` when there is no JSON object in it, or too much around its long strings.
    """
    carved = scan_json(buffer)
    if not coerce_objects(carved.documents):
        raise MalformedError("it is no JSON object")
    answer = decode_document(normalize_response(carved.documents), files)
    feedback = coerce_object(answer.document.get("promptFeedback"))
    ended = answer.document["candidates"][0].get("finishReason") or feedback.get("blockReason") or answer.error
    return replace(answer, is_truncated=carved.is_truncated or (carved.is_event_stream and not ended))


def decode_document(document: dict[str, Any], files: Mapping[str, ImagePart] = _NO_FILES) -> DecodedResponse:
    """Return the answer that a document holds, as `decode` gave it and perhaps with images put in files since."""
    parts = list(_decode_response_parts(document["candidates"][0]["content"]["parts"], files))
    return DecodedResponse(
        response=build_response(document, [part for part in parts if not isinstance(part, EncodedImage)]),
        parts=tuple(parts),
        document=document,
        error=_find_error(document),
    )


def _find_error(document: dict[str, Any]) -> dict[str, Any] | None:
    """Return the error a document reports, also one that is nothing but a message."""
    found = document.get("error")
    if isinstance(found, dict):
        return found
    words = next(filter(None, (coerce_string(document.get(name)) for name in MESSAGE_FIELDS)), "")
    if found:
        return {"message": coerce_string(found) or words or str(found)}
    if not words or document["candidates"] != _EMPTY_CANDIDATES or document.get("promptFeedback"):
        return None
    return {"message": words, "code": document.get("code"), "status": document.get("status")}


def _decode_response_parts(
    nodes: list[dict[str, Any]], files: Mapping[str, ImagePart]
) -> Iterator[TextPart | ImagePart | EncodedImage]:
    left = _MAX_TEXT_CHARACTERS
    for node in nodes:
        for part in _decode_response_part(node, files, with_text=left > 0):
            left -= len(part.text) if isinstance(part, TextPart) else 0
            yield part


def _decode_response_part(
    node: dict[str, Any], files: Mapping[str, ImagePart], *, with_text: bool
) -> Iterator[TextPart | ImagePart | EncodedImage]:
    """Yield what one part of the JSON holds."""
    thought = _is_thought(node)
    inline = coerce_object(node.get("inlineData"))
    data = inline.get("data")
    if isinstance(data, dict) and (filed := files.get(coerce_string(data.get("file")))):
        yield replace(filed, thought=thought)
    elif isinstance(data, str | JSONString):
        yield EncodedImage(data, thought=thought, node=inline)
    if with_text and (uri := coerce_string(coerce_object(node.get("fileData")).get("fileUri"))):
        # Never fetched: an address in an answer is text.
        yield TextPart(f"(the answer points to a file: {clean_line(uri)})", thought)
    if with_text and (text := clean(coerce_string(node.get("text")))):
        yield TextPart(text, thought)


def _is_thought(node: dict[str, Any]) -> bool:
    marked = node.get("thought")
    return bool(marked == 1 or coerce_string(marked).strip().lower() in ("true", "1"))


def decode_request(body: dict[str, Any], folder: Path) -> tuple[Turn, ...]:
    """Return the turns of a request.json whose images lie in `folder`."""
    return tuple(
        Turn(
            tuple(made for node in coerce_objects(turn.get("parts")) for made in _decode_request_part(node, folder)),
            "model" if turn.get("role") == "model" else "user",
        )
        for turn in coerce_objects(body.get("contents"))
    )


def _decode_request_part(node: dict[str, Any], folder: Path) -> Iterator[Part]:
    filed = Path(coerce_string(coerce_object(node.get("thoughtSignature")).get("file"))).name
    signature = ThoughtSignature(path=folder / filed) if filed else None
    if isinstance(node.get("text"), str):
        yield TextPart(node["text"], signature=signature)
    inline = coerce_object(node.get("inlineData"))
    if name := Path(coerce_string(coerce_object(inline.get("data")).get("file"))).name:
        yield ImagePart(coerce_string(inline.get("mimeType")), path=folder / name, signature=signature)


def decode_model_turn(buffer: Buffer, files: Mapping[str, ImagePart]) -> Turn:
    """Return an answer as a turn to send back: its parts as they came, with their signatures, without thoughts.

    `files` are the images that `{"file": name}` stands for. Raises `MalformedError`.
    """
    nodes = normalize_response(scan_json(buffer).documents)["candidates"][0]["content"]["parts"]
    return Turn(
        tuple(made for node in nodes if not _is_thought(node) for made in _decode_model_part(node, files)), "model"
    )


def _decode_model_part(node: dict[str, Any], files: Mapping[str, ImagePart]) -> Iterator[Part]:
    """Yield one part as it came: text that is not cleaned, and an image; the signature stays on what it came with."""
    signature = _decode_signature(node.get("thoughtSignature"))
    inline = coerce_object(node.get("inlineData"))
    if image := files.get(coerce_string(coerce_object(inline.get("data")).get("file"))):
        # Also its type as it was declared: the signature may be bound to it.
        yield replace(image, mime_type=coerce_string(inline.get("mimeType")) or image.mime_type, signature=signature)
    elif "text" in node or signature:
        yield TextPart(coerce_string(node.get("text")), signature=signature)


def _decode_signature(value: Any) -> ThoughtSignature | None:
    if isinstance(value, JSONString) and value.is_complete:
        return ThoughtSignature(b"".join(value.iter_json())[1:-1])
    return ThoughtSignature(json.dumps(value)[1:-1].encode()) if isinstance(value, str) and value else None
