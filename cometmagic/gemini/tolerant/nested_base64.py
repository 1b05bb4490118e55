"""An answer that was encoded twice: base64 of base64, of a `data:` URI, of JSON, or of a gzip file of any of them.

Some gateways encode a body for a transport that knows only text, and say so in a field of their own. What is inside is
a copy, so its size is limited. This module does not know what an answer is.
"""

from __future__ import annotations

import contextlib
import zlib
from typing import Any

import pybase64

from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN_TYPE, sniff
from cometmagic.gemini.tolerant.base64_repair import repair_base64
from cometmagic.gemini.tolerant.base64_sniffer import is_base64_image
from cometmagic.gemini.tolerant.json_scanner import MalformedError, scan_json

MAX_NESTED_BYTES = 64 * 2**20  # of what is inside
_GZIP_MAGIC = b"\x1f\x8b"
_TEXT_STARTS = (b"{", b"[", b"data:")


def find_nested(value: JSONString | str) -> JSONString | list[Any] | None:
    """Return the base64 of an image, or the documents, that a base64 text holds; None for anything else."""
    is_escaped = isinstance(value, JSONString)
    view = value.view if isinstance(value, JSONString) else memoryview(value.encode("utf-8", "replace"))
    if len(view) > MAX_NESTED_BYTES:
        return None
    try:
        content = _unpack(b"".join(repair_base64(view, is_escaped=is_escaped)))
    except (ValueError, zlib.error):
        return None
    if sniff(content[:MAGIC_BYTES]) != UNKNOWN_TYPE:
        return JSONString(memoryview(pybase64.b64encode(content)))
    if is_base64_image(text := JSONString(memoryview(content.strip()))):
        return text
    if content.lstrip().startswith(_TEXT_STARTS):
        with contextlib.suppress(MalformedError, ValueError):
            return scan_json(content).documents
    return None


def _unpack(content: bytes) -> bytes:
    """Return what a gzip file holds, and other content as it is. Raises `ValueError` for too much."""
    if not content.startswith(_GZIP_MAGIC):
        return content
    decompressor = zlib.decompressobj(wbits=31)
    unpacked = decompressor.decompress(content, MAX_NESTED_BYTES)
    if not decompressor.eof:
        raise ValueError("it is cut short, or too large")
    return unpacked
