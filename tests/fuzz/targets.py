"""The fuzz targets by name, and the limits that are small in a run, so that short inputs reach what they guard."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from cometmagic.gemini import decode, json_string
from cometmagic.gemini.tolerant import base64_repair, json_scanner
from tests.fuzz import file_targets, input_targets, response_targets

TARGETS: dict[str, Callable[[bytes], None]] = {
    "base64": response_targets.fuzz_base64,
    "call-record": file_targets.fuzz_call_record,
    "command-line": input_targets.fuzz_command_line,
    "error-body": response_targets.fuzz_error_body,
    "events": response_targets.fuzz_events,
    "gzip": response_targets.fuzz_gzip,
    "image-url": input_targets.fuzz_image_url,
    "json": response_targets.fuzz_json,
    "ledger": file_targets.fuzz_ledger,
    "notebook": file_targets.fuzz_notebook,
    "redaction": input_targets.fuzz_redaction,
    "request-body": input_targets.fuzz_request_body,
    "response": response_targets.fuzz_response,
    "retry-after": response_targets.fuzz_retry_after,
    "template": input_targets.fuzz_template,
    "text": input_targets.fuzz_text,
}
SMALL_LIMITS: tuple[tuple[ModuleType, str, int], ...] = (
    (base64_repair, "_CHUNK_CHARACTERS", 7),
    (decode, "_CHUNK_CHARACTERS", 8),
    (json_scanner, "MIN_LONG_STRING_BYTES", 64),
    (json_scanner, "_CHUNK_BYTES", 16),
    (json_string, "_CHUNK_BYTES", 16),
)
