"""Classes S, U, F and G on real sockets: what is sent again, after which wait, and what never is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from cometmagic.courier import retry
from cometmagic.courier.retry import MAX_TOTAL_WAIT, RETRY_RULES, RetryState, classify
from cometmagic.errors import APIError, ChargeStatus, CometError, Interrupted, NoImageError, TransportError
from cometmagic.generation.generate import generate
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from tests.faults.asking import Asker
from tests.faults.server import FaultServer, Step, fin, recv_request, response, rst, send
from tests.figures import Record
from tests.gemini.answers import answer, answering, body, image, picture, text

GOOD = answering(answer(image()))
BUSY = {"error": {"message": "Resource has been exhausted.", "status": "RESOURCE_EXHAUSTED", "code": 429}}
OVERLOADED = {"error": {"message": "Our GPUs are warming up.", "status": "UNAVAILABLE", "code": 503}}
NOW = datetime.now(UTC).replace(microsecond=0)


def refusing(status: str, error: Any = b"", **headers: str) -> list[Step]:
    content = error if isinstance(error, bytes) else json.dumps(error).encode()
    return [recv_request(), send(response(content, status, headers))]


def retry_info(delay: Any) -> dict[str, Any]:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    return {"error": BUSY["error"] | {"details": details}}


def date(seconds: float, *, now: datetime = NOW) -> str:
    return format_datetime(now + timedelta(seconds=seconds), usegmt=True)


class Stopped:
    """Asks, and interrupts the first wait."""

    def __init__(self, library: Library) -> None:
        self.waits: list[float] = []
        self.told: BaseException | None = None
        self.library = library

    def __call__(self, event: dict[str, Any]) -> None:
        if event["event"] == "waiting":
            self.waits.append(event["seconds"])
            raise KeyboardInterrupt

    def ask(self) -> None:
        try:
            generate("a cat", progress=self)
        except (CometError, Interrupted) as told:
            self.told = told


@pytest.fixture
def stopped(library_folder: Any, monkeypatch: pytest.MonkeyPatch) -> Stopped:
    monkeypatch.setattr("cometmagic.generation.call.CANCEL_TIMEOUT", 30.0)  # what is said, not how soon
    return Stopped(Library(library_folder))


BACKOFF = "backoff"
HEADERS: dict[str, tuple[dict[str, str], float | str | None]] = {
    "whole": ({"Retry-After": "7"}, 7.0),
    "fraction": ({"Retry-After": "7.5"}, 7.5),
    "zero": ({"Retry-After": "0"}, 0.0),
    "spaces": ({"Retry-After": " 20 "}, 20.0),
    "unit": ({"Retry-After": "20s"}, 20.0),
    "the-longest": ({"Retry-After": "119"}, 119.0),
    "longer": ({"Retry-After": "121"}, None),
    "19-minutes": ({"Retry-After": "1140"}, None),
    "a-day": ({"Retry-After": "86400"}, None),
    "milliseconds": ({"Retry-After-Ms": "3500"}, 3.5),
    "both": ({"Retry-After": "2", "Retry-After-Ms": "9000"}, 9.0),
    "negative": ({"Retry-After": "-10"}, BACKOFF),
    "nan": ({"Retry-After": "nan"}, BACKOFF),
    "inf": ({"Retry-After": "inf"}, BACKOFF),
    "huge": ({"Retry-After": "99999999999999999999999999999999999"}, BACKOFF),
    "exponent": ({"Retry-After": "1e35"}, BACKOFF),
    "empty": ({"Retry-After": ""}, BACKOFF),
    "two-values": ({"Retry-After": "7, 9"}, BACKOFF),
    "words": ({"Retry-After": "soon"}, BACKOFF),
    "date": ({"Retry-After": date(30), "Date": date(0)}, 30.0),
    "date-by-a-wrong-clock": (
        {"Retry-After": date(40, now=NOW - timedelta(days=3)), "Date": date(0, now=NOW - timedelta(days=3))}, 40.0
    ),
    "rfc-850-date": (
        {"Retry-After": (NOW + timedelta(seconds=50)).strftime("%A, %d-%b-%y %H:%M:%S GMT"), "Date": date(0)}, 50.0
    ),
    "asctime-date": (
        {"Retry-After": (NOW + timedelta(seconds=60)).strftime("%a %b %d %H:%M:%S %Y"), "Date": date(0)}, 60.0
    ),
    "date-past": ({"Retry-After": date(-30), "Date": date(0)}, BACKOFF),
    "date-far": ({"Retry-After": date(3600), "Date": date(0)}, None),
    "date-of-year-100000": ({"Retry-After": "Fri, 29 Sep 100000 16:26:57 GMT"}, BACKOFF),
    "no-date": ({"Retry-After": "Zun, 99 Sop 2023 16:26:57 GMT"}, BACKOFF),
    "none": ({}, BACKOFF),
}  # fmt: skip
DELAYS: dict[str, tuple[Any, float | str | None]] = {
    "google": ("45.837906927s", 45.837906927),
    "whole": ("7s", 7.0),
    "zero": ("0s", 0.0),
    "number": (12, 12.0),
    "fraction": (0.5, 0.5),
    "object": ({"seconds": 9, "nanos": 500_000_000}, 9.5),
    "no-unit": ("30", 30.0),
    "negative": ("-1s", BACKOFF),
    "exponent": ("1e9s", BACKOFF),
    "long": ("600s", None),
    "hundred-years": ("3155760000s", BACKOFF),
    "null": (None, BACKOFF),
    "words": ("a while", BACKOFF),
    "true": (True, BACKOFF),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _figures(figures: Record, request: pytest.FixtureRequest) -> Iterator[None]:
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed == failed:
        figures("Retry-After headers understood", f"{len(HEADERS)} of {len(HEADERS)}", goal="23 rows")
        figures("RetryInfo delays understood", f"{len(DELAYS)} of {len(DELAYS)}", goal="12 rows")


def check(stopped: Stopped, server: FaultServer, asked: float | str | None) -> None:
    """Hold the wait to what was asked for, or to the usual one; more than two minutes is told instead."""
    assert len(server.log) == 1
    if asked is None:
        assert stopped.waits == []
        assert isinstance(stopped.told, APIError)
        assert "asks to wait" in str(stopped.told)
        return
    low, high = (
        (retry.INITIAL_BACKOFF / 2, retry.INITIAL_BACKOFF) if isinstance(asked, str) else (asked, asked + retry.JITTER)
    )
    assert low <= stopped.waits[0] <= high <= MAX_TOTAL_WAIT
    assert isinstance(stopped.told, Interrupted)  # I5: back at once, and not charged
    assert ChargeStatus.REFUSED in str(stopped.told)
    [folder] = stopped.library.iter_folders()
    assert folder.read()["state"] == CallState.FAILED


@pytest.mark.parametrize("name", HEADERS)
def test_e7_to_e10_a_wait_that_the_headers_ask_for(stopped: Stopped, serving: Any, name: str) -> None:
    headers, asked = HEADERS[name]
    with serving(refusing("429 Slow", BUSY, **headers)) as server:
        stopped.ask()

    check(stopped, server, asked)


@pytest.mark.parametrize("name", DELAYS)
def test_e11_a_wait_that_the_error_asks_for(stopped: Stopped, serving: Any, name: str) -> None:
    delay, asked = DELAYS[name]
    with serving(refusing("429 Slow", retry_info(delay))) as server:
        stopped.ask()

    check(stopped, server, asked)


def test_the_wait_is_read_from_words_when_nothing_else_tells_it(stopped: Stopped, serving: Any) -> None:
    with serving(refusing("429 Slow", {"error": {"message": "Quota exceeded. Please retry in 13.5s."}})) as server:
        stopped.ask()

    check(stopped, server, 13.5)


NOT_PROCESSED: dict[str, list[Step]] = {
    "429": refusing("429 Slow", BUSY),
    "429-empty": refusing("429 Slow"),
    "429-per-minute": refusing("429 Slow", retry_info("0.01s")),
    "503-overloaded": refusing("503 Busy", {"error": {"message": "The model is overloaded."}}),
    "503-capacity": refusing("503 Busy", {"error": {"message": "No capacity now."}}),
    "429-in-a-200": answering(BUSY),
    "503-in-a-200": answering(OVERLOADED),
    "503-in-a-200-by-number": answering({"code": "503", "message": "high demand"}),
    "429-in-a-list": answering([{"error": {"code": 429, "message": "m"}}]),
    "503-in-a-stream": answering(f": hello\n\ndata: {json.dumps(OVERLOADED)}\n\n".encode()),
    **{f"{code}": refusing(f"{code} Down", b"<html>") for code in (521, 523, 525, 526)},
}


@pytest.mark.usefixtures("carried_here", "soon")
@pytest.mark.parametrize("again", [1, 2, 3])
@pytest.mark.parametrize("name", NOT_PROCESSED)
def test_class_s_succeeds_at_a_further_try(serving: Any, library_folder: Any, name: str, again: int) -> None:
    with serving(*[NOT_PROCESSED[name]] * again, GOOD) as server:
        made = generate("a cat")

    assert made.image.data == picture()
    assert len(server.log) == again + 1
    assert len({exchange.headers["idempotency-key"] for exchange in server.log}) == 1
    assert [one["error"]["fate"] for one in made.call["tries"]] == [ChargeStatus.REFUSED.name] * again


@pytest.mark.usefixtures("carried_here", "soon")
@pytest.mark.parametrize("name", NOT_PROCESSED)
def test_class_s_ends_after_three_further_tries(ask: Asker, name: str) -> None:
    outcome = ask(*NOT_PROCESSED[name])

    assert len(outcome.log) == 4
    assert outcome.told.charge_status is ChargeStatus.REFUSED
    assert outcome.state is CallState.FAILED


NEVER_AGAIN: dict[str, tuple[str, list[Step]]] = {
    **{f"U-{code}": ("U", refusing(f"{code} Odd", b"words")) for code in (408, 499, 500, 502, 504, 520, 522, 524, 599)},
    "U-503-deadline": ("U", refusing("503 Busy", {"error": {"message": "Deadline expired before it could complete."}})),
    "U-503-empty": ("U", refusing("503 Busy")),
    "U-closed": ("U", [recv_request(), fin()]),
    "U-reset": ("U", [recv_request(), rst()]),
    "U-cut": ("U", [recv_request(), send(response(b'{"candidates": [', headers={"Content-Length": "999"})), fin()]),
    "U-empty": ("U", answering(b"")),
    **{f"F-{code}": ("F", refusing(f"{code} No", b"x")) for code in (301, 307, 400, 401, 402, 403, 404, 405, 413, 422)},
    "F-500-invalid": ("F", refusing("500 Bad", {"error": {"message": "m", "code": "invalid_request"}})),
    "F-503-model": ("F", refusing("503 Bad", {"error": {"message": "no capacity", "code": "model_not_found"}})),
    "F-429-day": ("F", refusing("429 Slow", {"error": {"message": "m", "details": [
        {"@type": "x.QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]},
        {"@type": "x.RetryInfo", "retryDelay": "0.1s"},
    ]}})),
    "F-429-balance": ("F", refusing("429 No", {"error": {"message": "user quota is not enough"}})),
    "F-429-long": ("F", refusing("429 Slow", BUSY, **{"Retry-After": "3000"})),
    "U-429-in-a-200-after-words": ("U", answering(answer(text("Let me see")) | BUSY)),
    "U-503-in-a-stream-after-a-draft": ("U", answering(f"data: {json.dumps(answer(image(thought=True)))}\n\n"
                                                      f"data: {json.dumps(OVERLOADED)}\n\n".encode())),
    **{f"F-{code}-in-a-200": ("F", answering({"error": {"code": code, "message": "m"}})) for code in (400, 401, 403)},
    "F-429-of-a-day-in-a-200": ("F", answering({"error": {"code": 429, "message": "Daily limit."}})),
    "U-words-in-a-200": ("U", answering({"error": {"message": "The model is overloaded."}})),
    "F-blocked": ("F", answering({"promptFeedback": {"blockReason": "SAFETY"}})),
    "F-safety": ("F", answering(answer(finish="IMAGE_SAFETY"))),
    "F-words": ("F", answering(answer(text("I would rather not.")))),
    "G": ("G", GOOD),
    "G-with-a-bad-part": ("G", answering(answer(image(), {"inlineData": {"mimeType": "image/png", "data": "???"}}))),
    "G-cut": ("G", [recv_request(), send(response(body(answer(image(), text("x" * 500))))[:-100]), fin()]),
}  # fmt: skip


@pytest.mark.usefixtures("carried_here", "soon")
@pytest.mark.parametrize("name", NEVER_AGAIN)
def test_u_f_and_g_are_sent_once(ask: Asker, name: str) -> None:
    kind, steps = NEVER_AGAIN[name]

    outcome = ask(*steps)

    assert len(outcome.log) == 1
    if kind == "G":
        assert outcome.made.image.data == picture()
        return
    assert (outcome.told.charge_status is ChargeStatus.UNKNOWN) == (kind == "U")


@pytest.mark.usefixtures("carried_here", "soon")
@pytest.mark.parametrize("again", [1, 2])
def test_an_unknown_outcome_is_tried_again_when_the_user_says_so(serving: Any, again: int) -> None:
    with serving(*[refusing("504 Gateway", b"")] * again, GOOD) as server:
        made = generate("a cat", retry_unknown=again)

    assert len(server.log) == again + 1
    assert made.image.data == picture()
    assert f"costs ${0.067 * (again + 1):.2f}"[:-1] in " ".join(made.warnings)


@pytest.mark.usefixtures("carried_here", "soon")
def test_a_picture_in_a_cut_answer_is_not_bought_again(serving: Any) -> None:
    with serving(NEVER_AGAIN["G-cut"][1], GOOD) as server:
        made = generate("a cat", retry_unknown=3)

    assert len(server.log) == 1
    assert made.image.data == picture()


def test_the_wait_fits_into_the_total_limit(ask: Asker) -> None:
    begun = time.monotonic()

    outcome = ask(*refusing("429 Slow", BUSY, **{"Retry-After": "60"}), total_timeout=2)

    assert len(outcome.log) == 1
    assert time.monotonic() - begun < 2 + 10  # a machine may be slow, but does not wait a minute
    assert outcome.told.charge_status is ChargeStatus.REFUSED


def test_all_waits_together_stay_below_the_longest() -> None:
    tries, error = RetryState(), APIError("busy", reason="rate limit", retry_after=60.0)

    pauses = [tries.compute_delay(error) for _ in range(4)]

    assert pauses[0] is not None
    assert pauses[1:] == [None] * 3
    assert retry.JITTER < 60


@pytest.mark.parametrize("reason", ["name", "tls"])
def test_a_name_that_is_not_found_is_tried_once_more(reason: str) -> None:
    tries, error = RetryState(), TransportError("x", charge_status=ChargeStatus.UNSENT, reason=reason)

    assert [tries.compute_delay(error) is None for _ in range(2)] == [False, True]


def test_the_table_has_a_row_for_everything() -> None:
    assert {row.outcome for row in RETRY_RULES} == {"S", "U", "F"}
    assert classify(None).outcome == "G"
    assert classify(CometError("anything")).outcome == "F"
    assert classify(NoImageError("words")).outcome == "F"
    assert all(row.max_retries == 0 for row in RETRY_RULES if row.outcome != "S")
