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
from cometmagic.options.command_line import written
from cometmagic.options.declaration import Options
from cometmagic.system.sanitize import line

LONGEST_TOLD = 60  # characters of a value or a prompt
MOST_TOLD = 5  # options that are listed


@dataclass(frozen=True)
class Difference:
    """One thing that the recorded request has and the other has not, or, `lacking`, the other way round."""

    told: str
    of_option: bool = False
    lacking: bool = False


def differences(asked: ImageRequest, recorded: ImageRequest, call: dict[str, Any]) -> list[Difference]:
    """Return one difference for each field; the recorded options are those that `call`, its call.json, keeps."""
    return [
        *_options(asked.options, call),
        *_references(asked.references, recorded.references),
        *_texts(asked, recorded),
    ]


def summary(found: list[Difference]) -> str:
    """Return them as the end of a sentence: `with --thoughts and another prompt ('a cat'), without --seed 5`."""
    options = [one for one in found if one.of_option]
    unlisted = options[MOST_TOLD:]
    listed = [one for one in found if one not in unlisted]
    has, lacks = ([one.told for one in listed if one.lacking is lacking] for lacking in (False, True))
    sides = [f"{word} {_enumerated(things)}" for word, things in (("with", has), ("without", lacks)) if things]
    if unlisted:
        sides.append(f"and {len(unlisted)} more option{'s differ' if len(unlisted) > 1 else ' differs'}")
    return ", ".join(sides) or "which asks for the same, but was written by another version of cometmagic"


def _enumerated(things: list[str]) -> str:
    """Return `a, b and c`."""
    *first, last = things
    return f"{', '.join(first)} and {last}" if first else last


def kept_options(call: dict[str, Any]) -> dict[str, Any]:
    """Return the options that call.json keeps: the model, and those that were not left at their default."""
    kept = call.get("options")
    return {"model": call.get("model")} | (kept if isinstance(kept, dict) else {})


def _options(asked: Options, call: dict[str, Any]) -> Iterator[Difference]:
    """Yield the options that differ."""
    known, had, given = asked.declared(), kept_options(call), json.loads(json.dumps(asked.changed()))
    for name in dict.fromkeys([*known, *had]):
        default = known[name].default if name in known else None
        ours, theirs = given.get(name, default), had.get(name, default)
        if ours == theirs:
            continue
        if _is_absent(theirs):
            yield Difference(_short(written(name, ours)), of_option=True, lacking=True)
        elif _is_absent(ours):
            yield Difference(_short(written(name, theirs)), of_option=True)
        else:
            instead = _short(written(name, ours).partition(" ")[2])
            yield Difference(f"{_short(written(name, theirs))} instead of {instead}", of_option=True)


def _is_absent(value: Any) -> bool:
    return value is None or value is False or value == {}


def _short(text: str) -> str:
    return line(text, LONGEST_TOLD)


def _references(ours: Sequence[ImagePart], theirs: Sequence[ImagePart]) -> Iterator[Difference]:
    """Yield how the reference images differ, if they do: in number, or else in content."""
    if len(ours) != len(theirs):
        instead = f" instead of {len(ours)}" if ours and theirs else ""
        yield Difference(f"{_counted(len(theirs) or len(ours))}{instead}", lacking=not theirs)
        return
    others = [str(number) for number, pair in enumerate(zip(ours, theirs, strict=True), 1) if not _is_same(*pair)]
    if others:
        which = f" ({_enumerated(others)} of {len(ours)})" if len(ours) > 1 else ""
        yield Difference(f"{'another reference image' if len(others) == 1 else 'other reference images'}{which}")


def _counted(number: int) -> str:
    return "a reference image" if number == 1 else f"{number} reference images"


def _is_same(asked: ImagePart, recorded: ImagePart) -> bool:
    try:
        # The size tells most of them apart before anything is read.
        is_alike = recorded.path is not None and recorded.path.stat().st_size == len(asked.data)
        return is_alike and recorded.data == asked.data
    except (OSError, ValueError):  # the file is gone, or its name is none
        return False


def _texts(asked: ImageRequest, recorded: ImageRequest) -> Iterator[Difference]:
    """Yield how the prompts differ, or else the places of the images in them."""
    if asked.prompt != recorded.prompt:
        yield Difference(_prompt(asked.prompt, recorded.prompt))
    elif len(asked.references) == len(recorded.references) and _arranged(asked) != _arranged(recorded):
        yield Difference("its texts and images arranged otherwise")


def _arranged(request: ImageRequest) -> list[list[str | None]]:
    return [[part.text if isinstance(part, TextPart) else None for part in turn.parts] for turn in request.turns]


def _prompt(asked: str, recorded: str) -> str:
    """Return what is told of another prompt: the part of it where it begins to be another."""
    ours, theirs = (" ".join(text.split()) for text in (asked, recorded))
    if ours == theirs:
        return "other spaces or line breaks in the prompt"
    pairs = enumerate(zip(ours, theirs, strict=False))
    alike = next((place for place, (one, other) in pairs if one != other), min(len(ours), len(theirs)))
    start = max(0, alike - LONGEST_TOLD // 2) if len(theirs) > LONGEST_TOLD else 0
    end = start + LONGEST_TOLD
    piece = f"{'…' if start else ''}{theirs[start:end]}{'…' if end < len(theirs) else ''}"
    return f"another prompt ('{line(piece)}')"
