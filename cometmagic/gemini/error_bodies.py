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

from cometmagic.errors import LOOK_FIRST, APIError, Fate
from cometmagic.gemini.retry_after import asked_wait, used_up
from cometmagic.gemini.tolerant.response_shape import string
from cometmagic.system.sanitize import line

ERROR_BYTES = 64 * 1024
_REQUEST_ID = re.compile(r"\(request id: ([\w.-]{1,80})\)")
# A message of an error that does not end within what is read of it.
_MESSAGE = re.compile(r'"message"\s*:\s*("(?:[^"\\]|\\.)*)', re.DOTALL)
_OVERLOADED = re.compile(r"overload|capacity|too many requests", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>(.{0,500}?)</title>", re.IGNORECASE | re.DOTALL)
_ID_HEADERS = ("x-request-id", "x-oneapi-request-id", "request-id", "cf-ray")

# Where an error has its words, as sent and as `shape` spells it.
WORDS = ("message", "detail", "msg", "error_description", "errorDescription")
WRONG_PLACE = "Check COMETAPI_BASE_URL (it should be like https://api.cometapi.com) and the model name."
WAIT = "Wait a little and run the cell again."
LOOK_IN_DASHBOARD = "Check the balance and the quota in the CometAPI dashboard."
# What to do, by error code first, then by status.
_BY_CODE = {
    "invalid_request": (Fate.REFUSED, "Check the options and --extra."),
    "convert_request_failed": (Fate.REFUSED, "Check the options and --extra."),
    "model_not_found": (Fate.REFUSED, "Check --model: it is unknown, retired or not available now."),
    "insufficient_user_quota": (Fate.REFUSED, LOOK_IN_DASHBOARD),
}
_BY_STATUS = {
    400: (Fate.REFUSED, "Change what the message names and run the cell again."),
    401: (Fate.REFUSED, "Check COMETAPI_KEY: the service does not accept the key."),
    402: (Fate.REFUSED, LOOK_IN_DASHBOARD),
    403: (Fate.REFUSED, "Check the key's permissions and the balance in the CometAPI dashboard."),
    404: (Fate.REFUSED, WRONG_PLACE),
    408: (Fate.UNKNOWN, LOOK_FIRST),
    413: (Fate.REFUSED, "Send fewer or smaller reference images."),
    429: (Fate.REFUSED, WAIT),
    499: (Fate.UNKNOWN, LOOK_FIRST),
    504: (Fate.UNKNOWN, "The image may still have been made; look at the balance before trying again."),
    # Cloudflare: the service behind it could not be reached, so it never saw the request.
    **dict.fromkeys((521, 523, 525, 526), (Fate.REFUSED, "The service cannot be reached now; try again later.")),
    524: (Fate.UNKNOWN, "The relay gave up waiting; try a smaller --image-size, and look at the balance first."),
}


def explain(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> APIError:
    """Return the error an answer with this status, body and headers stands for."""
    headers = headers or {}
    text = body[:ERROR_BYTES].decode("utf-8", "replace")
    if 300 <= status < 400:
        where = line(headers.get("location", "another address"), 200)
        return _error(status, "", f"it redirects to {where}, which is not followed", Fate.REFUSED, WRONG_PLACE)
    return _explained(status, _error_object(text), text, headers)


def explain_object(found: dict[str, Any]) -> APIError:
    """Return the error that an `error` object inside a status 200 stands for."""
    inner = _innermost(found)
    numbers = (number for number in (inner.get("code"), inner.get("status")) if isinstance(number, int))
    status = next((number for number in numbers if 400 <= number < 600), 200)
    return _explained(status, inner, string(found.get("message")), {})


def page_title(text: str) -> str:
    """Return what an HTML page is called, or an empty string when it is none."""
    if not re.match(r"\s*(?:<!doctype|<!--|<html|<head|<body|<title)", text, re.IGNORECASE):
        return ""
    title = _TITLE.search(text)
    return f"a web page titled {line(title[1], 80)!r}" if title else "a web page"


def _explained(status: int, found: dict[str, Any] | None, text: str, headers: Mapping[str, str]) -> APIError:
    message, code = _message_and_code(found) if found else (page_title(text) or line(text) or "no explanation", "")
    fate, do = _advice(status, code, message)
    wait = asked_wait(headers, found)
    facts: dict[str, Any] = {"request_id": request_id(text, headers), "retry_after": wait}
    if status == 429 and used_up(found):
        do, facts["reason"] = LOOK_IN_DASHBOARD, "used up"
    elif do == WAIT and wait:
        do = f"It asks to wait {_duration(wait)}; run the cell again then."
    return _error(status, code, message, fate, do, **facts)


def _duration(seconds: float) -> str:
    for unit, name, most in ((1, "s", 120), (60, "min", 120)):
        if seconds < unit * most:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 3600:.0f} h"


def _error(
    status: int, code: str, message: str, fate: Fate, do: str, *, request_id: str = "", **facts: Any
) -> APIError:
    told = f" [request id {request_id}]" if request_id and request_id not in message else ""
    name = f"{status} {code}".strip()
    what = f"The service answered {name}: {message.rstrip('.')}{told}."
    return APIError(what, fate=fate, do=do, status=status, code=code, request_id=request_id, **facts)


def _advice(status: int, code: str, message: str) -> tuple[Fate, str]:
    if code.lower() in _BY_CODE:
        return _BY_CODE[code.lower()]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status == 503 and _OVERLOADED.search(message) and "deadline" not in message.lower():
        return Fate.REFUSED, WAIT
    if 400 <= status < 500:
        return Fate.REFUSED, "Change the request and run the cell again."
    return Fate.UNKNOWN, LOOK_FIRST


def _error_object(text: str) -> dict[str, Any] | None:
    """Return the innermost error object of a body, or None."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        begun = _MESSAGE.search(text)
        return {"message": _string_begun(begun[1])} if begun else None
    if isinstance(found, list):
        found = found[0] if found else None
    if not isinstance(found, dict):
        return None
    error = found.get("error", found)
    if isinstance(error, str):
        return {"message": error}
    return _innermost(error) if isinstance(error, dict) else None


def _innermost(error: dict[str, Any]) -> dict[str, Any]:
    """Return the error that stands as text inside an error's message, or the error itself."""
    message = string(error.get("message"))
    inner = _error_object(message) if message.lstrip().startswith(("{", "[")) else None
    return inner if inner and "message" in inner else error


def _string_begun(token: str) -> str:
    try:
        return str(json.loads(f'{token}"', strict=False))
    except ValueError:
        return token.strip('"')


def _message_and_code(found: dict[str, Any]) -> tuple[str, str]:
    word = found.get("status") if isinstance(found.get("status"), str) else found.get("code")
    code = word if isinstance(word, str) else ""
    told = next(filter(None, map(found.get, WORDS)), None)
    return line(string(told) or told or "no explanation"), line(code, 80)


def request_id(text: str, headers: Mapping[str, str]) -> str:
    """Return the id a service gave a request, from its message or its headers, or an empty string."""
    named = _REQUEST_ID.search(text)
    if named:
        return named[1]
    return next((line(headers[name], 100) for name in _ID_HEADERS if name in headers), "")
