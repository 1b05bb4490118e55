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
from cometmagic.images.file_reader import is_url
from cometmagic.options import pyproject
from cometmagic.options.declaration import CellOptions
from cometmagic.options.template import PromptPiece
from cometmagic.storage import lineage

Prompt = str | list[Any] | tuple[Any, ...]


@dataclass(frozen=True)
class ComposedPrompt:
    """What all requests of a cell share: the turns without options, and what was remarked while making them."""

    turns: tuple[Turn, ...]
    prompt_pieces: tuple[PromptPiece, ...]
    parent: lineage.ParentContext | None
    warnings: tuple[str, ...] = field(default=())
    reference_paths: tuple[Path, ...] = ()


def compose(
    prompt: Prompt,
    images: Any,
    cell_options: CellOptions,
    parent: lineage.ParentContext | None,
    warnings: tuple[str, ...],
) -> ComposedPrompt:
    """Put the turns together. Raises `OptionError` when there is nothing to ask."""
    pieces = [piece if isinstance(piece, PromptPiece) else PromptPiece(piece) for piece in to_list(prompt)]
    earlier = [parent.image] if parent is not None and parent.image is not None else []
    words = _merge_template_texts(prompt)
    given = [*words, *earlier, *to_list(images), *cell_options.image]
    asked, remarks = _build_parts(given, len(words), allow_private=cell_options.private_urls)
    turns = (*(parent.turns if parent is not None else ()), Turn(asked))
    files = tuple(Path(one) for one in (*to_list(images), *cell_options.image) if isinstance(one, str | Path))
    files += tuple(piece.value for piece in pieces if isinstance(piece.value, Path))
    return ComposedPrompt(
        turns, tuple(pieces), parent, (*warnings, *remarks, *(parent.warnings if parent is not None else ())), files
    )


def build_image_parts(images: Any, *, allow_private: bool = False) -> tuple[list[Part], list[str]]:
    """Return images as they are sent, so that several plans can share them, and what was remarked on while making them.

    `private` lets addresses lead into the user's own network. Raises `OptionError` for what is no image.
    """
    made, remarks = _build_parts(to_list(images), 0, allow_private=allow_private)
    return list(made), remarks


def _build_parts(values: list[Any], prompt_length: int, *, allow_private: bool) -> tuple[tuple[Part, ...], list[str]]:
    """Return the parts of a turn and what was remarked on; of `given`, texts in the first `prompt` are words."""
    texts = {at: TextPart(value) for at, value in enumerate(values[:prompt_length]) if isinstance(value, str)}
    others = [value for at, value in enumerate(values) if at not in texts]
    if not others:
        return tuple(texts.values()), []
    from cometmagic.images import references  # Pillow, which a request of words does not need

    sent = iter(
        references.fit_references(
            [references.load_reference(_fetch_url(value, allow_private=allow_private)) for value in others]
        )
    )
    remarks: list[str] = []
    parts: list[Part] = []
    for at in range(len(values)):
        if at in texts:
            parts.append(texts[at])
        else:
            made = next(sent)
            parts.append(made.part)
            remarks += [made.note] if made.note else []
    return tuple(parts), remarks


def _fetch_url(value: Any, *, allow_private: bool) -> Any:
    """Return the bytes behind an address, and anything else as it is."""
    if not isinstance(value, str) or not is_url(value):
        return value
    from cometmagic.courier.http.image_fetch import fetch  # HTTP, which few references need

    return fetch(value, allow_private=allow_private)


def _merge_template_texts(prompt: Prompt) -> list[Any]:
    """Return what a prompt is made of: texts of a template that stand side by side are one."""
    out: list[Any] = []
    for is_template, run in itertools.groupby(to_list(prompt), key=_is_template_text):
        values = [piece.value if isinstance(piece, PromptPiece) else piece for piece in run]
        out += ["".join(values)] if is_template else values
    return out


def _is_template_text(value: Any) -> bool:
    return isinstance(value, PromptPiece) and isinstance(value.value, str)


def apply_preset(preset: pyproject.Preset | None, prompt: Prompt) -> Prompt:
    """Return the prompt in the frame of a preset; nothing remains nothing."""
    if preset is None:
        return prompt
    if isinstance(prompt, str):
        return pyproject.fill_prompt_template(preset, prompt)
    before, _, after = preset.prompt_template.partition(pyproject.PROMPT_PLACEHOLDER)
    return (
        [PromptPiece(before), *to_list(prompt), PromptPiece(after)]
        if any(map(_has_content, to_list(prompt)))
        else prompt
    )


def _has_content(item: Any) -> bool:
    value = item.value if isinstance(item, PromptPiece) else item
    return not isinstance(value, str) or bool(value.strip())


def to_list(value: Any) -> list[Any]:
    """Return one or several things as a list; None is none."""
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None else [value]
