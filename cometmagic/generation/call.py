"""A request that is under way: its events, its end, and what an interrupt makes of it.

It is what the cell, the panel and Python wait for; it knows neither of them, and nothing of how a request
is made.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cometmagic.costs import estimate as advice
from cometmagic.courier.client import Event, Job
from cometmagic.courier.endpoint import Route
from cometmagic.errors import Fate, LibraryError, revive
from cometmagic.generation.result import ImageResult, read_result
from cometmagic.options.declaration import CellOptions
from cometmagic.storage.store import CallFolder, State
from cometmagic.system.atomic_files import near

TICK = 0.1  # seconds between two looks at the job, so that an interrupt is noticed
TAKING_BACK = 0.25  # seconds to wait after an interrupt for word whether the call could be taken back


class UnderWay(ABC):
    """One request that is under way, or several together."""

    cell: CellOptions

    @property
    @abstractmethod
    def goes_on(self) -> bool:
        """Whether the courier is at work on any of it."""

    @abstractmethod
    def events(self) -> Iterator[Event | None]:
        """Yield the courier's events until the end, and None when none came for a moment."""

    @abstractmethod
    def cancel(self) -> None:
        """Take back what was not sent yet."""

    @property
    @abstractmethod
    def knows_its_fate(self) -> bool:
        """Whether it is known, after `cancel`, what was taken back."""

    @abstractmethod
    def abandon(self) -> None:
        """Stop caring: nothing is shown at the end, and what should still come is kept."""

    @abstractmethod
    def future(self) -> str:
        """Return in one sentence what becomes of it."""

    def stop(self) -> str:
        """Stop waiting: take back what was not sent, and return what becomes of it in one sentence."""
        self.cancel()
        deadline = time.monotonic() + TAKING_BACK
        with contextlib.suppress(KeyboardInterrupt):  # pressed twice
            while not self.knows_its_fate and time.monotonic() < deadline:
                time.sleep(TICK / 10)
        return self.future()


@dataclass
class Call(UnderWay):
    """A request that is under way, or a recording that was found."""

    planned: CallFolder
    model: str
    cell: CellOptions
    source: str
    estimate: advice.Price
    warnings: list[str]
    route: Route | None = None  # None for a recording
    job: Job | None = None
    label: str = ""  # what tells it from the others of a batch

    @property
    def folder(self) -> CallFolder:
        """Where the call lies: another folder than planned when its disk was full."""
        return self.planned if self.job is None else CallFolder(self.job.folder)

    def events(self) -> Iterator[Event | None]:
        while self.job is not None:
            event = self.job.next(TICK)
            yield event
            if event is not None and event["event"] == "done":
                return
            if event is None and not self.goes_on:  # somebody else took the last event
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

    def cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()

    @property
    def knows_its_fate(self) -> bool:
        return self.job is None or not self.goes_on or self.job.fate_known.is_set()

    @property
    def goes_on(self) -> bool:
        return self.job is not None and not self.job.finished.is_set()

    @property
    def outlives_kernel(self) -> bool:
        """Whether it comes to its end when this kernel ends first."""
        return self.job is None or self.job.outlives_kernel

    def abandon(self) -> None:
        if self.job is not None:
            self.job.abandon()

    def future(self) -> str:
        state, where = State(self.folder.read()["state"]), near(self.folder.path)
        if state is State.SETTLED:
            return f"Its image is saved in {where}."
        if state in (State.FAILED, State.UNKNOWN):
            return str(revive(self.folder.read()["error"]))
        goes_on = "The request goes on and may be charged" if self.source == "live" else "The work goes on"
        stays = "" if self.outlives_kernel else IF_IT_STAYS
        return f"{goes_on}; its image will be saved in {where}{stays}."


IF_IT_STAYS = " if this kernel goes on too"
