"""The courier's office: takes jobs, runs their deliveries, tells what happens.

It is the same in the courier's process and on the thread that stands in for it. A job is a call folder
and the way it goes; the folder's path is its name.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from cometmagic.courier.attempts import Delivery
from cometmagic.courier.endpoint import Live, unpack
from cometmagic.courier.log import crash, note
from cometmagic.courier.rate_limiter import Gate
from cometmagic.courier.recovery import recover
from cometmagic.storage.store import CallFolder

Tell = Callable[[dict[str, Any]], None]


class Office:
    """All deliveries of one courier; all methods are for one event loop."""

    def __init__(self, tell: Tell) -> None:
        """`tell` takes each event, with the name of its job; it must not wait."""
        self._tell = tell
        self._gates: dict[str, Gate] = {}  # by address
        self._under_way: dict[str, tuple[Delivery | None, asyncio.Task[None]]] = {}

    def take(self, order: dict[str, Any]) -> None:
        """Start a job, or carry out what is said about one: `{"cancel": name}`, `{"abandon": name}`."""
        if "cancel" in order:
            # A task that has not made its first step would end without a word: this comes after that step.
            asyncio.get_running_loop().call_soon(self._cancel, order["cancel"])
        elif "abandon" in order:
            self._abandon(order["abandon"])
        elif order["job"] in self._under_way:  # somebody is at work on it: one end is enough
            return
        elif "recover" in order:
            _surround(order["surroundings"])
            self._begin(order["job"], None, self._recover(CallFolder(Path(order["job"])), order["recover"]))
        else:
            self._deliver(order)

    def _begin(self, job: str, delivery: Delivery | None, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._under_way[job] = delivery, task
        task.add_done_callback(lambda _: self._end(job))

    def _end(self, job: str) -> None:
        """Say so last: whoever hears it finds everything written, and may hand the folder in again."""
        self._under_way.pop(job, None)
        self._tell({"job": job, "event": "done"})

    def _deliver(self, order: dict[str, Any]) -> None:
        _surround(order["surroundings"])
        job = order["job"]
        folder, route = CallFolder(Path(job)), unpack(order["route"])
        gate = self._gates.setdefault(route.base_url if isinstance(route, Live) else "", Gate())
        delivery = Delivery(folder, route, lambda event: self._tell({"job": job} | event), gate)
        self._begin(job, delivery, self._run(delivery))

    @staticmethod
    async def _run(delivery: Delivery) -> None:
        begun = time.monotonic()
        note(delivery.folder, "begun")
        await delivery.run()
        note(delivery.folder, "ended", seconds=round(time.monotonic() - begun, 1))

    async def _recover(self, folder: CallFolder, key: str) -> None:
        try:
            await asyncio.to_thread(recover, folder, key)
        except Exception as problem:  # noqa: BLE001  # it stays as it is for the next time
            crash(folder.path.parent, problem)
        note(folder, "recovered")

    def _cancel(self, job: str) -> None:
        """Take a job back, as long as nothing of it was sent."""
        delivery, task = self._under_way.get(job, (None, None))
        if delivery is not None and task is not None and delivery.may_be_cancelled:
            task.cancel()
        else:
            self._tell({"job": job, "event": "detached"})

    def _abandon(self, job: str) -> None:
        """Write down that nobody waits for a call any more; should an answer come, it is kept."""
        delivery, _ = self._under_way.get(job, (None, None))
        if delivery is not None:
            delivery.abandon()

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.gather(*(task for _, task in self._under_way.values()), return_exceptions=True)


def _surround(variables: dict[str, str | None]) -> None:
    """Take over from the kernel's environment what work on a call depends on."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
