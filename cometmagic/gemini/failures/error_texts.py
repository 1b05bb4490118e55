"""What an error body says: its texts for people, its names and numbers for programs.

Every gateway has fields of its own for them; all that were seen are in two tables. This module does not judge what
an error means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from cometmagic.gemini.failures.charge_claims import quote_texts
from cometmagic.gemini.failures.error_document import iter_objects
from cometmagic.system.sanitize import clean_line

MAX_MESSAGE_LENGTH = 300  # characters of each text
MAX_TEXT_LENGTH = 2000  # characters that are looked at
_MAX_TEXTS = 20
_MAX_MESSAGES = 4  # of them in one message
# The fields with texts for people, the most telling ones first; `raw` and `body` hold what another service said.
_TEXT_FIELDS = (
    "message", "msg", "errormessage", "errormsg", "errordescription", "error", "title", "detail", "description",
    "explanation", "reason", "errors", "details", "raw", "body", "cause", "faultstring", "statusmessage",
)  # fmt: skip
_PLACE_FIELDS = ("field", "loc", "pointer")  # where in the request something is wrong
_SKIPPED_FIELDS = ("input", "ctx", "request", "links", "stackentries")  # what was sent, and what helps programmers
CODE_FIELDS = ("status", "code", "errorcode")
NAME_FIELDS = (
    *CODE_FIELDS, "type", "exception", "errortype", "error", "errorname", "reason", "quotaid", "quotametric",
    "quotalimit", "quotaname",
)  # fmt: skip
_NUMBER_FIELDS = ("code", "status", "statuscode", "httpstatus", "errorcode")
_NAME = re.compile(r"(?=.*[a-zA-Z])[\w.:/@-]{1,120}", re.ASCII)
_REQUEST_ID_ONLY = re.compile(r"\W*request id: [\w.-]+\W*", re.IGNORECASE)


def read_texts(tree: Any) -> list[str]:
    """Return the texts of an error for people, the most telling ones first, without repetitions."""
    cleaned_texts = (clean_line(text, MAX_TEXT_LENGTH) for text in _iter_texts(tree, is_text=True))
    texts = list(dict.fromkeys(text for text in cleaned_texts if text and not _REQUEST_ID_ONLY.fullmatch(text)))
    sentences = [text for text in texts if not _is_word(text)]
    return (sentences or texts)[:_MAX_TEXTS]


def format_message(texts: list[str]) -> str:
    """Return the texts of an error as one message; one that another text contains is left out.

    Each text is cut, except for what it says about charging.
    """
    messages: list[str] = []
    for text in (quote_texts([text], MAX_MESSAGE_LENGTH).rstrip(" .:;,") for text in texts):
        if text and not any(text.casefold() in message.casefold() for message in messages):
            messages = [message for message in messages if message.casefold() not in text.casefold()]
            messages.append(text)
    return "; ".join(messages[:_MAX_MESSAGES])


def _is_word(text: str) -> bool:
    """Whether a text is a single word, which is a name rather than an explanation."""
    return text.isascii() and " " not in text


def _iter_texts(value: Any, *, is_text: bool) -> Iterator[str]:
    """Yield the texts of a tree; a plain text counts only in a field that has texts."""
    if isinstance(value, str) and is_text:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _iter_texts(item, is_text=is_text)
    elif isinstance(value, dict):
        place = _read_place(value)
        for name in _TEXT_FIELDS:
            for text in _iter_texts(value.get(name), is_text=True):
                yield f"{place}: {text}" if place and not isinstance(value[name], dict) else text
        yield from _iter_field_errors(value.get("errors"))
        for name, item in value.items():
            if name not in _TEXT_FIELDS and name not in _SKIPPED_FIELDS:
                yield from _iter_texts(item, is_text=False)


def _iter_field_errors(errors: Any) -> Iterator[str]:
    """Yield the texts of an object whose names are those of wrong fields: {"size": ["The size is invalid."]}."""
    for name, texts in errors.items() if isinstance(errors, dict) else ():
        if name not in _TEXT_FIELDS and isinstance(texts, list):
            yield from (f"{name}: {text}" for text in texts if isinstance(text, str))


def _read_place(fields: dict[str, Any]) -> str:
    """Return the place in the request that an error names, as `generationConfig.seed`."""
    place = next(filter(None, map(fields.get, _PLACE_FIELDS)), "")
    names = [item for item in (place if isinstance(place, list) else [place]) if isinstance(item, str | int)]
    return clean_line(".".join(map(str, names)), 120)


def list_names(tree: Any) -> list[str]:
    """Return the names that an error gives for programs, as sent, the outer ones first."""
    return [value for value in _list_strings(tree, NAME_FIELDS) if _NAME.fullmatch(value)]


def list_codes(tree: Any) -> list[str]:
    """Return what an error gives as its code, in one line each, the outer ones first."""
    codes = (clean_line(value, 80) for value in _list_strings(tree, CODE_FIELDS))
    return [code for code in codes if code and not code.isdecimal()]


def _list_strings(tree: Any, fields: Sequence[str]) -> list[str]:
    values = (node.get(name) for node in iter_objects(tree) for name in fields)
    return [value for value in values if isinstance(value, str)]


def list_statuses(tree: Any) -> list[int]:
    """Return the HTTP statuses of errors that an error gives as numbers, the outer ones first."""
    values = (fields.get(name) for fields in iter_objects(tree) for name in _NUMBER_FIELDS)
    numbers = (
        int(value) if isinstance(value, str) and re.fullmatch("[45][0-9][0-9]", value) else value for value in values
    )
    return [number for number in numbers if type(number) is int and 400 <= number < 600]
