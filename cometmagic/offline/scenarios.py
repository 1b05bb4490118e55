"""The failures a teacher can ask for by writing a word into the prompt.

`TRIGGERS` says what each word shows; the table behind it says what comes back, in shapes that were
seen on the wire. Nothing here looks at a request beyond its words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cometmagic.offline.error_replies import RefusedError, comet, google

_WORD = re.compile(r"\boffline:[a-z]+(?:-[a-z]+)*")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One way to fail: an error, a blocked prompt, or an answer with only some of its `parts`.

    `content` replaces the answer's content where it has no parts at all.
    """

    shows: str
    error: Callable[[bytes], RefusedError] | None = None
    blocked: str = ""
    finish: str = "STOP"
    message: str = ""
    parts: tuple[str, ...] = ()
    content: tuple[dict[str, Any], ...] = ()


def _rate_limit(_: bytes) -> RefusedError:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
        "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
        "quotaValue": "10",
    }
    details: dict[str, dict[str, Any]] = {
        "QuotaFailure": {"violations": [violation]},
        "RetryInfo": {"retryDelay": "2s"},
    }
    return google("You exceeded your current quota. Please retry in 2s.", 429, details)


_FAILURES = {
    "offline:blocked": Failure(
        shows="the prompt is blocked: no candidates, a `blockReason`",
        blocked="SAFETY",
    ),
    "offline:image-safety": Failure(
        shows="the finished picture is withheld: `IMAGE_SAFETY`, parts null, an explanation",
        finish="IMAGE_SAFETY",
        message="Unable to show the generated image. You can rephrase the prompt and try again.",
        content=({"parts": None},),
    ),
    "offline:no-image": Failure(
        shows="the model ends without an image: `NO_IMAGE`",
        finish="NO_IMAGE",
        message="No image was generated. You can rephrase the prompt and try again.",
        content=({},),
    ),
    "offline:text-only": Failure(shows="the model only talks: `STOP`, words and no image", parts=("words",)),
    "offline:drafts-only": Failure(shows="drafts arrive and no final image follows", parts=("thoughts",)),
    "offline:recitation": Failure(
        shows="the picture is too close to an existing one: `IMAGE_RECITATION`",
        finish="IMAGE_RECITATION",
        message="The generated image may be too close to existing content.",
        content=({"role": "model"},),
    ),
    "offline:max-tokens": Failure(
        shows="the answer is cut off by the token limit: `MAX_TOKENS`, no image", finish="MAX_TOKENS", parts=("words",)
    ),
    "offline:rate-limit": Failure(shows="429, too many requests, with the time to wait", error=_rate_limit),
    "offline:overloaded": Failure(
        shows="503, the model is overloaded",
        error=lambda _: google("The model is overloaded. Please try again later.", 503),
    ),
    "offline:server-error": Failure(
        shows="500, an internal error",
        error=lambda _: google("An internal error has occurred. Please retry or report.", 500),
    ),
    "offline:bad-key": Failure(
        shows="401, the key is not accepted", error=lambda seed: comet("Invalid token", 401, "", seed)
    ),
    "offline:no-balance": Failure(
        shows="403, the balance is used up",
        error=lambda seed: comet("user quota is not enough", 403, "insufficient_user_quota", seed),
    ),
}
TRIGGERS = {word: failure.shows for word, failure in _FAILURES.items()}
MAX_TOKENS = _FAILURES["offline:max-tokens"]
NO_FAILURE = Failure(shows="", parts=("thoughts", "words", "image"))


def find(prompt: str, seed: bytes) -> Failure:
    """Return the failure the prompt asks for, or `NO_FAILURE`.

    Raises `RefusedError` when it asks for an error; `seed` makes up the request id.
    """
    words = _WORD.findall(prompt.lower())
    found = next((_FAILURES[word] for word in words if word in _FAILURES), NO_FAILURE)
    if found.error is not None:
        raise found.error(seed)
    return found
