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

from cometmagic.errors import BALANCE_ADVICE, APIError, ChargeStatus
from cometmagic.gemini.retry_after import find_retry_delay, is_quota_exhausted
from cometmagic.gemini.tolerant.response_normalizer import coerce_string
from cometmagic.system.sanitize import clean_line

MAX_ERROR_BYTES = 64 * 1024
_REQUEST_ID = re.compile(r"\(request id: ([\w.-]{1,80})\)")
# A message of an error that does not end within what is read of it.
_PARTIAL_MESSAGE = re.compile(r'"message"\s*:\s*("(?:[^"\\]|\\.)*)', re.DOTALL)
_OVERLOAD = re.compile(r"overload|capacity|too many requests", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,500}?)</title>", re.IGNORECASE | re.DOTALL)
_REQUEST_ID_HEADERS = ("x-request-id", "x-oneapi-request-id", "request-id", "cf-ray")

# Where an error has its words, as sent and as `shape` spells it.
MESSAGE_FIELDS = ("message", "detail", "msg", "error_description", "errorDescription")
BASE_URL_ADVICE = "Check COMETAPI_BASE_URL (it should be like https://api.cometapi.com) and the model name."
WAIT_ADVICE = "Wait a little and run the cell again."
DASHBOARD_ADVICE = "Check the balance and the quota in the CometAPI dashboard."
# What to do, by error code first, then by status.
_CODE_RULES = {
    "invalid_request": (ChargeStatus.REFUSED, "Check the options and --extra."),
    "convert_request_failed": (ChargeStatus.REFUSED, "Check the options and --extra."),
    "model_not_found": (ChargeStatus.REFUSED, "Check --model: it is unknown, retired or not available now."),
    "insufficient_user_quota": (ChargeStatus.REFUSED, DASHBOARD_ADVICE),
}
_STATUS_RULES = {
    400: (ChargeStatus.REFUSED, "Change what the message names and run the cell again."),
    401: (ChargeStatus.REFUSED, "Check COMETAPI_KEY: the service does not accept the key."),
    402: (ChargeStatus.REFUSED, DASHBOARD_ADVICE),
    403: (ChargeStatus.REFUSED, "Check the key's permissions and the balance in the CometAPI dashboard."),
    404: (ChargeStatus.REFUSED, BASE_URL_ADVICE),
    408: (ChargeStatus.UNKNOWN, BALANCE_ADVICE),
    413: (ChargeStatus.REFUSED, "Send fewer or smaller reference images."),
    429: (ChargeStatus.REFUSED, WAIT_ADVICE),
    499: (ChargeStatus.UNKNOWN, BALANCE_ADVICE),
    504: (ChargeStatus.UNKNOWN, "The image may still have been made; look at the balance before trying again."),
    # Cloudflare: the service behind it could not be reached, so it never saw the request.
    **dict.fromkeys(
        (521, 523, 525, 526), (ChargeStatus.REFUSED, "The service cannot be reached now; try again later.")
    ),
    524: (
        ChargeStatus.UNKNOWN,
        "The relay gave up waiting; try a smaller --image-size, and look at the balance first.",
    ),
}


def parse_error_response(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> APIError:
    """Return the error an answer with this status, body and headers stands for."""
    headers = headers or {}
    text = body[:MAX_ERROR_BYTES].decode("utf-8", "replace")
    if 300 <= status < 400:
        where = clean_line(headers.get("location", "another address"), 200)
        return _build_api_error(
            status, "", f"it redirects to {where}, which is not followed", ChargeStatus.REFUSED, BASE_URL_ADVICE
        )
    return _interpret_error(status, _parse_error_text(text), text, headers)


def parse_error_object(error: dict[str, Any]) -> APIError:
    """Return the error that an `error` object inside a status 200 stands for."""
    inner = _unwrap_error(error)
    numbers = (number for number in (inner.get("code"), inner.get("status")) if isinstance(number, int))
    status = next((number for number in numbers if 400 <= number < 600), 200)
    return _interpret_error(status, inner, coerce_string(error.get("message")), {})


def describe_html_page(text: str) -> str:
    """Return what an HTML page is called, or an empty string when it is none."""
    if not re.match(r"\s*(?:<!doctype|<!--|<html|<head|<body|<title)", text, re.IGNORECASE):
        return ""
    title = _TITLE.search(text)
    return f"a web page titled {clean_line(title[1], 80)!r}" if title else "a web page"


def _interpret_error(status: int, error: dict[str, Any] | None, text: str, headers: Mapping[str, str]) -> APIError:
    message, code = (
        _read_message_and_code(error)
        if error
        else (describe_html_page(text) or clean_line(text) or "no explanation", "")
    )
    fate, do = _find_rule(status, code, message)
    wait = find_retry_delay(headers, error)
    facts: dict[str, Any] = {"request_id": find_request_id(text, headers), "retry_after": wait}
    if status == 429 and is_quota_exhausted(error):
        do, facts["reason"] = DASHBOARD_ADVICE, "used up"
    elif do == WAIT_ADVICE and wait:
        do = f"It asks to wait {_format_duration(wait)}; run the cell again then."
    return _build_api_error(status, code, message, fate, do, **facts)


def _format_duration(seconds: float) -> str:
    for unit, name, most in ((1, "s", 120), (60, "min", 120)):
        if seconds < unit * most:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 3600:.0f} h"


def _build_api_error(
    status: int,
    code: str,
    message: str,
    charge_status: ChargeStatus,
    advice: str,
    *,
    request_id: str = "",
    **details: Any,
) -> APIError:
    told = f" [request id {request_id}]" if request_id and request_id not in message else ""
    name = f"{status} {code}".strip()
    what = f"The service answered {name}: {message.rstrip('.')}{told}."
    return APIError(
        what, charge_status=charge_status, advice=advice, status=status, code=code, request_id=request_id, **details
    )


def _find_rule(status: int, code: str, message: str) -> tuple[ChargeStatus, str]:
    if code.lower() in _CODE_RULES:
        return _CODE_RULES[code.lower()]
    if status in _STATUS_RULES:
        return _STATUS_RULES[status]
    if status == 503 and _OVERLOAD.search(message) and "deadline" not in message.lower():
        return ChargeStatus.REFUSED, WAIT_ADVICE
    if 400 <= status < 500:
        return ChargeStatus.REFUSED, "Change the request and run the cell again."
    return ChargeStatus.UNKNOWN, BALANCE_ADVICE


def _parse_error_text(text: str) -> dict[str, Any] | None:
    """Return the innermost error object of a body, or None."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        begun = _PARTIAL_MESSAGE.search(text)
        return {"message": _parse_partial_string(begun[1])} if begun else None
    if isinstance(found, list):
        found = found[0] if found else None
    if not isinstance(found, dict):
        return None
    error = found.get("error", found)
    if isinstance(error, str):
        return {"message": error}
    return _unwrap_error(error) if isinstance(error, dict) else None


def _unwrap_error(error: dict[str, Any]) -> dict[str, Any]:
    """Return the error that stands as text inside an error's message, or the error itself."""
    message = coerce_string(error.get("message"))
    inner = _parse_error_text(message) if message.lstrip().startswith(("{", "[")) else None
    return inner if inner and "message" in inner else error


def _parse_partial_string(token: str) -> str:
    try:
        return str(json.loads(f'{token}"', strict=False))
    except ValueError:
        return token.strip('"')


def _read_message_and_code(error: dict[str, Any]) -> tuple[str, str]:
    word = error.get("status") if isinstance(error.get("status"), str) else error.get("code")
    code = word if isinstance(word, str) else ""
    told = next(filter(None, map(error.get, MESSAGE_FIELDS)), None)
    return clean_line(coerce_string(told) or told or "no explanation"), clean_line(code, 80)


def find_request_id(text: str, headers: Mapping[str, str]) -> str:
    """Return the id a service gave a request, from its message or its headers, or an empty string."""
    named = _REQUEST_ID.search(text)
    if named:
        return named[1]
    return next((clean_line(headers[name], 100) for name in _REQUEST_ID_HEADERS if name in headers), "")
