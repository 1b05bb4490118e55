"""The parts of a response and their token counts: thoughts, drafts, text, the image.

Parts are generated one after the other, so that a stream can send each as soon as it is ready. Binary data
stays bytes; service.py writes it as base64. This module knows what a response contains, not how it is sent,
and paints nothing itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cometmagic.offline import image_io, signature
from cometmagic.offline.contents import ContentsSummary
from cometmagic.offline.scenarios import MAX_TOKENS_SCENARIO, SUCCESS_SCENARIO, Scenario
from cometmagic.offline.validation import ValidatedRequest
from cometmagic.options.models import Model

if TYPE_CHECKING:
    from cometmagic.offline.painter import Picture

DRAFT_COUNT = 2
_CHARACTERS_PER_TOKEN = 4
_MAX_DESCRIPTION_WORDS = 6  # of the prompt that a description repeats
# Thinking tokens by level; a model without levels always thinks, the others only when a level is set.
_THINKING_TOKENS = {"low": 120, "medium": 240, "high": 480}
_DEFAULT_THINKING_TOKENS = 174
_STORY_PATTERN = re.compile(r"\b(?:stor(?:y|ies)|tales?|poems?|illustrated)\b", re.IGNORECASE)
_TEXT_PATTERN = re.compile(
    r"\b(?:words?|text|tell|explain|describ\w+|writ\w+|captions?|sentences?|paragraphs?|recipes?|lists?|why|how)\b",
    re.IGNORECASE,
)


def choose_part_kinds(request: ValidatedRequest, scenario: Scenario) -> tuple[str, ...]:
    """Return the kinds of parts in the response, in order: "thoughts", "words", "image"."""
    if "image" not in scenario.part_kinds:
        return scenario.part_kinds
    is_included = {
        "thoughts": request.include_thoughts and request.include_image,
        "words": request.include_text and (not request.include_image or _should_add_text(request)),
        "image": request.include_image,
    }
    return tuple(kind for kind in scenario.part_kinds if is_included.get(kind, True))


def apply_token_limit(request: ValidatedRequest, scenario: Scenario) -> Scenario:
    """Return `scenario`, or the one for a token limit that is too small for an image."""
    image_tokens = request.model.image_tokens[request.image_size] if request.include_image else 0
    is_too_small = (
        request.max_output_tokens is not None
        and request.max_output_tokens < image_tokens
        and scenario is SUCCESS_SCENARIO
    )
    return MAX_TOKENS_SCENARIO if is_too_small else scenario


def _should_add_text(request: ValidatedRequest) -> bool:
    """Return whether text comes with the image: on request, after a search, and for every other prompt."""
    prompt = request.summary.prompt
    reasons = _STORY_PATTERN.search(prompt) or _TEXT_PATTERN.search(prompt) or request.search_kinds
    return bool(reasons) or sum(prompt.encode()) % 2 == 0


def generate_parts(request: ValidatedRequest, part_kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the parts of the response as each is ready."""
    if not part_kinds:
        return
    from cometmagic.offline import painter

    prompt = f"{request.summary.prompt}\n{request.summary.system}".strip()
    picture = painter.paint(prompt, request.width, request.height, seed=request.seed, base_image=request.base_image)
    generators = {
        "thoughts": _generate_thoughts,
        "code": _generate_code,
        "words": _generate_text,
        "image": _generate_image,
    }
    for kind in part_kinds:
        yield from generators[kind](request, picture)


def _generate_thoughts(request: ValidatedRequest, picture: Picture) -> Iterator[dict[str, Any]]:
    """Yield two thoughts, each followed by a draft."""
    base_name = "the picture I was given" if request.base_image else "an empty sheet"
    size = f"{request.width}x{request.height} pixels"
    texts = (
        f"**Understanding the request**\n\nI read: {_describe(picture)}. I start from {base_name}, {size}.\n\n",
        "**Checking the composition**\n\nThe shapes sit well. Now the colours, and then the fine strokes.\n\n",
    )
    for number in range(DRAFT_COUNT):
        yield {"text": texts[number], "thought": True}
        draft = image_io.encode_jpeg(picture.render_draft(number), image_io.DRAFT_QUALITY, request.draft_size)
        yield {"inlineData": {"mimeType": "image/jpeg", "data": draft}, "thought": True}


def _generate_text(request: ValidatedRequest, picture: Picture) -> Iterator[dict[str, Any]]:
    description = _describe(picture)
    if _STORY_PATTERN.search(request.summary.prompt):
        text = (
            f"Once there was a small world of its own, and in it: {description}. "
            "Nobody had ever looked at it for long, until one day somebody did, and it has been loved ever since."
        )
    elif not request.include_image:
        text = f"This is the offline painter. I would show you this: {description}."
    elif request.base_image:
        text = f"Here is your picture again, with what you asked for: {description}. It was painted offline."
    else:
        text = f"Here is your picture: {description}. It was painted offline."
    yield {"text": f"{text}\n\n", "thoughtSignature": signature.sign(request.digest)}


def _generate_code(_request: ValidatedRequest, picture: Picture) -> Iterator[dict[str, Any]]:
    """Yield a program and its output."""
    yield {"executableCode": {"language": "PYTHON", "code": f"print({_describe(picture)!r})\n"}}
    yield {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": f"{_describe(picture)}\n"}}


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
    """Return the token counts of a response with these parts; a blocked prompt uses no thinking tokens."""
    text_tokens, image_count = _count_tokens([part for part in parts if not part.get("thought")])
    thought_text_tokens, _ = _count_tokens([part for part in parts if part.get("thought")])
    hidden_thinking_tokens = (
        _THINKING_TOKENS.get(request.thinking_level, 0) if request.model.thinking_levels else _DEFAULT_THINKING_TOKENS
    )
    thought_tokens = 0 if is_blocked else thought_text_tokens + hidden_thinking_tokens
    image_tokens = image_count * request.model.image_tokens[request.image_size]
    prompt_tokens = _count_prompt_tokens(request.model, request.summary)
    usage: dict[str, Any] = {"promptTokenCount": sum(prompt_tokens.values())}
    if text_tokens or image_tokens:
        usage["candidatesTokenCount"] = text_tokens + image_tokens
    usage["totalTokenCount"] = sum(prompt_tokens.values()) + text_tokens + image_tokens + thought_tokens
    usage["promptTokensDetails"] = _build_token_details(prompt_tokens)
    if image_tokens:
        usage["candidatesTokensDetails"] = _build_token_details({"IMAGE": image_tokens})
    if thought_tokens:
        usage["thoughtsTokenCount"] = thought_tokens
    return usage


def build_prompt_usage(model: Model, summary: ContentsSummary) -> dict[str, Any]:
    """Return the token counts of a prompt that is not answered."""
    tokens = _count_prompt_tokens(model, summary)
    return {"totalTokens": sum(tokens.values()), "promptTokensDetails": _build_token_details(tokens)}


def _count_prompt_tokens(model: Model, summary: ContentsSummary) -> dict[str, int]:
    return {
        "TEXT": math.ceil(summary.character_count / _CHARACTERS_PER_TOKEN),
        "IMAGE": summary.image_count * model.reference_tokens,
    }


def _count_tokens(parts: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Return the text tokens and the number of images in `parts`."""
    character_count = sum(len(part.get("text", "")) for part in parts)
    return math.ceil(character_count / _CHARACTERS_PER_TOKEN), sum("inlineData" in part for part in parts)


def _build_token_details(counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count]
