"""One call carried by a courier that is killed on its way, and the judgement on what is left.

The folder is copied as the kill left it. The kernel's side then does with the original what it does by
itself when its courier dies; the copy waits for a fresh process, as after a restart.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import threading
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import cometmagic
from cometmagic.costs import estimate
from cometmagic.courier import client
from cometmagic.courier.job import Job
from cometmagic.courier.route import LiveRoute
from cometmagic.gemini.parts import TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.options.declaration import Options
from cometmagic.options.settings import Key
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from cometmagic.storage.trust import create_library_folder
from tests.faults.crash import PATIENCE, Look, judge, recovered
from tests.faults.doomed import Case
from tests.faults.leaks import KEY
from tests.faults.server import FaultServer
from tests.faults.tripwire import FRONT, Point, orders, points

PACKAGE = Path(cometmagic.__file__).parent
KEEPING = (
    "storage/settle.py",
    "storage/image_files.py",
    "storage/call_folder.py",
    "storage/library.py",
    "system/atomic_files.py",
    "system/file_lock.py",
    "images/resize.py",
    "images/streamed_png.py",
    "costs/charges.py",
    "costs/ledger.py",
    "costs/ledger_entries.py",
)
FOLDERS = ("courier", "courier/http", "gemini", "gemini/tolerant")
WIRED = (
    *KEEPING,
    *(f"{name}/{path.name}" for name in FOLDERS for path in sorted((PACKAGE / name).glob("*.py"))),
)
AT_ONCE = 2
BATCH = 50  # folders that lie there together

_starting = threading.Lock()
_abandoned = client._recover_folder


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every courier run with a wire, and keep the kernel's side from recovering before the first look."""
    monkeypatch.setattr(client, "_WORKER_CODE", FRONT + client._WORKER_CODE)
    monkeypatch.setattr(client, "_recover_folder", lambda _: None)


@dataclass(frozen=True)
class Trial:
    """One call and what the kill left of it."""

    case: Case
    at: int
    point: Point | None  # where it died; None when it came to its end
    folder: CallFolder
    copy: Path
    before: Look
    posts: int
    delivered: bool  # the server sent the last byte

    @property
    def received(self) -> int:
        """Bytes of the answer that were on the disk when it was killed, or had been."""
        return self.before.arrived(self.case)

    def told(self, complaint: str) -> str:
        """Return a complaint with where it arose."""
        return f"{complaint} [{self.case.name}; {self.at}: {self.point or 'not killed'}; {self.before.state}]"


def started(wire: dict[str, str]) -> client.ProcessCourier:
    """Start a courier with a wire."""
    with _starting:
        os.environ.update(wire)
        try:
            return client.ProcessCourier()
        finally:
            for name in wire:
                del os.environ[name]


def planned(case: Case, place: Path) -> CallFolder:
    """Return the folder of a call that is to be made."""
    request = ImageRequest((Turn((TextPart("a cat"),)),), Options())
    price = estimate.estimate_price(request.options, request.prompt, 0).to_dict()
    return Library(place).create_folder(
        request, source="live", preview=case.preview, id=uuid.uuid4().hex, estimate=price
    )


def handed(courier: client.ProcessCourier, folder: CallFolder, url: str) -> Job:
    """Hand a call to a courier."""
    return courier.submit(folder.path, {"route": LiveRoute(url, Key(KEY, "the test"))})


def carried(case: Case, place: Path, at: int = 0) -> Trial:
    """Carry one call by a courier that dies at its point number `at`."""
    folder = planned(case, place)
    trail = place / f"{folder.id}.trail"
    with FaultServer(case.steps) as server:
        courier = started(orders(PACKAGE, WIRED, "main", trail, at))
        job = handed(courier, folder, server.url)
        assert job.done_event.wait(PATIENCE)
        courier._process.stdin.close()  # type: ignore[union-attr]  # it has one
        status = courier._process.wait(PATIENCE)
    assert status in (0, -signal.SIGKILL)
    create_library_folder(place / "copies")
    copy = Path(shutil.copytree(folder.path, place / "copies" / folder.id))
    died = points(trail)[-1] if status else None
    posts, delivered = server.posts, any(exchange.delivered for exchange in server.log)
    return Trial(case, at, died, folder, copy, Look.at(copy, case), posts, delivered)


def swept(chosen: Sequence[tuple[Case, int]], place: Path) -> tuple[list[Trial], list[str]]:
    """Carry a call for each (case, point); return the trials, and what is wrong with them."""
    trials: list[Trial] = []
    wrong: list[str] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, len(chosen), BATCH):
            made = list(pool.map(lambda one: carried(one[0], place, one[1]), chosen[start : start + BATCH]))
            trials += made
            wrong += judged(made)
    return trials, wrong


def judged(trials: Sequence[Trial]) -> list[str]:
    """Recover every call in both ways and return what is wrong; what is right is thrown away."""
    failed = recovered(trial.copy for trial in trials)
    found: list[str] = []
    for trial in trials:
        _abandoned(trial.folder.path)
        beside = judge(trial.case, trial.before, trial.folder.path, trial.posts)
        fresh = judge(trial.case, trial.before, trial.copy, trial.posts)
        if problem := failed.get(str(trial.copy)):
            fresh.append(f"raised: {problem}")
        found += [trial.told(complaint) for complaint in dict.fromkeys(fresh + beside)]
        for path in () if fresh or beside else (trial.copy, trial.folder.path):
            shutil.rmtree(path)
    return found


def spread(count: int, wanted: int, seed: int) -> list[int]:
    """Return `wanted` of `count` numbers, one from each of as many equal stretches."""
    numbers = random.Random(seed)  # noqa: S311  # the same points again is what the seed is for
    edges = [round(count * step / wanted) for step in range(wanted + 1)]
    return [numbers.randrange(low, high) for low, high in itertools.pairwise(edges) if high > low]


def surveyed(wanted: Sequence[Case], place: Path) -> list[list[Point]]:
    """Return the points of each case when nobody is killed; all of them must end well."""
    whole, wrong = swept([(case, 0) for case in wanted], place)
    assert not wrong, "\n".join(wrong)
    paths = [points(place / f"{trial.folder.id}.trail") for trial in whole]
    assert all(paths), "the wire does not lie through the package that runs"
    return paths


def saving(path: Sequence[Point]) -> int:
    """Return the number of the first point of saving."""
    return next(number for number, point in enumerate(path, 1) if point.file == "storage/settle.py")
