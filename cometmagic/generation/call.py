"""A call that is running: its events, its result, and what an interrupt does to it.

Cells, the panel and Python wait for it. This module knows none of them, and nothing about how a request is built.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cometmagic.costs.estimate import Price
from cometmagic.courier.job import Event, Job
from cometmagic.courier.route import Route
from cometmagic.errors import ChargeStatus, CometError, LibraryError, restore_error
from cometmagic.generation.result import ImageResult
from cometmagic.options.declaration import CellOptions
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.system.formatting import format_path

EVENT_POLL_INTERVAL = 0.1  # seconds between two checks, so that an interrupt is noticed
CANCEL_TIMEOUT = 0.25  # seconds to wait after an interrupt for the reply whether the call was cancelled

CancelCheck = Callable[[], bool]  # whether the caller has stopped waiting


class PendingCall(ABC):
    """One call that is running, or several together."""

    cell_options: CellOptions

    @property
    @abstractmethod
    def is_running(self) -> bool:
        """Whether the courier still works on it."""

    @abstractmethod
    def iter_events(self) -> Iterator[Event | None]:
        """Yield the courier's events until the end, and None when there was none for a moment."""

    @abstractmethod
    def cancel(self) -> None:
        """Cancel what was not sent yet."""

    @property
    @abstractmethod
    def has_cancel_reply(self) -> bool:
        """Whether the courier has replied to `cancel`."""

    @abstractmethod
    def abandon(self) -> None:
        """Show nothing at the end; an image that still arrives is saved all the same."""

    @abstractmethod
    def describe_outcome(self) -> str:
        """Return in one sentence what happens to it now."""

    def stop(self) -> str:
        """Stop waiting: cancel what was not sent, and return `describe_outcome`."""
        self.cancel()
        deadline = time.monotonic() + CANCEL_TIMEOUT
        with contextlib.suppress(KeyboardInterrupt):  # pressed twice
            while not self.has_cancel_reply and time.monotonic() < deadline:
                time.sleep(EVENT_POLL_INTERVAL / 10)
        return self.describe_outcome()


@dataclass
class Call(PendingCall):
    """A request that the courier carries, or a recording that takes its place."""

    original_folder: CallFolder
    model: str
    cell_options: CellOptions
    source: str
    estimate: Price
    warnings: list[str]
    route: Route | None = None  # None for a recording
    job: Job | None = None
    label: str = ""  # its name within a batch

    @property
    def folder(self) -> CallFolder:
        """The call's folder; another one than `original_folder` when its disk was full."""
        return self.original_folder if self.job is None else CallFolder(self.job.folder)

    def iter_events(self) -> Iterator[Event | None]:
        while self.job is not None:
            event = self.job.read_event(EVENT_POLL_INTERVAL)
            yield event
            if event is not None and event["event"] == "done":
                return
            if event is None and not self.is_running:  # another reader took the last event
                return

    def result(self) -> ImageResult:
        """Return the result of a call that has ended, or raise its error."""
        if self.job is None:
            return ImageResult(self.folder.path, is_replay=True)
        try:
            return read_result(self.folder)
        except CometError as error:
            if self.source == "offline":
                error.charge_status = ChargeStatus.OFFLINE
            elif isinstance(error, LibraryError):
                error.charge_status = ChargeStatus.UNKNOWN
            raise

    def save(self, result: ImageResult) -> Path | None:
        """Save a copy where `--save` says, and return its path; None without that option."""
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
        """Whether the call still ends properly when this kernel is gone."""
        return self.job is None or self.job.can_outlive_kernel

    def abandon(self) -> None:
        if self.job is not None:
            self.job.abandon()

    def describe_outcome(self) -> str:
        call, where = self.folder.read(), format_path(self.folder.path)
        if call["state"] == CallState.SETTLED:
            return f"Its image is saved in {where}."
        if call["state"] in (CallState.FAILED, CallState.UNKNOWN) and (error := call.get("error")):
            return str(restore_error(error)) if self.source == "live" else restore_error(error).message
        status = "The request goes on and may be charged" if self.source == "live" else "The work goes on"
        condition = "" if self.can_outlive_kernel else KERNEL_CONDITION
        return f"{status}; its image will be saved in {where}{condition}."


KERNEL_CONDITION = " if this kernel goes on too"


def read_result(folder: CallFolder) -> ImageResult:
    """Return the result of a call that has ended, or raise the error that its folder holds."""
    call, result = folder.read(), ImageResult(folder.path)
    if call["state"] == CallState.SETTLED:
        return result
    unfinished = CometError(f"The call in {folder.path} has not ended.", charge_status=ChargeStatus.UNKNOWN)
    details = {"response": result.response} if folder.has_file("answer.json") else {}
    raise restore_error(call.get("error") or unfinished.to_dict(), folder=folder.path, **details)
