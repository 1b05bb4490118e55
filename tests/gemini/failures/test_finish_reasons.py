"""F13 to F17: an answer without a picture is one clear error, with the service's own words in it."""

from __future__ import annotations

from typing import Any

import pytest

from cometmagic.errors import APIError, ChargeStatus, NoImageError, TransportError
from cometmagic.gemini.response import ImageResponse
from tests.faults.asking import Asker
from tests.gemini.answers import Json, answer, answering, body, image, picture, text

BLOCKS = (
    "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK", "NEW_BLOCK"
)  # fmt: skip
FINISHES = (
    "MAX_TOKENS", "SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
    "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT", "NO_IMAGE", "IMAGE_RECITATION", "IMAGE_OTHER", "FINISH_REASON_UNSPECIFIED",
    "A_REASON_OF_NEXT_YEAR",
)  # fmt: skip
WORDS = "You will not be charged for this"


def refused(ask: Asker, document: Any) -> NoImageError:
    outcome = ask(*answering(document))
    error = outcome.told
    assert isinstance(error, NoImageError)
    assert isinstance(error.response, ImageResponse)
    assert error.charge_status is ChargeStatus.ANSWERED
    assert error.advice
    return error


@pytest.mark.parametrize("candidates", [[], None, "missing"], ids=["empty", "null", "missing"])
@pytest.mark.parametrize("reason", BLOCKS)
def test_f14_a_blocked_prompt(ask: Asker, reason: str, candidates: Any) -> None:
    document: Json = {"candidates": candidates, "promptFeedback": {"blockReason": reason, "blockReasonMessage": WORDS}}
    if candidates == "missing":
        del document["candidates"]

    error = refused(ask, document)

    assert f"({reason})" in str(error)
    assert WORDS in str(error)
    assert error.response.block_reason == error.finish_reason == reason


@pytest.mark.parametrize("told", [WORDS, None], ids=["told", "untold"])
@pytest.mark.parametrize("reason", FINISHES)
def test_f15_f16_a_reason_to_stop(ask: Asker, reason: str, told: str | None) -> None:
    candidate: Json = {"content": {}, "finishReason": reason, "finishMessage": told}

    error = refused(ask, {"candidates": [candidate], "usageMetadata": {"totalTokenCount": 7}})

    assert f"({reason})" in str(error)
    assert (WORDS in str(error)) == bool(told)
    assert error.response.finish_reason == reason
    assert error.response.usage.total == 7


ADVICE = {
    "MAX_TOKENS": "--max-output-tokens",
    "CONTINUATION": "--max-output-tokens",
    "MISSING_THOUGHT_SIGNATURE": "Use --edit instead of --chat",
    "PROHIBITED_CONTENT": "will not pass again",
    "IMAGE_PROHIBITED_CONTENT": "will not pass again",
    "MODEL_ARMOR": "will not pass again",
    "ESCALATION": "will not pass again",
    "PUP_LIMITED_DISABLED": "limited the account",
    "MALFORMED_RESPONSE": "Run the cell again",
    "MALFORMED_FUNCTION_CALL": "Run the cell again",
    "UNEXPECTED_TOOL_CALL": "--search",
    "TOO_MANY_TOOL_CALLS": "--search",
    "SPII": "personal information",
    "max_tokens": "--max-output-tokens",
    "A_REASON_OF_NEXT_YEAR": "Rephrase the prompt or run the cell again",
}


@pytest.mark.parametrize("reason", ADVICE)
def test_a_reason_to_stop_has_advice_that_fits(ask: Asker, reason: str) -> None:
    error = refused(ask, {"candidates": [{"content": {}, "finishReason": reason}]})

    assert ADVICE[reason] in error.advice
    assert not ("will not pass" in error.advice and "un the cell again" in error.advice)


def rate(category: str, **fields: Any) -> Json:
    return {"category": f"HARM_CATEGORY_{category}", "probability": "NEGLIGIBLE"} | fields


RATINGS: dict[str, tuple[Json, str, str]] = {
    "prompt": (
        {"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": [
            rate("DANGEROUS_CONTENT", blocked=True), rate("HARASSMENT"), rate("HATE_SPEECH", blocked=True)]}},
        "blocked (SAFETY), categories dangerous, hate.", "--safety dangerous=none --safety hate=none.",
    ),
    "candidate": (
        answer(finish="SAFETY") | {"candidates": [{"finishReason": "SAFETY", "safetyRatings": [
            rate("SEXUALLY_EXPLICIT", blocked=True, probability="MEDIUM"), rate("HARASSMENT", probability="HIGH")]}]},
        "(SAFETY), category sexual.", "--safety sexual=none",
    ),
    "rated-high": (
        {"candidates": [{"finishReason": "SAFETY", "safetyRatings": [rate("HARASSMENT", probability="HIGH")]}]},
        "category harassment.", "--safety harassment=none",
    ),
    "snake-case": (
        {"prompt_feedback": {"block_reason": "SAFETY", "safety_ratings": [rate("HATE_SPEECH", blocked=True)]}},
        "category hate.", "--safety hate=none",
    ),
    "without-a-short-name": (
        {"candidates": [{"finishReason": "IMAGE_SAFETY", "safetyRatings": [rate("IMAGE_HATE", blocked=True)]}]},
        "category HARM_CATEGORY_IMAGE_HATE.", "change the reference image",
    ),
    "not-adjustable": (
        {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT", "safetyRatings": [rate("HARASSMENT", blocked=True)]}},
        "category harassment.", "cannot be switched off",
    ),
    "blocked-in-words": (
        {"candidates": [{"finishReason": "SAFETY", "safetyRatings": [
            rate("JAILBREAK", blocked="true"), rate("HARASSMENT", blocked="True"), rate("HATE_SPEECH", blocked="")]}]},
        "categories HARM_CATEGORY_JAILBREAK, harassment.", "--safety harassment=none.",
    ),
    "unknown-to-safety": (
        {"candidates": [{"finishReason": "SAFETY", "safetyRatings": [rate("JAILBREAK", blocked=True)]}]},
        "category HARM_CATEGORY_JAILBREAK.", "--safety cannot lower",
    ),
    "a-list-of-reasons": ({"candidates": [{"finishReason": ["SAFETY"]}]}, "(SAFETY).", "--safety can lower"),
    "a-number": ({"candidates": [{"finishReason": 7}]}, "(7).", "Rephrase the prompt or run"),
    "an-object": ({"candidates": [{"finishReason": {"a": 1}}]}, '({"a": 1}).', "Rephrase the prompt or run"),
    "none": (
        {"candidates": [{"finishReason": "SAFETY", "safetyRatings": [rate("HARASSMENT"), "x", {"blocked": True}]}]},
        "(SAFETY).", "--safety can lower",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RATINGS)
def test_blocked_categories_are_named_as_safety_writes_them(ask: Asker, name: str) -> None:
    document, words, advice = RATINGS[name]

    error = refused(ask, document)

    assert words in error.message
    assert advice in error.advice
    assert ("--safety" in error.advice) == ("--safety" in advice)


SENT: dict[str, tuple[dict[str, str], str]] = {
    "one-of-two": ({"dangerous": "none", "hate": "low"}, "--safety hate=none."),
    "off": ({"hate": "off"}, "--safety dangerous=none."),
    "both": ({"dangerous": "none", "hate": "off"}, "--safety cannot lower a threshold further here."),
}


@pytest.mark.parametrize("name", SENT)
def test_a_threshold_that_is_off_already_is_not_advised(ask: Asker, name: str) -> None:
    safety, advice = SENT[name]

    told = ask(*answering(RATINGS["prompt"][0]), safety=safety).told

    assert told.advice.endswith(advice)
    assert told.advice.count("--safety") == 1


@pytest.mark.parametrize(
    "content",
    [{}, {"role": "model"}, {"parts": None}, {"parts": []}, {"parts": "words"}, [], None, "words", {"parts": [{}]}],
    ids=repr,
)
def test_f15_empty_contents(ask: Asker, content: Any) -> None:
    error = refused(ask, {"candidates": [{"content": content, "finishReason": "IMAGE_SAFETY"}]})

    assert "IMAGE_SAFETY" in str(error)


EMPTY = {
    "F13-empty-object": {"usageMetadata": {"totalTokenCount": 7}} | {},
    "F13-candidates-missing": {"usageMetadata": {"totalTokenCount": 7}} | {"modelVersion": "m"},
    "F13-candidates-empty": {"usageMetadata": {"totalTokenCount": 7}} | {"candidates": []},
    "F13-candidates-null": {"usageMetadata": {"totalTokenCount": 7}} | {"candidates": None},
    "F13-candidates-of-nulls": {"usageMetadata": {"totalTokenCount": 7}} | {"candidates": [None]},
    "F13-candidate-empty": {"usageMetadata": {"totalTokenCount": 7}} | {"candidates": [{}]},
    "F13-candidates-number": {"usageMetadata": {"totalTokenCount": 7}} | {"candidates": 3},
    "part-data-null": answer({"inlineData": {"mimeType": "image/png", "data": None}}),
    "part-data-number": answer({"inlineData": {"mimeType": "image/png", "data": 7}}),
    "part-inline-null": answer({"inlineData": None}),
    "part-blank-text": answer(text(" \n")),
}


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_at_all(ask: Asker, name: str) -> None:
    assert "holds no image" in str(refused(ask, EMPTY[name]))


def test_f17_words_only(ask: Asker) -> None:
    error = refused(ask, answer(text("Which colour\nshould it have?"), text("pondering", thought=True)))

    assert "answered in words only: Which colour should it have?" in str(error)
    assert error.response.text == "Which colour\nshould it have?"
    assert error.response.thought_text == "pondering"


def test_f21_drafts_only(ask: Asker) -> None:
    outcome = ask(*answering(answer(image(thought=True), text("sorry"))))

    assert isinstance(outcome.told, NoImageError)
    assert "Only drafts came" in str(outcome.told)
    assert "sorry" in str(outcome.told)
    assert str(outcome.folder.path) in str(outcome.told)
    assert [part.data for part in outcome.told.response.thoughts] == [picture()]
    assert (outcome.folder.path / "thought-1.png").read_bytes() == picture()
    assert not (outcome.folder.path / "image.png").exists()


def test_f21_drafts_and_a_refusal(ask: Asker) -> None:
    error = refused(ask, answer(image(thought=True), finish="IMAGE_PROHIBITED_CONTENT"))

    assert "IMAGE_PROHIBITED_CONTENT" in str(error)
    assert error.response.thoughts


@pytest.mark.parametrize("uri", ["http://192.0.2.1/i.png", "https://example.invalid/i.png", "gs://bucket/i.png"])
def test_f22_an_address_is_told_and_never_fetched(ask: Asker, uri: str) -> None:
    # The isolation plugin turns every connection that leaves this machine into a failure.
    error = refused(ask, answer({"fileData": {"mimeType": "image/png", "fileUri": uri}}))

    assert uri in str(error)


def test_f22_an_address_on_this_machine_is_not_fetched_either(ask: Asker, serving: Any) -> None:
    with serving([]) as other:
        refused(ask, answer({"fileData": {"fileUri": f"{other.url}/i.png"}}))

    assert other.log == []


@pytest.mark.parametrize("data", ["", " ", "====", "!!!!", "A", "data:image/png;base64,", "\udfff"], ids=repr)
def test_g5_g6_an_image_that_is_none(ask: Asker, data: str) -> None:
    outcome = ask(*answering(answer(image(thought=True), image(data) | {"text": "so"})))

    assert isinstance(outcome.told, TransportError)
    assert "cannot be decoded" in str(outcome.told)
    assert str(outcome.folder.response_path) in str(outcome.told)
    assert "Drafts" in str(outcome.told)
    assert outcome.folder.response_path.read_bytes() == body(answer(image(thought=True), image(data) | {"text": "so"}))


ERRORS: dict[str, tuple[Any, str, ChargeStatus]] = {
    "F2-comet": (
        {"message": "no channel (request id: 2026x)", "type": "comet_api_error", "code": "model_not_found"},
        "model_not_found: no channel (request id: 2026x)", ChargeStatus.REFUSED,
    ),
    "F2-google": ({"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED"}, "429 RESOURCE_EXHAUSTED: quota",
                  ChargeStatus.REFUSED),
    "F2-google-in-comet": (
        {"message": '{"error": {"code": 400, "message": "inner words", "status": "INVALID_ARGUMENT"}}', "code": ""},
        "400 INVALID_ARGUMENT: inner words", ChargeStatus.REFUSED,
    ),
    "F2-text": ("it broke", "it broke", ChargeStatus.UNKNOWN),
    "F2-code-only": ({"code": 500}, '500: {"code": 500}', ChargeStatus.UNKNOWN),
    "F2-long": (
        {"message": "words " * 2000, "code": "upstream_error"},
        "upstream_error: words words",
        ChargeStatus.UNKNOWN,
    ),
    "F2-nested-nonsense": ({"message": '{"a": 1}'}, '{"a": 1}', ChargeStatus.UNKNOWN),
    "F2-message-object": ({"message": {"reason": "why"}}, "why", ChargeStatus.UNKNOWN),
}  # fmt: skip


@pytest.mark.usefixtures("carried_here", "soon")
@pytest.mark.parametrize("name", ERRORS)
def test_f2_an_error_inside_a_200(ask: Asker, name: str) -> None:
    error, words, fate = ERRORS[name]

    told = ask(*answering({"error": error})).told

    assert isinstance(told, APIError)
    assert words in str(told)
    assert told.charge_status is fate


REPORTS: dict[str, tuple[Json, str, ChargeStatus]] = {
    "error-msg": ({"error_code": 17, "error_msg": "no more today"}, "no more today", ChargeStatus.UNKNOWN),
    "errors": ({"errors": [{"message": "one thing"}, {"message": "and another"}]}, "one thing; and another",
               ChargeStatus.UNKNOWN),
    "fastapi": ({"detail": [{"loc": ["body"], "msg": "field required"}]}, "body: field required", ChargeStatus.UNKNOWN),
    "failure-with-a-reason": ({"success": False, "reason": "not in this group"}, "not in this group",
                              ChargeStatus.UNKNOWN),
    "rfc-9457": ({"title": "Not allowed here", "status": 403}, "403: Not allowed here", ChargeStatus.REFUSED),
    "message": ({"message": "the quota is used up", "success": False}, "the quota is used up", ChargeStatus.UNKNOWN),
    "message-and-code": ({"code": "model_not_found", "message": "no channel"}, "model_not_found: no channel",
                         ChargeStatus.REFUSED),
    "message-and-number": ({"code": 429, "msg": "slow down", "data": None}, "429: slow down", ChargeStatus.REFUSED),
    "message-and-status": ({"status": 403, "message": "not yours"}, "403: not yours", ChargeStatus.REFUSED),
    "detail": ({"detail": "Not authenticated"}, "Not authenticated", ChargeStatus.UNKNOWN),
    "error-description": ({"error_description": "the token ended"}, "the token ended", ChargeStatus.UNKNOWN),
    "with-candidates": ({"candidates": [], "promptFeedback": None, "message": "nobody there"}, "nobody there",
                        ChargeStatus.UNKNOWN),
    "error-is-true": ({"error": True, "message": "out of order"}, ": out of order; it is", ChargeStatus.UNKNOWN),
    "no-balance": ({"success": False, "message": "余额不足"}, "Check the balance", ChargeStatus.REFUSED),
    "no-key": ({"code": 1001, "msg": "invalid api key"}, "Check COMETAPI_KEY", ChargeStatus.REFUSED),
    "moderation": ({"error": "Content blocked by safety policy"}, "Rephrase the prompt", ChargeStatus.UNKNOWN),
    "too-often": ({"success": False, "message": "请求过于频繁"}, "Wait a little", ChargeStatus.REFUSED),
    "rate-limited": ({"error": "rate limited"}, "Wait a little", ChargeStatus.REFUSED),
    "midjourney": ({"code": 24, "description": "可能包含敏感词"}, "可能包含敏感词", ChargeStatus.UNKNOWN),
    "request-id": ({"message": "words (request id: 2026x)"}, "words (request id: 2026x)", ChargeStatus.UNKNOWN),
}  # fmt: skip


@pytest.mark.usefixtures("carried_here", "soon")
@pytest.mark.parametrize("name", REPORTS)
def test_a_200_that_is_nothing_but_a_message_is_an_error(ask: Asker, name: str) -> None:
    document, words, fate = REPORTS[name]

    told = ask(*answering(document)).told

    assert isinstance(told, APIError)
    assert words in str(told)
    assert told.charge_status is fate


def test_a_message_beside_an_answer_is_no_error(ask: Asker) -> None:
    assert "(IMAGE_SAFETY)" in str(refused(ask, answer(finish="IMAGE_SAFETY", message="ok")))
    assert ask(*answering(answer(image(), message="ok"))).notes == ""
