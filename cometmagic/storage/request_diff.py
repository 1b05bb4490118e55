"""How a recorded request differs from another request, in the words of a notebook cell.

The reader wants to correct a cell, so options are shown as flags, and a long prompt from where it differs.
A recording may come from someone else, so its texts are cleaned and shortened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cometmagic.errors import LibraryError
from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.command_line import format_option
from cometmagic.options.declaration import Options
from cometmagic.storage.call_record import CallRecord
from cometmagic.system.sanitize import clean_line

MAX_VALUE_LENGTH = 60  # characters of a value or a prompt
MAX_LISTED_OPTIONS = 5
SPACES_DIFFERENCE = "other spaces or line breaks in the prompt"


@dataclass(frozen=True)
class Difference:
    """Something that only the recorded request has, or, if `is_lacking`, only the other one."""

    text: str
    is_option: bool = False
    is_lacking: bool = False


def find_differences(request: ImageRequest, recorded_request: ImageRequest, call: CallRecord) -> list[Difference]:
    """Return one difference for each field; the recorded options are read from `call`, its call.json."""
    return [
        *_compare_options(request.options, call),
        *_compare_references(request.references, recorded_request.references),
        *_compare_prompts(request, recorded_request),
    ]


def format_differences(differences: list[Difference]) -> str:
    """Return the end of a sentence: `with --thoughts and another prompt ('a cat'), without --seed 5`."""
    options = [difference for difference in differences if difference.is_option]
    unlisted = options[MAX_LISTED_OPTIONS:]
    listed = [difference for difference in differences if difference not in unlisted]
    additions, omissions = (
        [difference.text for difference in listed if difference.is_lacking is lacking] for lacking in (False, True)
    )
    phrases = [
        f"{preposition} {_join_words(words)}"
        for preposition, words in (("with", additions), ("without", omissions))
        if words
    ]
    if unlisted:
        phrases.append(f"and {len(unlisted)} more option{'s differ' if len(unlisted) > 1 else ' differs'}")
    return ", ".join(phrases) or "which asks for the same, but was written by another version of cometmagic"


def _join_words(words: list[str]) -> str:
    """Return `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def read_call_options(call: CallRecord) -> dict[str, Any]:
    """Return the options in call.json: the model, and all that differ from their default."""
    return {"model": call["model"]} | call["options"]


def _compare_options(options: Options, call: CallRecord) -> Iterator[Difference]:
    """Yield the options that differ."""
    declared_options, recorded_values = options.list_options(), read_call_options(call)
    values = json.loads(json.dumps(options.list_changes()))
    for name in dict.fromkeys([*declared_options, *recorded_values]):
        default = declared_options[name].default if name in declared_options else None
        value, recorded_value = values.get(name, default), recorded_values.get(name, default)
        if value == recorded_value:
            continue
        if _is_unset(recorded_value):
            yield Difference(_shorten(format_option(name, value)), is_option=True, is_lacking=True)
        elif _is_unset(value):
            yield Difference(_shorten(format_option(name, recorded_value)), is_option=True)
        else:
            other_value = _shorten(format_option(name, value).partition(" ")[2])
            yield Difference(
                f"{_shorten(format_option(name, recorded_value))} instead of {other_value}", is_option=True
            )


def _is_unset(value: Any) -> bool:
    return value is None or value is False or value == {}


def _shorten(text: str) -> str:
    return clean_line(text, MAX_VALUE_LENGTH)


def _compare_references(
    references: Sequence[ImagePart], recorded_references: Sequence[ImagePart]
) -> Iterator[Difference]:
    """Yield how the reference images differ, if they do: in number, otherwise in content."""
    if len(references) != len(recorded_references):
        suffix = f" instead of {len(references)}" if references and recorded_references else ""
        yield Difference(
            f"{_format_reference_count(len(recorded_references) or len(references))}{suffix}",
            is_lacking=not recorded_references,
        )
        return
    numbers = [
        str(number)
        for number, pair in enumerate(zip(references, recorded_references, strict=True), 1)
        if not _is_same_image(*pair)
    ]
    if numbers:
        suffix = f" ({_join_words(numbers)} of {len(references)})" if len(references) > 1 else ""
        yield Difference(f"{'another reference image' if len(numbers) == 1 else 'other reference images'}{suffix}")


def _format_reference_count(count: int) -> str:
    return "a reference image" if count == 1 else f"{count} reference images"


def _is_same_image(image: ImagePart, recorded_image: ImagePart) -> bool:
    try:
        # Most differ in size, so nothing has to be read.
        return recorded_image.size == len(image.data) and recorded_image.data == image.data
    except LibraryError:  # the file is gone
        return False


def _compare_prompts(request: ImageRequest, recorded_request: ImageRequest) -> Iterator[Difference]:
    """Yield how the prompts differ, otherwise how the images are placed in them."""
    if request.prompt != recorded_request.prompt:
        yield Difference(_format_prompt_difference(request.prompt, recorded_request.prompt))
    elif len(request.references) == len(recorded_request.references) and _build_text_layout(
        request
    ) != _build_text_layout(recorded_request):
        yield Difference("its texts and images arranged otherwise")


def _build_text_layout(request: ImageRequest) -> list[list[str | None]]:
    return [[part.text if isinstance(part, TextPart) else None for part in turn.parts] for turn in request.turns]


def _format_prompt_difference(prompt: str, recorded_prompt: str) -> str:
    """Return the description of a different prompt: an excerpt of it from where it differs."""
    text, recorded_text = " ".join(prompt.split()), " ".join(recorded_prompt.split())
    if text == recorded_text:
        return SPACES_DIFFERENCE
    pairs = enumerate(zip(text, recorded_text, strict=False))
    common_length = next(
        (index for index, (character, recorded_character) in pairs if character != recorded_character),
        min(len(text), len(recorded_text)),
    )
    start = max(0, common_length - MAX_VALUE_LENGTH // 2) if len(recorded_text) > MAX_VALUE_LENGTH else 0
    end = start + MAX_VALUE_LENGTH
    excerpt = f"{'…' if start else ''}{recorded_text[start:end]}{'…' if end < len(recorded_text) else ''}"
    return f"another prompt ('{clean_line(excerpt)}')"
