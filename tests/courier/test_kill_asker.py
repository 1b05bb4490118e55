"""I10: the program that asks, killed at every step; the courier goes on alone and brings the image home.

No recovery is run where the request was made: the courier is alive, and what it was given must be enough.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from cometmagic.storage.call_record import CallState
from tests.courier.killing import AT_ONCE, PACKAGE, spread
from tests.faults.crash import PATIENCE, Look, judge, recovered
from tests.faults.doomed import Case, cases
from tests.faults.leaks import KEY
from tests.faults.server import FaultServer
from tests.faults.tripwire import FRONT, Point, orders, points
from tests.figures import Record
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")

SEED = 20261124
FEW = 8
NAME = "program killed while it asks"
MARK = "CRASH_MARK"
WIRED = (
    "generation/generate.py",
    "generation/launch.py",
    "generation/wait.py",
    "generation/session.py",
    "generation/result.py",
    "courier/client.py",
    "courier/job.py",
    "costs/charges.py",
    "costs/ledger.py",
    "costs/ledger_entries.py",
    "system/file_lock.py",
    "system/atomic_files.py",
    "storage/call_folder.py",
    "storage/library.py",
)
CASE = next(case for case in cases() if case.name.startswith("packed"))


@dataclass(frozen=True)
class Asked:
    """One program that asked and was killed, when its courier had ended too."""

    at: int
    point: Point | None  # None when it came to its end
    place: Path
    posts: int

    @property
    def bare(self) -> bool:
        """Whether it died while it made the call's folder, which nobody will look at then."""
        folders = [path for path in (self.place / "library").glob("*") if path.is_dir()]
        return any(not (path / "call.json").exists() for path in folders)

    def wrong(self, case: Case) -> list[str]:
        """Return what is wrong with what is left."""
        return [
            f"{found} [{self.at}: {self.point or 'not killed'}]" for found in (*self._saved(case), *self._kept(case))
        ]

    def _saved(self, case: Case) -> list[str]:
        """Look at the name that was given with `--save`."""
        final, files = case.pictures[-1].sha256, (self.place / "saved").glob("[!.]*")
        torn = [path for path in files if hashlib.sha256(path.read_bytes()).hexdigest() != final]
        return [f"partial: {path.name}, {path.stat().st_size} bytes, at the name of --save" for path in torn]

    def _kept(self, case: Case) -> list[str]:
        """Look at the call's folder."""
        folders = [path for path in (self.place / "library").glob("*") if (path / "call.json").exists()]
        if not folders:
            return ["posts: one without a call.json"] if self.posts else []
        before = Look.at(folders[0], case)
        if self.posts and before.state != CallState.SETTLED:
            return [f"state: {before.state} although the courier was left alone"]
        failed = {} if self.posts else recovered(folders)
        return [*judge(case, before, folders[0], self.posts), *(f"raised: {problem}" for problem in failed.values())]


def marked(mark: str) -> list[str]:
    """Return the processes that were started with this mark."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{MARK}={mark}".encode() in environment.read_bytes():
                found.append(environment.parent.name)
        except OSError:  # it has just ended, or is another user's
            continue
    return found


def asked(place: Path, at: int = 0) -> Asked:
    """Let a program ask for a picture and die at its point number `at`; wait for the end of its courier."""
    place.mkdir(parents=True)
    mark, trail, target = uuid.uuid4().hex, place / "trail", place / "saved" / "cat.png"
    program = f"{FRONT} import cometmagic; cometmagic.generate('a cat', save={str(target)!r})"
    settings = {"COMETMAGIC_LIBRARY": str(place / "library"), "COMETAPI_KEY": KEY, MARK: mark}
    wire = orders(PACKAGE, WIRED, "generate", trail, at)
    with FaultServer(CASE.steps) as server:
        env = os.environ | settings | wire | {"COMETAPI_BASE_URL": server.url}
        ran = subprocess.run([sys.executable, "-c", program], env=env, timeout=PATIENCE, check=False)
        wait_for(lambda: not marked(mark))
    assert ran.returncode in (0, -signal.SIGKILL)
    return Asked(at, points(trail)[-1] if ran.returncode else None, place, server.posts)


def swept(place: Path, few: int | None, figures: Record) -> None:
    begun, whole = time.monotonic(), asked(place / "to-the-end")
    assert whole.wrong(CASE) == []
    assert (whole.place / "saved" / "cat.png").exists()
    count = len(points(whole.place / "trail"))
    chosen = spread(count, few or count, SEED)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        trials = list(pool.map(lambda at: asked(place / str(at), at + 1), chosen))
    wrong = [found for trial in trials for found in trial.wrong(CASE)]
    posts, seconds = sum(trial.posts for trial in trials), time.monotonic() - begun
    figures(f"{NAME}: anything wrong", len(wrong), goal="0")
    figures(f"{NAME}: a folder without call.json stays", sum(trial.bare for trial in trials))
    figures(f"{NAME}: kills", f"{len(trials)} of {count} points, {posts} POSTs, seed {SEED}, {seconds:.0f} s")
    assert not wrong, "\n".join(wrong)


def test_a_program_that_is_killed_loses_no_picture(tmp_path: Path, figures: Record) -> None:
    swept(tmp_path, FEW, figures)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_a_program_that_is_killed_at_any_point_loses_no_picture(tmp_path: Path, figures: Record) -> None:
    swept(tmp_path, None, figures)
