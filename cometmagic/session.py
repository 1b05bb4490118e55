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
from typing import Any

from cometmagic import advice, catalog, replay
from cometmagic.accounts import account, reserved
from cometmagic.call import TAKING_BACK, TICK, Call
from cometmagic.courier.client import Event, courier, deliver
from cometmagic.errors import CometError, Fate, Interrupted, OptionError, TransportError
from cometmagic.library import Library
from cometmagic.planning import Plan, Prompt, plan
from cometmagic.result import ImageResult
from cometmagic.settings import endpoint, library_folder

ON_A_THREAD = "No helper process could be started: the picture is lost if this kernel ends before it has come."

SESSION = uuid.uuid4().hex  # what `--session-cap` adds up over
_last: list[Path] = []  # the folder of the last result of this session


def last() -> Path | None:
    """Return the folder of the last result of this session."""
    return _last[0] if _last else None


def remember(result: ImageResult) -> None:
    """Take a result as the last one: what `--edit` without a name edits."""
    _last[:] = [result.folder]


def prepare(planned: Plan, number: int = 0) -> Call:
    """Write the call folder of a plan and reserve what it may cost; nothing is sent.

    Of several recordings of one request, `number` says which is replayed, counted from the newest.
    """
    request, cell, estimate = planned.request, planned.cell, planned.estimate
    source, library, warnings = planned.source, Library(library_folder()), list(planned.warnings)
    if source in ("auto", "replay"):
        if found := catalog.find(library, planned.digest, number):
            return Call(found, request.options.model, cell, "replay", estimate, warnings)
        if source == "replay":
            raise replay.missing(library, request, number)
        source = "offline"
    if not courier().outlives_kernel:
        warnings.append(ON_A_THREAD)
    facts: dict[str, Any] = {"source": source, "estimate": estimate.record(), "preview": cell.preview, "alt": cell.alt}
    facts |= {"number": number} if number else {}
    facts |= {"parent": planned.origin.record()} if planned.origin is not None else {}
    if source == "offline":
        folder = library.open(request, warnings=warnings, **facts)
    else:
        limits = planned.limits
        warnings += advice.remarks(limits, estimate)
        host = "" if endpoint().trusted else endpoint().host
        with reserved(library.root, request.options.model, estimate, limits, SESSION) as name:
            facts |= {"id": name, "session": SESSION, "limits": limits.changed()}
            folder = library.open(request, warnings=warnings, host=host, **facts)
    return Call(folder, request.options.model, cell, source, estimate, warnings, planned.route)


def start(call: Call) -> Call:
    """Hand a call to the courier, unless it is a recording that was found."""
    if call.route is not None:
        try:
            call.job = deliver(call.planned.path, call.route)
        except KeyboardInterrupt:  # the order may have gone out
            raise Interrupted(call.future()) from None
    return call


def begin(prompt: Prompt, *, images: Any = (), unwanted: Callable[[], bool] = lambda: False, **given: Any) -> Call:
    """Check, write the call folder and start the delivery; nothing waits.

    `given` are the options of options.py as people write them; `unwanted` tells whether the asker has left
    meanwhile. Raises a `CometError` for whatever is wrong before anything is sent, and `Interrupted`.
    """
    try:
        if unwanted():
            raise _unsent()
        planned = plan(prompt, images=images, last=last(), **given)
        if planned.cell.dry_run or planned.cell.show_code:
            raise OptionError("A dry run sends nothing.", do="Look at cometmagic.plan(…) instead.")
        call = prepare(planned)
        if unwanted() and call.route is not None:
            raise withdraw(call)
    except KeyboardInterrupt:
        raise Interrupted("Nothing was sent, so nothing was charged.") from None
    return start(call)


def launch(planned: Plan) -> Call:
    """Write the call folder of a plan and start the delivery. Raises as `begin` does."""
    try:
        call = prepare(planned)
    except KeyboardInterrupt:
        raise Interrupted("Nothing was sent, so nothing was charged.") from None
    return start(call)


def _unsent() -> CometError:
    return TransportError("The call was interrupted before it was sent.", fate=Fate.UNSENT)


def withdraw(call: Call) -> CometError:
    """Bring a call that was handed to nobody to its end, and return its error."""
    error = _unsent()
    if call.route is not None:
        call.planned.fail(error)
        account(call.planned)
    return error


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
    try:
        for event in call.events():
            if event is not None and progress is not None:
                progress(event)
        result = call.result()
    except KeyboardInterrupt:
        raise Interrupted(call.stop()) from None
    remember(result)
    call.save(result)
    return result


async def agenerate(prompt: Prompt, *, images: Any = (), **options: Any) -> ImageResult:
    """Return the picture of a prompt, as `generate` does, without blocking the event loop.

    Cancelling stops the waiting only: what was sent goes on, and its picture is saved in the library.
    """
    left = threading.Event()
    beginning = asyncio.ensure_future(asyncio.to_thread(begin, prompt, images=images, unwanted=left.is_set, **options))
    try:
        # Short steps: an interrupt of an awaiting cell is noticed at the next turn of the loop only.
        while not (await asyncio.wait({beginning}, timeout=TICK))[0]:
            pass
        call = beginning.result()
        while call.job is not None and not call.job.finished.is_set():  # noqa: ASYNC110  # an Event of a thread
            await asyncio.sleep(TICK)
    except asyncio.CancelledError as cancelled:
        # The very one must go on, or `asyncio.timeout` does not know its own; it only learns to speak.
        left.set()
        told = await _stopped(beginning)
        cancelled.args = (told,)
        cancelled._render_traceback_ = lambda: [f"Interrupted: {told}"]  # type: ignore[attr-defined]  # see errors.py
        raise
    result = call.result()
    remember(result)
    call.save(result)
    return result


async def _stopped(beginning: asyncio.Future[Call]) -> str:
    """Take back what an awaited call has begun, and return what becomes of it.

    Whoever cancels a second time gets no answer, but what can be taken back is taken back all the same.
    """
    if beginning.done():
        _take_back(beginning)
    else:
        beginning.add_done_callback(_take_back)
    await asyncio.wait({beginning})  # at most as long as it takes to write down what is sent
    if error := beginning.exception():
        return str(error)
    call, until = beginning.result(), time.monotonic() + TAKING_BACK
    while not call.knows_its_fate(0.0) and time.monotonic() < until:  # noqa: ASYNC110  # news of a thread
        await asyncio.sleep(TICK / 10)
    return call.future()


def _take_back(beginning: asyncio.Future[Call]) -> None:
    if not beginning.cancelled() and beginning.exception() is None and (job := beginning.result().job):
        job.cancel()
