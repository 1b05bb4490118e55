"""How long a service asks to wait before the next try, in every form that has been seen.

HTTP's Retry-After is a number of seconds or a date in three spellings, and some gateways add
`retry-after-ms`; Google puts a `RetryInfo` into the error's details and the same into its words. What is
no sensible wait is no wait: nobody means a negative one, or one of a hundred years. This module only
reads; what is done about it is the courier's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from cometmagic.gemini.tolerant.response_normalizer import coerce_objects, coerce_string

MAX_RETRY_DELAY = 366 * 86_400.0  # seconds; what is longer is a mistake
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)
_MESSAGE_DELAY = re.compile(r"\b(?:retry|try again) (?:in|after) (\d+(?:\.\d+)?) ?(ms|s|sec|seconds?)\b", re.IGNORECASE)
_EXHAUSTED_QUOTA = re.compile(
    r"per.?day|daily|insufficient|not enough|out of credit|\bbalance\b|limit: 0\b", re.IGNORECASE
)


def find_retry_delay(headers: Mapping[str, str], error: Mapping[str, Any] | None) -> float | None:
    """Return the seconds an answer's headers and its error object ask to wait, None when they do not."""
    asked = [
        _parse_milliseconds(headers.get("retry-after-ms")),
        _parse_retry_after(headers),
        *_parse_retry_infos(error),
    ]
    said = _MESSAGE_DELAY.search(coerce_string((error or {}).get("message")))
    in_words = float(said[1]) / (1000 if said[2].lower() == "ms" else 1) if said else None
    for waits in (asked, [in_words]):
        if sensible := [wait for wait in waits if wait is not None and 0 <= wait <= MAX_RETRY_DELAY]:
            return max(sensible)
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
    until = _parse_date(text)
    # By the service's own clock where it tells it: ours may be wrong.
    return (
        None if until is None else (until - (_parse_date(headers.get("date", "")) or datetime.now(UTC))).total_seconds()
    )


def _parse_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)


def _parse_retry_infos(error: Mapping[str, Any] | None) -> list[float | None]:
    return [
        _parse_duration(row.get("retryDelay", row.get("retry_delay")))
        for row in coerce_objects((error or {}).get("details"))
        if coerce_string(row.get("@type")).endswith("RetryInfo")
    ]


def _parse_duration(value: Any) -> float | None:
    """Return protobuf's Duration in seconds: "45.8s", a number, or seconds and nanos."""
    match value:
        case bool():
            return None
        case int() | float():
            return float(value) if 0 <= value <= MAX_RETRY_DELAY else None
        case str():
            return _parse_number(value.strip().removesuffix("s"))
        case {"seconds": seconds, **rest}:
            whole, nanos = _parse_duration(seconds), rest.get("nanos")
            if whole is None or not isinstance(nanos, int) or not 0 <= nanos < 10**9:
                return whole
            return whole + nanos / 1e9
    return None


def is_quota_exhausted(error: Mapping[str, Any] | None) -> bool:
    """Whether a quota of a whole day or the balance is used up, so that waiting a little is of no use."""
    violations = [
        one for row in coerce_objects((error or {}).get("details")) for one in coerce_objects(row.get("violations"))
    ]
    said = [(error or {}).get("message"), *(one.get("quotaId") or one.get("quotaMetric") for one in violations)]
    return any(_EXHAUSTED_QUOTA.search(coerce_string(text)) for text in said)
