"""An error body as a tree: JSON in objects, in lists, and in texts, as gateways nest the errors of others, or XML.

A text that holds JSON becomes the list of its pieces, so that nobody else has to look for JSON in texts. Names of
fields lose their case and their separators: `retry_delay`, `retryDelay` and `Retry-Delay` are all `retrydelay`.
Depth and size are limited, as the body may be hostile. This module does not know what a field means.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from cometmagic.gemini.coerce import coerce_string
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.lenient_json import parse_documents, parse_events

MAX_ERROR_BYTES = 64 * 1024
MAX_DEPTH = 24  # levels of nesting, those inside texts included
MAX_VALUES = 5000
_SEPARATORS = re.compile(r"[\s_-]+")
# A text with JSON of other names is left as it is: it may quote the request.
_ERROR_FIELD = re.compile(
    r"(?i)\"(?:\w*error\w*|retry[\w-]*|messages?|msg|detail|code|status|reason|title|description)\\*\"\s*:"
)
# The message of an error body that is cut off.
_PARTIAL_MESSAGE = re.compile(r'"(?:message|msg|detail|error)"\s*:\s*("(?:[^"\\]|\\.)*)\\?\Z', re.DOTALL)
# An error in XML, as storage services and SOAP send it.
_XML = re.compile(r"\s*<(?:\?xml|\w*error\w*|soap)\b(?!.{0,2000}<html)", re.IGNORECASE | re.DOTALL)
_XML_FIELD = re.compile(r"<(?:\w{1,20}:)?(code|message|faultstring)\b[^<>]{0,200}>([^<>]{1,2000})</", re.IGNORECASE)


def parse_error_tree(text: str) -> Any:
    """Return the tree of an error body, None when there is neither JSON nor an error in XML in it."""
    text = text.lstrip("\ufeff \t\r\n")
    if fields := parse_xml_error(text):
        return fields
    try:
        return _TreeBuilder().build(json.loads(text))
    except (ValueError, RecursionError):
        documents = [document for event in parse_events(text) or [text] for document in parse_documents(event)[0]]
    if match := _PARTIAL_MESSAGE.search(text):
        documents.append({"message": _parse_partial_string(match[1])})
    tree = _TreeBuilder().build(documents if any(documents) else text)
    return None if isinstance(tree, str) else tree


def parse_xml_error(text: str) -> dict[str, str]:
    """Return the fields of an error in XML, none for HTML and other text."""
    fields = _XML_FIELD.findall(text) if _XML.match(text) else []
    return {name.lower(): html.unescape(value) for name, value in reversed(fields)}


def build_error_tree(value: Any) -> Any:
    """Return the tree of a JSON value that is parsed already."""
    return _TreeBuilder().build(value)


def iter_objects(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a tree, the outer ones first."""
    return (value for value in iter_values(tree) if isinstance(value, dict))


def iter_values(tree: Any) -> Iterator[Any]:
    """Yield all values of a tree, itself included, the outer ones first."""
    values = [tree]
    while values:
        yield from values
        values = [item for value in values for item in iter_items(value)]


def iter_items(value: Any) -> Iterator[Any]:
    """Yield what an object or a list holds; other values hold nothing."""
    if isinstance(value, dict | list):
        yield from value.values() if isinstance(value, dict) else value


class _TreeBuilder:
    """Copies JSON values into a tree, within the limits."""

    def __init__(self) -> None:
        self._values_left = MAX_VALUES

    def build(self, value: Any, depth: int = 0) -> Any:
        self._values_left -= 1
        if depth > MAX_DEPTH or self._values_left < 0:
            return None
        if isinstance(value, dict):
            return {_normalize_name(name): self.build(item, depth + 1) for name, item in value.items()}
        if isinstance(value, list):
            return [self.build(item, depth + 1) for item in value]
        if isinstance(value, str | JSONString):
            return self._build_text(coerce_string(value, MAX_ERROR_BYTES), depth)
        return value

    def _build_text(self, text: str, depth: int) -> Any:
        """Return a text, or the list of its pieces when one of them is JSON."""
        start = 0 if text.lstrip().startswith("[") else text.find("{")
        if start < 0 or not _ERROR_FIELD.search(text, start):
            return text
        documents = [document for document in parse_documents(text[start:])[0] if document]
        if not documents:
            return text
        end = max(text.rfind("}"), text.rfind("]")) + 1
        pieces = [text[:start].strip(), *(self.build(item, depth + 1) for item in documents), text[end:].strip()]
        return list(filter(None, pieces))


def _normalize_name(name: str) -> str:
    return _SEPARATORS.sub("", name).lower()


def _parse_partial_string(token: str) -> str:
    try:
        return str(json.loads(f'{token}"', strict=False))
    except ValueError:
        return token.strip('"')
