"""The courier's dispatcher: it accepts jobs, runs their deliveries and recoveries, and emits their events.

It is the same in the courier's process and on the thread that replaces it. A job is a call folder and what to
do with it; the folder's path is the job's name. Nothing here knows HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from cometmagic.courier.delivery import Delivery
from cometmagic.courier.job import EventSink
from cometmagic.courier.log import log_crash, log_event
from cometmagic.courier.rate_limiter import RateLimiter
from cometmagic.courier.recovery import recover
from cometmagic.courier.route import LiveRoute
from cometmagic.options.settings import Key
from cometmagic.storage.call_folder import CallFolder


class Dispatcher:
    """All jobs of one courier; all methods must run on one event loop."""

    def __init__(self, emit: EventSink) -> None:
        """`emit` gets each event, with the name of its job; it must not block."""
        self._emit = emit
        self._rate_limiters: dict[str, RateLimiter] = {}  # by base URL
        self._active_jobs: dict[str, tuple[Delivery | None, asyncio.Task[None]]] = {}

    def handle_command(self, command: dict[str, Any]) -> None:
        """Start a job, which has a `route` or a key to `recover` with; or cancel or abandon one."""
        if "cancel" in command:
            # A task cancelled before its first step would end without an event, so let it take that step first.
            asyncio.get_running_loop().call_soon(self._cancel, command["cancel"])
        elif "abandon" in command:
            self._abandon(command["abandon"])
        elif command["job"] in self._active_jobs:  # it is running already, and its `done` event serves both
            return
        elif "recover" in command:
            self._handle_recovery(command)
        else:
            self._handle_delivery(command)

    def _start_task(self, job_name: str, delivery: Delivery | None, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._active_jobs[job_name] = delivery, task
        task.add_done_callback(lambda _: self._finish_job(job_name))

    def _finish_job(self, job_name: str) -> None:
        """Emit `done` after everything is written: from now on the folder may be submitted again."""
        self._active_jobs.pop(job_name, None)
        self._emit({"job": job_name, "event": "done"})

    def _handle_delivery(self, command: dict[str, Any]) -> None:
        job_name, route = command["job"], command["route"]
        base_url = route.base_url if isinstance(route, LiveRoute) else ""
        rate_limiter = self._rate_limiters.setdefault(base_url, RateLimiter())
        delivery = Delivery(
            CallFolder(Path(job_name)), route, lambda event: self._emit({"job": job_name} | event), rate_limiter
        )
        self._start_task(job_name, delivery, self._run_delivery(delivery))

    def _handle_recovery(self, command: dict[str, Any]) -> None:
        job_name = command["job"]
        self._start_task(job_name, None, self._run_recovery(CallFolder(Path(job_name)), command["recover"]))

    @staticmethod
    async def _run_delivery(delivery: Delivery) -> None:
        start = time.monotonic()
        log_event(delivery.folder, "begun")
        await delivery.run()
        log_event(delivery.folder, "ended", seconds=round(time.monotonic() - start, 1))

    @staticmethod
    async def _run_recovery(folder: CallFolder, key: Key | None) -> None:
        try:
            await asyncio.to_thread(recover, folder, key)
        except Exception as exception:  # noqa: BLE001  # the call can still be recovered later
            log_crash(folder.path.parent, exception)
        log_event(folder, "recovered")

    def _cancel(self, job_name: str) -> None:
        """Cancel a job if nothing of it was sent."""
        delivery, task = self._active_jobs.get(job_name, (None, None))
        if delivery is not None and task is not None and delivery.can_be_cancelled:
            task.cancel()
        else:
            self._emit({"job": job_name, "event": "detached"})

    def _abandon(self, job_name: str) -> None:
        """Record that nobody waits for a call any more; a response that arrives later is still saved."""
        delivery, _ = self._active_jobs.get(job_name, (None, None))
        if delivery is not None:
            delivery.abandon()

    async def wait_until_idle(self) -> None:
        """Wait until no job is running."""
        while self._active_jobs:
            await asyncio.gather(*(task for _, task in self._active_jobs.values()), return_exceptions=True)
