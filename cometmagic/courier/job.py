"""What the session knows of a call that a courier carries: its events, and the courier itself as an interface."""

from __future__ import annotations

import contextlib
import queue
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class Job:
    """One delivery under way. `folder` is where it lies: another one when a disk was full."""

    def __init__(self, folder: Path, courier: Courier) -> None:
        """Begin with no events."""
        self.folder = folder
        self.done_event = threading.Event()
        self.cancel_reply_event = threading.Event()  # after `cancel`: whether it was taken back
        self.can_outlive_kernel = courier.can_outlive_kernel
        self._job_name = str(folder)
        self._courier = courier
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def add_event(self, event: Event) -> None:
        """Take an event from the delivery; from any thread."""
        if event["event"] == "moved":
            self.folder = Path(event["folder"])
        self._events.put(event)
        if event["event"] == "done":
            self.done_event.set()
        if event["event"] in ("done", "detached"):
            self.cancel_reply_event.set()

    def read_event(self, timeout: float) -> Event | None:
        """Return the next event, or None when none came within `timeout` seconds."""
        try:
            return self._events.get(timeout=timeout)
        except queue.Empty:
            return None

    def cancel(self) -> None:
        """Take the job back if nothing was sent: then it ends as not sent. Else a `detached` event comes."""
        if not self.done_event.is_set():
            self.cancel_reply_event.clear()
        self._send_command("cancel")

    def abandon(self) -> None:
        """Say that nobody waits for it any more; should an answer come, it is kept."""
        self._send_command("abandon")

    def _send_command(self, command_name: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # the courier is gone, and the call at its end
            self._courier.send_command({command_name: self._job_name})


class Courier(ABC):
    """What carries call folders: it takes orders and gives events."""

    can_outlive_kernel: bool

    def __init__(self) -> None:
        """Begin without jobs."""
        self._jobs: dict[str, Job] = {}

    @property
    @abstractmethod
    def is_alive(self) -> bool:
        """Whether it takes further jobs."""

    @abstractmethod
    def send_command(self, command: dict[str, Any]) -> None:
        """Pass an order on to the office. Raises `OSError` or `ValueError` when there is none any more."""

    def submit(self, folder: Path, payload: dict[str, Any]) -> Job:
        """Start work on a call folder. Raises as `order` does, and then nothing was started."""
        job, name = Job(folder, self), str(folder)
        self._jobs[name] = job
        try:
            self.send_command({"job": name, **payload})
        except (OSError, ValueError):
            self._jobs.pop(name, None)
            raise
        return job

    def dispatch_event(self, event: Event) -> None:
        """Hand an event to its job."""
        name = event.pop("job")
        job = self._jobs.pop(name, None) if event["event"] == "done" else self._jobs.get(name)
        if job is not None:
            job.add_event(event)
