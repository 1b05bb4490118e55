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
from cometmagic.generation.call import CANCEL_TIMEOUT, EVENT_POLL_INTERVAL, CancelCheck, PendingCall

T = TypeVar("T")

U = TypeVar("U", bound=PendingCall)


def wait_until_done(
    pending_call: PendingCall, progress: Callable[[Event], None] | None, get_result: Callable[[], T]
) -> T:
    """Wait for the end, pass events to `progress`, and return `get_result()`.

    Raises `Interrupted`, which says what happens to the call now.
    """
    try:
        for event in pending_call.iter_events():
            if event is not None and progress is not None:
                progress(event)
        return get_result()
    except KeyboardInterrupt:
        raise Interrupted(pending_call.stop()) from None


async def start_and_wait(start: Callable[[CancelCheck], U]) -> U:
    """Call `start` on a thread, wait until the call that it started has ended, and return that call.

    `start` gets a function that says whether the caller has stopped waiting.
    """
    is_cancelled = threading.Event()
    future = asyncio.ensure_future(asyncio.to_thread(start, is_cancelled.is_set))
    try:
        # Short steps: an interrupt of an awaiting cell is noticed at the next turn of the loop only.
        while not (await asyncio.wait({future}, timeout=EVENT_POLL_INTERVAL))[0]:
            pass
        pending_call = future.result()
        while pending_call.is_running:  # noqa: ASYNC110  # a thread changes it
            await asyncio.sleep(EVENT_POLL_INTERVAL)
    except asyncio.CancelledError as cancelled:
        # The same exception must go on, or `asyncio.timeout` does not recognize it; it only gets a message.
        is_cancelled.set()
        message = await _stop_call(future)
        cancelled.args = (message,)
        cancelled._render_traceback_ = lambda: [f"Interrupted: {message}"]  # type: ignore[attr-defined]  # see errors.py
        raise
    return pending_call


async def _stop_call(future: asyncio.Future[U]) -> str:
    """Cancel the call, and return what happens to it now.

    A second cancellation of the task gets no message, but the call is cancelled all the same.
    """
    if future.done():
        _cancel_call(future)
    else:
        future.add_done_callback(_cancel_call)
    await asyncio.wait({future})  # at most as long as it takes to write the call folder
    if error := future.exception():
        return str(error)
    pending_call, deadline = future.result(), time.monotonic() + CANCEL_TIMEOUT
    while not pending_call.has_cancel_reply and time.monotonic() < deadline:  # noqa: ASYNC110  # as above
        await asyncio.sleep(EVENT_POLL_INTERVAL / 10)
    return pending_call.describe_outcome()


def _cancel_call(future: asyncio.Future[U]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().cancel()


def launch_on_thread(start: Callable[[CancelCheck], Batch]) -> Batch:
    """Start on a thread: an interrupt reaches the main thread only, so it leaves nothing half started.

    Raises as `start` does, and `Interrupted`.
    """
    future, is_cancelled, start_once = Future[Batch](), threading.Event(), threading.Lock()

    def run() -> None:
        if start_once.acquire(blocking=False):
            try:
                future.set_result(start(is_cancelled.is_set))
            except BaseException as error:  # noqa: BLE001  # it is raised where the future is waited for
                future.set_exception(error)

    try:
        threading.Thread(target=run, name="cometmagic-begin", daemon=True).start()
        while not wait([future], EVENT_POLL_INTERVAL).done:
            pass
        return future.result()
    except KeyboardInterrupt:
        is_cancelled.set()
        # The thread may not run yet; then it does nothing any more.
        message = str(ChargeStatus.UNSENT) if start_once.acquire(blocking=False) else _stop_batch(future)
        raise Interrupted(message) from None


def _stop_batch(future: Future[Batch]) -> str:
    """Stop the batch once it has started, and return what happens to it now."""
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # pressed twice
            return future.result().stop() if future.exception() is None else str(ChargeStatus.UNSENT)
