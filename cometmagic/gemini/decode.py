"""A response's JSON as parts in order of arrival.

It accepts everything that relays are known to send. Images stay base64 views until `EncodedImage.write`
decodes them into a file; in a call folder they are `{"file": name}`.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, BinaryIO

import pybase64

from cometmagic.errors import MAX_ADDRESS_LENGTH
from cometmagic.gemini.coerce import coerce_object, coerce_objects, coerce_string
from cometmagic.gemini.failures.error_bodies import find_error
from cometmagic.gemini.failures.other_formats import describe_documents, read_words
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.response import ImageResponse
from cometmagic.gemini.response_metadata import build_response
from cometmagic.gemini.tolerant.base64_repair import repair_base64
from cometmagic.gemini.tolerant.base64_sniffer import elide_base64
from cometmagic.gemini.tolerant.json_scanner import Buffer, MalformedError, ScannedJSON, scan_json
from cometmagic.gemini.tolerant.multipart_body import parse_multipart
from cometmagic.gemini.tolerant.picture_search import has_words_before_error
from cometmagic.gemini.tolerant.response_normalizer import normalize_response
from cometmagic.gemini.tolerant.text_body import parse_text_body
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
    is_open: bool = False  # a stream that came without its last event; all of the answer may be there
    other_format: str = ""  # what the body is instead of a Gemini response
    other_words: str = ""  # and what it says
    has_begun: bool = False  # whether some of an answer came before the error

    @property
    def encoded_images(self) -> tuple[EncodedImage, ...]:
        """The images that are still base64."""
        return tuple(part for part in self.parts if isinstance(part, EncodedImage))


def decode_response(buffer: Buffer, files: Mapping[str, ImagePart] = _NO_FILES) -> DecodedResponse:
    """Return the response in `buffer`, which is UTF-8; `files` maps the names in `{"file": name}` to images.

    Raises `MalformedError` when there is no JSON object in it, or too much JSON around its long strings.
    """
    scan = _scan_body(buffer)
    documents = coerce_objects(scan.documents)
    other_format = "" if scan.is_truncated else describe_documents(documents)
    other_words = read_words(documents) if other_format else ""
    result = decode_document(normalize_response(scan.documents), files)
    feedback = coerce_object(result.document.get("promptFeedback"))
    has_end = result.document["candidates"][0].get("finishReason") or feedback.get("blockReason") or result.error
    is_open = scan.is_open_stream and not has_end
    has_content = any(not isinstance(part, TextPart) or part.text.strip() for part in result.parts)
    has_worked = bool(result.response.usage.answer or result.response.finish_reason)
    has_answer = has_content or has_worked or has_words_before_error(scan.documents)
    has_begun = result.error is not None and has_answer
    return replace(
        result,
        is_truncated=scan.is_truncated or is_open,
        is_open=is_open and not scan.is_truncated,
        other_format=other_format,
        other_words=other_words,
        has_begun=has_begun,
    )


def _scan_body(buffer: Buffer) -> ScannedJSON:
    """Return the documents in a body; a text that holds an answer counts as one. Raises `MalformedError`."""
    if parts := parse_multipart(buffer):
        return ScannedJSON(parts, is_truncated=False, is_open_stream=False)
    try:
        scan, problem = scan_json(buffer), MalformedError("it is no JSON object")
    except MalformedError as error:
        scan, problem = None, error
    if scan is not None and coerce_objects(scan.documents):
        return scan
    documents = parse_text_body(buffer)
    if not documents:
        raise problem
    return ScannedJSON(documents, is_truncated=False, is_open_stream=False)


def decode_document(document: dict[str, Any], files: Mapping[str, ImagePart] = _NO_FILES) -> DecodedResponse:
    """Return the response in a document of `decode_response`, whose images may be in files by now."""
    parts = list(_decode_response_parts(document["candidates"][0]["content"]["parts"], files))
    has_content = document["candidates"] != _EMPTY_CANDIDATES or bool(document.get("promptFeedback"))
    return DecodedResponse(
        response=build_response(document, [part for part in parts if not isinstance(part, EncodedImage)]),
        parts=tuple(parts),
        document=document,
        error=find_error(document, has_content=has_content),
    )


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
    if with_text:
        yield from (TextPart(text, thought) for text in _iter_texts(node))


def _iter_texts(node: dict[str, Any]) -> Iterator[str]:
    """Yield what a part says, cleaned: the address of a file, text, code that the model ran and its output."""
    if uri := coerce_string(coerce_object(node.get("fileData")).get("fileUri")):
        # Fetched only if the user asks: here it is text.
        yield f"(the answer points to a file: <{clean_line(uri, MAX_ADDRESS_LENGTH)}>)"
    if text := clean(elide_base64(coerce_string(node.get("text")))):
        yield text
    code, outcome = coerce_object(node.get("executableCode")), coerce_object(node.get("codeExecutionResult"))
    if problem := _describe_outcome(coerce_string(outcome.get("outcome"))):
        yield f"\n({problem})"
    language = clean_line(coerce_string(code.get("language")), 40).lower().removeprefix("language_unspecified")
    for name, source in ((language, code.get("code")), ("", outcome.get("output"))):
        if text := clean(elide_base64(coerce_string(source))):
            yield f"\n```{name}\n{text.rstrip()}\n```\n"


def _describe_outcome(outcome: str) -> str:
    """Return what went wrong when the model ran code, "" for nothing."""
    name = clean_line(outcome, 40).upper().removeprefix("OUTCOME_")
    if name in ("", "OK", "UNSPECIFIED"):
        return ""
    return "The code failed." if name == "FAILED" else f"The code did not end well: {name.lower().replace('_', ' ')}."


def is_thought(node: dict[str, Any]) -> bool:
    """Whether a part of a response says that it is a thought."""
    value = node.get("thought")
    return bool(value == 1 or coerce_string(value).strip().lower() in ("true", "1"))
