"""Failures that a word in the prompt triggers, so that a class can see each of them.

`TRIGGERS` describes each word; the table behind it holds the responses, in formats seen from the real
service. Only the words of a prompt are read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cometmagic.offline.error_responses import ServiceError, build_comet_error, build_google_error

_TRIGGER_PATTERN = re.compile(r"\boffline:[a-z]+(?:-[a-z]+)*")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One outcome: an error, a blocked prompt, or a response with the parts of `part_kinds`.

    `content` replaces the content of a response that has no parts at all.
    """

    description: str
    build_error: Callable[[bytes], ServiceError] | None = None
    block_reason: str = ""
    finish_reason: str = "STOP"
    finish_message: str = ""
    part_kinds: tuple[str, ...] = ()
    content: tuple[dict[str, Any], ...] = ()


def _build_rate_limit_error(_seed: bytes) -> ServiceError:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
        "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
        "quotaValue": "10",
    }
    details: dict[str, dict[str, Any]] = {
        "QuotaFailure": {"violations": [violation]},
        "RetryInfo": {"retryDelay": "2s"},
    }
    return build_google_error("You exceeded your current quota. Please retry in 2s.", 429, details)


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
    "offline:no-image": Scenario(
        description="the model ends without an image: `NO_IMAGE`",
        finish_reason="NO_IMAGE",
        finish_message="No image was generated. You can rephrase the prompt and try again.",
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
    "offline:rate-limit": Scenario(
        description="429, too many requests, with the time to wait", build_error=_build_rate_limit_error
    ),
    "offline:overloaded": Scenario(
        description="503, the model is overloaded",
        build_error=lambda _: build_google_error("The model is overloaded. Please try again later.", 503),
    ),
    "offline:server-error": Scenario(
        description="500, an internal error",
        build_error=lambda _: build_google_error("An internal error has occurred. Please retry or report.", 500),
    ),
    "offline:bad-key": Scenario(
        description="401, the key is not accepted",
        build_error=lambda seed: build_comet_error("Invalid token", 401, "", seed),
    ),
    "offline:no-balance": Scenario(
        description="403, the balance is used up",
        build_error=lambda seed: build_comet_error("user quota is not enough", 403, "insufficient_user_quota", seed),
    ),
}
TRIGGERS = {word: scenario.description for word, scenario in _SCENARIOS.items()}
MAX_TOKENS_SCENARIO = _SCENARIOS["offline:max-tokens"]
SUCCESS_SCENARIO = Scenario(description="", part_kinds=("thoughts", "words", "image"))


def find_scenario(prompt: str, seed: bytes) -> Scenario:
    """Return the scenario that the prompt triggers, or `SUCCESS_SCENARIO`.

    Raises `ServiceError` when the scenario is an error; its request id is derived from `seed`.
    """
    words = _TRIGGER_PATTERN.findall(prompt.lower())
    scenario = next((_SCENARIOS[word] for word in words if word in _SCENARIOS), SUCCESS_SCENARIO)
    if scenario.build_error is not None:
        raise scenario.build_error(seed)
    return scenario
