"""An answer's JSON as parts, in order of arrival, tolerant of everything relays are known to send.

Missing or null containers, snake_case names, images as data URIs in text, one object where a list
should be, several documents of a stream: all read as one answer. Images stay base64 views until
`EncodedImage.write` puts them into a file; in a call folder they are `{"file": name}`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import pybase64

from cometmagic.foreign import clean, line
from cometmagic.parts import ImagePart, Part, TextPart
from cometmagic.request import Turn
from cometmagic.response import Grounding, ImageResponse, Source, Usage
from cometmagic.wire.carve import Blob, Buffer, carve

_SNAKE = re.compile(r"_([a-z])")
_DATA_URI = re.compile(r"(?:!\[[^\]]*\]\()?data:image/[\w.+-]+;base64,([A-Za-z0-9+/=_\-\s]+)\)?")
_CHUNK = 4 * 2**18  # base64 characters at a time, divisible by 4
_SPACE = b" \t\r\n"
_URLSAFE = bytes.maketrans(b"-_", b"+/")
_LARGEST_COUNT = 10**12
_NO_FILES: Mapping[str, ImagePart] = MappingProxyType({})


@dataclass
class EncodedImage:
    """An image as it came: base64 in `data`, and the JSON object `node` it stands in.

    The MIME type it was declared with is not read: it often lies.
    """

    data: Blob | str
    thought: bool = False
    node: dict[str, Any] = field(default_factory=dict)

    def write(self, file: BinaryIO) -> None:
        """Write the image's bytes to `file`.

        Raises `ValueError` when they are not base64, also after repair.
        """
        view: memoryview | bytes = self.data.view if isinstance(self.data, Blob) else self.data.encode()
        try:
            for start in range(0, len(view), _CHUNK):
                file.write(pybase64.b64decode(view[start : start + _CHUNK], validate=True))
        except binascii.Error:
            file.seek(0)
            file.truncate()
            file.write(_repaired(self.data.text() if isinstance(self.data, Blob) else self.data))
        if not len(view):
            raise ValueError("the image is empty")

    def placed(self, name: str) -> None:
        """Say in the JSON that the image now lies in the file `name`."""
        self.node["data"] = {"file": name}


def _repaired(text: str) -> bytes:
    """Return what base64 with line breaks, a URL-safe alphabet or wrong padding stands for."""
    raw = text.rpartition("base64,")[2].encode("ascii", "replace").translate(_URLSAFE, _SPACE)
    out = []
    for piece in filter(None, raw.split(b"=")):
        out.append(pybase64.b64decode(piece + b"=" * (-len(piece) % 4), validate=True))
    return b"".join(out)


@dataclass(frozen=True)
class Answer:
    """A decoded body: the response, its parts before saving, and its JSON for answer.json."""

    response: ImageResponse
    parts: tuple[TextPart | ImagePart | EncodedImage, ...]
    document: dict[str, Any]
    error: dict[str, Any] | None
    cut: bool

    @property
    def images(self) -> tuple[EncodedImage, ...]:
        """The images that are still base64."""
        return tuple(part for part in self.parts if isinstance(part, EncodedImage))


def decode(buffer: Buffer, files: Mapping[str, ImagePart] = _NO_FILES) -> Answer:
    """Return the answer in `buffer`; `files` are the images that `{"file": name}` stands for.

    Raises `MalformedError` when there is no JSON in it.
    """
    carved = carve(buffer)
    document = _joined([_camel(found) for found in carved.documents])
    candidate = document["candidates"][0]
    parts = [made for node in candidate["content"]["parts"] for made in _read_part(node, files)]
    found = document.get("error")
    return Answer(
        response=_response(document, [part for part in parts if not isinstance(part, EncodedImage)]),
        parts=tuple(parts),
        document=document,
        error=found if isinstance(found, dict) else {"message": str(found)} if found else None,
        cut=carved.cut,
    )


def _camel(value: Any) -> Any:
    """Return a tree with camelCase names: some relays answer in snake_case."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for name, item in value.items():
        out.setdefault(_SNAKE.sub(lambda found: found[1].upper(), name), _camel(item))
    return out


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in what should be a list of objects."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _joined(documents: list[Any]) -> dict[str, Any]:
    """Return one document with one candidate that holds the parts of all, later fields winning."""
    whole: dict[str, Any] = {}
    candidate: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    content: dict[str, Any] = {}
    for document in _objects(documents):
        whole |= {name: value for name, value in document.items() if value is not None}
        for one in _objects(document.get("candidates")):
            candidate |= {name: value for name, value in one.items() if value is not None}
            content |= _object(one.get("content"))
            parts += [plain for node in _objects(_object(one.get("content")).get("parts")) for plain in _plain(node)]
    candidate["content"] = content | {"parts": parts}
    whole["candidates"] = [candidate]
    return whole


def _plain(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a part with the images that some relays hide in texts and addresses as plain inlineData."""
    rest = {name: value for name, value in node.items() if name not in ("text", "fileData")}
    filed = _object(node.get("fileData"))
    uri, text = _string(filed.get("fileUri")), _string(node.get("text"))
    if uri.startswith("data:"):
        yield rest | {"inlineData": {"mimeType": filed.get("mimeType"), "data": uri}}
    elif "data:image/" in text:
        start = 0
        for found in _DATA_URI.finditer(text):
            yield rest | {"text": text[start : found.start()]}
            yield rest | {"inlineData": {"data": found[1]}}
            start = found.end()
        yield rest | {"text": text[start:]}
    else:
        yield node


def _read_part(node: dict[str, Any], files: Mapping[str, ImagePart]) -> Iterator[TextPart | ImagePart | EncodedImage]:
    """Yield what one part of the JSON holds."""
    thought = node.get("thought") is True
    inline = _object(node.get("inlineData"))
    data, uri = inline.get("data"), _string(_object(node.get("fileData")).get("fileUri"))
    if isinstance(data, dict) and (filed := files.get(_string(data.get("file")))):
        yield replace(filed, thought=thought)
    elif isinstance(data, str | Blob):
        yield EncodedImage(data, thought=thought, node=inline)
    if uri:
        # Never fetched: an address in an answer is text.
        yield TextPart(f"(the answer points to a file: {line(uri)})", thought)
    text = clean(_string(node.get("text")))
    if text.strip():
        yield TextPart(text, thought)


def _string(value: Any) -> str:
    return value.text() if isinstance(value, Blob) else value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    """Return a token count or a size, or None for nonsense."""
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST_COUNT
    return value if good else None


def _response(document: dict[str, Any], parts: list[Part]) -> ImageResponse:
    candidate, feedback = document["candidates"][0], _object(document.get("promptFeedback"))
    return ImageResponse(
        parts=tuple(parts),
        finish_reason=line(_string(candidate.get("finishReason")), 80),
        finish_message=line(_string(candidate.get("finishMessage"))),
        block_reason=line(_string(feedback.get("blockReason")), 80),
        block_message=line(_string(feedback.get("blockReasonMessage"))),
        usage=_usage(_object(document.get("usageMetadata"))),
        grounding=_grounding(_object(candidate.get("groundingMetadata"))),
        model_version=line(_string(document.get("modelVersion")), 120),
        response_id=line(_string(document.get("responseId")), 120),
    )


def _usage(counts: dict[str, Any]) -> Usage:
    details = _objects(counts.get("candidatesTokensDetails"))
    images = [_count(row.get("tokenCount")) for row in details if row.get("modality") == "IMAGE"]
    return Usage(
        prompt=_count(counts.get("promptTokenCount")),
        answer=_count(counts.get("candidatesTokenCount")),
        thoughts=_count(counts.get("thoughtsTokenCount")),
        total=_count(counts.get("totalTokenCount")),
        image=images[0] if images else None,
    )


def _grounding(found: dict[str, Any]) -> Grounding:
    queries = [
        line(_string(word), 200)
        for name in ("webSearchQueries", "imageSearchQueries")
        for word in (found.get(name) if isinstance(found.get(name), list) else [])
    ]
    return Grounding(
        queries=tuple(filter(None, queries)),
        sources=tuple(source for chunk in _objects(found.get("groundingChunks")) for source in _sources(chunk)),
        suggestion=_string(_object(found.get("searchEntryPoint")).get("renderedContent")),
    )


def _sources(chunk: dict[str, Any]) -> Iterator[Source]:
    web, image = _object(chunk.get("web")), _object(chunk.get("image"))
    if address := _string(web.get("uri")):
        yield Source(line(_string(web.get("title")) or _string(web.get("domain")) or address, 200), line(address, 2000))
    if address := _string(image.get("sourceUri")):
        yield Source(
            line(_string(image.get("title")) or address, 200),
            line(address, 2000),
            line(_string(image.get("imageUri")), 2000),
        )


def decode_request(body: dict[str, Any], folder: Path) -> tuple[Turn, ...]:
    """Return the turns of a request.json whose images lie in `folder`."""
    return tuple(
        Turn(
            tuple(made for node in _objects(turn.get("parts")) for made in _sent_part(node, folder)),
            "model" if turn.get("role") == "model" else "user",
        )
        for turn in _objects(body.get("contents"))
    )


def _sent_part(node: dict[str, Any], folder: Path) -> Iterator[Part]:
    if isinstance(node.get("text"), str):
        yield TextPart(node["text"])
    inline = _object(node.get("inlineData"))
    if name := Path(_string(_object(inline.get("data")).get("file"))).name:
        yield ImagePart(_string(inline.get("mimeType")), path=folder / name)
