"""The turns of a request: prompt, reference images and what it goes on from, put together in order.

Images are made into what can be sent here, and fetched where they stand at an address; options, keys and prices
are known elsewhere. Nothing is sent to the service.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cometmagic.gemini.parts import Part, TextPart
from cometmagic.gemini.request import Turn
from cometmagic.images.safe_read import is_url
from cometmagic.options import project
from cometmagic.options.declaration import CellOptions
from cometmagic.options.template import Piece
from cometmagic.storage import lineage

Prompt = str | list[Any] | tuple[Any, ...]


@dataclass(frozen=True)
class Told:
    """What all requests of a cell share: the turns without options, and what was remarked while making them."""

    turns: tuple[Turn, ...]
    pieces: tuple[Piece, ...]
    origin: lineage.Origin | None
    notes: tuple[str, ...] = field(default=())
    files: tuple[Path, ...] = ()


def compose(
    prompt: Prompt, images: Any, cell: CellOptions, origin: lineage.Origin | None, notes: tuple[str, ...]
) -> Told:
    """Put the turns together. Raises `OptionError` when there is nothing to ask."""
    pieces = [piece if isinstance(piece, Piece) else Piece(piece) for piece in several(prompt)]
    earlier = [origin.image] if origin is not None and origin.image is not None else []
    words = _joined(prompt)
    given = [*words, *earlier, *several(images), *cell.image]
    asked, remarks = _made(given, len(words), private=cell.private_urls)
    turns = (*(origin.turns if origin is not None else ()), Turn(asked))
    files = tuple(Path(one) for one in (*several(images), *cell.image) if isinstance(one, str | Path))
    files += tuple(piece.value for piece in pieces if isinstance(piece.value, Path))
    return Told(turns, tuple(pieces), origin, (*notes, *remarks, *(origin.notes if origin is not None else ())), files)


def as_sent(images: Any, *, private: bool = False) -> tuple[list[Part], list[str]]:
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
    from cometmagic.images import references  # Pillow, which a request of words does not need

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


def framed(preset: project.Preset | None, prompt: Prompt) -> Prompt:
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
