"""C3, C4, D12: a service that is slow or silent is left after the total limit, and only then."""

from __future__ import annotations

import time

import pytest

from cometmagic.errors import APIError, ChargeStatus, TransportError
from cometmagic.options.declaration import Limits
from tests.faults.asking import Asker
from tests.faults.server import Step, drip, hang, limit, recv_request, response, send, sleep
from tests.gemini.answers import answer, body, image, picture, text

WHOLE = response(body(answer(image(), text("x" * 500))))
SHORT = Limits(connect_timeout=5, write_timeout=5, idle_timeout=5, total_timeout=1.0)

SLOW: dict[str, list[Step]] = {
    "C3-silent": [recv_request(), hang()],
    "C4-header-drip": [recv_request(), drip(WHOLE, 0.03)],
    "C4-endless-1xx": [recv_request(), drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 0.01)],
    "D12-body-drip": [recv_request(), send(WHOLE[:110]), drip(WHOLE[110:], 0.03)],
    "B3-upload-not-read": [hang()],
}


@pytest.mark.parametrize("name", SLOW)
def test_the_total_limit_holds(ask: Asker, name: str) -> None:
    begun = time.monotonic()

    outcome = ask.carry(*SLOW[name], limits=SHORT)

    assert 0.9 < time.monotonic() - begun < 5  # without the limit these take 15 s and more, or never end
    assert isinstance(outcome.told, TransportError)
    assert "total time limit" in str(outcome.told)
    assert outcome.told.charge_status is ChargeStatus.UNKNOWN
    assert not outcome.exchange.delivered


def test_c3_silence_ends_at_the_idle_limit(ask: Asker) -> None:
    outcome = ask.carry(recv_request(), hang(), limits=Limits(idle_timeout=0.3, total_timeout=30))

    assert "stayed silent too long" in str(outcome.told)
    assert outcome.told.charge_status is ChargeStatus.UNKNOWN


def test_a_picture_that_came_before_the_limit_is_kept(ask: Asker) -> None:
    outcome = ask.carry(recv_request(), limit(WHOLE, len(WHOLE) - 100), hang(), limits=SHORT)

    assert outcome.made.image.data == picture()
    assert "cut short" in outcome.notes


@pytest.mark.usefixtures("soon")
def test_an_error_whose_body_hangs_is_its_status(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cometmagic.courier.http.transport.ERROR_BODY_TIMEOUT", 0.3)
    half = response(b'{"error": {"message": "half of', "429 Slow", {"Content-Length": "500"})

    outcome = ask.carry(recv_request(), send(half), hang(), limits=Limits(total_timeout=30))

    assert isinstance(outcome.told, APIError)
    assert "half of" in str(outcome.told)
    assert outcome.told.charge_status is ChargeStatus.REFUSED


def test_d15_slow_but_within_the_limits_is_fine(ask: Asker) -> None:
    steps = [recv_request(), sleep(0.3), send(WHOLE[:200]), sleep(0.3), send(WHOLE[200:])]

    assert ask.carry(*steps, limits=Limits(idle_timeout=2, total_timeout=20)).made.image.data == picture()
