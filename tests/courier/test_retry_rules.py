"""The table of retries, row by row, without a connection: what is sent again, how often, after which wait."""

from __future__ import annotations

from typing import Any

import pytest

from cometmagic.courier import retry
from cometmagic.courier.retry import RETRY_RULES, RetryState, classify
from cometmagic.errors import APIError, ChargeStatus, CometError, NoImageError, TransportError
from cometmagic.gemini.failures.error_rules import ErrorReason

REFUSED, UNKNOWN, UNSENT = ChargeStatus.REFUSED, ChargeStatus.UNKNOWN, ChargeStatus.UNSENT


def answered(status: int, charge_status: ChargeStatus = REFUSED, **details: Any) -> APIError:
    return APIError("x", charge_status=charge_status, status=status, **details)


def failed(reason: str, charge_status: ChargeStatus = UNSENT) -> TransportError:
    return TransportError("x", charge_status=charge_status, reason=reason)


ROWS: list[tuple[CometError | None, str, int]] = [
    (None, "G", 0),
    *((answered(429, reason=reason), "S", 3) for reason in ("rate limit", "overloaded", "unreachable")),
    *((answered(429, reason=reason), "F", 0) for reason in ("used up", "no channel", "answered", "", None)),
    *((answered(status), "F", 0) for status in (200, 302, 400, 401, 402, 403, 404, 413, 429, 500, 503, 521)),
    *((answered(429, UNKNOWN, reason=reason), "U", 0) for reason in (*ErrorReason, "answered")),
    (failed("connection"), "S", 3),
    (failed("name"), "S", 1),
    (failed("tls"), "S", 1),
    (failed("connection", UNKNOWN), "U", 0),
    (failed("other"), "F", 0),
    (NoImageError("words", reason="answered"), "F", 0),
    (CometError("anything"), "F", 0),
]  # fmt: skip


@pytest.mark.parametrize(("error", "outcome", "max_retries"), ROWS)
def test_what_an_error_means(error: CometError | None, outcome: str, max_retries: int) -> None:
    state = RetryState()
    delays = [state.compute_delay(error) for _ in range(5)]

    assert classify(error).outcome == outcome
    assert [delay is not None for delay in delays] == [number < max_retries for number in range(5)]
    assert state.attempt_count == 5


@pytest.mark.parametrize("row", RETRY_RULES)
def test_every_row_says_why(row: retry.RetryRule) -> None:
    assert row.evidence


@pytest.mark.parametrize("max_retries", [0, 1, 2])
def test_an_unknown_outcome_is_tried_again_as_often_as_the_user_allows(max_retries: int) -> None:
    state, error = RetryState(max_retries), answered(504, UNKNOWN)

    assert [state.compute_delay(error) is not None for _ in range(4)] == [n < max_retries for n in range(4)]
    assert RetryState(max_retries).compute_delay(answered(400)) is None


@pytest.mark.parametrize(("extreme", "waits"), [(min, [1, 2, 4]), (max, [2, 4, 8])])
def test_waits_double(monkeypatch: pytest.MonkeyPatch, extreme: Any, waits: list[float]) -> None:
    monkeypatch.setattr("random.uniform", lambda *limits: extreme(limits))
    state = RetryState()

    assert [state.compute_delay(answered(503, reason="overloaded")) for _ in range(3)] == waits
    assert state.total_wait == sum(waits)


def test_a_wait_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda *limits: max(limits))
    state = RetryState(max_unknown_retries=9)

    waits = [state.compute_delay(answered(504, UNKNOWN)) for _ in range(8)]

    assert waits == [2, 4, 8, 16, 30, 30, 30, None]  # 120 s are reached and not exceeded


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [(0, 1), (7, 8), (119, 120), (119.5, 120), (120, 120), (121, None), (3600, None)],
)
def test_a_wait_that_the_service_asks_for(
    monkeypatch: pytest.MonkeyPatch, retry_after: float, wait: float | None
) -> None:
    monkeypatch.setattr("random.uniform", lambda *limits: max(limits))

    assert RetryState().compute_delay(answered(429, reason="rate limit", retry_after=retry_after)) == wait


def test_a_wait_is_never_shorter_than_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda *limits: min(limits))

    assert RetryState().compute_delay(answered(429, reason="rate limit", retry_after=7.0)) == 7.0


@pytest.mark.parametrize(("remaining", "is_tried"), [(7.9, False), (8.0, False), (8.1, True)])
def test_a_wait_ends_before_the_time_does(monkeypatch: pytest.MonkeyPatch, remaining: float, is_tried: bool) -> None:
    monkeypatch.setattr("random.uniform", lambda *limits: max(limits))

    assert (
        RetryState().compute_delay(answered(429, reason="rate limit", retry_after=7), remaining) is not None
    ) == is_tried


def test_which_answers_pause_other_calls() -> None:
    assert retry.THROTTLE_REASONS == (ErrorReason.RATE_LIMIT, ErrorReason.OVERLOADED)
