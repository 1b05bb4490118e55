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

from cometmagic.courier.client import Event, deliver
from cometmagic.errors import Fate, Interrupted, OptionError
from cometmagic.generation.call import TAKING_BACK, TICK, Call, UnderWay
from cometmagic.generation.compose import Prompt
from cometmagic.generation.plan import Plan, plan
from cometmagic.generation.reserve import Unwanted, prepare
from cometmagic.generation.result import ImageResult

T = TypeVar("T")
U = TypeVar("U", bound=UnderWay)

SESSION = uuid.uuid4().hex  # what `--session-cap` adds up over
_last: list[Path] = []  # the folder of the last result of this session


def last() -> Path | None:
    """Return the folder of the last result of this session."""
    return _last[0] if _last else None


def remember(result: ImageResult) -> None:
    """Take a result as the last one: what `--edit` without a name edits."""
    _last[:] = [result.folder]


def start(call: Call) -> Call:
    """Hand a call to the courier, unless it is a recording that was found."""
    if call.route is not None:
        try:
            call.job = deliver(call.planned.path, call.route)
        except KeyboardInterrupt:  # the order may have gone out
            raise Interrupted(call.future()) from None
    return call


def begin(prompt: Prompt, *, images: Any = (), unwanted: Unwanted = lambda: False, **given: Any) -> Call:
    """Check, write the call folder and start the delivery; nothing waits.

    `given` are the options of options.py as people write them; `unwanted` tells whether the asker has left
    meanwhile. Raises a `CometError` for whatever is wrong before anything is sent, and `Interrupted`.
    """
    try:
        planned = plan(prompt, images=images, last=last(), **given)
        check_sends(planned)
    except KeyboardInterrupt:
        raise Interrupted(Fate.UNSENT) from None
    return launch(planned, unwanted)


def launch(planned: Plan, unwanted: Unwanted = lambda: False) -> Call:
    """Write the call folder of a plan and start the delivery. Raises as `begin` does."""
    try:
        [call] = prepare([planned], SESSION, unwanted)
    except KeyboardInterrupt:
        raise Interrupted(Fate.UNSENT) from None
    return start(call)


def check_sends(planned: Plan) -> None:
    """Raise `OptionError` for a plan that is to be looked at only."""
    if planned.cell.dry_run or planned.cell.show_code:
        raise OptionError("A dry run sends nothing.", do="Look at cometmagic.plan(…) instead.")


def generate(
    prompt: Prompt, *, images: Any = (), progress: Callable[[Event], None] | None = None, **options: Any
) -> ImageResult:
    """Return the picture of a prompt.

    `prompt` is a text, or texts and images in the order they are sent; `images`, one or several, follow
    it. `options` are those of the cell: `aspect_ratio="16:9"`, `image_size="2K"`. Raises a `CometError`;
    and `Interrupted` (a KeyboardInterrupt) when the waiting is interrupted: a picture that was asked for
    is still saved.
    """
    call = begin(prompt, images=images, **options)
    return watched(call, progress, lambda: _kept(call))


def watched(under_way: UnderWay, progress: Callable[[Event], None] | None, ended: Callable[[], T]) -> T:
    """Wait for the end, hand the events on, and return what `ended` makes of it.

    Raises `Interrupted`, which tells what becomes of it.
    """
    try:
        for event in under_way.events():
            if event is not None and progress is not None:
                progress(event)
        return ended()
    except KeyboardInterrupt:
        raise Interrupted(under_way.stop()) from None


async def agenerate(prompt: Prompt, *, images: Any = (), **options: Any) -> ImageResult:
    """Return the picture of a prompt, as `generate` does, without blocking the event loop.

    Cancelling stops the waiting only: what was sent goes on, and its picture is saved in the library.
    """
    call = await awaited(lambda left: begin(prompt, images=images, unwanted=left, **options))
    return _kept(call)


def _kept(call: Call) -> ImageResult:
    """Return what came of a call that has ended, saved where it should be."""
    result = call.result()
    remember(result)
    call.save(result)
    return result


async def awaited(begin: Callable[[Unwanted], U]) -> U:
    """Have `begin` begin something on a thread, wait until it has ended, and return it.

    `begin` is given what tells whether the asker has left meanwhile.
    """
    left = threading.Event()
    beginning = asyncio.ensure_future(asyncio.to_thread(begin, left.is_set))
    try:
        # Short steps: an interrupt of an awaiting cell is noticed at the next turn of the loop only.
        while not (await asyncio.wait({beginning}, timeout=TICK))[0]:
            pass
        under_way = beginning.result()
        while under_way.goes_on:  # noqa: ASYNC110  # news of a thread
            await asyncio.sleep(TICK)
    except asyncio.CancelledError as cancelled:
        # The very one must go on, or `asyncio.timeout` does not know its own; it only learns to speak.
        left.set()
        told = await _stopped(beginning)
        cancelled.args = (told,)
        cancelled._render_traceback_ = lambda: [f"Interrupted: {told}"]  # type: ignore[attr-defined]  # see errors.py
        raise
    return under_way


async def _stopped(beginning: asyncio.Future[U]) -> str:
    """Take back what was begun, and return what becomes of it.

    Whoever cancels a second time gets no answer, but what can be taken back is taken back all the same.
    """
    if beginning.done():
        _take_back(beginning)
    else:
        beginning.add_done_callback(_take_back)
    await asyncio.wait({beginning})  # at most as long as it takes to write down what is sent
    if error := beginning.exception():
        return str(error)
    under_way, until = beginning.result(), time.monotonic() + TAKING_BACK
    while not under_way.knows_its_fate and time.monotonic() < until:  # noqa: ASYNC110  # as above
        await asyncio.sleep(TICK / 10)
    return under_way.future()


def _take_back(beginning: asyncio.Future[U]) -> None:
    if not beginning.cancelled() and beginning.exception() is None:
        beginning.result().cancel()
