"""One gate for all calls of a courier to one address: how many are under way together, and when none may leave.

A 429 that hits one call of a batch concerns them all: the gate closes for as long as the service asks
for, and lets fewer through afterwards. After three calls in a row of which nobody knows what became, the
calls that still wait are not sent at all: each might be paid for nothing. The gate knows no HTTP and no
folders.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cometmagic.errors import ChargeStatus, TransportError

MAX_CONSECUTIVE_UNKNOWNS = 3


class RateLimiter:
    """Lets calls through; all methods are for one event loop."""

    def __init__(self) -> None:
        """Begin open."""
        self._max_concurrency = 1
        self._reduced_concurrency = 0  # at most this many now; 0 is as many as allowed
        self._active_count = 0
        self._pause_end = 0.0  # on the loop's clock
        self._unknown_streak = 0
        self._trip_count = 0
        self._change_event = asyncio.Event()

    @asynccontextmanager
    async def acquire_slot(self, max_concurrency: int, on_pause: Callable[[float], None]) -> AsyncIterator[None]:
        """Wait for a place among `at_once` and hold it; `tell` gets the seconds the gate stays closed.

        Raises `TransportError` when the calls before it went so badly that this one should not be sent.
        """
        self._max_concurrency = max_concurrency
        await self._wait_for_slot(on_pause)
        self._active_count += 1
        try:
            yield
        finally:
            self._active_count -= 1
            self._notify_waiters()

    async def _wait_for_slot(self, on_pause: Callable[[float], None]) -> None:
        trips, told = self._trip_count, 0.0
        while True:
            if self._trip_count != trips:
                what = f"Not sent: of the last {MAX_CONSECUTIVE_UNKNOWNS} calls it is not known what became."
                raise TransportError(
                    what,
                    charge_status=ChargeStatus.UNSENT,
                    advice="Look at the balance and the network, then run it again.",
                )
            closed = self._pause_end - asyncio.get_running_loop().time()
            if closed <= 0 and self._active_count < (self._reduced_concurrency or self._max_concurrency):
                return
            if closed > 0 and self._pause_end != told:
                told = self._pause_end
                on_pause(closed)
            changed = self._change_event
            try:
                async with asyncio.timeout(closed if closed > 0 else None):
                    await changed.wait()
            except TimeoutError:
                continue

    def _notify_waiters(self) -> None:
        """Let all that wait look again."""
        self._change_event.set()
        self._change_event = asyncio.Event()

    def throttle(self, seconds: float) -> None:
        """Let nobody through for a while, and half as many from then on."""
        self._pause_end = max(self._pause_end, asyncio.get_running_loop().time() + seconds)
        self._reduced_concurrency = max(1, (self._reduced_concurrency or self._max_concurrency) // 2)

    def record_outcome(self, outcome: str) -> None:
        """Take note of a call's class (retry.py): success widens the gate, unknown outcomes in a row trip it."""
        self._unknown_streak = self._unknown_streak + 1 if outcome == "U" else 0
        if outcome == "G" and self._reduced_concurrency:
            self._reduced_concurrency = (
                self._reduced_concurrency + 1 if self._reduced_concurrency + 1 < self._max_concurrency else 0
            )
        if self._unknown_streak >= MAX_CONSECUTIVE_UNKNOWNS:
            self._unknown_streak = 0
            self._trip_count += 1
        self._notify_waiters()
