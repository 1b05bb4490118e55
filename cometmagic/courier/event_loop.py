"""An event loop whose clock stands still while nothing runs.

A process can be stopped by a debugger or a signal, and the whole machine can sleep. What is sent meanwhile
waits in the socket's buffer, and limits that counted this time would give it up at the first look. So all
limits of a delivery, httpx's too, count the time in which the loop ran. It knows nothing of calls.
"""

from __future__ import annotations

import asyncio
import sys
import time

TICK_INTERVAL = 0.25  # seconds at most between two looks at the clock while the loop runs
SUSPENSION_THRESHOLD = 1.0  # seconds between two looks that mean that it did not

if sys.platform == "win32":
    _BaseLoop = asyncio.ProactorEventLoop
else:
    _BaseLoop = asyncio.SelectorEventLoop


class RunningTimeLoop(_BaseLoop):
    """The system's usual loop, by the time in which it ran; each stop may give away up to a beat."""

    def __init__(self) -> None:
        """Begin at the system's time."""
        self._last_reading = time.monotonic()
        self._suspended_time = 0.0
        super().__init__()
        self._tick()

    def _tick(self) -> None:
        """Look at the clock now and then, so that a long wait is not taken for a stop."""
        self.call_later(TICK_INTERVAL, self._tick)

    def time(self) -> float:
        """Return the seconds of the system's clock without those in which nothing ran."""
        now = time.monotonic()
        gap, self._last_reading = now - self._last_reading, now
        if gap > SUSPENSION_THRESHOLD:
            self._suspended_time += gap
        return now - self._suspended_time
