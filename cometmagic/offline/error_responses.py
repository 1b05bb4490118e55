"""The service's error bodies: Google's format, and CometAPI's envelope around its own errors.

An error is raised where the problem is found, and service.py turns it into the response. This module knows
the two formats; it knows nothing about requests.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

_STATUS_NAMES = {
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_RPC_TYPE_PREFIX = "type.googleapis.com/google.rpc."
MAX_VIOLATIONS = 20  # that an error lists
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_SUFFIX_LENGTH = 8


class ServiceError(Exception):
    """The response is an error with this HTTP status and this JSON, or this HTML page."""

    def __init__(self, status: int, document: dict[str, Any] | str) -> None:
        super().__init__(status)
        self.status = status
        self.document = document

    @property
    def body(self) -> bytes:
        """The response body."""
        if isinstance(self.document, str):
            return self.document.encode()
        return json.dumps(self.document, ensure_ascii=False, indent=2).encode("utf-8", "replace")


def build_google_error(
    message: str, status: int = 400, details: dict[str, dict[str, Any]] | None = None
) -> ServiceError:
    """Return an error in Google's format; `details` maps the name of a detail message to its members."""
    error: dict[str, Any] = {
        "code": status,
        "message": message,
        "status": _STATUS_NAMES.get(status, "INVALID_ARGUMENT"),
    }
    if details:
        error["details"] = [{"@type": _RPC_TYPE_PREFIX + name} | members for name, members in details.items()]
    return ServiceError(status, {"error": error})


def shorten_list(violations: list[str]) -> list[str]:
    """Return the first `MAX_VIOLATIONS` violations, and a line that says how many more there are."""
    more_count = len(violations) - MAX_VIOLATIONS
    return violations[:MAX_VIOLATIONS] + [f"and {more_count:,} more"] * (more_count > 0)


def build_violation_error(message_name: str, violations: list[str]) -> ServiceError:
    """Return Google's error for a request of the type `message_name` whose fields break rules."""
    return build_google_error("".join(f"* {message_name}.{violation}\n" for violation in shorten_list(violations)))


def build_comet_error(message: str, status: int, code: str, seed: bytes) -> ServiceError:
    """Return an error in CometAPI's envelope, with a request id derived from `seed`."""
    text = f"{message} (request id: {build_request_id(seed)})"
    return ServiceError(status, {"error": {"message": text, "type": "comet_api_error", "param": "", "code": code}})


def build_path_error(method: str, path: str) -> ServiceError:
    """Return the error of a relay for an address that it does not know."""
    message = f"Invalid URL ({method} {path})"
    return ServiceError(404, {"error": {"message": message, "type": "invalid_request_error", "param": "", "code": ""}})


def build_request_id(seed: bytes) -> str:
    """Return an id in CometAPI's format: a time to the nanosecond, then eight letters."""
    digest = hashlib.sha256(seed).digest()
    number = int.from_bytes(digest[:16], "big")
    time = f"20260101{number % 24:02}{number % 60:02}{number % 59:02}{number % 10**9:09}"
    return time + "".join(_ID_ALPHABET[byte % len(_ID_ALPHABET)] for byte in digest[-_ID_SUFFIX_LENGTH:])
