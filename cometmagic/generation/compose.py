"""The turns of a request: earlier turns, prompt and reference images, in order.

Reference images are converted to what can be sent, and fetched when they are addresses. Options, keys and prices are
unknown here, and nothing is sent to the service.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cometmagic.gemini.parts import Part, TextPart
from cometmagic.gemini.request import Turn
from cometmagic.generation.image_list import build_count_error, list_images
from cometmagic.images.file_reader import is_url
from cometmagic.images.inputs.image_text import is_image_text
from cometmagic.images.inputs.objects import find_url
from cometmagic.options import pyproject
from cometmagic.options.declaration import CellOptions
from cometmagic.options.models import MAX_REFERENCES
from cometmagic.options.template import PromptPiece
from cometmagic.storage import lineage
from cometmagic.system.sanitize import clean_line

Prompt = str | list[Any] | tuple[Any, ...]


@dataclass(frozen=True)
class ComposedPrompt:
    """What all requests of a cell share: the turns, and the warnings that came up while they were composed."""

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
    """Compose the turns. Raises `OptionError` for an image that cannot be one."""
    pieces = [piece if isinstance(piece, PromptPiece) else PromptPiece(piece) for piece in to_list(prompt)]
    prompt_values, references = merge_template_texts(prompt), [*list_images(images), *cell_options.image]
    parent_images = [parent.image] if parent is not None and parent.image is not None else []
    parts, notes = _build_parts(
        [*prompt_values, *parent_images, *references],
        len(prompt_values),
        allow_private=cell_options.private_urls,
        on=cell_options.on,
        strip_exif=cell_options.strip_exif,
    )
    turns = (*(parent.turns if parent is not None else ()), Turn(tuple(parts)))
    all_warnings = (*warnings, *notes, *(parent.warnings if parent is not None else ()))
    paths = [Path(value) for value in references if isinstance(value, str | Path) and not is_image_text(value)]
    paths += [piece.value for piece in pieces if isinstance(piece.value, Path)]
    return ComposedPrompt(turns, tuple(pieces), parent, all_warnings, tuple(paths))


def build_image_parts(
    images: Any, *, allow_private: bool = False, strip_exif: bool = False
) -> tuple[list[Part], list[str]]:
    """Return images as they are sent, so that several plans can share them, and notes on their conversion.

    `allow_private` permits addresses in the user's own network; `strip_exif` leaves metadata out. What is transparent
    stays so, and each plan remarks on it. Raises `OptionError` for what is no image.
    """
    settings = {"on": None, "has_remarks": False, "strip_exif": strip_exif}
    return _build_parts(list_images(images), 0, allow_private=allow_private, **settings)


def _build_parts(
    values: list[Any], prompt_length: int, *, allow_private: bool, **settings: Any
) -> tuple[list[Part], list[str]]:
    """Return the parts of a turn and notes on its images; strings among the first `prompt_length` values are texts.

    The `settings` are those of `load_references`.
    """
    texts = {index: TextPart(value) for index, value in enumerate(values[:prompt_length]) if isinstance(value, str)}
    image_values = [value for index, value in enumerate(values) if index not in texts]
    if not image_values:
        return list(texts.values()), []
    if len(image_values) > MAX_REFERENCES:
        raise build_count_error(f"{len(image_values):,}")
    from cometmagic.images import references  # Pillow, which a request of words does not need

    contents = (_fetch_url(value, allow_private=allow_private) for value in image_values)
    images = references.load_references(contents, **settings)
    next_image = iter(images)
    parts: list[Part] = [texts[index] if index in texts else next(next_image).part for index in range(len(values))]
    return parts, [image.note for image in images if image.note]


def _fetch_url(value: Any, *, allow_private: bool) -> Any:
    """Return what is behind an address, also behind one that a display or a widget shows; anything else as it is.

    Its host is its name.
    """
    url = value if isinstance(value, str) else find_url(value)
    if url is None or not is_url(url):
        return value
    from cometmagic.courier.http.image_fetch import fetch  # HTTP, which few references need
    from cometmagic.images.references import NamedContent  # Pillow, as above

    content = fetch(url, allow_private=allow_private)  # first, as it checks the address
    return NamedContent(f"The image from {clean_line(urlsplit(url).hostname)}", content)


def merge_template_texts(prompt: Prompt) -> list[Any]:
    """Return the values of a prompt; neighbouring texts of a template become one."""
    merged: list[Any] = []
    for is_template, pieces in itertools.groupby(to_list(prompt), key=_is_template_text):
        values = [piece.value if isinstance(piece, PromptPiece) else piece for piece in pieces]
        merged += ["".join(values)] if is_template else values
    return merged


def _is_template_text(value: Any) -> bool:
    return isinstance(value, PromptPiece) and isinstance(value.value, str)


def apply_preset(preset: pyproject.Preset | None, prompt: Prompt) -> Prompt:
    """Return the prompt in the template of a preset; an empty prompt stays empty."""
    if preset is None:
        return prompt
    if isinstance(prompt, str):
        return pyproject.fill_prompt_template(preset, prompt)
    if not any(map(_has_content, to_list(prompt))):
        return prompt
    before, _, after = preset.prompt_template.partition(pyproject.PROMPT_PLACEHOLDER)
    return [PromptPiece(before), *to_list(prompt), PromptPiece(after)]


def _has_content(item: Any) -> bool:
    value = item.value if isinstance(item, PromptPiece) else item
    return not isinstance(value, str) or bool(value.strip())


def to_list(value: Any) -> list[Any]:
    """Return a value, or a list or tuple of values, as a list; None is an empty one."""
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None else [value]
