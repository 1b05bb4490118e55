"""The session's end of the courier: submit a call folder, read events.

Deliveries run in a process of their own (process.py), started on first use, that outlives the kernel; a
reader thread puts its events where the waiting cell finds them. Where no process can be started the
same deliveries run on a thread, and die with the kernel. An event is a small dict with an `event` name;
the last one is `done`. Everything else about a call is read from its folder. This module imports
neither HTTP nor Pillow: the kernel stays light.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from typing import Any, Protocol

from cometmagic.courier.route import Route, pack
from cometmagic.library import CallFolder
from cometmagic.settings import KEY_VARIABLE

Event = dict[str, Any]


# What a delivery reads from the environment; it may have changed since the process was started.
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
SURROUNDINGS = (*_PROXIES, *map(str.upper, _PROXIES), "SSL_CERT_FILE", "SSL_CERT_DIR")


# Not `-m`, which would import from the working folder; and the very package that runs here, wherever it lies.
_PROGRAM = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); import cometmagic; del sys.path[0]; "
    "from cometmagic.courier.process import main; main()"
)


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


class Courier(Protocol):
    """What carries call folders."""

    @property
    def alive(self) -> bool:
        """Whether it takes further jobs."""

    def submit(self, folder: CallFolder, route: Route) -> Job:
        """Start the delivery of a planned call folder."""


class ProcessCourier:
    """Carries deliveries in a process that outlives this one."""

    def __init__(self) -> None:
        """Start the process. Raises `OSError` when there can be none."""
        self._jobs: dict[str, Job] = {}
        self._writing = threading.Lock()
        self._process = _start()
        threading.Thread(target=self._read, name="cometmagic-events", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def submit(self, folder: CallFolder, route: Route) -> Job:
        """Start the delivery of a planned call folder. Raises `OSError` or `ValueError` when the process has ended."""
        name, job = uuid.uuid4().hex, Job(folder)
        surroundings = {variable: os.environ.get(variable) for variable in SURROUNDINGS}
        told = {"job": name, "folder": str(folder.path), "route": pack(route), "surroundings": surroundings}
        line = json.dumps(told).encode() + b"\n"
        self._jobs[name] = job
        try:
            with self._writing:
                self._process.stdin.write(line)  # type: ignore[union-attr]  # a pipe was asked for
        except (OSError, ValueError):
            self._jobs.pop(name, None)
            raise
        return job

    def _read(self) -> None:
        """Hand events to their jobs; when the process ends, tell those that it left."""
        for line in self._process.stdout or ():
            event = json.loads(line)
            if event["event"] == "done":
                self._tell(self._jobs.pop(event["job"], None), event)
            else:
                self._tell(self._jobs.get(event["job"]), event)
        with contextlib.suppress(OSError), self._process:
            pass  # closes the pipes and takes its exit status
        for name in list(self._jobs):
            job = self._jobs.pop(name)
            _abandoned(job.folder)
            job.report({"event": "done"})

    @staticmethod
    def _tell(job: Job | None, event: Event) -> None:
        if job is not None:
            job.report(event)


def _start() -> subprocess.Popen[bytes]:
    """Start the courier's process, out of reach of the kernel's signals and without the key."""
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-P", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={name: value for name, value in os.environ.items() if name != KEY_VARIABLE},
        **apart,
    )


def _abandoned(folder: CallFolder) -> None:
    """Settle what a process that died has left."""
    from cometmagic.recover import recover

    with contextlib.suppress(Exception):  # the folder says what it can
        recover(folder)


class ThreadCourier:
    """Carries deliveries on a daemon thread of this process, where no other can be started."""

    alive = True

    def __init__(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="cometmagic-courier", daemon=True).start()

    def submit(self, folder: CallFolder, route: Route) -> Job:
        """Start the delivery of a planned call folder."""
        from cometmagic.courier.delivery import deliver

        job = Job(folder)
        asyncio.run_coroutine_threadsafe(deliver(folder, route, job.report), self._loop)
        return job


_couriers: dict[int, Courier] = {}  # by process id: a forked child gets one of its own
_starting = threading.Lock()


def courier() -> Courier:
    """Return this process's courier, started on first use and again when it has died."""
    with _starting:
        found = _couriers.get(os.getpid())
        if found is None or not found.alive:
            found = _couriers[os.getpid()] = _new()
        return found


def submit(folder: CallFolder, route: Route) -> Job:
    """Start the delivery of a planned call folder, by a new courier when this one has just died."""
    try:
        return courier().submit(folder, route)
    except (OSError, ValueError):  # it took nothing, so nothing can be sent twice
        with _starting:
            _couriers[os.getpid()] = _new()
        return courier().submit(folder, route)


def _new() -> Courier:
    try:
        return ProcessCourier()
    except Exception:  # noqa: BLE001  # whatever stands against a process: a thread can always be had
        return ThreadCourier()
