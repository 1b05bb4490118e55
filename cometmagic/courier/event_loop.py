"""An event loop whose clock stops while the process is suspended.

A debugger or a signal can stop a process, and the whole machine can sleep. Data that arrives meanwhile waits in
the socket's buffer; time limits that counted the suspension would expire before it is read. So all time limits of
a delivery, httpx's too, count only the time in which the loop runs. This module knows nothing about calls.
"""

from __future__ import annotations

import asyncio
import sys
import time

TICK_INTERVAL = 0.25  # seconds at most between two readings of the clock while the loop runs
SUSPENSION_THRESHOLD = 1.0  # a longer gap, in seconds, means that the process was suspended

if sys.platform == "win32":
    _BaseLoop = asyncio.ProactorEventLoop
else:
    _BaseLoop = asyncio.SelectorEventLoop


class RunningTimeLoop(_BaseLoop):
    """The system's usual loop on a clock without suspensions; each one may cost up to a tick."""

    def __init__(self) -> None:
        """Start at the system's time."""
        self._last_reading = time.monotonic()
        self._suspended_time = 0.0
        super().__init__()
        self._tick()

    def _tick(self) -> None:
        """Read the clock regularly, so that a long wait does not look like a suspension."""
        self.call_later(TICK_INTERVAL, self._tick)

    def time(self) -> float:
        """Return the seconds of the system's clock without suspensions."""
        now = time.monotonic()
        gap, self._last_reading = now - self._last_reading, now
        if gap > SUSPENSION_THRESHOLD:
            self._suspended_time += gap
        return now - self._suspended_time
