"""A request that is under way: its events, its end, and what an interrupt makes of it.

It is what the cell, the panel and Python wait for; it knows neither of them, and nothing of how a request
is made.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cometmagic.costs import estimate as advice
from cometmagic.courier.job import Event, Job
from cometmagic.courier.route import Route
from cometmagic.errors import ChargeStatus, LibraryError, restore_error
from cometmagic.generation.result import ImageResult, read_result
from cometmagic.options.declaration import CellOptions
from cometmagic.storage.call_folder import CallFolder, CallState
from cometmagic.system.formatting import format_path

EVENT_POLL_INTERVAL = 0.1  # seconds between two looks at the job, so that an interrupt is noticed
CANCEL_TIMEOUT = 0.25  # seconds to wait after an interrupt for word whether the call could be taken back

CancelCheck = Callable[[], bool]  # whether the asker has left meanwhile


class PendingCall(ABC):
    """One request that is under way, or several together."""

    cell_options: CellOptions

    @property
    @abstractmethod
    def is_running(self) -> bool:
        """Whether the courier is at work on any of it."""

    @abstractmethod
    def iter_events(self) -> Iterator[Event | None]:
        """Yield the courier's events until the end, and None when none came for a moment."""

    @abstractmethod
    def cancel(self) -> None:
        """Take back what was not sent yet."""

    @property
    @abstractmethod
    def has_cancel_reply(self) -> bool:
        """Whether it is known, after `cancel`, what was taken back."""

    @abstractmethod
    def abandon(self) -> None:
        """Stop caring: nothing is shown at the end, and what should still come is kept."""

    @abstractmethod
    def describe_outcome(self) -> str:
        """Return in one sentence what becomes of it."""

    def stop(self) -> str:
        """Stop waiting: take back what was not sent, and return what becomes of it in one sentence."""
        self.cancel()
        deadline = time.monotonic() + CANCEL_TIMEOUT
        with contextlib.suppress(KeyboardInterrupt):  # pressed twice
            while not self.has_cancel_reply and time.monotonic() < deadline:
                time.sleep(EVENT_POLL_INTERVAL / 10)
        return self.describe_outcome()


@dataclass
class Call(PendingCall):
    """A request that is under way, or a recording that was found."""

    original_folder: CallFolder
    model: str
    cell_options: CellOptions
    source: str
    estimate: advice.Price
    warnings: list[str]
    route: Route | None = None  # None for a recording
    job: Job | None = None
    label: str = ""  # what tells it from the others of a batch

    @property
    def folder(self) -> CallFolder:
        """Where the call lies: another folder than planned when its disk was full."""
        return self.original_folder if self.job is None else CallFolder(self.job.folder)

    def iter_events(self) -> Iterator[Event | None]:
        while self.job is not None:
            event = self.job.read_event(EVENT_POLL_INTERVAL)
            yield event
            if event is not None and event["event"] == "done":
                return
            if event is None and not self.is_running:  # somebody else took the last event
                return

    def result(self) -> ImageResult:
        """Return the result of a call that has ended, or raise its error."""
        if self.job is None:
            return ImageResult(self.folder.path, is_replay=True)
        try:
            return read_result(self.folder)
        except LibraryError as gone:
            gone.charge_status = ChargeStatus.UNKNOWN if self.source == "live" else ChargeStatus.OFFLINE
            raise

    def save(self, result: ImageResult) -> Path | None:
        """Save a result to `--save`, if that was given, and return where it lies then."""
        return result.save(self.cell_options.save) if self.cell_options.save else None

    def cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()

    @property
    def has_cancel_reply(self) -> bool:
        return self.job is None or not self.is_running or self.job.cancel_reply_event.is_set()

    @property
    def is_running(self) -> bool:
        return self.job is not None and not self.job.done_event.is_set()

    @property
    def can_outlive_kernel(self) -> bool:
        """Whether it comes to its end when this kernel ends first."""
        return self.job is None or self.job.can_outlive_kernel

    def abandon(self) -> None:
        if self.job is not None:
            self.job.abandon()

    def describe_outcome(self) -> str:
        state, where = CallState(self.folder.read()["state"]), format_path(self.folder.path)
        if state is CallState.SETTLED:
            return f"Its image is saved in {where}."
        if state in (CallState.FAILED, CallState.UNKNOWN):
            return str(restore_error(self.folder.read()["error"]))
        goes_on = "The request goes on and may be charged" if self.source == "live" else "The work goes on"
        stays = "" if self.can_outlive_kernel else KERNEL_CONDITION
        return f"{goes_on}; its image will be saved in {where}{stays}."


KERNEL_CONDITION = " if this kernel goes on too"
