"""A job of the courier as the kernel sees it, and the interface that both kinds of courier share.

A job is one call folder; its events arrive here, and commands about it are sent from here. How a courier
runs its jobs, in a process or on a thread, is not known here.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]
EventSink = Callable[[Event], None]
STOPPED_REASON = "stopped"  # why a call of the offline source failed that was cancelled


class Job:
    """One running delivery or recovery. `folder` is the call's folder; it changes when a disk is full."""

    def __init__(self, folder: Path, courier: Courier) -> None:
        """Start with no events."""
        self.folder = folder
        self.done_event = threading.Event()
        self.cancel_reply_event = threading.Event()  # set when `cancel` was answered
        self.can_outlive_kernel = courier.can_outlive_kernel
        self._job_name = str(folder)
        self._courier = courier
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def add_event(self, event: Event) -> None:
        """Add an event of the delivery; callable from any thread."""
        if event["event"] == "moved":
            self.folder = Path(event["folder"])
        self._events.put(event)
        if event["event"] == "done":
            self.done_event.set()
        if event["event"] in ("done", "detached"):
            self.cancel_reply_event.set()

    def read_event(self, timeout: float) -> Event | None:
        """Return the next event, or None when none arrives within `timeout` seconds."""
        try:
            return self._events.get(timeout=timeout)
        except queue.Empty:
            return None

    def cancel(self) -> None:
        """Cancel the job if nothing was sent, which then ends as not sent; else a `detached` event follows.

        A job of the offline source can be cancelled until its answer is there.
        """
        if not self.done_event.is_set():
            self.cancel_reply_event.clear()
        self._send_command("cancel")

    def abandon(self) -> None:
        """Record that nobody waits for the job any more; a response that arrives later is still saved."""
        self._send_command("abandon")

    def _send_command(self, command_name: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # the courier has ended, and the call with it
            self._courier.send_command({command_name: self._job_name})


class Courier(ABC):
    """Runs jobs: it accepts commands and emits events."""

    can_outlive_kernel: bool

    def __init__(self) -> None:
        """Start without jobs."""
        self._jobs: dict[str, Job] = {}

    @property
    @abstractmethod
    def is_alive(self) -> bool:
        """Whether the courier accepts jobs."""

    @abstractmethod
    def send_command(self, command: dict[str, Any]) -> None:
        """Send a command to the dispatcher. Raises `OSError` or `ValueError` when it has ended."""

    def submit(self, folder: Path, payload: dict[str, Any]) -> Job:
        """Start work on a call folder. Raises like `send_command`, and then nothing was started."""
        job, job_name = Job(folder, self), str(folder)
        self._jobs[job_name] = job
        try:
            self.send_command({"job": job_name, **payload})
        except (OSError, ValueError):
            self._jobs.pop(job_name, None)
            raise
        return job

    def dispatch_event(self, event: Event) -> None:
        """Pass an event to its job."""
        job_name = event.pop("job")
        job = self._jobs.pop(job_name, None) if event["event"] == "done" else self._jobs.get(job_name)
        if job is not None:
            job.add_event(event)
