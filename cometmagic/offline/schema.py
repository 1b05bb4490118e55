"""The request's JSON as Google's parser reads it: which fields there are, and of what type.

A misspelt or misplaced field is the commonest mistake in a hand-written request, and the service
refuses it in words of its own; a class that learns the wire must meet those words offline too. Both
spellings of a name are taken, and one object stands for a list of one. What comes out has snake_case
names, bytes where the wire has base64, and no nulls. This module does not know what a value is good for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Never

import pybase64

from cometmagic.offline import error_replies


def _table(text: str) -> dict[str, dict[str, str]]:
    """Return {message: {field: type}} of lines "message: field type, field type"."""
    rows = (line.split(":") for line in text.strip().splitlines())
    return {name.strip(): dict(_pair(pair) for pair in fields.split(",")) for name, fields in rows}


def _pair(text: str) -> tuple[str, str]:
    name, kind = text.split()
    return name, kind


# `*` marks a list; `any` is taken as it is, because no image model acts on it.
MESSAGES = _table("""
GenerateContentRequest: model string, contents Content*, system_instruction Content, tools Tool*, tool_config any, \
safety_settings SafetySetting*, generation_config GenerationConfig, cached_content string, service_tier any, store any
Content: parts Part*, role string
Part: text string, inline_data Blob, file_data FileData, function_call any, function_response any, \
executable_code any, code_execution_result any, tool_call any, tool_response any, thought bool, \
thought_signature bytes, video_metadata any, media_resolution any, part_metadata any
Blob: mime_type string, data bytes
FileData: mime_type string, file_uri string
Tool: google_search GoogleSearch, google_search_retrieval any, url_context any, code_execution any, \
function_declarations any*, google_maps any, computer_use any, file_search any
GoogleSearch: search_types SearchTypes, time_range_filter any
SearchTypes: web_search any, image_search any
SafetySetting: category HarmCategory, threshold HarmBlockThreshold
GenerationConfig: temperature float, top_p float, top_k int32, candidate_count int32, max_output_tokens int32, \
stop_sequences string*, response_logprobs bool, logprobs int32, presence_penalty float, frequency_penalty float, \
seed int32, response_mime_type string, response_schema any, response_json_schema any, response_format any, \
response_modalities Modality*, media_resolution any, speech_config any, thinking_config ThinkingConfig, \
image_config ImageConfig, enable_enhanced_civic_answers bool
ThinkingConfig: include_thoughts bool, thinking_budget int32, thinking_level ThinkingLevel
ImageConfig: aspect_ratio string, image_size string
""")
ENUMS = {
    "Modality": ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO"),
    "ThinkingLevel": ("THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH"),
    "HarmCategory": (
        *(f"HARM_CATEGORY_{name}" for name in ("UNSPECIFIED", "HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT")),
        *(f"HARM_CATEGORY_{name}" for name in ("DANGEROUS_CONTENT", "CIVIC_INTEGRITY", "JAILBREAK")),
    ),
    "HarmBlockThreshold": (
        *("HARM_BLOCK_THRESHOLD_UNSPECIFIED", "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE"),
        *("BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"),
    ),
}
_OWNER = {"Modality": "GenerationConfig", "ThinkingLevel": "ThinkingConfig", "HarmBlockThreshold": "SafetySetting"}
_PACKAGE = "type.googleapis.com/google.ai.generativelanguage.v1beta."
_INT32 = range(-(2**31), 2**31)
_SHOWN = 80  # characters of a wrong value that are repeated
_AROUND = 20  # characters of a broken document before and after the place
_URLSAFE = bytes.maketrans(b"-_", b"+/")
_BLANKS = b"\r\n\t ="
_CAMEL = re.compile(r"_([a-z])")


def read(body: bytes) -> dict[str, Any]:
    """Return the request in `body`.

    Raises `RefusedError` with all that is wrong with its fields.
    """
    try:
        document = json.loads(body, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise error_replies.google(f"Invalid JSON payload received. Unexpected token.\n{_pointed(error)}") from None
    except (ValueError, RecursionError):
        raise error_replies.google("Invalid JSON payload received. Unexpected token.") from None
    reader = _Reader()
    request: dict[str, Any] = reader.message("GenerateContentRequest", document, "")
    if reader.wrong:
        raise error_replies.google(
            "\n".join(violation["description"] for violation in reader.wrong),
            details={"BadRequest": {"fieldViolations": reader.wrong}},
        )
    return request


def _pointed(error: json.JSONDecodeError) -> str:
    """Return the place where a document breaks, with a caret under it."""
    start = max(error.doc.rfind("\n", 0, error.pos) + 1, error.pos - _AROUND)
    near = error.doc[start : error.pos + _AROUND].partition("\n")[0]
    return f"{near}\n{' ' * (error.pos - start)}^"


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _names(message: str) -> dict[str, str]:
    """Return {spelling: field} of a message, in both spellings."""
    known = MESSAGES[message]
    return {_CAMEL.sub(lambda found: found[1].upper(), name): name for name in known} | {name: name for name in known}


_SPELLINGS = {message: _names(message) for message in MESSAGES}


@dataclass
class _Reader:
    """Reads a document by the tables and gathers what does not fit them."""

    wrong: list[dict[str, str]] = field(default_factory=list)

    def message(self, kind: str, value: Any, at: str) -> Any:
        if not isinstance(value, dict):
            if not at:
                return self._unknown("", at, "Root element must be a message.")
            return self._invalid(at, f"({_PACKAGE}{kind}), {_told(value)}")
        out = {}
        for spelling, given in value.items():
            name = _SPELLINGS[kind].get(spelling)
            if name is None:
                self._unknown(spelling, at, "Cannot find field.")
            elif given is not None:
                out[name] = self._field(MESSAGES[kind][name], given, at, name)
        return out

    def _field(self, kind: str, value: Any, at: str, name: str) -> Any:
        place = f"{at}.{name}" if at else name
        if kind.endswith("*"):
            items = value if isinstance(value, list) else [value]
            return [self._value(kind[:-1], item, f"{place}[{index}]") for index, item in enumerate(items)]
        if isinstance(value, list) and kind != "any":
            return self._unknown(name, at, "Proto field is not repeating, cannot start list.")
        return self._value(kind, value, place)

    def _value(self, kind: str, value: Any, at: str) -> Any:
        if kind in MESSAGES:
            return self.message(kind, value, at)
        if kind in ENUMS:
            return self._word(kind, value, at)
        if kind == "bytes" and isinstance(value, str):
            return self._decoded(value, at)
        known, found = _SCALARS[kind](value)
        return found if known else self._invalid(at, f"(TYPE_{kind.upper()}), {_told(value)}")

    def _word(self, kind: str, value: Any, at: str) -> Any:
        # Google's own samples write "Image" and "high": case does not matter.
        if isinstance(value, str) and value.upper() in ENUMS[kind]:
            return value.upper()
        owner = f"{_OWNER[kind]}." if kind in _OWNER else ""
        return self._invalid(at, f"({_PACKAGE}{owner}{kind}), {_told(value)}")

    def _decoded(self, value: str, at: str) -> bytes | None:
        """Return what base64 stands for, in either alphabet and with or without padding."""
        raw = value.encode("ascii", "replace").translate(_URLSAFE, _BLANKS)
        try:
            return pybase64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
        except ValueError:
            self._invalid(at, f"(TYPE_BYTES), Base64 decoding failed for {_told(value)}")
            return None

    def _unknown(self, name: str, at: str, why: str) -> None:
        place = f" at '{at}'" if at else ""
        self._wrong(at, f"Invalid JSON payload received. Unknown name {_told(name)}{place}: {why}")

    def _invalid(self, at: str, why: str) -> None:
        self._wrong(at, f"Invalid value at '{at}' {why}")

    def _wrong(self, at: str, description: str) -> None:
        self.wrong.append(({"field": at} if at else {}) | {"description": description})


def _told(value: Any) -> str:
    """Return a value as JSON, short enough to repeat."""
    shown = value[:_SHOWN] if isinstance(value, str) else value
    return json.dumps(shown, ensure_ascii=False)[: _SHOWN + 2]


def _number(value: Any) -> float | None:
    """Return a number, also one written as text, as Google's parser does."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _float(value: Any) -> tuple[bool, float | None]:
    number = _number(value)
    return number is not None, number


def _int32(value: Any) -> tuple[bool, int | None]:
    number = _number(value)
    if number is None or not math.isfinite(number) or number != int(number) or int(number) not in _INT32:
        return False, None
    return True, int(number)


def _string(value: Any) -> tuple[bool, Any]:
    # Half of a surrogate pair cannot be written as UTF-8 again.
    return (True, value.encode("utf-8", "replace").decode()) if isinstance(value, str) else (False, None)


_SCALARS: dict[str, Callable[[Any], tuple[bool, Any]]] = {
    "string": _string,
    "bool": lambda value: (isinstance(value, bool), value),
    "bytes": lambda _: (False, None),
    "int32": _int32,
    "float": _float,
    "any": lambda value: (True, value),
}
