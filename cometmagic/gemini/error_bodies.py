"""An error body as one error: the service's message, whether the call may be charged, what to do.

Three formats are known: CometAPI's (`code` is a string, the request id is in the message), Google's
(`code` is a number, `status` a word), and Google's as text inside CometAPI's. Some error codes are more
precise than the status: CometAPI answers a malformed request with 500 and an unknown model with 503.
Sources: the error pages of CometAPI and Google.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from cometmagic.errors import BALANCE_ADVICE, APIError, ChargeStatus
from cometmagic.gemini.charge_claims import ChargeClaim, find_charge_claim, quote_texts
from cometmagic.gemini.coerce import coerce_string
from cometmagic.gemini.retry_after import find_retry_delay, is_quota_exhausted
from cometmagic.system.sanitize import LINE_CAP, clean_line

MAX_ERROR_BYTES = 64 * 1024
_REQUEST_ID = re.compile(r"\(request id: ([\w.-]{1,80})\)")
# The message of an error body that is cut off.
_PARTIAL_MESSAGE = re.compile(r'"message"\s*:\s*("(?:[^"\\]|\\.)*)', re.DOTALL)
_OVERLOAD = re.compile(r"overload|capacity|too many requests", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,500}?)</title>", re.IGNORECASE | re.DOTALL)
_REQUEST_ID_HEADERS = ("x-request-id", "x-oneapi-request-id", "request-id", "cf-ray")

# The fields with an error's message, as sent and as `normalize_response` spells them.
MESSAGE_FIELDS = ("message", "detail", "msg", "error_description", "errorDescription")
BASE_URL_ADVICE = "Check COMETAPI_BASE_URL (it should be like https://api.cometapi.com) and the model name."
WAIT_ADVICE = "Wait a little and run the cell again."
DASHBOARD_ADVICE = "Check the balance and the quota in the CometAPI dashboard."
# Charge status and advice: by error code first, then by status.
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
    # Cloudflare could not reach the service behind it, so the request was never processed.
    **dict.fromkeys(
        (521, 523, 525, 526), (ChargeStatus.REFUSED, "The service cannot be reached now; try again later.")
    ),
    524: (
        ChargeStatus.UNKNOWN,
        "The relay gave up waiting; try a smaller --image-size, and look at the balance first.",
    ),
}


def parse_error_response(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> APIError:
    """Return the error for a response with this status, body and headers."""
    headers = headers or {}
    text = body[:MAX_ERROR_BYTES].decode("utf-8", "replace")
    if 300 <= status < 400:
        location = clean_line(headers.get("location") or "another address", 200)
        return _build_api_error(
            status, "", f"it redirects to {location}, which is not followed", ChargeStatus.REFUSED, BASE_URL_ADVICE
        )
    return _interpret_error(status, _parse_error_text(text), text, headers)


def parse_error_object(error: dict[str, Any]) -> APIError:
    """Return the error for an `error` object in a response with status 200."""
    inner_error = _unwrap_error(error)
    numbers = (number for number in (inner_error.get("code"), inner_error.get("status")) if isinstance(number, int))
    status = next((number for number in numbers if 400 <= number < 600), 200)
    return _interpret_error(status, inner_error, coerce_string(error.get("message")), {})


def describe_html_page(text: str) -> str:
    """Return a description of an HTML page, or an empty string for other text."""
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
    charge_status, advice = _find_rule(status, code, message)
    delay = find_retry_delay(headers, error)
    details: dict[str, Any] = {"request_id": find_request_id(text, headers), "retry_after": delay}
    if status == 429 and is_quota_exhausted(error):
        advice, details["reason"] = DASHBOARD_ADVICE, "used up"
    elif advice == WAIT_ADVICE and delay:
        advice = f"It asks to wait {_format_duration(delay)}; run the cell again then."
    return _build_api_error(status, code, message, charge_status, advice, **details)


def _format_duration(seconds: float) -> str:
    for unit, name, limit in ((1, "s", 120), (60, "min", 120)):
        if seconds < unit * limit:
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
    if claim := find_charge_claim(message):
        details["claim"] = claim
    if claim is ChargeClaim.CHARGED and charge_status is ChargeStatus.REFUSED:
        charge_status, advice = ChargeStatus.UNKNOWN, BALANCE_ADVICE
    suffix = f" [request id {request_id}]" if request_id and request_id not in message else ""
    name = f"{status} {code}".strip()
    text = f"The service answered {name}: {quote_texts([message], LINE_CAP).rstrip('.')}{suffix}."
    return APIError(
        text, charge_status=charge_status, advice=advice, status=status, code=code, request_id=request_id, **details
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
        document = json.loads(text)
    except (ValueError, RecursionError):
        match = _PARTIAL_MESSAGE.search(text)
        return {"message": _parse_partial_string(match[1])} if match else None
    if isinstance(document, list):
        document = document[0] if document else None
    if not isinstance(document, dict):
        return None
    error = document.get("error", document)
    if isinstance(error, str):
        return {"message": error}
    return _unwrap_error(error) if isinstance(error, dict) else None


def _unwrap_error(error: dict[str, Any]) -> dict[str, Any]:
    """Return the error that an error's message contains as JSON, or the error itself."""
    message = coerce_string(error.get("message"))
    inner_error = _parse_error_text(message) if message.lstrip().startswith(("{", "[")) else None
    return inner_error if inner_error and "message" in inner_error else error


def _parse_partial_string(token: str) -> str:
    try:
        return str(json.loads(f'{token}"', strict=False))
    except ValueError:
        return token.strip('"')


def _read_message_and_code(error: dict[str, Any]) -> tuple[str, str]:
    value = error.get("status") if isinstance(error.get("status"), str) else error.get("code")
    code = value if isinstance(value, str) else ""
    message = next(filter(None, map(error.get, MESSAGE_FIELDS)), None)
    return clean_line(coerce_string(message) or message or "no explanation"), clean_line(code, 80)


def find_request_id(text: str, headers: Mapping[str, str]) -> str:
    """Return the request id in an error's text or headers, or an empty string."""
    match = _REQUEST_ID.search(text)
    if match:
        return match[1]
    return next((clean_line(headers[name], 100) for name in _REQUEST_ID_HEADERS if name in headers), "")
