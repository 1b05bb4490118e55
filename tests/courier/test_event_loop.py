"""I25: a courier that does not run for a while, as a debugger or a sleeping machine has it, gives nothing up for that.

Its process is stopped in truth (SIGSTOP), and stays so for longer than the limit.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cometmagic.courier import client
from cometmagic.errors import ChargeStatus, TransportError
from cometmagic.generation.call import Call
from cometmagic.generation.generate import start_generation
from tests.courier.test_rate_limiter import ended
from tests.faults.leaks import KEY
from tests.faults.server import Held, Step, chunked, drip, hang, recv_request, response, send
from tests.gemini.answers import answer, body, image, picture, text
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")

LIMIT = 2.0  # seconds; far more than the answer takes
STOPPED = 3.0  # seconds; past the limit
SPARE = 1.0  # seconds a call may take beyond its limit, of the time in which its courier ran
CONTENT = body(answer(text("x" * 30_000), image(), text("y" * 30_000)))
PLAIN = response(CONTENT)
IN_CHUNKS = response(b"", headers={"Transfer-Encoding": "chunked"}, length=False) + chunked(CONTENT)
LIMITS: dict[str, dict[str, Any]] = {
    "total": {"total_timeout": LIMIT, "idle_timeout": 60},
    "idle": {"total_timeout": 60, "idle_timeout": LIMIT},
}
COUNTS_ALL_TIME = "import cometmagic.courier.event_loop as event_loop; event_loop.SUSPENSION_THRESHOLD = 1e9; main()"


@pytest.fixture
def courier(monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """Return the process of a courier that is this test's alone."""
    monkeypatch.setattr(client, "_couriers", {})
    started = client.get_courier()
    assert isinstance(started, client.ProcessCourier)
    yield started._process
    started._process.kill()
    # The thread that reads its events closes the pipes, and nobody else may while it reads.
    pipes = (started._process.stdin, started._process.stdout)
    wait_for(lambda: all(pipe is not None and pipe.closed for pipe in pipes))


@contextmanager
def stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Keep a process stopped while the block runs, and past the limit."""

    def state() -> str:
        return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    wait_for(lambda: state() == "S")  # it waits for the answer, and its time is counted
    begun = time.monotonic()
    process.send_signal(signal.SIGSTOP)
    try:
        wait_for(lambda: state() == "T")
        yield
        time.sleep(begun + STOPPED - time.monotonic())
        assert state() == "T"
    finally:
        process.send_signal(signal.SIGCONT)


def answered_meanwhile(serving: Any, courier: subprocess.Popen[bytes], sent: bytes, before: int, limit: str) -> Call:
    """Ask, and have all but the first bytes of the answer sent while the courier is stopped."""
    held = Held()
    receive, hold = held.steps()
    with serving([receive, send(sent[:before]), hold, send(sent[before:])]) as server:
        call = start_generation("a cat", **LIMITS[limit])
        wait_for(lambda: held.inside and (not before or call.folder.response_path.exists()))
        with stopped(courier):
            held.let_go.set()
            wait_for(lambda: server.log[0].sent == len(sent))
        ended(call)
    return call


@pytest.mark.parametrize(("sent", "before"), [(PLAIN, 0), (IN_CHUNKS, 40_000)], ids=["all of it", "the rest of it"])
@pytest.mark.parametrize("limit", LIMITS)
def test_an_answer_that_came_while_it_was_stopped_is_kept(
    serving: Any, courier: subprocess.Popen[bytes], sent: bytes, before: int, limit: str
) -> None:
    made = answered_meanwhile(serving, courier, sent, before, limit).result()

    assert made.image.data == picture()
    assert "cut short" not in " ".join(made.warnings)


@pytest.mark.parametrize("limit", LIMITS)
def test_control_a_clock_that_counts_all_time_gives_the_answer_up(
    serving: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, limit: str
) -> None:
    monkeypatch.setattr(client, "_WORKER_CODE", client._WORKER_CODE.removesuffix("main()") + COUNTS_ALL_TIME)
    courier = request.getfixturevalue("courier")

    with pytest.raises(TransportError):
        answered_meanwhile(serving, courier, PLAIN, 0, limit).result()


SILENT: dict[str, list[Step]] = {
    "silent": [recv_request(), hang()],
    "silent after a part": [recv_request(), send(PLAIN[:20_000]), hang()],
    "drip": [recv_request(), drip(PLAIN, 0.05)],
}


@pytest.mark.parametrize(("name", "limit"), [("silent", "total"), ("silent after a part", "idle"), ("drip", "total")])
def test_a_service_that_never_ends_is_left_by_the_time_in_which_the_courier_ran(
    serving: Any, courier: subprocess.Popen[bytes], name: str, limit: str
) -> None:
    with serving(SILENT[name]) as server:
        call = start_generation("a cat", **LIMITS[limit])
        wait_for(lambda: server.log and server.log[0].complete)
        stop = time.monotonic()
        with stopped(courier):
            pass
        stop = time.monotonic() - stop
        ended(call)
        begun = datetime.fromisoformat(call.folder.read()["sent"])
    seconds = (datetime.fromisoformat(call.folder.read()["settled"]) - begun).total_seconds()

    assert seconds - stop <= LIMIT + SPARE
    with pytest.raises(TransportError) as told:
        call.result()
    assert told.value.charge_status is ChargeStatus.UNKNOWN


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETAPI_KEY", KEY)
