"""The fields of a request and their types, checked the way Google's parser does.

A misspelt or misplaced field is the most common mistake in a hand-written request; a class must see the same
error messages offline as from the service. Both spellings of a name are accepted, and a single object counts
as a list of one. The parsed request has snake_case names, bytes instead of base64, and no nulls. This module
does not know what the values mean.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pybase64

from cometmagic.offline import error_responses
from cometmagic.offline.request_json import parse_json


def _parse_message_table(text: str) -> dict[str, dict[str, str]]:
    """Return {message: {field: type}} of lines "message: field type, field type"."""
    rows = (line.split(":") for line in text.strip().splitlines())
    return {
        name.strip(): dict(_parse_field_type(field_text) for field_text in fields.split(",")) for name, fields in rows
    }


def _parse_field_type(text: str) -> tuple[str, str]:
    name, type_name = text.split()
    return name, type_name


# `*` marks a list; `any` is accepted unchecked, because no image model uses it.
MESSAGES = _parse_message_table("""
GenerateContentRequest: model string, contents Content*, system_instruction Content, tools Tool*, tool_config any, \
safety_settings SafetySetting*, generation_config GenerationConfig, cached_content string, service_tier any, \
store any, labels any, continuation_token bytes
CountTokensRequest: model string, contents Content*, generate_content_request GenerateContentRequest
Content: parts Part*, role string
Part: text string, inline_data Blob, file_data FileData, function_call any, function_response any, \
executable_code any, code_execution_result any, tool_call any, tool_response any, thought bool, \
thought_signature bytes, video_metadata any, media_resolution any, part_metadata any, media_processing any, \
audio_transcription any, audio_metadata any, speech_metadata any, document_metadata any, spreadsheet_metadata any
Blob: mime_type string, data bytes
FileData: mime_type string, file_uri string
Tool: google_search GoogleSearch, google_search_retrieval any, url_context any, code_execution any, \
function_declarations any*, google_maps any, computer_use any, file_search any, mcp_servers any*
GoogleSearch: search_types SearchTypes, time_range_filter any
SearchTypes: web_search any, image_search any
SafetySetting: category HarmCategory, threshold HarmBlockThreshold
GenerationConfig: temperature float, top_p float, top_k int32, candidate_count int32, max_output_tokens int32, \
stop_sequences string*, response_logprobs bool, logprobs int32, presence_penalty float, frequency_penalty float, \
seed int32, response_mime_type string, response_schema any, response_json_schema any, response_format any, \
response_modalities Modality*, media_resolution any, speech_config any, thinking_config ThinkingConfig, \
image_config ImageConfig, enable_enhanced_civic_answers bool, \
audio_transcription_config any
ThinkingConfig: include_thoughts bool, thinking_budget int32, thinking_level ThinkingLevel
ImageConfig: aspect_ratio string, image_size string
""")
ENUMS = {
    "Modality": ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO"),
    "ThinkingLevel": ("THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"),
    "HarmCategory": (
        *(f"HARM_CATEGORY_{name}" for name in ("UNSPECIFIED", "HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT")),
        *(f"HARM_CATEGORY_{name}" for name in ("DANGEROUS_CONTENT", "CIVIC_INTEGRITY", "JAILBREAK")),
    ),
    "HarmBlockThreshold": (
        *("HARM_BLOCK_THRESHOLD_UNSPECIFIED", "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE"),
        *("BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"),
    ),
}
_ENUM_PARENTS = {
    "Modality": "GenerationConfig",
    "ThinkingLevel": "ThinkingConfig",
    "HarmBlockThreshold": "SafetySetting",
}
_MESSAGE_TYPE_PREFIX = "type.googleapis.com/google.ai.generativelanguage.v1beta."
_INT32_RANGE = range(-(2**31), 2**31)
_MAX_VALUE_LENGTH = 80  # characters of a wrong value that an error repeats
_BASE64_TRANSLATION = bytes.maketrans(b"-_", b"+/")
_BASE64_IGNORED_BYTES = b"\r\n\t ="
_UNDERSCORE_LETTER = re.compile(r"_([a-z])")


def parse_request(body: bytes, message: str = "GenerateContentRequest") -> dict[str, Any]:
    """Return the request in `body`, which is a `message`.

    Raises `ServiceError` with all errors in its fields.
    """
    document = parse_json(body)
    parser = _RequestParser()
    request: dict[str, Any] = parser.parse_message(message, document, "")
    if parser.violations:
        raise error_responses.build_google_error(
            "\n".join(error_responses.shorten_list([violation["description"] for violation in parser.violations])),
            details={"BadRequest": {"fieldViolations": parser.violations[: error_responses.MAX_VIOLATIONS]}},
        )
    return request


def _build_spellings(message: str) -> dict[str, str]:
    """Return {spelling: field} for both spellings of each field of a message."""
    fields = MESSAGES[message]
    camel_case = {_UNDERSCORE_LETTER.sub(lambda match: match[1].upper(), name): name for name in fields}
    return camel_case | {name: name for name in fields}


_SPELLINGS = {message: _build_spellings(message) for message in MESSAGES}


@dataclass
class _RequestParser:
    """Reads a document by the tables and collects the violations."""

    violations: list[dict[str, str]] = field(default_factory=list)

    def parse_message(self, type_name: str, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            if not path:
                return self._add_unknown_name("", path, "Root element must be a message.")
            return self._add_invalid_value(path, f"({_MESSAGE_TYPE_PREFIX}{type_name}), {_format_value(value)}")
        message = {}
        for spelling, item in value.items():
            name = _SPELLINGS[type_name].get(spelling)
            if name is None:
                self._add_unknown_name(spelling, path, "Cannot find field.")
            elif item is not None:
                message[name] = self._parse_field(MESSAGES[type_name][name], item, path, name)
        return message

    def _parse_field(self, type_name: str, value: Any, path: str, name: str) -> Any:
        field_path = f"{path}.{name}" if path else name
        if type_name.endswith("*"):
            items = value if isinstance(value, list) else [value]
            return [
                self._parse_value(type_name[:-1], item, f"{field_path}[{index}]") for index, item in enumerate(items)
            ]
        if isinstance(value, list) and type_name != "any":
            return self._add_unknown_name(name, path, "Proto field is not repeating, cannot start list.")
        return self._parse_value(type_name, value, field_path)

    def _parse_value(self, type_name: str, value: Any, path: str) -> Any:
        if type_name in MESSAGES:
            return self.parse_message(type_name, value, path)
        if type_name in ENUMS:
            return self._parse_enum(type_name, value, path)
        if type_name == "bytes" and isinstance(value, str):
            return self._parse_bytes(value, path)
        is_valid, parsed_value = _SCALAR_PARSERS[type_name](value)
        if is_valid:
            return parsed_value
        return self._add_invalid_value(path, f"(TYPE_{type_name.upper()}), {_format_value(value)}")

    def _parse_enum(self, enum_name: str, value: Any, path: str) -> Any:
        # Google's samples write "Image" and "high": case does not matter.
        if isinstance(value, str) and value.upper() in ENUMS[enum_name]:
            return value.upper()
        parent = f"{_ENUM_PARENTS[enum_name]}." if enum_name in _ENUM_PARENTS else ""
        return self._add_invalid_value(path, f"({_MESSAGE_TYPE_PREFIX}{parent}{enum_name}), {_format_value(value)}")

    def _parse_bytes(self, value: str, path: str) -> bytes | None:
        """Return the decoded base64, in either alphabet and with or without padding."""
        digits = value.encode("ascii", "replace").translate(_BASE64_TRANSLATION, _BASE64_IGNORED_BYTES)
        try:
            return pybase64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
        except ValueError:
            self._add_invalid_value(path, f"(TYPE_BYTES), Base64 decoding failed for {_format_value(value)}")
            return None

    def _add_unknown_name(self, name: str, path: str, reason: str) -> None:
        location = f" at '{path}'" if path else ""
        self._add_violation(
            path, f"Invalid JSON payload received. Unknown name {_format_value(name)}{location}: {reason}"
        )

    def _add_invalid_value(self, path: str, reason: str) -> None:
        self._add_violation(path, f"Invalid value at '{path}' {reason}")

    def _add_violation(self, path: str, description: str) -> None:
        self.violations.append(({"field": path} if path else {}) | {"description": description})


def _format_value(value: Any) -> str:
    """Return a value as JSON, shortened for an error message."""
    excerpt = value[:_MAX_VALUE_LENGTH] if isinstance(value, str) else value
    return json.dumps(excerpt, ensure_ascii=False)[: _MAX_VALUE_LENGTH + 2]


def _parse_number(value: Any) -> float | None:
    """Return the value as a number; like Google's parser, accept a number in a string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _parse_float(value: Any) -> tuple[bool, float | None]:
    number = _parse_number(value)
    return number is not None, number


def _parse_int32(value: Any) -> tuple[bool, int | None]:
    number = _parse_number(value)
    if number is None or not math.isfinite(number) or number != int(number) or int(number) not in _INT32_RANGE:
        return False, None
    return True, int(number)


def _parse_string(value: Any) -> tuple[bool, Any]:
    # Half of a surrogate pair cannot be written as UTF-8 again.
    return (True, value.encode("utf-8", "replace").decode()) if isinstance(value, str) else (False, None)


_SCALAR_PARSERS: dict[str, Callable[[Any], tuple[bool, Any]]] = {
    "string": _parse_string,
    "bool": lambda value: (isinstance(value, bool), value),
    "bytes": lambda _: (False, None),
    "int32": _parse_int32,
    "float": _parse_float,
    "any": lambda value: (True, value),
}
