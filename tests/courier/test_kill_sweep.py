"""H4, I11: the courier killed at every step of a delivery, and nothing that had come is lost (T2).

What a SIGKILL shows is what a dying process leaves; it says nothing of a machine that loses its power.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.courier.killing import Trial, handed, planned, saving, spread, started, surveyed, swept
from tests.faults.crash import PATIENCE, Look, judge, recovered
from tests.faults.doomed import Case, cases, unsigned
from tests.faults.server import FaultServer, chunked, hang, recv_request, response, send
from tests.faults.tripwire import Point
from tests.figures import Record
from tests.waiting import wait_for

SEED = 20261122
CHANGING = (
    "storage/settle.py",
    "storage/image_files.py",
    "storage/call_folder.py",
    "system/atomic_files.py",
    "courier/delivery.py",
)
END = b"0\r\n\r\n"  # of an answer in chunks
CONTROL = "see the naive saver"

pytestmark = pytest.mark.usefixtures("wired")


def steps(wanted: list[Case], place: Path) -> list[tuple[Case, int, Point]]:
    """Return the points of cases: all of the first of a kind, those of saving of the others."""
    found = []
    for case, path in zip(wanted, surveyed(wanted, place), strict=True):
        first = 1 if case.from_the_start else saving(path)
        found += [(case, at, point) for at, point in enumerate(path, 1) if at >= first]
    return found


def account(name: str, trials: list[Trial], seconds: float, figures: Record) -> None:
    """Report what a sweep was made of."""
    killed = [trial for trial in trials if trial.point]
    whole = sum(trial.received == len(trial.case.body) for trial in killed)
    unread = sum(trial.delivered and trial.received < len(trial.case.body) for trial in killed)
    states = Counter(trial.before.state for trial in killed)
    figures(f"{name}: state when killed", ", ".join(f"{count} {state}" for state, count in states.items()))
    figures(f"{name}: the whole answer was on disk", f"{whole} of {len(killed)}, and on its way there in {unread}")
    figures(f"{name}: of {len(trials)} calls killed", f"{len(killed)}, seed {SEED}, {seconds:.0f} s")


def held_to(name: str, chosen: list[tuple[Case, int, Point]], place: Path, figures: Record) -> None:
    begun = time.monotonic()
    trials, wrong = swept([(case, at) for case, at, _ in chosen], place)
    lost = sum(complaint.startswith(("lost", "partial")) for complaint in wrong)
    figures(f"{name}: lost or partial", lost, goal="0", control=CONTROL)
    figures(f"{name}: anything wrong", len(wrong), goal="0")
    account(name, trials, time.monotonic() - begun, figures)
    assert not wrong, "\n".join(wrong)


def test_a_courier_that_is_killed_loses_nothing(tmp_path: Path, figures: Record) -> None:
    """A few points: most of them where the disk changes, the others in between."""
    found = steps(cases(), tmp_path / "survey")
    changing = [step for step in found if step[2].file in CHANGING]
    between = [step for step in found if step[2].file not in CHANGING]

    chosen = [of[number] for of, few in ((changing, 9), (between, 4)) for number in spread(len(of), few, SEED)]

    held_to("courier killed (a few points)", chosen, tmp_path, figures)


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize("side", [8, 230])
def test_a_courier_that_is_killed_loses_nothing_it_has_read(tmp_path: Path, side: int) -> None:
    """The answer never ends, so that the courier dies between its last read and whatever it does at an end."""
    case = unsigned(side)
    head = response(b"", headers={"Transfer-Encoding": "chunked"}, length=False)
    pieces = [chunked(piece, len(piece)).removesuffix(END) for piece in (case.body[:-200], case.body[-200:])]
    folder = planned(case, tmp_path)
    with FaultServer([recv_request(), send(head + b"".join(pieces)), hang()]) as server:
        courier = started({})
        job = handed(courier, folder, server.url)
        wait_for(lambda: len(case.body) in ((job.read_event(0.1) or {}).get("bytes"), size(folder.response_path)))
        courier._process.kill()
        assert job.done_event.wait(PATIENCE)
    before = Look.at(folder.path, case)
    recovered([folder.path])
    wrong = judge(case, before, folder.path, server.posts, received=len(case.body))
    assert not wrong, f"{before.received} of {len(case.body)} bytes on disk: {wrong}"


@pytest.mark.full
@pytest.mark.timeout(3 * 3600)
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_courier_that_is_killed_at_any_point_loses_nothing(case: Case, tmp_path: Path, figures: Record) -> None:
    held_to(f"courier killed ({case.name})", steps([case], tmp_path / "survey"), tmp_path, figures)
