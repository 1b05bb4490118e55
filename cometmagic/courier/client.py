"""The session's end of the courier: submit a call folder, read events.

Deliveries run on one daemon thread with its own event loop, so that the notebook's thread stays free
to be interrupted and no loop of the kernel is touched. An event is a small dict with an `event` name;
the last one is `done`. Everything else about a call is read from its folder.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from typing import Any

from cometmagic.courier.delivery import Route, deliver
from cometmagic.library import CallFolder

Event = dict[str, Any]


class Job:
    """One delivery under way."""

    def __init__(self, folder: CallFolder) -> None:
        """Begin with no events."""
        self.folder = folder
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.finished = threading.Event()

    def report(self, event: Event) -> None:
        """Take an event from the delivery; from any thread."""
        if event["event"] == "done":
            self.finished.set()
        self._events.put(event)

    def next(self, timeout: float) -> Event | None:
        """Return the next event, or None when none came within `timeout` seconds."""
        try:
            return self._events.get(timeout=timeout)
        except queue.Empty:
            return None


class Courier:
    """Carries deliveries on a thread of this process."""

    def __init__(self) -> None:
        """Start the thread."""
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="cometmagic-courier", daemon=True).start()

    def submit(self, folder: CallFolder, route: Route) -> Job:
        """Start the delivery of a planned call folder."""
        job = Job(folder)
        asyncio.run_coroutine_threadsafe(deliver(folder, route, job.report), self._loop)
        return job


_courier: Courier | None = None
_starting = threading.Lock()


def courier() -> Courier:
    """Return this process's courier; a forked child gets one of its own."""
    global _courier  # noqa: PLW0603  # one courier for each process is the point
    with _starting:
        if _courier is None or _courier.pid != os.getpid():
            _courier = Courier()
        return _courier
