"""The parts of an answer and what they used: thoughts, drafts, words, the picture.

Parts are made one after the other, so that a stream can send each as soon as it is there. Bytes stand
in them as bytes; service.py writes them as base64. This module knows what an answer holds, not how it
travels, and it paints nothing itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cometmagic.offline import image_io, signature
from cometmagic.offline.scenarios import MAX_TOKENS, NO_FAILURE, Failure
from cometmagic.offline.validation import Asked

if TYPE_CHECKING:
    from cometmagic.offline.painter import Painting

DRAFTS = 2
_LETTERS_PER_TOKEN = 4
_TOKENS_PER_IMAGE = 258  # of an image that is sent
_NAMED = 6  # things of a picture that are named in the words about it
# Tokens of thought by level; a model without levels always thinks, the others are silent when left alone.
_THINKING = {"low": 120, "medium": 240, "high": 480}
_ALWAYS_THINKING = 174
_WANTS_STORY = re.compile(r"\b(?:stor(?:y|ies)|tales?|poems?|illustrated)\b", re.IGNORECASE)
_WANTS_WORDS = re.compile(
    r"\b(?:words?|text|tell|explain|describ\w+|writ\w+|captions?|sentences?|paragraphs?|recipes?|lists?|why|how)\b",
    re.IGNORECASE,
)


def plan(asked: Asked, failure: Failure) -> tuple[str, ...]:
    """Return what the answer holds, in order: of "thoughts", "words" and "image"."""
    if failure is not NO_FAILURE:
        return failure.parts
    wanted = {
        "thoughts": asked.thoughts and asked.picture,
        "words": asked.words and (not asked.picture or _is_talkative(asked)),
        "image": asked.picture,
    }
    return tuple(name for name in failure.parts if wanted[name])


def cut_off(asked: Asked, failure: Failure) -> Failure:
    """Return `failure`, or the one that a limit too small for an image leads to."""
    needed = asked.model.image_tokens[asked.size] if asked.picture else 0
    too_small = asked.limit is not None and asked.limit < needed and failure is NO_FAILURE
    return MAX_TOKENS if too_small else failure


def _is_talkative(asked: Asked) -> bool:
    """Tell whether words come with the image: when asked for, for a search, and else for every other prompt."""
    prompt = asked.told.prompt
    asked_for = _WANTS_STORY.search(prompt) or _WANTS_WORDS.search(prompt) or asked.search
    return bool(asked_for) or sum(prompt.encode()) % 2 == 0


def parts(asked: Asked, steps: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the parts of the answer as each is ready."""
    if not steps:
        return
    from cometmagic.offline import painter

    prompt = f"{asked.told.prompt}\n{asked.told.system}".strip()
    painting = painter.paint(prompt, asked.width, asked.height, seed=asked.seed, base=asked.base)
    makers = {"thoughts": _thoughts, "words": _words, "image": _image}
    for step in steps:
        yield from makers[step](asked, painting)


def _thoughts(asked: Asked, painting: Painting) -> Iterator[dict[str, Any]]:
    """Yield what was understood and two drafts, each after its words."""
    start = "the picture I was given" if asked.base else "an empty sheet"
    size = f"{asked.width}x{asked.height} pixels"
    told = (
        f"**Understanding the request**\n\nI read: {_named(painting)}. I start from {start}, {size}.\n\n",
        "**Checking the composition**\n\nThe shapes sit well. Now the colours, and then the fine strokes.\n\n",
    )
    for number in range(DRAFTS):
        yield {"text": told[number], "thought": True}
        draft = image_io.jpeg(painting.draft(number), image_io.DRAFT_QUALITY, asked.at_1k)
        yield {"inlineData": {"mimeType": "image/jpeg", "data": draft}, "thought": True}


def _words(asked: Asked, painting: Painting) -> Iterator[dict[str, Any]]:
    named = _named(painting)
    if _WANTS_STORY.search(asked.told.prompt):
        text = (
            f"Once there was a small world of its own, and in it: {named}. "
            "Nobody had ever looked at it for long, until one day somebody did, and it has been loved ever since."
        )
    elif not asked.picture:
        text = f"This is the offline painter. I would show you this: {named}."
    elif asked.base:
        text = f"Here is your picture again, with what you asked for: {named}. It was painted offline."
    else:
        text = f"Here is your picture: {named}. It was painted offline."
    yield {"text": f"{text}\n\n", "thoughtSignature": signature.sign(asked.digest)}


def _named(painting: Painting) -> str:
    return ", ".join(painting.words()[:_NAMED]) or "something I have no word for"


def _image(asked: Asked, painting: Painting) -> Iterator[dict[str, Any]]:
    data = image_io.jpeg(painting.final())
    yield {
        "inlineData": {"mimeType": "image/jpeg", "data": data},
        "thoughtSignature": signature.sign(asked.digest, data),
    }


def usage(asked: Asked, made: Sequence[dict[str, Any]], *, blocked: bool = False) -> dict[str, Any]:
    """Return the token counts of an answer of these parts; a blocked prompt is not thought about."""
    spoken, images = _tokens([node for node in made if not node.get("thought")])
    pondered, _ = _tokens([node for node in made if node.get("thought")])
    silent = _THINKING.get(asked.level, 0) if asked.model.thinking_levels else _ALWAYS_THINKING
    thought = 0 if blocked else pondered + silent
    shown = images * asked.model.image_tokens[asked.size]
    prompt = {
        "TEXT": math.ceil(asked.told.letters / _LETTERS_PER_TOKEN),
        "IMAGE": asked.told.images * _TOKENS_PER_IMAGE,
    }
    counts: dict[str, Any] = {"promptTokenCount": sum(prompt.values())}
    if spoken or shown:
        counts["candidatesTokenCount"] = spoken + shown
    counts["totalTokenCount"] = sum(prompt.values()) + spoken + shown + thought
    counts["promptTokensDetails"] = _details(prompt)
    if shown:
        counts["candidatesTokensDetails"] = _details({"IMAGE": shown})
    if thought:
        counts["thoughtsTokenCount"] = thought
    return counts


def _tokens(made: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Return the tokens of the words and the number of the images in some parts."""
    letters = sum(len(node.get("text", "")) for node in made)
    return math.ceil(letters / _LETTERS_PER_TOKEN), sum("inlineData" in node for node in made)


def _details(counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{"modality": name, "tokenCount": count} for name, count in counts.items() if count]
