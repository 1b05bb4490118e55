"""An error body as one error: the service's message, whether the call may be charged, what to do.

What a body says is read by `error_texts`, what it means is in the table of `error_rules`, and how long to wait in
`retry_after`. This module puts them together. Sources: the error pages of CometAPI and Google.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from cometmagic.errors import BALANCE_ADVICE, APIError, ChargeStatus
from cometmagic.gemini.coerce import coerce_string
from cometmagic.gemini.failures.charge_claims import ChargeClaim, find_charge_claim, find_page_claim
from cometmagic.gemini.failures.error_document import MAX_ERROR_BYTES, build_error_tree, iter_objects, parse_error_tree
from cometmagic.gemini.failures.error_rules import (
    BASE_URL_ADVICE,
    CHANGE_ADVICE,
    IMAGES_ADVICE,
    MODEL_ADVICE,
    OPTIONS_ADVICE,
    OTHER_FORMAT_ADVICE,
    RESET_ADVICE,
    STATUSES_BY_NAME,
    WAIT_ADVICE,
    ErrorReason,
    Evidence,
    find_rule,
)
from cometmagic.gemini.failures.error_texts import (
    MAX_MESSAGE_LENGTH,
    MAX_TEXT_LENGTH,
    format_message,
    list_codes,
    list_names,
    list_statuses,
    read_texts,
)
from cometmagic.gemini.failures.other_formats import describe_page, is_network_text
from cometmagic.gemini.failures.retry_after import (
    find_exact_delay,
    find_reset_delay,
    find_reset_words,
    find_retry_delay,
)
from cometmagic.system.formatting import format_duration
from cometmagic.system.sanitize import clean_line

_REQUEST_ID = re.compile(r"\(request id: ([\w.-]{1,80})\)")
_REQUEST_ID_HEADERS = ("x-request-id", "x-oneapi-request-id", "request-id", "cf-ray")
# The fields, and with a failure also further ones, that make a document with status 200 an error.
_REPORT_FIELDS = ("message", "msg", "detail", "errors", "errormsg", "errormessage", "errordescription")
_WEAK_REPORT_FIELDS = ("title", "reason", "description")
_OUTCOME_FIELDS = ("code", "status", "success", "message", "msg")
_SUCCESS_WORDS = {
    "0", "200", "true", "ok", "success", "succeeded", "successful", "queued", "pending", "processing", "submitted",
    "running", "in_progress", "completed", "accepted", "created", "done",
}  # fmt: skip
_SUCCESS_CODES = (1, 22)  # of relays for pictures; the last one means that it is in a queue
_PASSING = re.compile(r"\btemporar|\btry again\b|\blater\b|稍后|稍後", re.IGNORECASE)
_JOB_FIELDS = ("taskid", "jobid")
_FINISHED_IMAGE = re.compile(
    r"(?i)(?<!no )(?<!before the )(?<!before an )\b(?:image|picture)s? (?:(?:was|were|has been|is) )?"
    r"(?:generated|created|produced|finished|ready)\b(?! by| at least| per)"
)
_MIN_RESET_DELAY = 60.0  # seconds; a shorter wait does not bring a quota of a day back


def parse_error_response(
    status: int, body: bytes, headers: Mapping[str, str] | None = None, *, has_images: bool = True
) -> APIError:
    """Return the error for a response with this status, body and headers, to a request that may hold images."""
    headers = headers or {}
    text = body[:MAX_ERROR_BYTES].decode("utf-8", "replace")
    if 300 <= status < 400:
        location = clean_line(headers.get("location") or "another address", 200)
        message = f"it redirects to {location}, which is not followed"
        return _build_api_error(status, "", message, charge_status=ChargeStatus.REFUSED, advice=BASE_URL_ADVICE)
    error = _interpret_error(status, parse_error_tree(text), text, headers)
    if error.advice == IMAGES_ADVICE and not has_images:
        error.advice = "Send a shorter prompt."
    return error


def parse_error_object(error: dict[str, Any], origin: str = "") -> APIError:
    """Return the error for an `error` object in a response with status 200.

    `origin` says what the response is and where it came from, which matters when the error names no status.
    """
    tree = build_error_tree(error)
    text = coerce_string(error.get("message")) or json.dumps(error, default=coerce_string, ensure_ascii=False)
    return _interpret_error(next(reversed(list_statuses(tree)), 200), tree, text, {}, origin)


def find_error(document: dict[str, Any], *, has_content: bool) -> dict[str, Any] | None:
    """Return the error that a response with status 200 reports, even if it is only a message; None without one.

    A message beside an answer, that is, when the document `has_content`, is no error.
    """
    error = document.get("error")
    if isinstance(error, dict):
        return None if _is_success(error) else error
    report = {name: value for name, value in document.items() if name != "candidates"}
    if error:
        return report if read_texts(build_error_tree(report)) else {"message": str(error)}
    return report if not has_content and _is_error_report(build_error_tree(report)) else None


def _is_success(error: dict[str, Any]) -> bool:
    """Whether an object that is called an error reports success."""
    outcomes = {str(error[name]).lower() for name in _OUTCOME_FIELDS if error.get(name) not in (None, "")}
    return bool(outcomes) and outcomes <= _SUCCESS_WORDS


def _is_error_report(report: dict[str, Any]) -> bool:
    """Whether a document without an answer says why there is none."""
    outcomes = {str(report.get(name)).lower() for name in _OUTCOME_FIELDS}
    if outcomes & _SUCCESS_WORDS:
        return False
    code = report.get("code")
    is_code = type(code) is int and code not in _SUCCESS_CODES
    is_failure = "false" in outcomes or is_code or bool(list_statuses(report))
    names = (*_REPORT_FIELDS, *(_WEAK_REPORT_FIELDS if is_failure else ()))
    return bool(read_texts({name: report[name] for name in names if name in report}))


def _interpret_error(status: int, tree: Any, text: str, headers: Mapping[str, str], origin: str = "") -> APIError:
    names, texts = list_names(tree), read_texts(tree)
    page = next(filter(None, map(describe_page, [text] if tree is None else texts)), "")
    evidence = Evidence(
        status=_find_status(status, names, list_statuses(tree)),
        names=tuple(names),
        text="; ".join(texts) or clean_line(text, MAX_TEXT_LENGTH),
        is_page=bool(page) or (tree is None and is_network_text(text)),
        has_delay=find_exact_delay(headers, tree) is not None,
    )
    rule = find_rule(evidence)
    page_claim = find_page_claim(text) if page else ""
    claim = find_charge_claim(page_claim if page else evidence.text)
    is_charged = (
        claim in (ChargeClaim.CHARGED, ChargeClaim.PARTLY) or _shows_work(tree, evidence.text)
    ) and rule.charge_status is ChargeStatus.REFUSED
    delay, reset_delay = find_retry_delay(headers, tree or text), find_reset_delay(headers, tree)
    if delay is None and rule.reason == ErrorReason.RATE_LIMIT:
        delay = reset_delay
    words = format_message(texts or [text]) or clean_line(text, MAX_MESSAGE_LENGTH) or "no explanation"
    message = f"{page}: {page_claim}".removesuffix(": ") if page else words
    return _build_api_error(
        status,
        _find_code(tree, names),
        f"{message}; it is {origin}" if origin and rule.advice == OTHER_FORMAT_ADVICE else message,
        charge_status=ChargeStatus.UNKNOWN if is_charged else rule.charge_status,
        advice=BALANCE_ADVICE if is_charged else _complete_advice(rule.advice, evidence.text, delay, reset_delay),
        request_id=find_request_id(text, headers),
        retry_after=delay,
        **({"reason": str(rule.reason)} if rule.reason else {}),
        **({"claim": claim} if claim else {}),
    )


def _shows_work(tree: Any, text: str) -> bool:
    """Whether an error shows that the model has worked: it counts tokens of an answer, a bill, a job or an image."""
    for fields in iter_objects(tree):
        count = fields.get("candidatestokencount")
        has_job = any(isinstance(fields.get(name), str) and fields[name] for name in _JOB_FIELDS)
        if (
            (type(count) is int and count > 0)
            or fields.get("billed") is True
            or fields.get("charged") is True
            or has_job
        ):
            return True
    return _FINISHED_IMAGE.search(text) is not None


def _find_status(status: int, names: list[str], numbers: list[int]) -> int:
    """Return the status that decides: the one an error names, a relay's cause, or that of HTTP."""
    named_statuses = [STATUSES_BY_NAME[name.lower()] for name in names if name.lower() in STATUSES_BY_NAME]
    causes = numbers if status == 200 or status >= 500 else []  # a relay answers 500 for the 400 of another service
    return [status, *causes, *named_statuses][-1]


def _find_code(tree: Any, names: list[str]) -> str:
    """Return the name to show for an error: the innermost one of Google's, or else the outermost one."""
    google_names = [name for name in names if name.isupper() and name.lower() in STATUSES_BY_NAME]
    return [*reversed(google_names), *list_codes(tree), ""][0]


def _complete_advice(advice: str, text: str, delay: float | None, reset_delay: float | None) -> str:
    """Return the advice with what the error says of it, such as the time to wait."""
    if advice == CHANGE_ADVICE and not text:
        return OPTIONS_ADVICE
    if advice == MODEL_ADVICE and _PASSING.search(text):
        return "Try again later, or choose another --model."
    if advice == WAIT_ADVICE and delay:
        return f"It asks to wait {format_duration(max(delay, 1))}; run the cell again then."
    return _complete_reset(text, max(delay or 0, reset_delay or 0)) if advice == RESET_ADVICE else advice


def _complete_reset(text: str, delay: float) -> str:
    if delay >= _MIN_RESET_DELAY:
        return f"The quota resets in {format_duration(delay)}; run the cell again then."
    words = find_reset_words(text)
    return f'Run the cell again when the quota resets ("{words}").' if words else RESET_ADVICE


def _build_api_error(status: int, code: str, message: str, *, request_id: str = "", **details: Any) -> APIError:
    suffix = f" [request id {request_id}]" if request_id and request_id not in message else ""
    name = f"{status} {code}".strip()
    text = f"The service answered {name}: {message.rstrip('.')}{suffix}"
    return APIError(text, status=status, code=code, request_id=request_id, **details)


def find_request_id(text: str, headers: Mapping[str, str]) -> str:
    """Return the request id in an error's text or headers, or an empty string."""
    match = _REQUEST_ID.search(text)
    if match:
        return match[1]
    return next((clean_line(headers[name], 100) for name in _REQUEST_ID_HEADERS if name in headers), "")
