"""What a body is that is no response of the Gemini API: a web page, a chat completion, a task, a list of texts.

Such a body comes from an address that is not the service's, or from a device on the way. This module describes it; it
knows neither the address nor the HTTP status.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Set as AbstractSet
from typing import Any

from cometmagic.gemini.coerce import coerce_string
from cometmagic.gemini.failures.error_document import build_error_tree, iter_items, iter_objects
from cometmagic.gemini.failures.error_texts import read_texts
from cometmagic.system.sanitize import clean_line

_MAX_FIELDS = 8  # top-level fields that are named
_MAX_DEPTH = 3  # how deep a Gemini response may be wrapped
_CONTENT_FIELDS = {"candidates", "promptfeedback", "usagemetadata"}  # one of them has content in a Gemini response
_GEMINI_FIELDS = {*_CONTENT_FIELDS, "modelversion", "responseid", "modelstatus"}
_SEPARATORS = re.compile("[_-]")
# What a body looks like, by its top-level fields and by `object`; the first row of which all fields are there decides.
_FORMATS = (
    ("a chat completion", {"choices"}),
    ("a message of Anthropic's API", {"content", "role"}),
    ("a response of OpenAI's API", {"output", "object"}),
    ("a task that is still being worked on", {"task_id"}),
    ("a task that is still being worked on", {"taskId"}),
    ("a task that is still being worked on", {"id", "status"}),
    ("a list", {"data", "object"}),
    ("an image response of OpenAI's API", {"data", "created"}),
    ("an operation that is still running", {"name", "done"}),
    ("a status message", {"status"}),
)
_WORDS = ("content", "text", "refusal")  # the fields with what a model says
_MAX_OBJECTS = 2000  # that are searched for them
_FAILURES = ("failed", "failure", "error", "cancelled", "canceled", "expired", "rejected")  # as a `status`
_PAGE = re.compile(r"\s*(?:<!doctype|<!--|<html|<head|<body|<title|<\?xml|<error\b)", re.IGNORECASE)
_TITLE = re.compile(r"<(title|h1|message)[^>]{0,200}>(.{0,500}?)</\1>", re.IGNORECASE | re.DOTALL)
_NETWORK_TEXT = re.compile(
    r"cloudflare|firewall|proxy|captive|\bvpn\b|web filter|access denied|error code: 1\d{3}|zscaler|blocked by"
    r"|\brbac\b",
    re.IGNORECASE,
)


def describe_page(text: str) -> str:
    """Return a description of an HTML or XML page, or an empty string for other text."""
    if not _PAGE.match(text):
        return ""
    title = _TITLE.search(text)
    return f"a web page titled {clean_line(title[2], 80)!r}" if title and title[2].strip() else "a web page"


def is_network_text(text: str) -> bool:
    """Whether a text that is no JSON sounds like a firewall, a VPN or a proxy."""
    return _NETWORK_TEXT.search(text) is not None


def describe_value(text: str) -> str:
    """Return a description of a JSON value that is no object, an empty string for other text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    kinds = {list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return f"{kinds.get(type(value), 'a number')} in JSON ({clean_line(text, 100)})"


def describe_documents(documents: list[dict[str, Any]]) -> str:
    """Return a description of JSON objects that are no Gemini response, with their top-level fields.

    An empty string means that they are one, perhaps a wrapped one.
    """
    fields = {name: value for document in documents for name, value in document.items()}
    if not fields or any(map(_has_gemini_content, documents)):
        return "" if fields else "empty JSON"
    names = [clean_line(name, 40) for name in fields]
    default = "an empty answer" if all(map(_is_gemini_field, fields)) else "JSON of another format"
    kind = next((kind for kind, required in _FORMATS if required <= fields.keys()), default)
    status = clean_line(coerce_string(fields.get("status")), 40)
    if status.lower() in _FAILURES:
        kind = "a task that failed"
    ellipsis = ", …" if len(names) > _MAX_FIELDS else ""
    return f"{kind}{f' ({status})' if status else ''} with the fields {', '.join(names[:_MAX_FIELDS])}{ellipsis}"


def read_words(documents: list[dict[str, Any]]) -> str:
    """Return what JSON objects say, such as the words of a chat completion, in one line."""
    values = (node.get(name) for node in itertools.islice(iter_objects(documents), _MAX_OBJECTS) for name in _WORDS)
    return clean_line("".join(map(coerce_string, values))) or "; ".join(read_texts(build_error_tree(documents)))


def _is_gemini_field(name: str, names: AbstractSet[str] = _GEMINI_FIELDS) -> bool:
    return _SEPARATORS.sub("", name).lower() in names


def _has_gemini_content(value: Any, depth: int = 0) -> bool:
    """Whether an object is a Gemini response with content, or wraps one."""
    if isinstance(value, dict) and any(
        _is_gemini_field(name, _CONTENT_FIELDS) and _has_content(item) for name, item in value.items()
    ):
        return True
    return depth < _MAX_DEPTH and any(_has_gemini_content(item, depth + 1) for item in iter_items(value))


def _has_content(value: Any) -> bool:
    """Whether a value is an object with fields, or a list with such an object."""
    return bool(value) if isinstance(value, dict) else isinstance(value, list) and any(map(_has_content, value))
