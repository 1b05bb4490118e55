"""A recovery that is killed itself, at every step, loses nothing either; and a naive saver as the control."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.courier.killing import AT_ONCE, PACKAGE, WIRED, carried, planned, saving, spread, surveyed
from tests.faults import naive
from tests.faults.crash import PATIENCE, Look, judge, recovered
from tests.faults.doomed import Case, cases
from tests.faults.server import FaultServer
from tests.faults.tripwire import FRONT, orders, points
from tests.figures import Record

SEED = 20261123
FEW = 8
CONTROL = "see the naive saver"
PLAIN, PACKED, STREAMED = (case for case in cases() if case.from_the_start)


def received(case: Case, place: Path) -> Path:
    """Return the folder of a call whose courier died when everything had come and nothing was saved."""
    [path] = surveyed([case], place / "survey")
    left = carried(case, place, saving(path))
    assert (left.before.state, left.received, left.before.images) == ("received", len(case.body), frozenset())
    return left.copy


def recovery_killed(folder: Path, copy: Path, at: int = 0) -> Path:
    """Recover a copy of a folder in a process that dies at its point number `at`; return where it lies."""
    shutil.copytree(folder, copy)
    recovered([copy], **orders(PACKAGE, WIRED, "recover", copy.with_suffix(".trail"), at))
    return copy


def swept(case: Case, place: Path, few: int | None, figures: Record) -> None:
    begun, folder = time.monotonic(), received(case, place)
    path = points(recovery_killed(folder, place / "to-the-end").with_suffix(".trail"))
    chosen = spread(len(path), few or len(path), SEED)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        copies = list(pool.map(lambda at: recovery_killed(folder, place / f"killed-{at}", at + 1), chosen))
    before = [Look.at(copy, case) for copy in copies]
    failed = recovered(copies)
    wrong = [f"raised: {problem}" for problem in failed.values()]
    for at, copy, look in zip(chosen, copies, before, strict=True):
        wrong += [f"{found} [{case.name}; {at + 1}: {path[at]}]" for found in judge(case, look, copy, 1)]
    name, seconds = f"recovery killed ({case.name})", time.monotonic() - begun
    figures(f"{name}: anything wrong", len(wrong), goal="0", control=CONTROL)
    figures(f"{name}: kills", f"{len(chosen)} of {len(path)} points, seed {SEED}, {seconds:.0f} s")
    assert not wrong, "\n".join(wrong)


@pytest.mark.usefixtures("wired")
def test_a_recovery_that_is_killed_can_be_repeated(tmp_path: Path, figures: Record) -> None:
    swept(PACKED, tmp_path, FEW, figures)


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("wired")
@pytest.mark.parametrize("case", [PLAIN, PACKED, STREAMED], ids=lambda case: case.name)
def test_a_recovery_that_is_killed_at_any_point_can_be_repeated(case: Case, tmp_path: Path, figures: Record) -> None:
    swept(case, tmp_path, None, figures)


def naively(place: Path, at: int = 0) -> tuple[Look, Path, bool]:
    """Let the naive saver keep an answer until its point number `at`; tell whether it was killed."""
    folder, program = planned(PLAIN, place).path, str(Path(naive.__file__))
    wire = orders(Path(program).parent, ["naive.py"], "keep", place / f"{folder.name}.trail", at)
    with FaultServer(PLAIN.steps) as server:
        command = [sys.executable, "-c", f"{FRONT} runpy.run_path({program!r}, run_name='__main__')"]
        ran = subprocess.run([*command, server.url, str(folder)], env=os.environ | wire, timeout=PATIENCE, check=False)
    assert ran.returncode == (-signal.SIGKILL if at else 0)
    return Look.at(folder, PLAIN), folder, bool(at)


def test_control_a_naive_saver_is_caught(tmp_path: Path, figures: Record) -> None:
    """The body had come whole before the first point, so every image that is missing was lost."""
    _, whole, _ = naively(tmp_path)
    count = len(points(tmp_path / f"{whole.name}.trail"))
    trials = [naively(tmp_path, at) for at in range(count + 1)]
    recovered(folder for _, folder, _ in trials)

    wrong = [judge(PLAIN, look, folder, 1, received=len(PLAIN.body)) for look, folder, _ in trials]

    lost = sum(any(found.startswith("lost: image") for found in one) for one in wrong)
    torn = sum(any(found.startswith("partial") and "killed" in found for found in one) for one in wrong)
    assert not any(found.startswith(("lost: image", "partial")) for found in wrong[0])  # it was not killed
    assert lost >= 5
    assert torn >= 2
    figures("naive saver killed: image lost", f"{lost} of {count}", goal="more than 0")
    figures("naive saver killed: a partial file at a final name", f"{torn} of {count}", goal="more than 0")
