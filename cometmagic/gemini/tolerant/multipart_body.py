"""A body in several parts (RFC 2046): JSON beside files, as gateways send them with `multipart/mixed`.

A part that is an image becomes a document with its base64, a part that is JSON its documents; other parts are left out.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pybase64

from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN_TYPE, sniff
from cometmagic.gemini.tolerant.json_scanner import Buffer, MalformedError, scan_json

MAX_PARTS = 100
_BOUNDARY = re.compile(rb"\s{0,4}(--[^\s-][^\r\n]{0,69})\r?\n")
_HEADER = re.compile(rb"(?:[A-Za-z-]{1,60}:[^\r\n]{0,1000}\r?\n){0,20}\r?\n")


def parse_multipart(buffer: Buffer) -> list[Any]:
    """Return the documents and images of a body in parts, none of any other body."""
    match = _BOUNDARY.match(buffer)
    if match is None:
        return []
    documents: list[Any] = []
    for content in _split(memoryview(buffer)[match.start(1) :], match[1]):
        documents += _parse_part(content)
    return documents


def _split(view: memoryview, boundary: bytes) -> list[memoryview]:
    """Return the contents of the parts, without their headers."""
    ends = [match.span() for match in re.finditer(re.escape(boundary) + rb"(?:--)?\r?\n?", view)][: MAX_PARTS + 1]
    contents = []
    for (_, start), (end, _) in zip(ends, [*ends[1:], (len(view), 0)], strict=True):
        header = _HEADER.match(view, start, end)
        contents.append(view[header.end() if header else start : end])
    return contents


def _parse_part(content: memoryview) -> list[Any]:
    if sniff(bytes(content[:MAGIC_BYTES])) != UNKNOWN_TYPE:
        return [{"inlineData": {"data": JSONString(memoryview(pybase64.b64encode(content)))}}]
    with contextlib.suppress(MalformedError):
        return scan_json(bytes(content)).documents
    return []
