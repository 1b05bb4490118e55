"""Waiting for calls, on a thread or in an event loop, and what an interrupt or a cancelled task makes of them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from cometmagic.courier.job import Event
from cometmagic.errors import ChargeStatus, Interrupted
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import (
    CANCEL_TIMEOUT,
    EVENT_POLL_INTERVAL,
    CancelCheck,
    PendingCall,
)

T = TypeVar("T")

U = TypeVar("U", bound=PendingCall)


def wait_until_done(
    pending_call: PendingCall, progress: Callable[[Event], None] | None, get_result: Callable[[], T]
) -> T:
    """Wait for the end, hand the events on, and return what `ended` makes of it.

    Raises `Interrupted`, which tells what becomes of it.
    """
    try:
        for event in pending_call.iter_events():
            if event is not None and progress is not None:
                progress(event)
        return get_result()
    except KeyboardInterrupt:
        raise Interrupted(pending_call.stop()) from None


async def start_and_wait(start: Callable[[CancelCheck], U]) -> U:
    """Have `begin` begin something on a thread, wait until it has ended, and return it.

    `begin` is given what tells whether the asker has left meanwhile.
    """
    left = threading.Event()
    beginning = asyncio.ensure_future(asyncio.to_thread(start, left.is_set))
    try:
        # Short steps: an interrupt of an awaiting cell is noticed at the next turn of the loop only.
        while not (await asyncio.wait({beginning}, timeout=EVENT_POLL_INTERVAL))[0]:
            pass
        under_way = beginning.result()
        while under_way.is_running:  # noqa: ASYNC110  # news of a thread
            await asyncio.sleep(EVENT_POLL_INTERVAL)
    except asyncio.CancelledError as cancelled:
        # The very one must go on, or `asyncio.timeout` does not know its own; it only learns to speak.
        left.set()
        told = await _stop_call(beginning)
        cancelled.args = (told,)
        cancelled._render_traceback_ = lambda: [f"Interrupted: {told}"]  # type: ignore[attr-defined]  # see errors.py
        raise
    return under_way


async def _stop_call(future: asyncio.Future[U]) -> str:
    """Take back what was begun, and return what becomes of it.

    Whoever cancels a second time gets no answer, but what can be taken back is taken back all the same.
    """
    if future.done():
        _cancel_call(future)
    else:
        future.add_done_callback(_cancel_call)
    await asyncio.wait({future})  # at most as long as it takes to write down what is sent
    if error := future.exception():
        return str(error)
    under_way, until = future.result(), time.monotonic() + CANCEL_TIMEOUT
    while not under_way.has_cancel_reply and time.monotonic() < until:  # noqa: ASYNC110  # as above
        await asyncio.sleep(EVENT_POLL_INTERVAL / 10)
    return under_way.describe_outcome()


def _cancel_call(future: asyncio.Future[U]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().cancel()


def launch_on_thread(start: Callable[[CancelCheck], Batch]) -> Batch:
    """Begin on a thread: an interrupt reaches the main one only, and so leaves nothing half begun.

    Raises as `begin` does, and `Interrupted`.
    """
    begun, left, once = Future[Batch](), threading.Event(), threading.Lock()

    def run() -> None:
        if once.acquire(blocking=False):
            try:
                begun.set_result(start(left.is_set))
            except BaseException as problem:  # noqa: BLE001  # it is raised where it is waited for
                begun.set_exception(problem)

    try:
        threading.Thread(target=run, name="cometmagic-begin", daemon=True).start()
        while not wait([begun], EVENT_POLL_INTERVAL).done:
            pass
        return begun.result()
    except KeyboardInterrupt:
        left.set()
        # The thread may not have come to run yet, and then it does nothing any more.
        told = str(ChargeStatus.UNSENT) if once.acquire(blocking=False) else _stop_batch(begun)
        raise Interrupted(told) from None


def _stop_batch(future: Future[Batch]) -> str:
    """Return what becomes of what was begun when the asker has left."""
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # pressed twice
            return future.result().stop() if future.exception() is None else str(ChargeStatus.UNSENT)
