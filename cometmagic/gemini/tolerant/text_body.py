"""Finds an answer in a body that is no JSON object: a picture as text, JSON as text, or a picture in any other text.

This module does not know what an answer is. A web page has pictures of its own: of those in it, only the ones that are
as large as a model's can be a result.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from cometmagic.gemini.coerce import coerce_objects, coerce_string
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.base64_sniffer import is_base64_image, is_large_image
from cometmagic.gemini.tolerant.data_uris import find_image_text
from cometmagic.gemini.tolerant.json_scanner import Buffer, MalformedError, scan_json
from cometmagic.gemini.tolerant.nested_documents import expand_texts
from cometmagic.gemini.tolerant.percent_encoding import MAX_DECODED_BYTES, decode_escapes, has_escapes

_HEAD_BYTES = 100
_MARGIN_BYTES = 1000  # of spaces and quotes around a body that is a text
_QUOTES = b' \t\r\n"'
_HTML = re.compile(r"\s*<(?:!doctype|html|head|body)", re.IGNORECASE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{1000,}={0,2}")
_MAX_PICTURES = 100
_MAX_TEXT_BYTES = 4096  # of each text between two pictures; the beginning is enough to see what it is


def is_web_page(text: JSONString | str) -> bool:
    """Whether a text is a page in HTML."""
    return _HTML.match(coerce_string(text, _HEAD_BYTES)) is not None


def parse_text_body(buffer: Buffer) -> list[Any]:
    """Return a body that is no JSON object as documents with what it holds; none when that is no answer."""
    head, tail = buffer[:_MARGIN_BYTES], buffer[-_MARGIN_BYTES:]
    start, end = len(head) - len(head.lstrip(_QUOTES)), len(tail) - len(tail.rstrip(_QUOTES))
    text = JSONString(memoryview(buffer)[start : len(buffer) - end])
    if bytes(text.view[:3]).lower() in (b"%7b", b"%5b"):
        return _parse_encoded(text)
    if is_web_page(text):
        return find_pictures(text.view, is_picture=is_large_image)
    if is_base64_image(text) or find_image_text(text) is not None:
        return [{"content": text}]
    documents = expand_texts(text) if b'"' in head[:start] else None
    return documents if isinstance(documents, list) and coerce_objects(documents) else find_pictures(text.view)


def _parse_encoded(text: JSONString) -> list[Any]:
    """Return the documents of JSON in percent-encoding, none when it is no JSON."""
    if len(text.view) > MAX_DECODED_BYTES:
        return []
    with contextlib.suppress(MalformedError):
        return scan_json(unquote_to_bytes(bytes(text.view))).documents
    return []


def find_pictures(view: memoryview, *, is_picture: Callable[[JSONString], bool] = is_base64_image) -> list[Any]:
    """Return a document with the pieces of a text, each picture in base64 as one of its own; none without any."""
    view = memoryview(decode_escapes(view)) if has_escapes(view) else view
    pieces: list[Any] = []
    start = 0
    for match in itertools.islice(_BASE64.finditer(view), _MAX_PICTURES):
        picture = JSONString(view[match.start() : match.end()])
        if is_picture(picture):
            pieces += [_decode(view[start : match.start()]), picture]
            start = match.end()
    return [{"body": [*pieces, _decode(view[start:])]}] if pieces else []


def _decode(view: memoryview) -> str:
    return bytes(view[:_MAX_TEXT_BYTES]).decode("utf-8", "replace")
