"""How a recorded request differs from another one, told as a cell is written.

Who reads it wants to put a cell right, so options are told as flags, and of a long prompt the place where
it begins to be another. What was recorded may be somebody else's: it is cleaned and shortened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.command_line import format_option
from cometmagic.options.declaration import Options
from cometmagic.system.sanitize import clean_line

MAX_VALUE_LENGTH = 60  # characters of a value or a prompt
MAX_LISTED_OPTIONS = 5  # options that are listed


@dataclass(frozen=True)
class Difference:
    """One thing that the recorded request has and the other has not, or, `lacking`, the other way round."""

    text: str
    is_option: bool = False
    is_lacking: bool = False


def find_differences(request: ImageRequest, recorded_request: ImageRequest, call: dict[str, Any]) -> list[Difference]:
    """Return one difference for each field; the recorded options are those that `call`, its call.json, keeps."""
    return [
        *_compare_options(request.options, call),
        *_compare_references(request.references, recorded_request.references),
        *_compare_prompts(request, recorded_request),
    ]


def format_differences(differences: list[Difference]) -> str:
    """Return them as the end of a sentence: `with --thoughts and another prompt ('a cat'), without --seed 5`."""
    options = [one for one in differences if one.is_option]
    unlisted = options[MAX_LISTED_OPTIONS:]
    listed = [one for one in differences if one not in unlisted]
    has, lacks = ([one.text for one in listed if one.is_lacking is lacking] for lacking in (False, True))
    sides = [f"{word} {_join_words(things)}" for word, things in (("with", has), ("without", lacks)) if things]
    if unlisted:
        sides.append(f"and {len(unlisted)} more option{'s differ' if len(unlisted) > 1 else ' differs'}")
    return ", ".join(sides) or "which asks for the same, but was written by another version of cometmagic"


def _join_words(words: list[str]) -> str:
    """Return `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def read_call_options(call: dict[str, Any]) -> dict[str, Any]:
    """Return the options that call.json keeps: the model, and those that were not left at their default."""
    kept = call.get("options")
    return {"model": call.get("model")} | (kept if isinstance(kept, dict) else {})


def _compare_options(options: Options, call: dict[str, Any]) -> Iterator[Difference]:
    """Yield the options that differ."""
    known, had, given = options.list_options(), read_call_options(call), json.loads(json.dumps(options.list_changes()))
    for name in dict.fromkeys([*known, *had]):
        default = known[name].default if name in known else None
        ours, theirs = given.get(name, default), had.get(name, default)
        if ours == theirs:
            continue
        if _is_unset(theirs):
            yield Difference(_shorten(format_option(name, ours)), is_option=True, is_lacking=True)
        elif _is_unset(ours):
            yield Difference(_shorten(format_option(name, theirs)), is_option=True)
        else:
            instead = _shorten(format_option(name, ours).partition(" ")[2])
            yield Difference(f"{_shorten(format_option(name, theirs))} instead of {instead}", is_option=True)


def _is_unset(value: Any) -> bool:
    return value is None or value is False or value == {}


def _shorten(text: str) -> str:
    return clean_line(text, MAX_VALUE_LENGTH)


def _compare_references(
    references: Sequence[ImagePart], recorded_references: Sequence[ImagePart]
) -> Iterator[Difference]:
    """Yield how the reference images differ, if they do: in number, or else in content."""
    if len(references) != len(recorded_references):
        instead = f" instead of {len(references)}" if references and recorded_references else ""
        yield Difference(
            f"{_format_reference_count(len(recorded_references) or len(references))}{instead}",
            is_lacking=not recorded_references,
        )
        return
    others = [
        str(number)
        for number, pair in enumerate(zip(references, recorded_references, strict=True), 1)
        if not _is_same_image(*pair)
    ]
    if others:
        which = f" ({_join_words(others)} of {len(references)})" if len(references) > 1 else ""
        yield Difference(f"{'another reference image' if len(others) == 1 else 'other reference images'}{which}")


def _format_reference_count(count: int) -> str:
    return "a reference image" if count == 1 else f"{count} reference images"


def _is_same_image(image: ImagePart, recorded_image: ImagePart) -> bool:
    try:
        # The size tells most of them apart before anything is read.
        is_alike = recorded_image.path is not None and recorded_image.path.stat().st_size == len(image.data)
        return is_alike and recorded_image.data == image.data
    except (OSError, ValueError):  # the file is gone, or its name is none
        return False


def _compare_prompts(request: ImageRequest, recorded_request: ImageRequest) -> Iterator[Difference]:
    """Yield how the prompts differ, or else the places of the images in them."""
    if request.prompt != recorded_request.prompt:
        yield Difference(_format_prompt_difference(request.prompt, recorded_request.prompt))
    elif len(request.references) == len(recorded_request.references) and _build_text_layout(
        request
    ) != _build_text_layout(recorded_request):
        yield Difference("its texts and images arranged otherwise")


def _build_text_layout(request: ImageRequest) -> list[list[str | None]]:
    return [[part.text if isinstance(part, TextPart) else None for part in turn.parts] for turn in request.turns]


def _format_prompt_difference(prompt: str, recorded_prompt: str) -> str:
    """Return what is told of another prompt: the part of it where it begins to be another."""
    ours, theirs = (" ".join(text.split()) for text in (prompt, recorded_prompt))
    if ours == theirs:
        return "other spaces or line breaks in the prompt"
    pairs = enumerate(zip(ours, theirs, strict=False))
    alike = next((place for place, (one, other) in pairs if one != other), min(len(ours), len(theirs)))
    start = max(0, alike - MAX_VALUE_LENGTH // 2) if len(theirs) > MAX_VALUE_LENGTH else 0
    end = start + MAX_VALUE_LENGTH
    piece = f"{'…' if start else ''}{theirs[start:end]}{'…' if end < len(theirs) else ''}"
    return f"another prompt ('{clean_line(piece)}')"
