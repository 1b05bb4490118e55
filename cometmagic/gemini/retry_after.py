"""How long a service asks to wait before the next attempt, in every form seen so far.

The `Retry-After` header is a number of seconds or a date in three formats, and some gateways add
`retry-after-ms`. Google puts a `RetryInfo` into the error's details and repeats it in the message. A
delay that makes no sense, such as a negative one or a hundred years, is ignored. This module only
reads the delay; the courier decides what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from cometmagic.gemini.coerce import coerce_objects, coerce_string

MAX_RETRY_DELAY = 366 * 86_400.0  # seconds; anything longer is a mistake
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)
_MESSAGE_DELAY = re.compile(r"\b(?:retry|try again) (?:in|after) (\d+(?:\.\d+)?) ?(ms|s|sec|seconds?)\b", re.IGNORECASE)
_EXHAUSTED_QUOTA = re.compile(
    r"per.?day|daily|insufficient|not enough|out of credit|\bbalance\b|limit: 0\b", re.IGNORECASE
)


def find_retry_delay(headers: Mapping[str, str], error: Mapping[str, Any] | None) -> float | None:
    """Return how many seconds a response's headers or error object ask to wait, or None."""
    exact_delays = [
        _parse_milliseconds(headers.get("retry-after-ms")),
        _parse_retry_after(headers),
        *_parse_retry_infos(error),
    ]
    match = _MESSAGE_DELAY.search(coerce_string((error or {}).get("message")))
    message_delay = float(match[1]) / (1000 if match[2].lower() == "ms" else 1) if match else None
    for delays in (exact_delays, [message_delay]):
        if sensible_delays := [delay for delay in delays if delay is not None and 0 <= delay <= MAX_RETRY_DELAY]:
            return max(sensible_delays)
    return None


def _parse_number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _parse_milliseconds(text: str | None) -> float | None:
    number = _parse_number((text or "").strip())
    return None if number is None else number / 1000


def _parse_retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "").strip()
    number = _parse_number(text.removesuffix("s"))
    if number is not None or not text:
        return number
    retry_date = _parse_date(text)
    if retry_date is None:
        return None
    # The service's own clock, if it sends one: the local clock may be wrong.
    return (retry_date - (_parse_date(headers.get("date", "")) or datetime.now(UTC))).total_seconds()


def _parse_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date.replace(tzinfo=date.tzinfo or UTC)


def _parse_retry_infos(error: Mapping[str, Any] | None) -> list[float | None]:
    return [
        _parse_duration(detail.get("retryDelay", detail.get("retry_delay")))
        for detail in coerce_objects((error or {}).get("details"))
        if coerce_string(detail.get("@type")).endswith("RetryInfo")
    ]


def _parse_duration(value: Any) -> float | None:
    """Return a protobuf Duration in seconds: "45.8s", a number, or an object with seconds and nanos."""
    match value:
        case bool():
            return None
        case int() | float():
            return float(value) if 0 <= value <= MAX_RETRY_DELAY else None
        case str():
            return _parse_number(value.strip().removesuffix("s"))
        case {"seconds": seconds, **rest}:
            whole_seconds, nanos = _parse_duration(seconds), rest.get("nanos")
            if whole_seconds is None or not isinstance(nanos, int) or not 0 <= nanos < 10**9:
                return whole_seconds
            return whole_seconds + nanos / 1e9
    return None


def is_quota_exhausted(error: Mapping[str, Any] | None) -> bool:
    """Whether a daily quota or the balance is used up, so that a short wait does not help."""
    violations = [
        violation
        for detail in coerce_objects((error or {}).get("details"))
        for violation in coerce_objects(detail.get("violations"))
    ]
    quotas = (violation.get("quotaId") or violation.get("quotaMetric") for violation in violations)
    return any(_EXHAUSTED_QUOTA.search(coerce_string(text)) for text in [(error or {}).get("message"), *quotas])
