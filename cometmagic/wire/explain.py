"""An error body as one error: what the service said, what it means, what to do.

Three shapes are known: CometAPI's envelope (`code` a string, the request id inside the message),
Google's (`code` a number, `status` a word) and Google's wrapped as text inside CometAPI's. A few error
codes say more than the status does: CometAPI answers a malformed request with 500 and an unknown model
with 503. Sources: CometAPI's and Google's error pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from cometmagic.errors import APIError, Fate
from cometmagic.foreign import line

ERROR_BYTES = 64 * 1024
_REQUEST_ID = re.compile(r"\(request id: ([\w.-]{1,80})\)")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_ID_HEADERS = ("x-request-id", "x-oneapi-request-id", "request-id", "cf-ray")

WRONG_PLACE = "Check COMETAPI_BASE_URL (it should be like https://api.cometapi.com) and the model name."
# What to do, by error code first, then by status.
_BY_CODE = {
    "invalid_request": (Fate.REFUSED, "Check the options and --extra."),
    "convert_request_failed": (Fate.REFUSED, "Check the options and --extra."),
    "model_not_found": (Fate.REFUSED, "Check --model: it is unknown, retired or not available now."),
    "insufficient_user_quota": (Fate.REFUSED, "Check the balance in the CometAPI dashboard."),
}
_BY_STATUS = {
    400: (Fate.REFUSED, "Change what the message names and run the cell again."),
    401: (Fate.REFUSED, "Check COMETAPI_KEY: the service does not accept the key."),
    402: (Fate.REFUSED, "Check the balance in the CometAPI dashboard."),
    403: (Fate.REFUSED, "Check the key's permissions and the balance in the CometAPI dashboard."),
    404: (Fate.REFUSED, WRONG_PLACE),
    413: (Fate.REFUSED, "Send fewer or smaller reference images."),
    429: (Fate.REFUSED, "Wait a little and run the cell again."),
    504: (Fate.UNKNOWN, "The image may still have been made; look at the balance before trying again."),
    524: (Fate.UNKNOWN, "The relay gave up waiting; try a smaller --image-size, and look at the balance first."),
}


def explain(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> APIError:
    """Return the error an answer with this status, body and headers stands for."""
    headers = headers or {}
    text = body[:ERROR_BYTES].decode("utf-8", "replace")
    if 300 <= status < 400:
        where = line(headers.get("location", "another address"), 200)
        return _error(status, "", f"it redirects to {where}, which is not followed", "", Fate.REFUSED, WRONG_PLACE)
    found = _error_object(text)
    if found is None:
        return _error(
            status, "", page_title(text) or "no explanation", _request_id(text, headers), *_advice(status, "")
        )
    message, code = _message_and_code(found)
    return _error(status, code, message, _request_id(str(found), headers), *_advice(status, code))


def explain_object(found: dict[str, Any]) -> APIError:
    """Return the error that an `error` object inside a status 200 stands for."""
    code = found.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else 200
    return explain(status, json.dumps({"error": found}, default=str).encode())


def page_title(text: str) -> str:
    """Return what an HTML page is called, or an empty string when it is none."""
    if not re.match(r"\s*(?:<!doctype html|<html|<head|<body)", text, re.IGNORECASE):
        return ""
    title = _TITLE.search(text)
    return f"a web page titled {line(title[1], 80)!r}" if title else "a web page"


def _error(status: int, code: str, message: str, request_id: str, fate: Fate, do: str) -> APIError:
    told = f" [request id {request_id}]" if request_id and request_id not in message else ""
    name = f"{status} {code}".strip()
    return APIError(
        f"The service answered {name}: {message.rstrip('.')}{told}.",
        fate=fate,
        do=do,
        status=status,
        code=code,
        request_id=request_id,
    )


def _advice(status: int, code: str) -> tuple[Fate, str]:
    if code.lower() in _BY_CODE:
        return _BY_CODE[code.lower()]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 400 <= status < 500:
        return Fate.REFUSED, "Change the request and run the cell again."
    return Fate.UNKNOWN, "Look at the balance before trying again."


def _error_object(text: str) -> dict[str, Any] | None:
    """Return the innermost error object of a body, or None."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, list):
        found = found[0] if found else None
    if not isinstance(found, dict):
        return None
    error = found.get("error", found)
    if isinstance(error, str):
        return {"message": error}
    if not isinstance(error, dict):
        return None
    nested = error.get("message")
    if isinstance(nested, str) and nested.lstrip().startswith(("{", "[")):
        return _error_object(nested) or error
    return error


def _message_and_code(found: dict[str, Any]) -> tuple[str, str]:
    word = found.get("status") if isinstance(found.get("status"), str) else found.get("code")
    code = word if isinstance(word, str) else ""
    return line(found.get("message") or "no explanation"), line(code, 80)


def _request_id(text: str, headers: Mapping[str, str]) -> str:
    named = _REQUEST_ID.search(text)
    if named:
        return named[1]
    return next((line(headers[name], 100) for name in _ID_HEADERS if name in headers), "")
