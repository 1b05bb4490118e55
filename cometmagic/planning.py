"""What a request will be: checked, composed and priced, before a folder is made or anything is sent.

The cell, the panel and Python all ask for a `Plan`; a dry run and `--show-code` stop there. Everything that can be
found wrong for nothing is found here. This module knows no notebook and sends nothing but the requests for
reference images that stand at http(s) addresses.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cometmagic import advice, lineage, project
from cometmagic.catalog import find
from cometmagic.courier.route import Live, Offline, Route
from cometmagic.errors import MissingKeyError, OptionError
from cometmagic.folders import Library, check_target
from cometmagic.local_file import is_url
from cometmagic.models import DEFAULT_MODEL
from cometmagic.options import CellOptions, Limits, Options, build, declared
from cometmagic.parts import Part, TextPart
from cometmagic.request import ImageRequest, Turn
from cometmagic.settings import HOW_TO_SET, default_source, endpoint, environment_limits, find_key, library_folder
from cometmagic.sweeps import variants
from cometmagic.template import Piece
from cometmagic.wire import encode, request_hash, request_length

LONGEST_PROMPT = 200_000  # characters; the largest model window is 131,000 tokens

Prompt = str | list[Any] | tuple[Any, ...]
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
        from cometmagic.code import as_code  # only for those who ask for one

        parent = self.origin.record() if self.origin is not None else None
        return as_code(self.request, kind, parent=parent, files=self.files)


@dataclass(frozen=True)
class _Told:
    """What all requests of a cell share: the turns without options, and what was remarked while making them."""

    turns: tuple[Turn, ...]
    pieces: tuple[Piece, ...]
    origin: lineage.Origin | None
    notes: tuple[str, ...] = field(default=())
    files: tuple[Path, ...] = ()


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
    given, prompt = environment_limits() | merged, _framed(preset, prompt)
    _, cell, limits = build(given)
    varied = list(variants(cell))
    source, route = _route(cell.source)
    library = Library(library_folder())
    origin = lineage.origin(cell.edit, cell.chat, library, last)
    cell = replace(cell, save=check_target(cell.save) if cell.save else None)
    shared = (cell, limits, source, replace(route, limits=limits) if isinstance(route, Live) else route)

    def made(origin: lineage.Origin | None) -> list[Plan]:
        told, defaults = _told(prompt, images, cell, origin, tuple(notes)), dict[str, Any]()
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
    given: dict[str, Any], label: str, told: _Told, cell: CellOptions, limits: Limits, source: str, route: Route
) -> Plan:
    options = Options.build({name: value for name, value in given.items() if name in Options.declared()})
    request = ImageRequest(told.turns, options)
    _check(request, cell, route)
    shown = len(request.shown)
    warnings = (*advice.warnings(options, shown), *told.notes)
    # All that is sent is paid for, also what earlier turns hold.
    estimate = advice.estimate(options, request.prompt, len(request.references))
    return Plan(request, cell, limits, source, route, estimate, warnings, told.origin, told.pieces, label, told.files)


def _told(
    prompt: Prompt, images: Any, cell: CellOptions, origin: lineage.Origin | None, notes: tuple[str, ...]
) -> _Told:
    """Put the turns together. Raises `OptionError` when there is nothing to ask."""
    pieces = [piece if isinstance(piece, Piece) else Piece(piece) for piece in several(prompt)]
    earlier = [origin.image] if origin is not None and origin.image is not None else []
    given = [*_joined(prompt), *earlier, *several(images), *cell.image]
    asked, remarks = _made(given, len(_joined(prompt)), private=cell.private_urls)
    turns = (*(origin.turns if origin is not None else ()), Turn(asked))
    files = tuple(Path(one) for one in (*several(images), *cell.image) if isinstance(one, str | Path))
    files += tuple(piece.value for piece in pieces if isinstance(piece.value, Path))
    return _Told(turns, tuple(pieces), origin, (*notes, *remarks, *(origin.notes if origin is not None else ())), files)


def references(images: Any, *, private: bool = False) -> tuple[list[Part], list[str]]:
    """Return images as they are sent, so that several plans can share them, and what was remarked on while making them.

    `private` lets addresses lead into the user's own network. Raises `OptionError` for what is no image.
    """
    made, remarks = _made(several(images), 0, private=private)
    return list(made), remarks


def _made(given: list[Any], prompt: int, *, private: bool) -> tuple[tuple[Part, ...], list[str]]:
    """Return the parts of a turn and what was remarked on; of `given`, texts in the first `prompt` are words."""
    texts = {at: TextPart(value) for at, value in enumerate(given[:prompt]) if isinstance(value, str)}
    others = [value for at, value in enumerate(given) if at not in texts]
    if not others:
        return tuple(texts.values()), []
    from cometmagic import references  # Pillow, which a request of words does not need

    sent = iter(references.fitted([references.reference(_fetched(value, private=private)) for value in others]))
    remarks: list[str] = []
    parts: list[Part] = []
    for at in range(len(given)):
        if at in texts:
            parts.append(texts[at])
        else:
            made = next(sent)
            parts.append(made.part)
            remarks += [made.note] if made.note else []
    return tuple(parts), remarks


def _fetched(given: Any, *, private: bool) -> Any:
    """Return the bytes behind an address, and anything else as it is."""
    if not isinstance(given, str) or not is_url(given):
        return given
    from cometmagic.courier.fetch import fetch  # HTTP, which few references need

    return fetch(given, private=private)


def _joined(prompt: Prompt) -> list[Any]:
    """Return what a prompt is made of: texts of a template that stand side by side are one."""
    out: list[Any] = []
    for is_template, run in itertools.groupby(several(prompt), key=_is_text_of_template):
        values = [piece.value if isinstance(piece, Piece) else piece for piece in run]
        out += ["".join(values)] if is_template else values
    return out


def _is_text_of_template(given: Any) -> bool:
    return isinstance(given, Piece) and isinstance(given.value, str)


def _framed(preset: project.Preset | None, prompt: Prompt) -> Prompt:
    """Return the prompt in the frame of a preset; nothing remains nothing."""
    if preset is None:
        return prompt
    if isinstance(prompt, str):
        return project.framed(preset, prompt)
    before, _, after = preset.frame.partition(project.PLACE)
    return [Piece(before), *several(prompt), Piece(after)] if any(map(_says_something, several(prompt))) else prompt


def _says_something(given: Any) -> bool:
    value = given.value if isinstance(given, Piece) else given
    return not isinstance(value, str) or bool(value.strip())


def several(given: Any) -> list[Any]:
    """Return one or several things as a list; None is none."""
    if isinstance(given, list | tuple):
        return list(given)
    return [] if given is None else [given]


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
    texts = {declared()[name].flag: _plain(value) for name, value in given.items()}
    for name, text in ({"The prompt": prompt} | texts).items():
        _check_text(name, text, key)


def _check_text(name: str, text: str, key: str) -> None:
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
