"""The one path from a request to a result, for the cell, the panel and Python.

`begin` takes a plan, writes the call folder and hands it to the courier; `Call` is what is then under way.
`generate` waits for it. This module knows no notebook.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cometmagic.courier.client import Event, start_delivery
from cometmagic.errors import ChargeStatus, Interrupted, OptionError
from cometmagic.generation.call import CANCEL_TIMEOUT, EVENT_POLL_INTERVAL, Call, PendingCall
from cometmagic.generation.compose import Prompt
from cometmagic.generation.plan import Plan, plan
from cometmagic.generation.reserve import CancelCheck, reserve_calls
from cometmagic.generation.result import ImageResult

T = TypeVar("T")
U = TypeVar("U", bound=PendingCall)

SESSION_ID = uuid.uuid4().hex  # what `--session-cap` adds up over
_last_folder: list[Path] = []  # the folder of the last result of this session


def get_last_folder() -> Path | None:
    """Return the folder of the last result of this session."""
    return _last_folder[0] if _last_folder else None


def set_last_result(result: ImageResult) -> None:
    """Take a result as the last one: what `--edit` without a name edits."""
    _last_folder[:] = [result.folder]


def submit_call(call: Call) -> Call:
    """Hand a call to the courier, unless it is a recording that was found."""
    if call.route is not None:
        try:
            call.job = start_delivery(call.original_folder.path, call.route)
        except KeyboardInterrupt:  # the order may have gone out
            raise Interrupted(call.describe_outcome()) from None
    return call


def start_generation(
    prompt: Prompt, *, images: Any = (), is_cancelled: CancelCheck = lambda: False, **options: Any
) -> Call:
    """Check, write the call folder and start the delivery; nothing waits.

    `given` are the options of options.py as people write them; `unwanted` tells whether the asker has left
    meanwhile. Raises a `CometError` for whatever is wrong before anything is sent, and `Interrupted`.
    """
    try:
        planned = plan(prompt, images=images, last_folder=get_last_folder(), **options)
        check_not_dry_run(planned)
    except KeyboardInterrupt:
        raise Interrupted(ChargeStatus.UNSENT) from None
    return launch(planned, is_cancelled)


def launch(plan: Plan, is_cancelled: CancelCheck = lambda: False) -> Call:
    """Write the call folder of a plan and start the delivery. Raises as `begin` does."""
    try:
        [call] = reserve_calls([plan], SESSION_ID, is_cancelled)
    except KeyboardInterrupt:
        raise Interrupted(ChargeStatus.UNSENT) from None
    return submit_call(call)


def check_not_dry_run(plan: Plan) -> None:
    """Raise `OptionError` for a plan that is to be looked at only."""
    if plan.cell_options.dry_run or plan.cell_options.show_code:
        raise OptionError("A dry run sends nothing.", advice="Look at cometmagic.plan(…) instead.")


def generate(
    prompt: Prompt, *, images: Any = (), progress: Callable[[Event], None] | None = None, **options: Any
) -> ImageResult:
    """Return the picture of a prompt.

    `prompt` is a text, or texts and images in the order they are sent; `images`, one or several, follow
    it. `options` are those of the cell: `aspect_ratio="16:9"`, `image_size="2K"`. Raises a `CometError`;
    and `Interrupted` (a KeyboardInterrupt) when the waiting is interrupted: a picture that was asked for
    is still saved.
    """
    call = start_generation(prompt, images=images, **options)
    return wait_until_done(call, progress, lambda: _finish_call(call))


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


async def agenerate(prompt: Prompt, *, images: Any = (), **options: Any) -> ImageResult:
    """Return the picture of a prompt, as `generate` does, without blocking the event loop.

    Cancelling stops the waiting only: what was sent goes on, and its picture is saved in the library.
    """
    call = await start_and_wait(lambda left: start_generation(prompt, images=images, is_cancelled=left, **options))
    return _finish_call(call)


def _finish_call(call: Call) -> ImageResult:
    """Return what came of a call that has ended, saved where it should be."""
    result = call.result()
    set_last_result(result)
    call.save(result)
    return result


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
