"""The words that cause odd answers and failures: what the service sends for each, and that the client copes with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import cometmagic
from cometmagic.errors import CometError
from cometmagic.gemini.failures.error_bodies import parse_error_response
from cometmagic.offline import service
from cometmagic.offline.document_changes import IMAGE_ADDRESS
from cometmagic.offline.server import Server, serve
from tests.offline.asking import (
    FLASH,
    PRO,
    SMALL,
    answered,
    data_of,
    events,
    message,
    parts_of,
    picture,
    post,
    request,
    text,
)

ERRORS = {
    "offline:rate-limit": (429, "RESOURCE_EXHAUSTED"),
    "offline:nested-wait": (429, "RESOURCE_EXHAUSTED"),
    "offline:daily-quota": (429, "RESOURCE_EXHAUSTED"),
    "offline:credits-used-up": (429, "RESOURCE_EXHAUSTED"),
    "offline:overloaded": (503, "UNAVAILABLE"),
    "offline:high-demand": (503, "UNAVAILABLE"),
    "offline:no-channel": (503, ""),
    "offline:server-error": (500, "INTERNAL"),
    "offline:bad-signature": (400, "INVALID_ARGUMENT"),
    "offline:bad-key": (401, ""),
    "offline:no-balance": (403, "insufficient_user_quota"),
}
ENDINGS = {
    "offline:image-safety": "IMAGE_SAFETY",
    "offline:safety-category": "SAFETY",
    "offline:no-image": "NO_IMAGE",
    "offline:not-charged": "IMAGE_OTHER",
    "offline:text-only": "STOP",
    "offline:drafts-only": "STOP",
    "offline:recitation": "IMAGE_RECITATION",
    "offline:max-tokens": "MAX_TOKENS",
}
# An answer in Gemini's shape with a picture, or its address, where the picture was to be; and what is odd about it.
PICTURES: dict[str, Any] = {
    "offline:zero-usage": lambda answer: [*answer["usageMetadata"].values()] == [0, 0, 0],
    "offline:words-usage": lambda answer: [*answer["usageMetadata"].values()] == [12, 0, 12],
    "offline:wrong-size": lambda answer: size_of(answer) == (344, 192),
    "offline:wrong-ratio": lambda answer: size_of(answer) == (384, 384),
    "offline:model-status": lambda answer: answer["modelStatus"]["retirementTime"].endswith("Z"),
    "offline:code-parts": lambda answer: (
        [next(iter(part)) for part in parts_of(answer)[:2]] == ["executableCode", "codeExecutionResult"]
    ),
    "offline:picture-address": lambda answer: IMAGE_ADDRESS in str(parts_of(answer)[-1].get("fileData")),
    "offline:markdown-address": lambda answer: parts_of(answer)[-1].get("text") == f"![image]({IMAGE_ADDRESS})",
}
# The fields of an answer in another shape.
NO_GEMINI_ANSWERS = {
    "offline:nested-picture": {"code", "message", "data"},
    "offline:b64-json": {"created", "data"},
    "offline:chat-completion": {"id", "object", "created", "model", "choices", "usage"},
    "offline:task-id": {"id", "status", "created_at"},
}
WIDE = {"imageConfig": {"imageSize": "512", "aspectRatio": "16:9"}}


def size_of(answer: dict[str, Any]) -> tuple[int, int]:
    return picture(data_of(parts_of(answer)[-1])).size


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


def ask(server: Server, trigger: str, action: str) -> tuple[int, str, bytes]:
    """Return the status, the type and the body of an answer over the socket."""
    body = json.dumps(request(text(f"a cat {trigger}"), **WIDE)).encode()
    sent = Request(f"{server.url}/v1beta/models/{FLASH}:{action}", body, {"x-goog-api-key": "x"})  # loopback
    try:
        response = urlopen(sent)  # as above
    except HTTPError as error:
        response = error
    with response:
        return response.status, response.headers["Content-Type"], response.read()


def test_every_trigger_is_tested_here_and_described() -> None:
    assert set(service.TRIGGERS) == {
        *ERRORS,
        *ENDINGS,
        *PICTURES,
        *NO_GEMINI_ANSWERS,
        "offline:blocked",
        "offline:html",
    }
    assert all(shows and "\n" not in shows for shows in service.TRIGGERS.values())


@pytest.mark.parametrize("trigger", ERRORS)
def test_an_error_that_is_asked_for_is_the_answer(trigger: str) -> None:
    body = json.dumps(request(text(f"a cat, {trigger.upper()}."))).encode()
    status, answer = service.answer(FLASH, body)
    error = parse_error_response(status, answer)

    assert (status, error.details["code"]) == ERRORS[trigger]
    streamed, pieces = service.stream(FLASH, body)
    assert (streamed, b"".join(pieces)) == (status, answer)


def test_the_rate_limit_tells_how_long_to_wait() -> None:
    _, answer = post(request(text("offline:rate-limit")))

    details = {detail["@type"].rpartition(".")[2]: detail for detail in answer["error"]["details"]}
    assert details["RetryInfo"]["retryDelay"] == "2s"
    assert details["QuotaFailure"]["violations"]


@pytest.mark.parametrize("trigger", ["offline:bad-key", "offline:no-balance"])
def test_errors_of_the_relay_carry_a_request_id(trigger: str) -> None:
    _, answer = post(request(text(trigger)))

    assert answer["error"]["type"] == "comet_api_error"
    assert "(request id: 20" in message(answer)


@pytest.mark.parametrize("trigger", ENDINGS)
def test_an_ending_without_an_image_can_be_asked_for(trigger: str) -> None:
    found = answered(request(text(f"a cat {trigger}"), **SMALL)).response

    assert (found.finish_reason, found.image) == (ENDINGS[trigger], None)


def test_a_withheld_picture_has_null_parts_and_an_explanation() -> None:
    candidate = post(request(text("offline:image-safety")))[1]["candidates"][0]

    assert candidate["content"] == {"parts": None}
    assert candidate["finishMessage"].startswith("Unable to show the generated image.")


def test_text_only_has_words_and_drafts_only_has_drafts() -> None:
    words = answered(request(text("offline:text-only")))
    drafts = answered(request(text("offline:drafts-only"), **SMALL))

    assert words.response.text
    assert not words.encoded_images
    assert [image.thought for image in drafts.encoded_images] == [True, True]
    assert not drafts.response.text


def test_a_blocked_prompt_has_a_reason_and_no_candidates() -> None:
    _, answer = post(request(text("offline:blocked")), PRO)

    assert answer["promptFeedback"] == {"blockReason": "SAFETY"}
    assert answer["candidates"] == []
    assert answer["usageMetadata"]["totalTokenCount"] == answer["usageMetadata"]["promptTokenCount"]


def test_a_word_that_is_no_trigger_is_only_a_word() -> None:
    assert answered(request(text("offline:nothing offline:blocked-door xoffline:blocked"), **SMALL)).encoded_images


def test_only_the_last_turn_is_looked_at_for_triggers() -> None:
    turns = [
        {"role": "user", "parts": [text("offline:blocked")]},
        {"role": "model", "parts": [text("No.")]},
        {"role": "user", "parts": [text("a cat")]},
    ]
    assert answered({"contents": turns, "generationConfig": SMALL}).encoded_images


def test_a_limit_too_small_for_an_image_cuts_the_answer_off() -> None:
    assert answered(request(maxOutputTokens=100)).response.finish_reason == "MAX_TOKENS"
    assert answered(request(maxOutputTokens=2000, **SMALL)).response.finish_reason == "STOP"


@pytest.mark.parametrize("trigger", PICTURES)
def test_what_is_odd_about_a_picture_is_odd_in_the_answer_and_in_a_stream(trigger: str) -> None:
    document = request(text(f"a cat {trigger}"), **WIDE)
    status, answer = post(document)
    streamed = events(document)

    assert status == 200
    assert answer["candidates"][0]["finishReason"] == streamed[-1]["candidates"][0]["finishReason"] == "STOP"
    assert PICTURES[trigger](answer)
    joined = {"candidates": [{"content": {"parts": [part for event in streamed[:-1] for part in parts_of(event)]}}]}
    assert PICTURES[trigger](streamed[-1] | joined)
    assert not PICTURES[trigger](
        post(request(text("Tell of a cat"), **WIDE))[1] | {"modelStatus": {"retirementTime": ""}}
    )


@pytest.mark.parametrize("trigger", NO_GEMINI_ANSWERS)
def test_an_answer_in_another_shape(trigger: str) -> None:
    document = request(text(f"a cat {trigger}"), **WIDE)
    status, answer = post(document)

    assert (status, set(answer)) == (200, NO_GEMINI_ANSWERS[trigger])
    assert [set(event) for event in events(document)] == [NO_GEMINI_ANSWERS[trigger]] * len(events(document))


def test_the_picture_of_another_shape_is_in_it() -> None:
    nested, b64 = (
        post(request(text(f"a cat {word}"), **WIDE))[1] for word in ("offline:nested-picture", "offline:b64-json")
    )

    assert (
        size_of(nested["data"]["response"])
        == picture(data_of({"inlineData": {"data": b64["data"][0]["b64_json"]}})).size
    )


def test_what_a_class_must_see_is_where_gateways_put_it() -> None:
    """The wait inside the gateway's error, the words without a code, the category, the promise, the quota of a day."""
    answers = {
        word.partition(":")[2]: post(request(text(word)))[1] for word in service.TRIGGERS if word != "offline:html"
    }

    assert answers["nested-wait"]["error"]["upstreamResponse"]["error"]["details"][1]["retryDelay"] == "2s"
    assert "无可用渠道" in message(answers["no-channel"])
    assert "code" not in answers["no-channel"]["error"]
    assert answers["safety-category"]["candidates"][0]["safetyRatings"][0]["blocked"] is True
    assert "will not be charged" in answers["not-charged"]["candidates"][0]["finishMessage"]
    assert "PerDay" in answers["daily-quota"]["error"]["details"][0]["violations"][0]["quotaId"]
    assert "high demand" in message(answers["high-demand"])
    assert "depleted" in message(answers["credits-used-up"])


@pytest.mark.parametrize("trigger", service.TRIGGERS)
def test_an_answer_over_the_socket_is_the_services_own(server: Server, trigger: str) -> None:
    body = json.dumps(request(text(f"a cat {trigger}"), **WIDE)).encode()
    kind = "text/html" if trigger == "offline:html" else "application/json"

    status, content_type, content = ask(server, trigger, "generateContent")

    assert (status, content) == service.answer(FLASH, body)
    assert content_type.startswith(kind)
    assert parse_error_response(status, content).message if status != 200 else json.loads(content)


@pytest.mark.parametrize(
    "trigger", ["offline:html", "offline:high-demand", "offline:nested-picture", "offline:b64-json"]
)
def test_a_stream_over_the_socket_is_the_services_own(server: Server, trigger: str) -> None:
    body = json.dumps(request(text(f"a cat {trigger}"), **WIDE)).encode()
    status, pieces = service.stream(FLASH, body)

    assert ask(server, trigger, "streamGenerateContent?alt=sse")[::2] == (status, b"".join(pieces))


WITHOUT_PICTURE = {"picture-address", "markdown-address", "chat-completion", "task-id", "blocked", "html"}


@pytest.mark.parametrize("trigger", service.TRIGGERS)
def test_the_outcome_of_each_word_is_a_picture_or_one_error(library_folder: Path, trigger: str) -> None:
    made = error = None
    try:
        made = cometmagic.generate(f"a cat {trigger}", source="offline", image_size="512", model=FLASH)
    except CometError as problem:
        error = problem

    is_failing = trigger in {*ERRORS, *ENDINGS} or trigger.partition(":")[2] in WITHOUT_PICTURE
    assert (made is None) == is_failing
    assert made.image.width if made else "\n" not in str(error)
    assert [path for path in library_folder.iterdir() if path.is_dir()]
