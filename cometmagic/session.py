"""The one path from a request to a result, for the cell, the panel and Python.

`begin` checks everything that can be checked for nothing, writes the call folder and hands it to the
courier; `Call` is what is then under way. `generate` waits for it. This module knows no notebook.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cometmagic import advice, catalog, replay
from cometmagic.accounts import account, reserved
from cometmagic.call import TAKING_BACK, TICK, Call
from cometmagic.courier.client import Event, courier, deliver
from cometmagic.courier.route import Live, Offline, Route
from cometmagic.errors import CometError, Fate, Interrupted, MissingKeyError, OptionError, TransportError
from cometmagic.library import CallFolder, Library, check_target
from cometmagic.options import CellOptions, Limits, Options, build, declared
from cometmagic.parts import Part, TextPart
from cometmagic.request import ImageRequest, Turn
from cometmagic.result import ImageResult
from cometmagic.settings import HOW_TO_SET, default_source, endpoint, environment_limits, find_key, library_folder
from cometmagic.wire import request_hash

LONGEST_PROMPT = 200_000  # characters; the largest model window is 131,000 tokens
ON_A_THREAD = "No helper process could be started: the picture is lost if this kernel ends before it has come."

Prompt = str | list[Any] | tuple[Any, ...]


SESSION = uuid.uuid4().hex  # what `--session-cap` adds up over


def begin(prompt: Prompt, *, images: Any = (), unwanted: Callable[[], bool] = lambda: False, **given: Any) -> Call:
    """Check, write the call folder and start the delivery; nothing waits.

    `given` are the options of options.py as people write them; `unwanted` tells whether the asker has left
    meanwhile. Raises a `CometError` for whatever is wrong before anything is sent, and `Interrupted`.
    """
    try:
        if unwanted():
            raise _withdrawn()
        call, route = _plan(prompt, images, given)
        if unwanted() and route is not None:
            raise _withdrawn(call.planned)
    except KeyboardInterrupt:
        raise Interrupted("Nothing was sent, so nothing was charged.") from None
    if route is not None:
        try:
            call.job = deliver(call.planned.path, route)
        except KeyboardInterrupt:  # the order may have gone out
            raise Interrupted(call.future()) from None
    return call


def _withdrawn(planned: CallFolder | None = None) -> CometError:
    """Bring a call that was handed to nobody to its end, and return its error."""
    error: CometError = TransportError("The call was interrupted before it was sent.", fate=Fate.UNSENT)
    if planned is not None:
        planned.fail(error)
        account(planned)
    return error


def _plan(prompt: Prompt, images: Any, given: dict[str, Any]) -> tuple[Call, Route | None]:
    """Check everything that can be checked for nothing; return the call and the way to send it, if it is sent."""
    options, cell, limits = build(environment_limits() | given)
    request = compose(prompt, images, options)
    source, route = _route(cell.source, limits)
    _check_texts(request, cell, route)
    cell = replace(cell, save=check_target(cell.save) if cell.save else None)
    library, warnings = Library(library_folder()), advice.warnings(options, len(request.references))
    estimate = advice.estimate(options, request.prompt, len(request.references))
    if source in ("auto", "replay"):
        if found := catalog.find(library, request_hash(request)):
            return Call(found, options.model, cell, "replay", estimate, warnings), None
        if source == "replay":
            raise replay.missing(library, request)
        source = "offline"
    if not courier().outlives_kernel:
        warnings.append(ON_A_THREAD)
    facts: dict[str, Any] = {"source": source, "estimate": estimate.record(), "preview": cell.preview, "alt": cell.alt}
    if source == "offline":
        folder = library.open(request, warnings=warnings, **facts)
    else:
        warnings += advice.remarks(limits, estimate)
        host = "" if endpoint().trusted else endpoint().host
        with reserved(library.root, options.model, estimate, limits, SESSION) as name:
            folder = library.open(request, warnings=warnings, host=host, id=name, limits=limits.changed(), **facts)
    return Call(folder, options.model, cell, source, estimate, warnings), route


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


def compose(prompt: Prompt, images: Any, options: Options) -> ImageRequest:
    """Return the request of a prompt. Raises `OptionError` when there is nothing to ask."""
    parts = [TextPart(piece) if isinstance(piece, str) else _image(piece) for piece in _several(prompt)]
    request = ImageRequest((Turn((*parts, *map(_image, _several(images)))),), options)
    text = request.prompt
    if not text.strip():
        raise OptionError("There is no prompt.", do="Write what you want to see.")
    if len(text) > LONGEST_PROMPT:
        raise OptionError(f"The prompt has {len(text):,} characters; no model reads more than {LONGEST_PROMPT:,}.")
    if {"", ".", ".."} & set(options.model.split("/")):
        raise OptionError(f"--model: {options.model[:80]!r} is no name of a model.")  # it would lead to another address
    return request


def _several(given: Any) -> list[Any]:
    """Return one or several things as a list; None is none."""
    if isinstance(given, list | tuple):
        return list(given)
    return [] if given is None else [given]


def _image(given: Any) -> Part:
    from cometmagic.images import reference  # Pillow, which a request of words does not need

    return reference(given)


def _check_texts(request: ImageRequest, cell: CellOptions, route: Route) -> None:
    """Refuse what cannot be sent or written down, or must not be."""
    given, key = request.options.changed() | cell.changed(), route.key.reveal() if isinstance(route, Live) else ""
    texts = {declared()[name].flag: _plain(value) for name, value in given.items()}
    for name, text in ({"The prompt": request.prompt} | texts).items():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            what = f"{name} has a broken character at position {error.start + 1}."
            raise OptionError(what, do="Type it again.") from None
        if "\0" in text:
            raise OptionError(f"{name} has a null character at position {text.index(chr(0)) + 1}.", do="Take it out.")
        if key and key in text:
            do = "Take it out, and clear it from the notebook's history."
            raise OptionError(f"{name} holds your API key.", do=do)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _route(asked: str, limits: Limits) -> tuple[str, Route]:
    """Return the source that is meant, `auto` when no key decides it, and the way to it."""
    source = default_source() if asked == "auto" else asked
    key = find_key() if source in ("auto", "live") else None
    if source == "live" and key is None:
        raise MissingKeyError("--source live needs an API key, and none was found.", do=HOW_TO_SET)
    if key is not None:
        return "live", Live(endpoint().url, key, limits)
    return source, Offline()
