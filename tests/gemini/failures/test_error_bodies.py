"""What an error body says, in every nesting: its texts, the wait it asks for, and nothing that a hostile one adds."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from cometmagic.errors import APIError, ChargeStatus
from cometmagic.gemini.failures.error_bodies import parse_error_response
from cometmagic.gemini.failures.error_document import MAX_ERROR_BYTES, MAX_VALUES, iter_objects, parse_error_tree
from cometmagic.gemini.failures.retry_after import find_reset_delay, find_retry_delay

GOOGLE = {"error": {"code": 400, "message": "Bad seed.", "status": "INVALID_ARGUMENT"}}
INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "9s"}


def parse(document: Any, status: int = 400, **headers: str) -> APIError:
    body = document if isinstance(document, str) else json.dumps(document)
    return parse_error_response(status, body.encode(), headers)


MESSAGES: dict[str, tuple[Any, str]] = {
    "raw-text": ({"error": {"message": "Provider returned error", "metadata": {"raw": "Too many cats"}}},
                 "Provider returned error; Too many cats"),
    "raw-json": ({"error": {"message": "Provider returned error", "metadata": {"raw": json.dumps(GOOGLE)}}},
                 "Provider returned error; Bad seed"),
    "json-after-words": ({"error": {"message": f"upstream error: {json.dumps(GOOGLE)} (request id: r1)"}},
                         "upstream error; Bad seed [request id r1]"),
    "json-twice-nested": ({"message": json.dumps({"error": {"message": json.dumps(GOOGLE)}})}, "Bad seed"),
    "json-after-words-alone": (f"proxy says: {json.dumps(GOOGLE)}", "proxy says; Bad seed"),
    "upstream": ({"upstreamResponse": {"body": json.dumps(GOOGLE)}}, "Bad seed"),
    "event-stream": (f"data: {json.dumps(GOOGLE)}\n\n", "Bad seed"),
    "errors": ({"errors": [{"message": "One thing."}, {"message": "Another thing."}]}, "One thing; Another thing"),
    "errors-of-texts": ({"errors": ["One thing.", "Another thing."]}, "One thing; Another thing"),
    "violations": ({"error": {"message": "Invalid argument.", "details": [{"fieldViolations": [
        {"field": "generation_config.seed", "description": "must be whole"}]}]}},
        "Invalid argument; generation_config.seed: must be whole"),
    "fastapi": ({"detail": [{"loc": ["body", "contents", 0], "msg": "field required", "input": {"message": "mine"}}]},
                "body.contents.0: field required"),
    "rfc-9457": ({"type": "https://x/y", "title": "No credit here", "status": 400, "detail": "It costs more."},
                 "No credit here; It costs more"),
    "json-api": ({"errors": [{"title": "Bad field", "detail": "too long", "source": {"pointer": "/a"}}]},
                 "Bad field; too long"),
    "error-msg": ({"error_code": 17, "error_msg": "No more today"}, "No more today"),
    "errorMessage": ({"errorMessage": "It broke badly"}, "It broke badly"),
    "oauth": ({"error": "invalid_grant", "error_description": "The token ended."}, "The token ended"),
    "a-word": ({"error": "invalid_grant"}, "invalid_grant"),
    "reason": ({"success": False, "reason": "Not in this group"}, "Not in this group"),
    "description": ({"fault": {"description": "Gateway is closed"}}, "Gateway is closed"),
    "bare-text": ('"it broke"', "it broke"),
    "repeated": ({"message": "It broke.", "error": {"message": "it broke"}, "detail": "It broke. Really."},
                 "It broke. Really"),
    "cut-off": ('{"error": {"code": 400, "message": "half of a', "half of a"),
    "of-nothing": ({"foo": 1, "bar": ["x"]}, '{"foo": 1, "bar": ["x"]}'),
    "a-quoted-request": ({"message": 'Unknown name in {"prompt": "x"}'}, 'Unknown name in {"prompt": "x"}'),
    "xml": ("<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>No &amp; never</Message></Error>",
            "No & never"),
    "soap": ("<soap:Envelope><soap:Body><faultstring>It broke</faultstring></soap:Body></soap:Envelope>", "It broke"),
    "chinese": ({"message": "不会扣费。"}, "不会扣费。"),
    "html-in-a-message": ({"message": "<html><title>Sign in</title>"}, "a web page titled 'Sign in'"),
    "help-links": ({"message": "Off.", "details": [{"links": [{"description": "Google console"}]}]}, "Off"),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_what_an_error_says(name: str) -> None:
    document, message = MESSAGES[name]

    shown = parse(document).message.split(": ", 1)[1]

    assert shown == (message if message.endswith("。") else f"{message}.")


REASONS: dict[str, tuple[int, Any, str | None]] = {
    "no-alpha-channel": (400, {"message": "The image has no alpha channel."}, None),
    "thinking-budget": (400, {"message": "The thinking budget is too small, not enough for this."}, None),
    "overloaded-in-words-only": (500, {"message": "The model is overloaded."}, None),
    "a-channel-of-colour": (422, {"message": "Channel not found in the image."}, None),
    "load-balancer": (502, {"error": {"type": "load_balancer_error", "message": "balance lost"}}, None),
    "quota-of-a-minute-that-speaks-of-credit": (
        429, {"message": "Buy prepaid credits.", "violations": [{"quotaId": "RequestsPerMinute"}]}, "rate limit"),
    "check-quota": (429, {"message": "Resource has been exhausted (e.g. check quota)."}, "rate limit"),
    "limit-10": (429, {"message": "Quota exceeded, limit: 10"}, "rate limit"),
    "limit-0": (429, {"message": "Quota exceeded, limit: 0, model: x"}, "used up"),
    "no-channel-in-plain-text": (503, "no available channel for model x", "no channel"),
    "images-per-month": (429, {"metadata": {"quota_limit": "ImagesPerMonthPerProject"}}, "used up"),
    "requests-per-day": (429, {"metadata": {"quota_metric": "RequestsPerDay"}}, "used up"),
    "requests-per-minute": (429, {"message": "See billing.", "metadata": {"quota_limit": "PerMinutePerProject"}},
                            "rate limit"),
    **{text: (429, {"message": text}, "used up") for text in (
        "You hit the RPD limit", "Limit reached, resets at midnight Pacific time", "It renews on 3 May",
        "Limit reached. Resets in 20h", "Come back next week", "Wallet empty.", "No credits available")},
    **{text: (429, {"message": text}, "rate limit") for text in (
        "Too fast. No credits were deducted.", "The window resets in 20 s", "RPM limit")},
    "daily-at-503": (503, {"message": "Daily quota exhausted", "retry_after": 1}, "used up"),
    "quota-exceeded-at-503": (503, {"code": "quota_exceeded", "message": "m"}, "used up"),
    "balance-at-503": (503, {"message": "Insufficient balance"}, "used up"),
    "no-credits-at-400": (400, {"message": "No credits left"}, "used up"),
    "no-credits-taken-at-400": (400, {"message": "Bad seed. No credits have been deducted."}, None),
    "unavailable-quota-of-a-moment": (503, {"status": "UNAVAILABLE", "message": "Daily peak"}, "overloaded"),
    "unavailable-channel": (503, {"status": "UNAVAILABLE", "message": "No capacity channel ready"}, "overloaded"),
    "distributor": (503, {"status": "UNAVAILABLE", "message": "No available channel for model x (distributor)"},
                    "no channel"),
    "capacity-channel-alone": (503, {"message": "No capacity channel ready"}, "no channel"),
    "503-with-a-wait": (503, {"message": "Service Unavailable", "retryDelay": "1s"}, "overloaded"),
    "503-with-words-of-a-wait": (503, {"message": "Service Unavailable. Retry in 3 s"}, None),
    "503-with-a-deadline-and-a-wait": (503, {"message": "Deadline expired", "retryDelay": "1s"}, None),
    "500-with-a-wait": (500, {"message": "Broken", "retryDelay": "1s"}, None),
    "overloaded-at-503": (503, {"message": "The model is overloaded."}, "overloaded"),
}  # fmt: skip


@pytest.mark.parametrize("name", REASONS)
def test_why_a_request_failed(name: str) -> None:
    status, document, reason = REASONS[name]

    assert parse(document, status).details.get("reason") == reason


@pytest.mark.parametrize("page", [b"", b"Service Unavailable", b"<html><title>Down</title>"])
def test_a_503_is_overload_only_with_a_wait(page: bytes) -> None:
    assert parse_error_response(503, page, {"retry-after": "1"}).details["reason"] == "overloaded"
    assert "reason" not in parse_error_response(503, page).details
    assert parse_error_response(503, page).charge_status is ChargeStatus.UNKNOWN


ADVICE: dict[str, tuple[int, Any, str]] = {
    "empty": (400, "", "Check the options and --extra."),
    "short-wait": (429, {"message": "slow", "retry_after": 0.3}, "It asks to wait 1 s; run the cell again then."),
    "no-wait": (429, {"message": "slow", "retry_after": 0}, "Wait a little and run the cell again."),
    "images": (413, {"message": "m"}, "Send fewer or smaller reference images."),
    "signature": (400, {"message": "Unable to verify thinking signature"}, "Use --edit instead of --chat"),
    "signature-of-a-part": (400, {"message": "Corrupted signature in part 3"}, "Use --edit instead of --chat"),
    "xml": (403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>", "Check the key's permissions"),
    "html-in-json": (403, {"message": "<!doctype html><title>Blocked</title>"}, "It may come from a firewall"),
}  # fmt: skip


@pytest.mark.parametrize("name", ADVICE)
def test_what_to_do(name: str) -> None:
    status, document, advice = ADVICE[name]

    assert parse(document, status).advice.startswith(advice)


def test_a_request_without_images_is_not_asked_for_fewer() -> None:
    assert "images" not in parse_error_response(413, b"", has_images=False).advice


def test_each_text_is_cut_and_nothing_is_shown_for_an_empty_body() -> None:
    texts = [" ".join(f"{letter}{number}" for number in range(400)) for letter in "ab"]
    error = parse({"error": {"message": texts[0], "metadata": {"raw": texts[1]}}})

    assert 600 <= len(error.message) < 700
    assert "no explanation" in parse("").message


WAITS: dict[str, tuple[Any, float | None]] = {
    "details": ({"error": {"details": [INFO]}}, 9.0),
    "upstream": ({"upstreamResponse": {"error": {"details": [INFO]}}}, 9.0),
    "in-a-message": ({"error": {"message": json.dumps({"error": {"details": [INFO]}})}}, 9.0),
    "twice-in-a-message": ({"message": json.dumps({"message": json.dumps({"error": {"details": [INFO]}})})}, 9.0),
    "details-as-text": ({"error": {"details": '{"retryDelay": "9s"}'}}, 9.0),
    "headers-as-text": ({"error": {"metadata": 'sent {"headers": {"retry-after": "9"}}'}}, 9.0),
    "metadata": ({"error": {"metadata": {"retry_after": 9}}}, 9.0),
    "headers": ({"error": {"metadata": {"headers": {"Retry-After": ["9"]}}}}, 9.0),
    "milliseconds": ({"retry_after_ms": 9000}, 9.0),
    "milliseconds-in-camel-case": ({"data": {"retryAfterMs": "9000"}}, 9.0),
    "seconds": ({"retryAfterSeconds": 9}, 9.0),
    "units": ({"retryDelay": "1m30s"}, 90.0),
    "hours": ({"RetryInfo": {"retryDelay": "5h"}}, 18_000.0),
    "iso-8601": ({"retry_after": "PT30S"}, 30.0),
    "words": ({"message": "Please wait 1 minute 30 seconds."}, 90.0),
    "words-in-hours": ({"detail": "Try again in 2 hours"}, 7200.0),
    "chinese-words": ({"message": "请在 30 秒后重试"}, 30.0),
    "plain-text": ("Please retry in 12s.", 12.0),
    "the-longest": ({"retryDelay": "3s", "error": {"retryDelay": "9s"}}, 9.0),
    "field-before-words": ({"retryDelay": "3s", "message": "retry in 9s"}, 3.0),
    "negative": ({"retryDelay": "-9s"}, None),
    "not-a-number": ({"retryDelay": float("nan")}, None),
    "true": ({"retryAfter": True}, None),
    "hundred-years": ({"retryAfter": "3155760000"}, None),
    "a-unix-time": ({"retryAfter": 1_800_000_000}, None),
    "months": ({"message": "Retry in 3 months"}, None),
    "another-field": ({"retryCount": 9, "maxRetries": "9s"}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", WAITS)
def test_how_long_an_error_asks_to_wait(name: str) -> None:
    document, seconds = WAITS[name]

    assert parse(document, 429).retry_after == seconds


RESETS: dict[str, tuple[dict[str, str], Any, float | None]] = {
    "seconds": ({"x-ratelimit-reset": "7200"}, {}, 7200),
    "unix-time": ({"x-ratelimit-reset": "{time}"}, {}, 7200),
    "unix-time-in-milliseconds": ({}, {"headers": {"X-RateLimit-Reset": "{time}000"}}, 7200),
    "duration": ({"x-ratelimit-reset-requests": "1h59m60s"}, {}, 7200),
    "date": ({}, {"resetsAt": "{date}"}, 7200),
    "google": ({}, {"metadata": {"quotaResetDelay": "2h"}}, 7200),
    "past": ({"x-ratelimit-reset": "1500000000"}, {}, None),
    "another-field": ({"x-reset-password": "7200"}, {"preset": 7200}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", RESETS)
def test_when_a_quota_resets(name: str) -> None:
    headers, document, seconds = RESETS[name]
    moment = time.time() + 7200
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))

    def fill(text: str) -> str:
        return text.replace("{time}", str(int(moment))).replace("{date}", date)

    delay = find_reset_delay(
        {key: fill(value) for key, value in headers.items()}, parse_error_tree(fill(json.dumps(document)))
    )

    assert delay == (None if seconds is None else pytest.approx(seconds, abs=60))


HOSTILE = {
    "deep": '{"message":' * 5000,
    "deep-in-texts": '{"a":"' + '{\\"code\\":' * 6000,
    "many-documents": json.dumps({"e": ['{"code":1}'] * 4000}),
    "many-values": json.dumps({"errors": ["x y"] * 15_000}),
    "amounts": "1s" * 30_000,
    "digits": "9" * 60_000,
    "a-long-name": json.dumps({"limitreset" * 6000: 1}),
    "backslashes": '{"detail":"' + "\\" * 60_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_a_short_error_of_limited_size(name: str) -> None:
    text = HOSTILE[name]
    tree = parse_error_tree(text[:MAX_ERROR_BYTES])

    assert sum(1 for _ in iter_objects(tree)) <= MAX_VALUES
    assert len(parse(text, 429).message) < 1500
    assert find_retry_delay({}, tree) is None
