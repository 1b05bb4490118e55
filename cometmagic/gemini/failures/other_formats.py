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
JOB = "a task that is still being worked on"
REFUSED_SUFFIX = " that was refused"
# What a body looks like, by its top-level fields and by `object`; the first row of which all fields are there decides.
_FORMATS = (
    ("a chat completion", {"choices"}),
    ("a message of Anthropic's API", {"content", "role"}),
    ("a response of OpenAI's API", {"output", "object"}),
    (JOB, {"task_id"}),
    (JOB, {"taskId"}),
    (JOB, {"id", "status"}),
    ("a list", {"data", "object"}),
    ("an image response of OpenAI's API", {"data", "created"}),
    ("an operation that is still running", {"name", "done"}),
    ("a status message", {"status"}),
)
_WORDS = ("content", "text")  # the fields with what a model says
_MAX_SENTENCE = 300  # characters
_JOB_FIELDS = ("taskid", "jobid", "predictionid", "generationid")
_STATUS_FIELDS = ("taskstatus", "status", "state")
_ADDRESS_FIELDS = ("statusurl", "pollingurl", "statusuri", "resulturl")
_PENDING = {"pending", "queued", "inqueue", "submitted", "processing", "running", "starting", "inprogress", "created"}
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
    elif job := _describe_job(documents):
        kind, status = job, ""
    elif any(_is_refusal(node) for node in itertools.islice(iter_objects(documents), _MAX_OBJECTS)):
        kind += REFUSED_SUFFIX
    ellipsis = ", …" if len(names) > _MAX_FIELDS else ""
    return f"{kind}{f' ({status})' if status else ''} with the fields {', '.join(names[:_MAX_FIELDS])}{ellipsis}"


def read_words(documents: list[dict[str, Any]]) -> str:
    """Return what JSON objects say, such as the words of a chat completion, in one line."""
    nodes = list(itertools.islice(iter_objects(documents), _MAX_OBJECTS))
    words = "".join(coerce_string(node.get(name)) for node in nodes for name in _WORDS)
    refusal = "".join(coerce_string(node.get("refusal")) for node in nodes)
    said = clean_line(words if refusal in words else f"{words} {refusal}")
    return said or "; ".join(read_texts(build_error_tree(documents)) or _list_sentences(nodes))


def _list_sentences(nodes: list[dict[str, Any]]) -> list[str]:
    """Return the texts of several words, whatever the names of their fields: errors of any language."""
    values = (clean_line(value, _MAX_SENTENCE) for node in nodes for value in node.values() if isinstance(value, str))
    return list(dict.fromkeys(text for text in values if " " in text or not text.isascii()))[:_MAX_FIELDS]


def _is_refusal(node: dict[str, Any]) -> bool:
    return node.get("finish_reason") == "content_filter" or bool(coerce_string(node.get("refusal")))


def _describe_job(documents: list[dict[str, Any]]) -> str:
    """Return what is known of a job that is not done, "" without one."""
    for node in itertools.islice(iter_objects(documents), _MAX_OBJECTS):
        fields = {_SEPARATORS.sub("", name).lower(): coerce_string(value) for name, value in node.items()}
        job_id = next(filter(None, map(fields.get, _JOB_FIELDS)), "")
        status = next(filter(None, map(fields.get, _STATUS_FIELDS)), "")
        is_pending = status.lower().replace("_", "") in _PENDING
        if job_id or (is_pending and fields.get("id")):
            address = next(filter(None, map(fields.get, _ADDRESS_FIELDS)), "")
            facts = [status, f"id {job_id or fields['id']}", f"status at {address}" if address else ""]
            return f"{JOB} ({', '.join(clean_line(fact, 200) for fact in facts if fact)})"
    return ""


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
