"""The courier's process: deliveries that outlive the kernel.

It reads one command per line from standard input and writes one event per line to standard output. It runs in a
session of its own, so that neither Ctrl-C nor a kernel restart reaches it. When the input ends, the kernel is gone:
the process finishes its jobs and exits. The key arrives over the pipe, and is never in arguments, environment or files.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import sys
import threading
from typing import BinaryIO, TextIO

from cometmagic.courier.commands import apply_environment, decode_command
from cometmagic.courier.dispatcher import Dispatcher
from cometmagic.courier.event_loop import RunningTimeLoop
from cometmagic.courier.job import Event

MAX_OPEN_FILES = 10_240  # macOS allows no more


class EventWriter:
    """Writes events from a thread of its own, so that a busy or stopped kernel does not delay a delivery."""

    def __init__(self, event_stream: TextIO) -> None:
        """`event_stream` may close at any time."""
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        threading.Thread(target=self._write_events, args=(event_stream,), name="cometmagic-teller", daemon=True).start()

    def __call__(self, event: Event) -> None:
        """Queue an event for writing."""
        self._queue.put(event)

    def _write_events(self, event_stream: TextIO) -> None:
        while True:
            event = self._queue.get()
            try:
                event_stream.write(json.dumps(event) + "\n")
                event_stream.flush()
            except (OSError, ValueError):  # the kernel is gone; the folder records how the call ends
                return


async def serve(command_stream: BinaryIO, event_stream: TextIO) -> None:
    """Handle commands until the input ends, then finish the running jobs."""
    loop, dispatcher, end_event = asyncio.get_running_loop(), Dispatcher(EventWriter(event_stream)), asyncio.Event()

    def handle_command(line: bytes) -> None:
        with contextlib.suppress(ValueError):  # an empty line, or half of one
            command, environment = decode_command(line)
            apply_environment(environment)
            dispatcher.handle_command(command)

    def read_commands() -> None:
        for line in command_stream:
            loop.call_soon_threadsafe(handle_command, line)
        loop.call_soon_threadsafe(end_event.set)

    threading.Thread(target=read_commands, name="cometmagic-orders", daemon=True).start()
    await end_event.wait()
    await dispatcher.wait_until_idle()


def main() -> None:
    """Run the process."""
    # Anything that is printed goes to standard error, so that only events are written to the pipe.
    event_stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _raise_file_limit()
    with asyncio.Runner(loop_factory=RunningTimeLoop) as runner:
        runner.run(serve(sys.stdin.buffer, event_stream))


def _raise_file_limit() -> None:
    """Allow more open files, as each call of a batch holds its folder's lock while it waits."""
    if sys.platform != "win32":
        import resource

        _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(ValueError, OSError):
            soft_limit = MAX_OPEN_FILES if hard_limit == resource.RLIM_INFINITY else min(hard_limit, MAX_OPEN_FILES)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft_limit, hard_limit))
