"""One limit for all calls of a courier to one base URL: how many run at the same time, and when none may start.

A 429, or an overloaded service, for one call of a batch concerns them all: no call starts until the pause is over, and
fewer run at the same time afterwards. Only after three requests in a row with an unknown outcome do all calls end that
would send another one, as each might be charged without a result. That holds for calls that run at the same time, and
for all calls of a batch, as some of them may have ended before the last ones arrive. A call without others keeps the
tries that the user allows. This module knows neither HTTP nor folders.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from cometmagic.errors import ChargeStatus, TransportError

MAX_CONSECUTIVE_UNKNOWNS = 3
Rank = tuple[float, int]  # how many attempts a call has had, infinite for none; when it came


class RateLimiter:
    """Limits how many calls run at the same time; all methods must run on one event loop."""

    def __init__(self) -> None:
        """Start without a pause."""
        self._max_concurrency = 1
        self._reduced_concurrency = 0  # the present limit after a 429; 0 means `_max_concurrency`
        self._active_count = 0
        self._waiting_ranks: list[Rank] = []  # of the calls that wait for a slot; the lowest one goes first
        self._arrival_count = 0
        self._pause_end = 0.0  # on the loop's clock
        self._call_count = 0  # of calls that have not ended
        self._has_batch = False  # whether the call that came last belongs to a batch
        self._unknown_streak = 0
        self.trip_count = 0  # how often all calls were stopped
        self._batch_trip_counts: dict[str, int] = {}  # the `trip_count` when the first call of a batch came
        self._change_event = asyncio.Event()

    @contextmanager
    def count_call(self, batch_id: str = "") -> Iterator[int]:
        """Count a call while it runs, pauses between its attempts included; yield the `trip_count` it starts with.

        The calls of a batch start with that of the first one; `batch_id` is "" for a call without a batch.
        """
        if not self._call_count and batch_id not in self._batch_trip_counts:
            self._unknown_streak = 0  # what comes after all others have ended starts anew
        self._call_count += 1
        self._has_batch = bool(batch_id)
        try:
            yield self._batch_trip_counts.setdefault(batch_id, self.trip_count) if batch_id else self.trip_count
        finally:
            self._call_count -= 1

    @asynccontextmanager
    async def acquire_slot(
        self, max_concurrency: int, on_pause: Callable[[float], None], trip_count: int, attempt_count: int = 0
    ) -> AsyncIterator[None]:
        """Wait for one of `max_concurrency` slots and hold it; `on_pause` gets the seconds of a pause.

        A call with `attempt_count` attempts goes before those with more, and before those that were not sent yet, so
        that a spell of refusals does not take all tries of one call; else they go as they came. Raises
        `TransportError` when all calls were stopped since the call had `trip_count` from `count_call`.
        """
        self._max_concurrency = max_concurrency
        self._arrival_count += 1
        rank = attempt_count or math.inf, self._arrival_count
        self._waiting_ranks.append(rank)
        try:
            await self._wait_for_slot(on_pause, rank, trip_count)
        finally:
            self._waiting_ranks.remove(rank)
            self._notify_waiters()
        self._active_count += 1
        try:
            yield
        finally:
            self._active_count -= 1
            self._notify_waiters()

    async def _wait_for_slot(self, on_pause: Callable[[float], None], rank: Rank, trip_count: int) -> None:
        reported_pause_end = 0.0
        while True:
            if self.trip_count != trip_count:
                raise _build_trip_error()
            pause = self._pause_end - asyncio.get_running_loop().time()
            has_slot = self._active_count < (self._reduced_concurrency or self._max_concurrency)
            if pause <= 0 and has_slot and rank <= min(self._waiting_ranks):
                return
            if pause > 0 and self._pause_end != reported_pause_end:
                reported_pause_end = self._pause_end
                on_pause(pause)
            change_event = self._change_event
            try:
                async with asyncio.timeout(pause if pause > 0 else None):
                    await change_event.wait()
            except TimeoutError:
                continue

    def _notify_waiters(self) -> None:
        """Let all waiting calls check again."""
        self._change_event.set()
        self._change_event = asyncio.Event()

    def throttle(self, seconds: float) -> None:
        """Start no call for some seconds, and allow half as many at the same time from then on.

        Calls that are turned away together halve the number once.
        """
        current_time = asyncio.get_running_loop().time()
        if self._pause_end <= current_time:
            self._reduced_concurrency = max(1, (self._reduced_concurrency or self._max_concurrency) // 2)
        self._pause_end = max(self._pause_end, current_time + seconds)

    def record_outcome(self, outcome: str) -> None:
        """Record a request's outcome (retry.py): success raises the limit, unknown ones in a row stop all calls.

        A request that was not processed says nothing on what becomes of others.
        """
        if outcome != "S":
            self._unknown_streak = self._unknown_streak + 1 if outcome == "U" else 0
        if outcome == "G" and self._reduced_concurrency:
            concurrency = self._reduced_concurrency + 1
            self._reduced_concurrency = concurrency if concurrency < self._max_concurrency else 0
        if self._unknown_streak >= MAX_CONSECUTIVE_UNKNOWNS and (self._call_count > 1 or self._has_batch):
            self._unknown_streak = 0
            self.trip_count += 1
        self._notify_waiters()


def _build_trip_error() -> TransportError:
    return TransportError(
        f"Not sent: of the last {MAX_CONSECUTIVE_UNKNOWNS} requests it is not known what became.",
        charge_status=ChargeStatus.UNSENT,
        advice="Look at the balance and the network, then run it again.",
    )
