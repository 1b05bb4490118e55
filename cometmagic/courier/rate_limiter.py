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

from cometmagic.errors import Fate, TransportError

UNKNOWN_IN_A_ROW = 3


class Gate:
    """Lets calls through; all methods are for one event loop."""

    def __init__(self) -> None:
        """Begin open."""
        self._at_once = 1
        self._width = 0  # at most this many now; 0 is as many as allowed
        self._inside = 0
        self._opens = 0.0  # on the loop's clock
        self._unknown = 0
        self._trips = 0
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def place(self, at_once: int, tell: Callable[[float], None]) -> AsyncIterator[None]:
        """Wait for a place among `at_once` and hold it; `tell` gets the seconds the gate stays closed.

        Raises `TransportError` when the calls before it went so badly that this one should not be sent.
        """
        self._at_once = at_once
        await self._wait(tell)
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            self._wake()

    async def _wait(self, tell: Callable[[float], None]) -> None:
        trips, told = self._trips, 0.0
        while True:
            if self._trips != trips:
                what = f"Not sent: of the last {UNKNOWN_IN_A_ROW} calls it is not known what became."
                raise TransportError(
                    what, fate=Fate.UNSENT, do="Look at the balance and the network, then run it again."
                )
            closed = self._opens - asyncio.get_running_loop().time()
            if closed <= 0 and self._inside < (self._width or self._at_once):
                return
            if closed > 0 and self._opens != told:
                told = self._opens
                tell(closed)
            changed = self._changed
            try:
                async with asyncio.timeout(closed if closed > 0 else None):
                    await changed.wait()
            except TimeoutError:
                continue

    def _wake(self) -> None:
        """Let all that wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self, seconds: float) -> None:
        """Let nobody through for a while, and half as many from then on."""
        self._opens = max(self._opens, asyncio.get_running_loop().time() + seconds)
        self._width = max(1, (self._width or self._at_once) // 2)

    def ended(self, kind: str) -> None:
        """Take note of a call's class (retry.py): success widens the gate, unknown outcomes in a row trip it."""
        self._unknown = self._unknown + 1 if kind == "U" else 0
        if kind == "G" and self._width:
            self._width = self._width + 1 if self._width + 1 < self._at_once else 0
        if self._unknown >= UNKNOWN_IN_A_ROW:
            self._unknown = 0
            self._trips += 1
        self._wake()
