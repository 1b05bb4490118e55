"""How long a service asks to wait before the next attempt, in every form seen so far.

The `Retry-After` header is a number of seconds or a date in three formats, and some gateways add `retry-after-ms`.
Google puts a `RetryInfo` into the error's details and repeats it in the message; gateways nest either of them, headers
included, anywhere in their own errors. When a quota resets is said in further fields. A delay that makes no sense,
such as a negative one or a hundred years, is ignored. This module only reads; the courier decides what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from cometmagic.gemini.failures.error_document import iter_objects, iter_values
from cometmagic.system.sanitize import clean_line

MAX_RETRY_DELAY = 366 * 86_400.0  # seconds; anything longer is a mistake
_MIN_UNIX_TIME = 10**9  # seconds; a smaller number is a delay
_MAX_TEXT_LENGTH = 10_000  # characters of a text that are looked at
_MAX_NAME_LENGTH = 60  # characters of a field's name
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "秒": 1.0, "分": 60.0, "小": 3600.0}  # seconds
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)
_UNIT = r"ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|秒钟?|分钟?|小时"
# Every repetition has a limit, as a hostile text must not take long.
_AMOUNT = rf"(\d{{1,12}}(?:\.\d{{1,12}})?)\s{{0,3}}({_UNIT})(?![a-z])"
_AMOUNTS = rf"(?:{_AMOUNT},?(?: and)?\s{{0,3}}){{1,4}}"
_AMOUNT_PATTERN = re.compile(_AMOUNT, re.IGNORECASE | re.ASCII)
_DURATION = re.compile(rf"(?:P?T)?{_AMOUNTS}", re.IGNORECASE | re.ASCII)
_MESSAGE_DELAY = re.compile(
    rf"\b(?:retry|try again|try later|wait|available|back|resets?|renews?|refreshes|access)\b(?: your request)?"
    rf"(?: (?:in|after|for|at least|about)){{0,2}} {_AMOUNTS}"
    rf"|{_AMOUNTS}(?:后|後|之后)",
    re.IGNORECASE | re.ASCII,
)
_RETRY_FIELD = re.compile(
    r"(?:x(?:ms)?)?retry(?:delay|after|afterdelay|in|wait)(ms|millis(?:econds)?)?(?:s|secs?|seconds?)?"
)
_RESET_FIELD = re.compile(
    r"\w*(?:ratelimit|quota|limit|credits?)\w*reset\w*|resets?(?:at|in|on|time|after|date|delay)\w*"
)
_RESET_WORDS = re.compile(
    r"\b(?:resets?|renews?|refreshes|refills?|replenish(?:ed|es)?)\b[^.;:\n]{0,12}"
    r"\b(?:at|on|in|after|every|tomorrow|midnight)\b"
    r"[^;()\n]{0,60}?(?=\.(?:\s|$)|[;()\n]|$)"
    r"|\b(?:again|back|access|available) (?:tomorrow|next \w+|on \w+ \d+|(?:on |from )?\d{4}-\d\d-\d\d)|\btomorrow\b",
    re.IGNORECASE,
)


def find_exact_delay(headers: Mapping[str, str], tree: Any) -> float | None:
    """Return how many seconds a header or a field asks to wait, or None."""
    return _select_delay([*_iter_header_delays(headers), *_iter_retry_fields(tree)])


def find_retry_delay(headers: Mapping[str, str], tree: Any) -> float | None:
    """Return how many seconds a response's headers or its error tree ask to wait, words included, or None."""
    exact_delay = find_exact_delay(headers, tree)
    if exact_delay is not None:
        return exact_delay
    return _select_delay(_parse_message_delay(value) for value in iter_values(tree) if isinstance(value, str))


def find_reset_delay(headers: Mapping[str, str], tree: Any) -> float | None:
    """Return in how many seconds a quota resets, as headers or fields say it, or None."""
    fields = [*_iter_fields(headers), *(field for node in iter_objects(tree) for field in _iter_fields(node))]
    moments = (_parse_moment(value, headers) for name, value in fields if _RESET_FIELD.fullmatch(name))
    return _select_delay(moments)


def find_reset_words(text: str) -> str:
    """Return the words of a message that say when a quota resets, an empty string when none do."""
    match = _RESET_WORDS.search(text)
    return clean_line(match[0], 80) if match else ""


def _select_delay(delays: Iterable[float | None]) -> float | None:
    """Return the longest delay that makes sense."""
    return max((delay for delay in delays if delay is not None and 0 <= delay <= MAX_RETRY_DELAY), default=None)


def _iter_fields(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the names, without case and hyphens, and values of headers or of an object, lists item by item."""
    for name, value in fields.items():
        if len(name) > _MAX_NAME_LENGTH:
            continue
        yield from ((name.replace("-", "").lower(), item) for item in (value if isinstance(value, list) else [value]))


def _iter_header_delays(headers: Mapping[str, str]) -> Iterator[float | None]:
    yield _scale(_parse_number((headers.get("retry-after-ms") or "").strip()), 1000)
    yield _parse_retry_after(headers.get("retry-after", ""), headers.get("date", ""))


def _iter_retry_fields(tree: Any) -> Iterator[float | None]:
    for node in iter_objects(tree):
        for name, value in _iter_fields(node):
            if match := _RETRY_FIELD.fullmatch(name):
                yield _scale(_parse_delay(value, node), 1000 if match[1] and _is_plain_number(value) else 1)


def _is_plain_number(value: Any) -> bool:
    return not isinstance(value, str) or _NUMBER.fullmatch(value.strip()) is not None


def _scale(number: float | None, divisor: float) -> float | None:
    return None if number is None else number / divisor


def _parse_number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _parse_retry_after(text: str, server_date: str) -> float | None:
    text = text.strip()
    delay = _parse_duration_text(text)
    if delay is not None or not text:
        return delay
    retry_date = _parse_date(text)
    if retry_date is None:
        return None
    # The service's own clock, if it sends one: the local clock may be wrong.
    return (retry_date - (_parse_date(server_date) or datetime.now(UTC))).total_seconds()


def _parse_date(text: str) -> datetime | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            date = parse(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return date.replace(tzinfo=date.tzinfo or UTC)
    return None


def _parse_delay(value: Any, headers: Mapping[str, Any] = {}) -> float | None:  # only read
    """Return a delay in seconds: "45.8s", a number, a date, or an object with seconds and nanos."""
    match value:
        case bool():
            return None
        case int() | float():
            return float(value) if 0 <= value <= MAX_RETRY_DELAY else None
        case str():
            return _parse_retry_after(value, str(headers.get("date", "")))
        case {"seconds": seconds, **rest}:
            whole_seconds, nanos = _parse_delay(seconds), rest.get("nanos")
            if whole_seconds is None or not isinstance(nanos, int) or not 0 <= nanos < 10**9:
                return whole_seconds
            return whole_seconds + nanos / 1e9
    return None


def _parse_duration_text(text: str) -> float | None:
    """Return "45.8", "45.8s", "1h30m", "20 minutes" or "PT30S" in seconds."""
    number = _parse_number(text)
    return _sum_amounts(text) if number is None and _DURATION.fullmatch(text) else number


def _sum_amounts(text: str) -> float:
    return sum(float(number) * _UNITS[_normalize_unit(unit)] for number, unit in _AMOUNT_PATTERN.findall(text))


def _normalize_unit(unit: str) -> str:
    unit = unit.lower()
    return "ms" if unit.startswith(("ms", "milli")) else unit[0]


def _parse_message_delay(text: str) -> float | None:
    match = _MESSAGE_DELAY.search(text, 0, _MAX_TEXT_LENGTH)
    return _sum_amounts(match[0]) if match else None


def _parse_moment(value: Any, headers: Mapping[str, str]) -> float | None:
    """Return in how many seconds a moment comes: a date, a Unix time in seconds or milliseconds, or a delay."""
    number = _parse_number(value.strip()) if isinstance(value, str) else value
    if not isinstance(number, int | float) or number < _MIN_UNIX_TIME:
        return _parse_delay(value, headers)
    unix_time = number / 1000 if number >= 1000 * _MIN_UNIX_TIME else number
    return float(unix_time) - (_parse_date(headers.get("date", "")) or datetime.now(UTC)).timestamp()
