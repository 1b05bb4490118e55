"""Odd answers and failures that a word in the prompt triggers, so that a class can see each of them.

`TRIGGERS` describes each word; the table behind it holds the responses, in formats seen from the real service and
from other gateways. Only the words of a prompt are read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cometmagic.offline import document_changes as changes
from cometmagic.offline import scenario_errors as errors
from cometmagic.offline.error_responses import ServiceError

_TRIGGER_PATTERN = re.compile(r"\boffline:[a-z0-9]+(?:-[a-z0-9]+)*")
_ALL_PARTS = ("thoughts", "words", "image")
_NOT_CHARGED = (
    "Unable to show the generated image. The model could not generate the image based on the prompt provided. "
    "You will not be charged for this request. Try rephrasing the prompt."
)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One outcome: an error, a blocked prompt, or a response with the parts of `part_kinds`.

    `content` replaces the content of a response that has no parts at all. `change` is applied to the whole document,
    in a stream to each. `resize` takes the pixels that were asked for and returns those of the picture.
    """

    description: str
    build_error: Callable[[bytes], ServiceError] | None = None
    block_reason: str = ""
    finish_reason: str = "STOP"
    finish_message: str = ""
    part_kinds: tuple[str, ...] = ()
    content: tuple[dict[str, Any], ...] = ()
    change: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    resize: Callable[[int, int], tuple[int, int]] | None = None


def _halve(width: int, height: int) -> tuple[int, int]:
    return width // 2, height // 2


def _change_ratio(width: int, height: int) -> tuple[int, int]:
    side = min(width, height)
    return (side, side) if width != height else (side, side // 2)


_SCENARIOS = {
    "offline:blocked": Scenario(
        description="the prompt is blocked: no candidates, a `blockReason`",
        block_reason="SAFETY",
    ),
    "offline:image-safety": Scenario(
        description="the finished picture is withheld: `IMAGE_SAFETY`, parts null, an explanation",
        finish_reason="IMAGE_SAFETY",
        finish_message="Unable to show the generated image. You can rephrase the prompt and try again.",
        content=({"parts": None},),
    ),
    "offline:safety-category": Scenario(
        description="the answer is withheld: `SAFETY`, with the category that blocked it",
        finish_reason="SAFETY",
        change=changes.block_category,
    ),
    "offline:no-image": Scenario(
        description="the model ends without an image: `NO_IMAGE`",
        finish_reason="NO_IMAGE",
        finish_message="No image was generated. You can rephrase the prompt and try again.",
        content=({},),
    ),
    "offline:not-charged": Scenario(
        description="no image, and the service says that it charges nothing: `IMAGE_OTHER`",
        finish_reason="IMAGE_OTHER",
        finish_message=_NOT_CHARGED,
        content=({},),
    ),
    "offline:text-only": Scenario(
        description="the model only talks: `STOP`, words and no image", part_kinds=("words",)
    ),
    "offline:drafts-only": Scenario(description="drafts arrive and no final image follows", part_kinds=("thoughts",)),
    "offline:recitation": Scenario(
        description="the picture is too close to an existing one: `IMAGE_RECITATION`",
        finish_reason="IMAGE_RECITATION",
        finish_message="The generated image may be too close to existing content.",
        content=({"role": "model"},),
    ),
    "offline:max-tokens": Scenario(
        description="the answer is cut off by the token limit: `MAX_TOKENS`, no image",
        finish_reason="MAX_TOKENS",
        part_kinds=("words",),
    ),
    "offline:zero-usage": Scenario(
        description="a picture, and a count of 0 tokens", part_kinds=_ALL_PARTS, change=changes.report_no_usage
    ),
    "offline:words-usage": Scenario(
        description="a picture, and a count of the prompt's words alone",
        part_kinds=_ALL_PARTS,
        change=changes.report_prompt_usage,
    ),
    "offline:wrong-size": Scenario(
        description="a picture of half the size that was asked for", part_kinds=_ALL_PARTS, resize=_halve
    ),
    "offline:wrong-ratio": Scenario(
        description="a picture of another shape: a square for 16:9", part_kinds=_ALL_PARTS, resize=_change_ratio
    ),
    "offline:model-status": Scenario(
        description="a picture, and the date on which the model ends",
        part_kinds=_ALL_PARTS,
        change=changes.add_model_status,
    ),
    "offline:code-parts": Scenario(
        description="a program and its output, then a picture", part_kinds=("code", "image")
    ),
    "offline:nested-picture": Scenario(
        description="a picture in an answer that is wrapped in `data` and `response`",
        part_kinds=_ALL_PARTS,
        change=changes.nest,
    ),
    "offline:b64-json": Scenario(
        description="a picture as `b64_json`, as an endpoint for images sends it",
        part_kinds=("image",),
        change=changes.convert_to_b64_json,
    ),
    "offline:picture-address": Scenario(
        description="the address of a picture in place of the picture: `fileData`",
        part_kinds=("image",),
        change=changes.send_file_address,
    ),
    "offline:markdown-address": Scenario(
        description="the address of a picture in the text, as Markdown",
        part_kinds=("image",),
        change=changes.send_markdown_address,
    ),
    "offline:chat-completion": Scenario(
        description="a chat completion without a picture", change=changes.convert_to_chat_completion
    ),
    "offline:task-id": Scenario(description="the id of a task in place of an answer", change=changes.convert_to_task),
    "offline:rate-limit": Scenario(
        description="429, too many requests, with the time to wait", build_error=errors.build_rate_limit_error
    ),
    "offline:nested-wait": Scenario(
        description="429, with the time to wait inside a gateway's own error",
        build_error=errors.build_nested_wait_error,
    ),
    "offline:daily-quota": Scenario(
        description="429, the quota of the day is used up", build_error=errors.build_daily_quota_error
    ),
    "offline:credits-used-up": Scenario(
        description="429, the prepaid credits are used up", build_error=errors.build_credits_error
    ),
    "offline:overloaded": Scenario(description="503, the model is overloaded", build_error=errors.build_overload_error),
    "offline:high-demand": Scenario(
        description="503, the model is in high demand", build_error=errors.build_high_demand_error
    ),
    "offline:no-channel": Scenario(
        description="503, the gateway has no channel for the model, said in Chinese",
        build_error=errors.build_no_channel_error,
    ),
    "offline:server-error": Scenario(description="500, an internal error", build_error=errors.build_server_error),
    "offline:bad-signature": Scenario(
        description="400, a thought signature is not accepted", build_error=errors.build_signature_error
    ),
    "offline:bad-key": Scenario(description="401, the key is not accepted", build_error=errors.build_key_error),
    "offline:no-balance": Scenario(description="403, the balance is used up", build_error=errors.build_balance_error),
    "offline:html": Scenario(
        description="403, a firewall's web page in place of JSON", build_error=errors.build_firewall_page
    ),
}
TRIGGERS = {word: scenario.description for word, scenario in _SCENARIOS.items()}
MAX_TOKENS_SCENARIO = _SCENARIOS["offline:max-tokens"]
SUCCESS_SCENARIO = Scenario(description="", part_kinds=_ALL_PARTS)


def find_scenario(prompt: str, seed: bytes) -> Scenario:
    """Return the scenario that the prompt triggers, or `SUCCESS_SCENARIO`.

    Raises `ServiceError` when the scenario is an error; its request id is derived from `seed`.
    """
    words = _TRIGGER_PATTERN.findall(prompt.lower())
    scenario = next((_SCENARIOS[word] for word in words if word in _SCENARIOS), SUCCESS_SCENARIO)
    if scenario.build_error is not None:
        raise scenario.build_error(seed)
    return scenario
