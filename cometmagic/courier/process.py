"""The courier's process: deliveries that outlive the kernel.

It reads one job a line from its standard input and writes one event a line to its standard output. It
stands in a session of its own, so that neither Ctrl-C nor a restart of the kernel reaches it; when the
input ends, the kernel is gone: what is under way is brought home, and the process ends. The key comes
over the pipe and is in neither the arguments nor the environment nor any file.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from cometmagic.courier.delivery import deliver
from cometmagic.courier.route import unpack
from cometmagic.library import CallFolder


class Office:
    """Takes jobs, runs at most `at_once` of them together, tells what happens."""

    def __init__(self, events: TextIO, at_once: int) -> None:
        """`events` is where they are written; it may close at any time."""
        self._events = events
        self._places = asyncio.Semaphore(at_once)
        self._under_way: set[asyncio.Task[None]] = set()

    def take(self, line: bytes) -> None:
        """Start the job a line describes."""
        job = json.loads(line)
        for name, value in job["surroundings"].items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        task = asyncio.ensure_future(self._run(job))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _run(self, job: dict[str, Any]) -> None:
        async with self._places:
            await deliver(
                CallFolder(Path(job["folder"])), unpack(job["route"]), lambda event: self._tell(job["job"], event)
            )

    def _tell(self, job: str, event: dict[str, Any]) -> None:
        try:
            self._events.write(json.dumps({"job": job, **event}) + "\n")
            self._events.flush()
        except (OSError, ValueError):  # the kernel is gone; the folder says what became of the call
            pass

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)


async def work(jobs: BinaryIO, events: TextIO, at_once: int) -> None:
    """Run the jobs that come in until the input ends, then finish what is under way."""
    loop, office, ended = asyncio.get_running_loop(), Office(events, at_once), asyncio.Event()

    def read() -> None:
        for line in jobs:
            loop.call_soon_threadsafe(office.take, line)
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, name="cometmagic-jobs", daemon=True).start()
    await ended.wait()
    await office.idle()


def main(at_once: int = 8) -> None:
    """Run the process."""
    # What anything prints must not get among the events.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asyncio.run(work(sys.stdin.buffer, events, at_once))
