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

from cometmagic.courier.delivery import Delivery
from cometmagic.courier.log import log_crash, log_event
from cometmagic.courier.rate_limiter import RateLimiter
from cometmagic.courier.recovery import recover
from cometmagic.courier.route import LiveRoute, decode_route
from cometmagic.storage.call_folder import CallFolder

EventSink = Callable[[dict[str, Any]], None]


class Dispatcher:
    """All deliveries of one courier; all methods are for one event loop."""

    def __init__(self, emit: EventSink) -> None:
        """`tell` takes each event, with the name of its job; it must not wait."""
        self._emit = emit
        self._rate_limiters: dict[str, RateLimiter] = {}  # by address
        self._active_jobs: dict[str, tuple[Delivery | None, asyncio.Task[None]]] = {}

    def handle_command(self, command: dict[str, Any]) -> None:
        """Start a job, or carry out what is said about one: `{"cancel": name}`, `{"abandon": name}`."""
        if "cancel" in command:
            # A task that has not made its first step would end without a word: this comes after that step.
            asyncio.get_running_loop().call_soon(self._cancel, command["cancel"])
        elif "abandon" in command:
            self._abandon(command["abandon"])
        elif command["job"] in self._active_jobs:  # somebody is at work on it: one end is enough
            return
        elif "recover" in command:
            _apply_environment(command["surroundings"])
            self._start_task(
                command["job"], None, self._run_recovery(CallFolder(Path(command["job"])), command["recover"])
            )
        else:
            self._handle_delivery(command)

    def _start_task(self, job_name: str, delivery: Delivery | None, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._active_jobs[job_name] = delivery, task
        task.add_done_callback(lambda _: self._finish_job(job_name))

    def _finish_job(self, job_name: str) -> None:
        """Say so last: whoever hears it finds everything written, and may hand the folder in again."""
        self._active_jobs.pop(job_name, None)
        self._emit({"job": job_name, "event": "done"})

    def _handle_delivery(self, command: dict[str, Any]) -> None:
        _apply_environment(command["surroundings"])
        job = command["job"]
        folder, route = CallFolder(Path(job)), decode_route(command["route"])
        gate = self._rate_limiters.setdefault(route.base_url if isinstance(route, LiveRoute) else "", RateLimiter())
        delivery = Delivery(folder, route, lambda event: self._emit({"job": job} | event), gate)
        self._start_task(job, delivery, self._run_delivery(delivery))

    @staticmethod
    async def _run_delivery(delivery: Delivery) -> None:
        begun = time.monotonic()
        log_event(delivery.folder, "begun")
        await delivery.run()
        log_event(delivery.folder, "ended", seconds=round(time.monotonic() - begun, 1))

    async def _run_recovery(self, folder: CallFolder, key: str) -> None:
        try:
            await asyncio.to_thread(recover, folder, key)
        except Exception as problem:  # noqa: BLE001  # it stays as it is for the next time
            log_crash(folder.path.parent, problem)
        log_event(folder, "recovered")

    def _cancel(self, job_name: str) -> None:
        """Take a job back, as long as nothing of it was sent."""
        delivery, task = self._active_jobs.get(job_name, (None, None))
        if delivery is not None and task is not None and delivery.can_be_cancelled:
            task.cancel()
        else:
            self._emit({"job": job_name, "event": "detached"})

    def _abandon(self, job_name: str) -> None:
        """Write down that nobody waits for a call any more; should an answer come, it is kept."""
        delivery, _ = self._active_jobs.get(job_name, (None, None))
        if delivery is not None:
            delivery.abandon()

    async def wait_until_idle(self) -> None:
        """Wait until nothing is under way."""
        while self._active_jobs:
            await asyncio.gather(*(task for _, task in self._active_jobs.values()), return_exceptions=True)


def _apply_environment(variables: dict[str, str | None]) -> None:
    """Take over from the kernel's environment what work on a call depends on."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
