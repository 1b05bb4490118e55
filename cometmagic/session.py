"""The one path from a request to a result, for the cell, the panel and Python.

`begin` checks everything that can be checked for nothing, writes the call folder and hands it to the
courier; `Call` is what is then under way. `generate` waits for it. This module knows no notebook.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from cometmagic import advice
from cometmagic.courier.client import Event, Job, courier
from cometmagic.courier.route import Live, Offline, Route
from cometmagic.errors import MissingKeyError, OptionError
from cometmagic.library import CallFolder, Library, check_target
from cometmagic.options import CellOptions, Options, build, declared
from cometmagic.parts import Part, TextPart
from cometmagic.request import ImageRequest, Turn
from cometmagic.result import ImageResult, read_result
from cometmagic.settings import HOW_TO_SET, default_source, endpoint, find_key, library_folder
from cometmagic.wire import request_hash

LONGEST_PROMPT = 200_000  # characters; the largest model window is 131,000 tokens
TICK = 0.1  # seconds between two looks at the job, so that an interrupt is noticed

Prompt = str | Iterable[Any]


@dataclass
class Call:
    """A request that is under way, or a recording that was found."""

    folder: CallFolder
    cell: CellOptions
    source: str
    estimate: advice.Price
    job: Job | None = None

    @property
    def model(self) -> str:
        """The model that is asked."""
        return str(self.folder.read()["model"])

    @property
    def warnings(self) -> list[str]:
        """What was remarked before sending."""
        return list(self.folder.read().get("warnings", []))

    def events(self) -> Iterator[Event | None]:
        """Yield the courier's events until the call has ended, and None when none came for a moment."""
        while self.job is not None:
            event = self.job.next(TICK)
            yield event
            if event is not None and event["event"] == "done":
                return

    def result(self) -> ImageResult:
        """Return the result of a call that has ended, or raise its error."""
        return read_result(self.folder) if self.job is not None else ImageResult(self.folder.path, replayed=True)

    def saved(self, result: ImageResult) -> ImageResult:
        """Save a result to `--save`, if that was given, and return it."""
        if self.cell.save:
            result.save(self.cell.save)
        return result


def begin(prompt: Prompt, *, images: Iterable[Any] = (), **given: Any) -> Call:
    """Check, write the call folder and start the delivery; nothing waits.

    `given` are the options of options.py as people write them. Raises a `CometError` for whatever is
    wrong before anything is sent.
    """
    options, cell = build(given)
    request = compose(prompt, images, options)
    _check_texts(request, cell)
    library, estimate = Library(library_folder()), advice.estimate(options, request.prompt, len(request.references))
    cell = replace(cell, save=check_target(cell.save) if cell.save else None)
    source, route = _route(cell.source)
    if source in ("auto", "replay"):
        if found := library.find(request_hash(request)):
            return Call(found, cell, "replay", estimate)
        if source == "replay":
            raise OptionError(
                f"There is no recording of this request in {library.root}.", do="Use --source live or offline."
            )
        source = "offline"
    folder = library.open(
        request,
        source=source,
        host=endpoint().host if source == "live" and not endpoint().trusted else "",
        estimate=estimate.record(),
        warnings=advice.warnings(options, len(request.references)),
        preview=cell.preview,
        alt=cell.alt,
    )
    return Call(folder, cell, source, estimate, courier().submit(folder, route))


def generate(
    prompt: Prompt, *, images: Iterable[Any] = (), progress: Callable[[Event], None] | None = None, **options: Any
) -> ImageResult:
    """Return the picture of a prompt.

    `prompt` is a text, or texts and images in the order they are sent; `images` follow it. `options` are
    those of the cell: `aspect_ratio="16:9"`, `image_size="2K"`. Raises a `CometError`.
    """
    call = begin(prompt, images=images, **options)
    for event in call.events():
        if event is not None and progress is not None:
            progress(event)
    return call.saved(call.result())


async def agenerate(prompt: Prompt, *, images: Iterable[Any] = (), **options: Any) -> ImageResult:
    """Return the picture of a prompt, as `generate` does, without blocking the event loop.

    Cancelling stops the waiting only: the picture is still saved in the library.
    """
    call = await asyncio.to_thread(begin, prompt, images=images, **options)
    while call.job is not None and not call.job.finished.is_set():  # noqa: ASYNC110  # an Event of a thread
        # Short steps: an interrupt of an awaiting cell is noticed at the next turn of the loop only.
        await asyncio.sleep(TICK)
    return call.saved(call.result())


def compose(prompt: Prompt, images: Iterable[Any], options: Options) -> ImageRequest:
    """Return the request of a prompt. Raises `OptionError` when there is nothing to ask."""
    pieces = [prompt] if isinstance(prompt, str) else list(prompt)
    parts = [TextPart(piece) if isinstance(piece, str) else _image(piece) for piece in pieces] + [*map(_image, images)]
    request = ImageRequest((Turn(tuple(parts)),), options)
    text = request.prompt
    if not text.strip():
        raise OptionError("There is no prompt.", do="Write what you want to see below the options.")
    if len(text) > LONGEST_PROMPT:
        raise OptionError(f"The prompt has {len(text):,} characters; no model reads more than {LONGEST_PROMPT:,}.")
    return request


def _image(given: Any) -> Part:
    from cometmagic.images import reference  # Pillow, which a request of words does not need

    return reference(given)


def _check_texts(request: ImageRequest, cell: CellOptions) -> None:
    """Refuse what cannot be sent or written down, or must not be."""
    given, key = request.options.changed() | cell.changed(), _key_text()
    texts = {declared()[name].flag: _plain(value) for name, value in given.items()}
    for name, text in ({"The prompt": request.prompt} | texts).items():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise OptionError(
                f"{name} has a broken character at position {error.start + 1}.", do="Type it again."
            ) from None
        if "\0" in text:
            raise OptionError(f"{name} has a null character at position {text.index(chr(0)) + 1}.", do="Take it out.")
        if key and key in text:
            do = "Take it out, and clear it from the notebook's history."
            raise OptionError(f"{name} holds your API key.", do=do)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _key_text() -> str:
    """Return the key's text for comparison, or an empty string."""
    try:
        key = find_key()
    except MissingKeyError:
        return ""
    return key.reveal() if key else ""


def _route(asked: str) -> tuple[str, Route]:
    """Return the source that is meant, `auto` when no key decides it, and the way to it."""
    source = default_source() if asked == "auto" else asked
    key = find_key() if source in ("auto", "live") else None
    if source == "live" and key is None:
        raise MissingKeyError("--source live needs an API key, and none was found.", do=HOW_TO_SET)
    if key is not None:
        return "live", Live(endpoint().url, key)
    return source, Offline()
