"""The courier's process: deliveries that outlive the kernel.

It reads one order a line from its standard input and writes one event a line to its standard output. It
stands in a session of its own, so that neither Ctrl-C nor a restart of the kernel reaches it; when the
input ends, the kernel is gone: what is under way is brought home, and the process ends. The key comes
over the pipe and is in neither the arguments nor the environment nor any file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import sys
import threading
from typing import Any, BinaryIO, TextIO

from cometmagic.courier.dispatcher import Dispatcher
from cometmagic.courier.event_loop import RunningTimeLoop

MAX_OPEN_FILES = 10_240  # files; macOS allows no more


class EventWriter:
    """Writes events from a thread of its own: a kernel that is busy or stopped must not hold a delivery up."""

    def __init__(self, event_stream: TextIO) -> None:
        """`events` is where they are written; it may close at any time."""
        self._queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._write_events, args=(event_stream,), name="cometmagic-teller", daemon=True).start()

    def __call__(self, event: dict[str, Any]) -> None:
        """Have an event written."""
        self._queue.put(event)

    def _write_events(self, event_stream: TextIO) -> None:
        while True:
            event = self._queue.get()
            try:
                event_stream.write(json.dumps(event) + "\n")
                event_stream.flush()
            except (OSError, ValueError):  # the kernel is gone; the folder says what became of the call
                return


async def serve(command_stream: BinaryIO, event_stream: TextIO) -> None:
    """Carry out the orders that come in until the input ends, then finish what is under way."""
    loop, office, ended = asyncio.get_running_loop(), Dispatcher(EventWriter(event_stream)), asyncio.Event()

    def read() -> None:
        for line in command_stream:
            with contextlib.suppress(ValueError):  # an empty line, or half of one
                loop.call_soon_threadsafe(office.handle_command, json.loads(line))
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, name="cometmagic-orders", daemon=True).start()
    await ended.wait()
    await office.wait_until_idle()


def main() -> None:
    """Run the process."""
    # What anything prints must not get among the events.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _raise_file_limit()
    with asyncio.Runner(loop_factory=RunningTimeLoop) as runner:
        runner.run(serve(sys.stdin.buffer, events))


def _raise_file_limit() -> None:
    """Open as many files as the system lets us: each call of a batch holds its folder's lock while it waits."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(ValueError, OSError):
            enough = min(most, MAX_OPEN_FILES) if most != resource.RLIM_INFINITY else MAX_OPEN_FILES
            resource.setrlimit(resource.RLIMIT_NOFILE, (enough, most))
