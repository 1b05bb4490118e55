"""A request that is under way: its events, its end, and what an interrupt makes of it.

It is what the cell, the panel and Python wait for; it knows neither of them, and nothing of how a request
is made.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cometmagic import advice
from cometmagic.courier.client import Event, Job
from cometmagic.courier.route import Route
from cometmagic.disk import near
from cometmagic.errors import Fate, LibraryError, revive
from cometmagic.library import CallFolder, State
from cometmagic.options import CellOptions
from cometmagic.result import ImageResult, read_result

TICK = 0.1  # seconds between two looks at the job, so that an interrupt is noticed
TAKING_BACK = 0.25  # seconds to wait after an interrupt for word whether the call could be taken back


@dataclass
class Call:
    """A request that is under way, or a recording that was found."""

    planned: CallFolder
    model: str
    cell: CellOptions
    source: str
    estimate: advice.Price
    warnings: list[str]
    route: Route | None = None  # None for a recording
    job: Job | None = None

    @property
    def folder(self) -> CallFolder:
        """Where the call lies: another folder than planned when its disk was full."""
        return self.planned if self.job is None else CallFolder(self.job.folder)

    def events(self) -> Iterator[Event | None]:
        """Yield the courier's events until the call has ended, and None when none came for a moment."""
        while self.job is not None:
            event = self.job.next(TICK)
            yield event
            if event is not None and event["event"] == "done":
                return

    def result(self) -> ImageResult:
        """Return the result of a call that has ended, or raise its error."""
        if self.job is None:
            return ImageResult(self.folder.path, replayed=True)
        try:
            return read_result(self.folder)
        except LibraryError as gone:
            gone.fate = Fate.UNKNOWN if self.source == "live" else Fate.OFFLINE
            raise

    def save(self, result: ImageResult) -> Path | None:
        """Save a result to `--save`, if that was given, and return where it lies then."""
        return result.save(self.cell.save) if self.cell.save else None

    def stop(self) -> str:
        """Stop waiting: take the call back if nothing was sent, and return what becomes of it in one sentence."""
        if self.job is not None:
            self.job.cancel()
            deadline = time.monotonic() + TAKING_BACK
            with contextlib.suppress(KeyboardInterrupt):  # pressed twice
                while not self.knows_its_fate(TICK) and time.monotonic() < deadline:
                    pass
        return self.future()

    def knows_its_fate(self, patience: float) -> bool:
        """Whether it is known, after a call was to be taken back, whether it was; waits `patience` seconds."""
        event = self.job.next(patience) if self.job is not None else {"event": "done"}
        return not self.goes_on or (event is not None and event["event"] in ("done", "detached"))

    @property
    def goes_on(self) -> bool:
        """Whether the courier is at work on it."""
        return self.job is not None and not self.job.finished.is_set()

    def abandon(self) -> None:
        """Stop caring: nothing is shown when it ends, and what should still come is kept."""
        if self.job is not None:
            self.job.abandon()

    def future(self) -> str:
        """Return in one sentence what becomes of it."""
        state, where = State(self.folder.read()["state"]), near(self.folder.path)
        if state is State.SETTLED:
            return f"Its image is saved in {where}."
        if state in (State.FAILED, State.UNKNOWN):
            return str(revive(self.folder.read()["error"]))
        goes_on = "The request goes on and may be charged" if self.source == "live" else "The work goes on"
        stays = "" if self.job is None or self.job.outlives_kernel else " if this kernel goes on too"
        return f"{goes_on}; its image will be saved in {where}{stays}."
