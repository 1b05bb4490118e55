"""What a request will be: checked, composed and priced, before a folder is made or anything is sent.

The cell, the panel and Python all ask for a `Plan`; a dry run and `--show-code` stop there. Everything that can be
found wrong for nothing is found here. This module knows no notebook and sends nothing but the requests for
reference images that stand at http(s) addresses.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cometmagic.costs import estimate as advice
from cometmagic.courier.endpoint import Live, Offline, Route
from cometmagic.errors import MissingKeyError, OptionError
from cometmagic.gemini.encode import encode, request_hash, request_length
from cometmagic.gemini.request import ImageRequest
from cometmagic.generation.compose import Prompt, Told, compose, framed
from cometmagic.options import project
from cometmagic.options.declaration import CellOptions, Limits, Options, build, declared
from cometmagic.options.models import DEFAULT_MODEL
from cometmagic.options.settings import (
    HOW_TO_SET,
    default_source,
    endpoint,
    environment_limits,
    find_key,
    library_folder,
)
from cometmagic.options.sweeps import variants
from cometmagic.options.template import Piece
from cometmagic.storage import lineage
from cometmagic.storage.index import find
from cometmagic.storage.store import Library, check_target

LONGEST_PROMPT = 200_000  # characters; the largest model window is 131,000 tokens

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Plan:
    """One request that is ready to be sent, and what is known of it beforehand."""

    request: ImageRequest
    cell: CellOptions
    limits: Limits
    source: str  # `auto` when no key decides it: a recording of the request, else a sketch
    route: Route
    estimate: advice.Price
    warnings: tuple[str, ...] = ()
    origin: lineage.Origin | None = None
    pieces: tuple[Piece, ...] = ()  # the prompt as it was put together
    label: str = ""  # what tells it from the others of a sweep
    files: tuple[Path, ...] = ()  # those that were given as references

    @property
    def body(self) -> dict[str, Any]:
        """The request's JSON, with each image as `{"file": name}`."""
        return encode(self.request)

    @functools.cached_property
    def digest(self) -> str:
        """What tells the request from another: the hash by which a recording of it is found."""
        return request_hash(self.request)

    @property
    def size(self) -> int:
        """How many bytes the body has."""
        return request_length(self.request)

    def as_code(self, kind: str = "httpx") -> str:
        """Return the request as a program: curl, httpx, google-genai or magic. See `code.as_code`."""
        from cometmagic.codegen.programs import as_code  # only for those who ask for one

        parent = self.origin.record() if self.origin is not None else None
        return as_code(self.request, kind, parent=parent, files=self.files)


def plan(prompt: Prompt, *, images: Any = (), last: Path | None = None, **given: Any) -> Plan:
    """Return the one request of a prompt, as `session.generate` takes it. Raises a `CometError`."""
    made = plans(prompt, images=images, last=last, **given)
    if len(made) > 1:
        raise OptionError(f"These are {len(made)} pictures.", do="Use cometmagic.generate_many, or %%gemini_image.")
    return made[0]


def plans(
    prompt: Prompt,
    *,
    images: Any = (),
    last: Path | None = None,
    session: Mapping[str, Any] = _NOTHING,
    notes: Iterable[str] = (),
    **given: Any,
) -> list[Plan]:
    """Return the requests of a prompt: one, or one for each picture of `count` and `sweep`.

    `last` is the folder of the result that `edit=True` means; `session` the defaults that were set for a notebook,
    which lie below `given` and over the project's; `notes` go to the warnings. Raises a `CometError`.
    """
    merged, preset = project.merged(_present(given), dict(session))
    given, prompt = environment_limits() | merged, framed(preset, prompt)
    _, cell, limits = build(given)
    varied = list(variants(cell))
    source, route = _route(cell.source)
    library = Library(library_folder())
    origin = lineage.origin(cell.edit, cell.chat, library, last)
    cell = replace(cell, save=check_target(cell.save) if cell.save else None)
    shared = (cell, limits, source, replace(route, limits=limits) if isinstance(route, Live) else route)

    def made(origin: lineage.Origin | None) -> list[Plan]:
        told, defaults = compose(prompt, images, cell, origin, tuple(notes)), dict[str, Any]()
        if origin is not None and origin.how == lineage.CHAT:
            defaults = {"model": origin.folder.read().get("model", DEFAULT_MODEL)}
        return [_plan(defaults | given | changes, label, told, *shared) for label, changes in varied]

    if origin is not None and source in ("auto", "replay"):
        for planned in map(made, origin.recorded):
            if all(find(library, plan.digest) for plan in planned):
                return planned
    return made(origin)


def _present(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _plan(
    given: dict[str, Any], label: str, told: Told, cell: CellOptions, limits: Limits, source: str, route: Route
) -> Plan:
    options = Options.build({name: value for name, value in given.items() if name in Options.declared()})
    request = ImageRequest(told.turns, options)
    _check(request, cell, route)
    shown = len(request.shown)
    warnings = (*advice.warnings(options, shown), *told.notes)
    # All that is sent is paid for, also what earlier turns hold.
    estimate = advice.estimate(options, request.prompt, len(request.references))
    return Plan(request, cell, limits, source, route, estimate, warnings, told.origin, told.pieces, label, told.files)


def _check(request: ImageRequest, cell: CellOptions, route: Route) -> None:
    """Refuse what cannot be sent or written down, or must not be."""
    prompt, model = request.prompt, request.options.model
    if not prompt.strip():
        raise OptionError("There is no prompt.", do="Write what you want to see.")
    if len(prompt) > LONGEST_PROMPT:
        raise OptionError(f"The prompt has {len(prompt):,} characters; no model reads more than {LONGEST_PROMPT:,}.")
    if {"", ".", ".."} & set(model.split("/")):
        raise OptionError(f"--model: {model[:80]!r} is no name of a model.")  # it would lead to another address
    given, key = request.options.changed() | cell.changed(), route.key.reveal() if isinstance(route, Live) else ""
    texts = {declared()[name].flag: plain(value) for name, value in given.items()}
    for name, text in ({"The prompt": prompt} | texts).items():
        check_text(name, text, key)


def check_text(name: str, text: str, key: str = "") -> None:
    """Raise `OptionError` for a text that cannot be written down, or holds the key."""
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


def plain(value: Any) -> str:
    """Return the text of a value; what is no text and no JSON holds none."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=lambda _: "")


def _route(asked: str) -> tuple[str, Route]:
    """Return the source that is meant, `auto` when no key decides it, and the way to it."""
    source = default_source() if asked == "auto" else asked
    key = find_key() if source in ("auto", "live") else None
    if source == "live" and key is None:
        raise MissingKeyError("--source live needs an API key, and none was found.", do=HOW_TO_SET)
    if key is not None:
        return "live", Live(endpoint().url, key)
    return source, Offline()
