"""Finds the documents of a response that a gateway put inside its own: as an object, in a list, or as text.

This module does not know what is in a document, except that it has candidates or feedback on the prompt.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator
from typing import Any

from cometmagic.gemini.coerce import coerce_string
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.json_scanner import MalformedError, scan_json

MAX_TEXT_DEPTH = 3  # documents that stand as text in one another
MAX_TEXT_BYTES = 64 * 2**20  # of a document that stands as text, as it is copied
# Parts for a program or about one, which are sent back as they came: nothing in them is changed.
OPAQUE_FIELDS = (
    *("executableCode", "codeExecutionResult", "functionCall", "functionResponse", "toolCall", "toolResponse"),
    "partMetadata",
)
_RESULT_FIELDS = ("codeExecutionResult", "functionResponse", "toolResponse")  # those that may hold a picture
_KEPT_FIELDS = (*OPAQUE_FIELDS, "text", "thoughtSignature", "error", "errors")  # whose texts are read as texts
_STARTS = ("{", "[", "data:", "event:", ":")
_HEAD_BYTES = 100
_DOCUMENT_LINE = re.compile(r"^\s*[{\[]", re.MULTILINE)  # as in a fence of Markdown


def expand_texts(value: Any, kept_fields: Collection[str] = _KEPT_FIELDS, depth: int = MAX_TEXT_DEPTH) -> Any:
    """Return a copy of a tree with the JSON that stands in it as text; what is in `kept_fields` stays as it is."""
    if isinstance(value, str | JSONString):
        documents = _parse_text(value) if depth else None
        return value if documents is None else expand_texts(documents, kept_fields, depth - 1)
    if isinstance(value, dict):
        return {
            key: item if key in kept_fields else expand_texts(item, kept_fields, depth) for key, item in value.items()
        }
    return [expand_texts(item, kept_fields, depth) for item in value] if isinstance(value, list) else value


def _parse_text(value: str | JSONString) -> list[Any] | None:
    """Return the documents in a text, or None when it is no JSON."""
    head = coerce_string(value, _HEAD_BYTES)[:_HEAD_BYTES].lstrip("\ufeff \t\r\n")
    if not head.startswith(_STARTS) or head.startswith("data:image"):
        return None
    return _scan_text(value)


def _scan_text(value: str | JSONString) -> list[Any] | None:
    with contextlib.suppress(MalformedError, ValueError):
        if isinstance(value, str):
            return scan_json(value.encode("utf-8", "replace")).documents
        if len(value.view) <= MAX_TEXT_BYTES:
            return scan_json(b"".join(value.iter_unescaped())).documents
    return None


def copy_results(value: Any) -> Iterator[Any]:
    """Yield copies of what the parts for a program hold, and the JSON in texts: the parts themselves stay unchanged."""
    is_thought = value.get("thought") if isinstance(value, dict) else None
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if key in _RESULT_FIELDS:
            yield {"thought": is_thought, "output": expand_texts(item, kept_fields=())}
        elif key == "text" and _DOCUMENT_LINE.search(coerce_string(item)):
            yield {"thought": is_thought, "output": expand_texts(_scan_text(item), kept_fields=())}
        elif key not in OPAQUE_FIELDS:
            yield from copy_results(item)


def detach_documents(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the documents inside a tree, in order, and take each one out of it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        if isinstance(item, dict) and (item.get("candidates") or item.get("promptFeedback")):
            value[key] = None
            yield item
        elif key != "candidates":
            yield from detach_documents(item)
