"""Runs schedules over real sockets and keeps what a judge needs to know of each.

A call goes through `cometmagic.generate`, and its delivery through one of two couriers that live as long as
the campaign: a thread of this process, in which disks can be made to fail, or the real process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

from cometmagic.courier import client
from cometmagic.courier.job import Event
from cometmagic.generation import generate
from tests.faults import stock
from tests.faults.census import census, left
from tests.faults.disturb import Disk, DisturbanceError, Interrupt, failing
from tests.faults.evidence import Asked, Run
from tests.faults.leaks import KEY
from tests.faults.replies import Stamp
from tests.faults.schedules import Schedule, schedule
from tests.faults.server import FaultServer

PATIENCE = 20.0  # seconds after which a call that does not end is given up

# Waits between two tries are scaled down by this: what is patched, by its full name, and what it is set to.
SCALED = {"cometmagic.courier.retry.INITIAL_BACKOFF": 0.02, "cometmagic.courier.retry.JITTER": 0.005}


class Campaign:
    """Two couriers, and one run after another."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.thread, self.process = client.ThreadCourier(), client.ProcessCourier()

    def __enter__(self) -> Self:
        """Warm up: everything is imported, every thread is there, before anything is counted."""
        asyncio.run_coroutine_threadsafe(_all_workers(), self.thread._loop).result(PATIENCE)
        for carrier in ("thread", "process"):
            for number in range(3):
                self.forget(self.ours(replace(schedule(f"G-length-plain-at-once/{number}"), carrier=carrier)))
        return self

    def __exit__(self, *_: object) -> None:
        loop, process = self.thread._loop, self.process._process
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        _until(lambda: not loop.is_running())
        loop.close()
        if process.stdin:
            process.stdin.close()
        _until(lambda: process.returncode is not None)

    def ours(self, given: Schedule) -> Run:
        """Play a schedule to the package."""
        process = given.carrier == "process"
        before, beside = census(), census(self.process._process.pid)
        run = self._played(given, _ask_ours)
        run.left = left(before) + (left(beside, self.process._process.pid) if process else [])
        return run

    def stock(self, given: Schedule) -> Run:
        """Play a schedule to the stock loop."""
        return self._played(given, _ask_stock)

    def forget(self, run: Run) -> None:
        """Delete what a run left on disk."""
        shutil.rmtree(run.root, ignore_errors=True)

    def _played(self, given: Schedule, ask: Callable[[Run, Asked, str, Interrupt], None]) -> Run:
        root = self.root / f"{ask.__name__}-{given.seed.replace('/', '-')}"
        shutil.rmtree(root, ignore_errors=True)
        for name in ("library", "elsewhere"):
            (root / name).mkdir(parents=True)
        run = Run(given, root, [Asked(prompt) for prompt in given.prompts], [Stamp() for _ in given.replies])
        scenarios = [answer.steps(stamp) for answer, stamp in zip(given.replies, run.stamps, strict=True)]
        with FaultServer(*scenarios) as server, self._settings(run, server.url), _disk(run, ours=ask is _ask_ours):
            run.begun = time.monotonic()
            _all_ask(run, lambda asked, interrupt: ask(run, asked, server.url, interrupt))
            run.idle = _until(self._idle)
            run.seconds = time.monotonic() - run.begun
        run.log = server.log
        return run

    @contextlib.contextmanager
    def _settings(self, run: Run, url: str) -> Iterator[None]:
        """Point the package at the server, with limits scaled down and every place it may write below the root."""
        courier = self.process if run.schedule.carrier == "process" else self.thread
        given = {"COMETAPI_KEY": KEY, "COMETAPI_BASE_URL": url, "COMETMAGIC_LIBRARY": str(run.root / "library")}
        with run.places() as patch:
            patch.setattr(client, "_couriers", {os.getpid(): courier})
            for name, text in given.items():
                patch.setenv(name, text)
            for name, value in SCALED.items():
                patch.setattr(name, value)
            yield

    def _idle(self) -> bool:
        """Tell whether neither courier has anything under way."""
        carried = asyncio.run_coroutine_threadsafe(_tasks(), self.thread._loop).result(PATIENCE)
        return not carried and not self.process._jobs


def _all_ask(run: Run, ask: Callable[[Asked, Interrupt], None]) -> None:
    """Let every asker ask: one in this thread, which feels interrupts, or several in threads of their own."""
    given = run.schedule.disturbance
    with Interrupt(given.after if given.kind == "interrupt" else None) as interrupt:
        if len(run.asked) == 1:
            _guarded(run.asked[0], interrupt, ask)
        else:
            threads = [threading.Thread(target=_guarded, args=(one, interrupt, ask)) for one in run.asked]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
    run.interrupted = interrupt.felt


def _guarded(asked: Asked, interrupt: Interrupt, ask: Callable[[Asked, Interrupt], None]) -> None:
    """Ask, and keep whatever is raised, also an interrupt that comes while something else is."""
    _ASKING.add(threading.get_ident())
    try:
        try:
            ask(asked, interrupt)
        except BaseException as problem:  # noqa: BLE001  # to be judged
            asked.raised = problem
        interrupt.armed = False
    except KeyboardInterrupt as problem:
        asked.raised = problem
    _ASKING.discard(threading.get_ident())


_ASKING: set[int] = set()


def _ask_ours(run: Run, asked: Asked, _url: str, interrupt: Interrupt) -> None:
    given, given_limits, events = run.schedule.disturbance, run.schedule.limits.list_changes(), 0

    def progress(_: Event) -> None:
        nonlocal events
        events += 1
        if given.kind == "callback" and events == given.nth:
            raise DisturbanceError

    interrupt.armed = True
    asked.made = generate.generate(asked.prompt, progress=progress, preview=64, **given_limits)


def _ask_stock(run: Run, asked: Asked, url: str, interrupt: Interrupt) -> None:
    interrupt.armed = True
    stock.generate(url, asked.prompt, run.root / "library")


@contextlib.contextmanager
def _disk(run: Run, *, ours: bool) -> Iterator[None]:
    """Let the disk fail as the schedule says."""
    given = run.schedule.disturbance
    if given.kind != "disk":
        yield
        return
    disk = Disk(given, run.library.root, spared=lambda: ours and threading.get_ident() in _ASKING)
    with failing(disk):
        yield
    run.failed = disk.failed


async def _all_workers() -> None:
    """Let the pool of the loop start all its threads."""
    count = min(32, (os.cpu_count() or 1) + 4)
    barrier = threading.Barrier(count)
    await asyncio.gather(*(asyncio.to_thread(barrier.wait, PATIENCE) for _ in range(count)))


async def _tasks() -> int:
    return len(asyncio.all_tasks()) - 1


def _until(happened: Callable[[], bool]) -> bool:
    """Wait until something has happened, and tell whether it has."""
    ends = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > ends:
            return False
        time.sleep(0.003)
    return True
