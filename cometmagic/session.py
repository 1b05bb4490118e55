"""The one path from a request to a result, for the cell, the panel and Python.

`begin` checks everything that can be checked for nothing, writes the call folder and hands it to the
courier; `Call` is what is then under way. `generate` waits for it. This module knows no notebook.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cometmagic import advice
from cometmagic.courier.client import Event, Job, submit
from cometmagic.courier.route import Live, Offline, Route
from cometmagic.disk import near
from cometmagic.errors import Fate, Interrupted, LibraryError, MissingKeyError, OptionError
from cometmagic.library import CallFolder, Library, check_target
from cometmagic.options import CellOptions, Options, build, declared
from cometmagic.parts import Part, TextPart
from cometmagic.request import ImageRequest, Turn
from cometmagic.result import ImageResult, read_result
from cometmagic.settings import HOW_TO_SET, default_source, endpoint, find_key, library_folder
from cometmagic.wire import request_hash

LONGEST_PROMPT = 200_000  # characters; the largest model window is 131,000 tokens
TICK = 0.1  # seconds between two looks at the job, so that an interrupt is noticed

Prompt = str | list[Any] | tuple[Any, ...]


@dataclass
class Call:
    """A request that is under way, or a recording that was found."""

    folder: CallFolder
    model: str
    cell: CellOptions
    source: str
    estimate: advice.Price
    warnings: list[str]
    job: Job | None = None

    def events(self) -> Iterator[Event | None]:
        """Yield the courier's events until the call has ended, and None when none came for a moment."""
        while self.job is not None:
            event = self.job.next(TICK)
            yield event
            if event is not None and event["event"] == "done":
                return

    def result(self) -> ImageResult:
        """Return the result of a call that has ended, or raise its error."""
        if self.job is None:
            return ImageResult(self.folder.path, replayed=True)
        try:
            return read_result(self.folder)
        except LibraryError as gone:
            gone.fate = Fate.UNKNOWN if self.source == "live" else Fate.OFFLINE
            raise

    def save(self, result: ImageResult) -> Path | None:
        """Save a result to `--save`, if that was given, and return where it lies then."""
        return result.save(self.cell.save) if self.cell.save else None

    def interrupted(self) -> Interrupted:
        """Return what is raised when the waiting for this call is interrupted."""
        goes_on = "The request goes on and may be charged" if self.source == "live" else "The work goes on"
        return Interrupted(f"{goes_on}; its image will be saved in {near(self.folder.path)}.")


def begin(prompt: Prompt, *, images: Any = (), **given: Any) -> Call:
    """Check, write the call folder and start the delivery; nothing waits.

    `given` are the options of options.py as people write them. Raises a `CometError` for whatever is
    wrong before anything is sent.
    """
    options, cell = build(given)
    request = compose(prompt, images, options)
    source, route = _route(cell.source)
    _check_texts(request, cell, route)
    cell = replace(cell, save=check_target(cell.save) if cell.save else None)
    library, warnings = Library(library_folder()), advice.warnings(options, len(request.references))
    estimate = advice.estimate(options, request.prompt, len(request.references))
    if source in ("auto", "replay"):
        if found := library.find(request_hash(request)):
            return Call(found, options.model, cell, "replay", estimate, warnings)
        if source == "replay":
            what = f"There is no recording of this request in {library.root}."
            raise OptionError(what, do="Use --source live or offline.")
        source = "offline"
    folder = library.open(
        request,
        source=source,
        host=endpoint().host if source == "live" and not endpoint().trusted else "",
        estimate=estimate.record(),
        warnings=warnings,
        preview=cell.preview,
        alt=cell.alt,
    )
    return Call(folder, options.model, cell, source, estimate, warnings, submit(folder, route))


def generate(
    prompt: Prompt, *, images: Any = (), progress: Callable[[Event], None] | None = None, **options: Any
) -> ImageResult:
    """Return the picture of a prompt.

    `prompt` is a text, or texts and images in the order they are sent; `images`, one or several, follow
    it. `options` are those of the cell: `aspect_ratio="16:9"`, `image_size="2K"`. Raises a `CometError`;
    and `Interrupted` (a KeyboardInterrupt) when the waiting is interrupted: the picture is still saved.
    """
    call = begin(prompt, images=images, **options)
    try:
        for event in call.events():
            if event is not None and progress is not None:
                progress(event)
    except KeyboardInterrupt:
        raise call.interrupted() from None
    result = call.result()
    call.save(result)
    return result


async def agenerate(prompt: Prompt, *, images: Any = (), **options: Any) -> ImageResult:
    """Return the picture of a prompt, as `generate` does, without blocking the event loop.

    Cancelling stops the waiting only: the picture is still saved in the library.
    """
    call = await asyncio.to_thread(begin, prompt, images=images, **options)
    while call.job is not None and not call.job.finished.is_set():  # noqa: ASYNC110  # an Event of a thread
        # Short steps: an interrupt of an awaiting cell is noticed at the next turn of the loop only.
        await asyncio.sleep(TICK)
    result = call.result()
    call.save(result)
    return result


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


def _route(asked: str) -> tuple[str, Route]:
    """Return the source that is meant, `auto` when no key decides it, and the way to it."""
    source = default_source() if asked == "auto" else asked
    key = find_key() if source in ("auto", "live") else None
    if source == "live" and key is None:
        raise MissingKeyError("--source live needs an API key, and none was found.", do=HOW_TO_SET)
    if key is not None:
        return "live", Live(endpoint().url, key)
    return source, Offline()
