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
from cometmagic.offline.scenarios import MAX_TOKENS_SCENARIO, SUCCESS_SCENARIO, Scenario
from cometmagic.offline.validation import ValidatedRequest

if TYPE_CHECKING:
    from cometmagic.offline.painter import Picture

DRAFT_COUNT = 2
_CHARACTERS_PER_TOKEN = 4
_TOKENS_PER_INPUT_IMAGE = 258  # of an image that is sent
_MAX_DESCRIPTION_WORDS = 6  # things of a picture that are named in the words about it
# Tokens of thought by level; a model without levels always thinks, the others are silent when left alone.
_THINKING_TOKENS = {"low": 120, "medium": 240, "high": 480}
_DEFAULT_THINKING_TOKENS = 174
_STORY_PATTERN = re.compile(r"\b(?:stor(?:y|ies)|tales?|poems?|illustrated)\b", re.IGNORECASE)
_TEXT_PATTERN = re.compile(
    r"\b(?:words?|text|tell|explain|describ\w+|writ\w+|captions?|sentences?|paragraphs?|recipes?|lists?|why|how)\b",
    re.IGNORECASE,
)


def choose_part_kinds(request: ValidatedRequest, scenario: Scenario) -> tuple[str, ...]:
    """Return what the answer holds, in order: of "thoughts", "words" and "image"."""
    if scenario is not SUCCESS_SCENARIO:
        return scenario.part_kinds
    wanted = {
        "thoughts": request.include_thoughts and request.include_image,
        "words": request.include_text and (not request.include_image or _should_add_text(request)),
        "image": request.include_image,
    }
    return tuple(name for name in scenario.part_kinds if wanted[name])


def apply_token_limit(request: ValidatedRequest, scenario: Scenario) -> Scenario:
    """Return `failure`, or the one that a limit too small for an image leads to."""
    needed = request.model.image_tokens[request.image_size] if request.include_image else 0
    too_small = (
        request.max_output_tokens is not None and request.max_output_tokens < needed and scenario is SUCCESS_SCENARIO
    )
    return MAX_TOKENS_SCENARIO if too_small else scenario


def _should_add_text(request: ValidatedRequest) -> bool:
    """Tell whether words come with the image: when asked for, for a search, and else for every other prompt."""
    prompt = request.summary.prompt
    asked_for = _STORY_PATTERN.search(prompt) or _TEXT_PATTERN.search(prompt) or request.search_kinds
    return bool(asked_for) or sum(prompt.encode()) % 2 == 0


def generate_parts(request: ValidatedRequest, part_kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the parts of the answer as each is ready."""
    if not part_kinds:
        return
    from cometmagic.offline import painter

    prompt = f"{request.summary.prompt}\n{request.summary.system}".strip()
    painting = painter.paint(prompt, request.width, request.height, seed=request.seed, base_image=request.base_image)
    makers = {"thoughts": _generate_thoughts, "words": _generate_text, "image": _generate_image}
    for step in part_kinds:
        yield from makers[step](request, painting)


def _generate_thoughts(request: ValidatedRequest, picture: Picture) -> Iterator[dict[str, Any]]:
    """Yield what was understood and two drafts, each after its words."""
    start = "the picture I was given" if request.base_image else "an empty sheet"
    size = f"{request.width}x{request.height} pixels"
    told = (
        f"**Understanding the request**\n\nI read: {_describe(picture)}. I start from {start}, {size}.\n\n",
        "**Checking the composition**\n\nThe shapes sit well. Now the colours, and then the fine strokes.\n\n",
    )
    for number in range(DRAFT_COUNT):
        yield {"text": told[number], "thought": True}
        draft = image_io.encode_jpeg(picture.render_draft(number), image_io.DRAFT_QUALITY, request.draft_size)
        yield {"inlineData": {"mimeType": "image/jpeg", "data": draft}, "thought": True}


def _generate_text(request: ValidatedRequest, picture: Picture) -> Iterator[dict[str, Any]]:
    named = _describe(picture)
    if _STORY_PATTERN.search(request.summary.prompt):
        text = (
            f"Once there was a small world of its own, and in it: {named}. "
            "Nobody had ever looked at it for long, until one day somebody did, and it has been loved ever since."
        )
    elif not request.include_image:
        text = f"This is the offline painter. I would show you this: {named}."
    elif request.base_image:
        text = f"Here is your picture again, with what you asked for: {named}. It was painted offline."
    else:
        text = f"Here is your picture: {named}. It was painted offline."
    yield {"text": f"{text}\n\n", "thoughtSignature": signature.sign(request.digest)}


def _describe(picture: Picture) -> str:
    return ", ".join(picture.list_words()[:_MAX_DESCRIPTION_WORDS]) or "something I have no word for"


def _generate_image(request: ValidatedRequest, picture: Picture) -> Iterator[dict[str, Any]]:
    data = image_io.encode_jpeg(picture.render_final())
    yield {
        "inlineData": {"mimeType": "image/jpeg", "data": data},
        "thoughtSignature": signature.sign(request.digest, data),
    }


def build_usage(
    request: ValidatedRequest, parts: Sequence[dict[str, Any]], *, is_blocked: bool = False
) -> dict[str, Any]:
    """Return the token counts of an answer of these parts; a blocked prompt is not thought about."""
    spoken, images = _count_tokens([node for node in parts if not node.get("thought")])
    pondered, _ = _count_tokens([node for node in parts if node.get("thought")])
    silent = (
        _THINKING_TOKENS.get(request.thinking_level, 0) if request.model.thinking_levels else _DEFAULT_THINKING_TOKENS
    )
    thought = 0 if is_blocked else pondered + silent
    shown = images * request.model.image_tokens[request.image_size]
    prompt = {
        "TEXT": math.ceil(request.summary.character_count / _CHARACTERS_PER_TOKEN),
        "IMAGE": request.summary.image_count * _TOKENS_PER_INPUT_IMAGE,
    }
    counts: dict[str, Any] = {"promptTokenCount": sum(prompt.values())}
    if spoken or shown:
        counts["candidatesTokenCount"] = spoken + shown
    counts["totalTokenCount"] = sum(prompt.values()) + spoken + shown + thought
    counts["promptTokensDetails"] = _build_token_details(prompt)
    if shown:
        counts["candidatesTokensDetails"] = _build_token_details({"IMAGE": shown})
    if thought:
        counts["thoughtsTokenCount"] = thought
    return counts


def _count_tokens(parts: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Return the tokens of the words and the number of the images in some parts."""
    letters = sum(len(node.get("text", "")) for node in parts)
    return math.ceil(letters / _CHARACTERS_PER_TOKEN), sum("inlineData" in node for node in parts)


def _build_token_details(counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{"modality": name, "tokenCount": count} for name, count in counts.items() if count]
