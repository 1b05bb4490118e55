"""What gateways say when they give no picture, on real sockets: how often it is sent, whether it may cost, what to do.

Names and numbers for programs decide before the status, and the status before the wording.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from cometmagic.errors import APIError, ChargeStatus
from cometmagic.generation.generate import start_generation
from tests.courier.test_rate_limiter import ended
from tests.courier.test_retry import refusing
from tests.faults.asking import Asker
from tests.faults.server import Held, response, send
from tests.gemini.answers import answer, answering, image, picture

pytestmark = pytest.mark.usefixtures("carried_here", "soon")

GOOD = answering(answer(image()))
QUOTA = "You exceeded your current quota, please check your plan and billing details."


def google(status: str, message: str = "", code: int = 503, **details: Any) -> dict[str, Any]:
    rows = [{"@type": f"type.googleapis.com/google.rpc.{name}"} | fields for name, fields in details.items()]
    return {"error": {"code": code, "message": message, "status": status, "details": rows}}


def relay(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "new_api_error", **fields}}


def quota(quota_id: str, message: str = QUOTA, **details: Any) -> dict[str, Any]:
    return google("RESOURCE_EXHAUSTED", message, 429, QuotaFailure={"violations": [{"quotaId": quota_id}]}, **details)


SENT_AGAIN: dict[str, tuple[str, Any]] = {
    "high-demand": ("503 Busy", google("UNAVAILABLE", "This model is currently experiencing high demand.")),
    "no-words": ("503 Busy", google("UNAVAILABLE")),
    "another-language": ("503 Busy", google("UNAVAILABLE", "モデルが混み合っています")),
    "a-relay-around-it": ("500 Bad", relay(f"upstream error: {json.dumps(google('UNAVAILABLE', 'Later.'))}", code="")),
    "words-of-a-relay": ("503 Busy", relay("当前分组上游负载已饱和 请稍后再试", code=None)),
    "anthropic": ("529 Busy", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "capacity": (
        "429 Busy",
        google("RESOURCE_EXHAUSTED", "No.", 429, ErrorInfo={"reason": "MODEL_CAPACITY_EXHAUSTED"}),
    ),
    "per-minute": ("429 Busy", quota("GenerateRequestsPerMinutePerProject", RetryInfo={"retryDelay": "10ms"})),
    "per-minute-in-words": ("429 Busy", relay("10 requests per minute, 1000 per day: slow down. Retry in 10ms.")),
    "cause-in-a-500": ("500 Bad", relay("bad response", cause=google("RESOURCE_EXHAUSTED", "Too fast.", 429))),
}
SENT_ONCE: dict[str, tuple[str, Any, ChargeStatus, str]] = {
    "deadline": ("503 Busy", google("UNAVAILABLE", "Deadline expired before operation could complete."),
                 ChargeStatus.UNKNOWN, "may still have been made"),
    "deadline-status": ("503 Busy", google("DEADLINE_EXCEEDED", "high demand"), ChargeStatus.UNKNOWN, "balance"),
    "gateway-timeout": ("503 Busy", relay("overloaded", code="channel:response_time_exceeded"), ChargeStatus.UNKNOWN,
                        "balance"),
    "503-of-nothing": ("503 Busy", relay("Service Unavailable"), ChargeStatus.UNKNOWN, "balance"),
    "no-channel": ("503 No", relay("No available channel for model x under group default (distributor)"),
                   ChargeStatus.REFUSED, "--model"),
    "no-channel-in-chinese": ("503 No", relay("当前分组 default 下对于模型 x 无可用渠道 (request id: 2026)"),
                              ChargeStatus.REFUSED, "--model"),
    "no-channel-one-api": ("503 No", {"error": {"message": "无可用的渠道", "code": ""}}, ChargeStatus.REFUSED,
                           "--model"),
    "channel-not-found": ("500 No", relay("获取分组 default 下模型 x 的可用渠道失败"), ChargeStatus.REFUSED,
                          "--model"),
    "channel-without-key": ("500 No", relay("x", code="channel:no_available_key"), ChargeStatus.REFUSED, "--model"),
    "credits": ("429 No", google("RESOURCE_EXHAUSTED", "Your prepaid credits are depleted.", 429), ChargeStatus.REFUSED,
                "Check the balance"),
    "spending-cap": ("429 No", google("RESOURCE_EXHAUSTED", "You reached your monthly spending cap.", 429),
                     ChargeStatus.REFUSED, "Check the balance"),
    "hard-limit": ("429 No", relay("x", code="billing_hard_limit_reached"), ChargeStatus.REFUSED, "Check the balance"),
    "openai-quota": ("429 No", relay(QUOTA, code="insufficient_quota"), ChargeStatus.REFUSED, "Check the balance"),
    "chinese-balance": ("403 No", relay("令牌额度已用尽"), ChargeStatus.REFUSED, "Check the balance"),
    "limit-0": ("429 No", quota("RequestsPerMinute", f"{QUOTA} * Quota exceeded for metric: x, limit: 0"),
                ChargeStatus.REFUSED, "Check the balance"),
    "a-day": ("429 No", quota("GenerateRequestsPerDayPerProject", RetryInfo={"retryDelay": "18000s"}),
              ChargeStatus.REFUSED, "resets in 5 h"),
    "a-month": ("429 No", relay("No more for you.", reason="MONTHLY_LIMIT_EXCEEDED", retryAfter="36000s"),
                ChargeStatus.REFUSED, "resets in 10 h"),
    "reset-in-words": ("429 No", relay("Daily limit reached. It resets at 08:00 UTC."), ChargeStatus.REFUSED,
                       "resets at 08:00 UTC"),
    "tomorrow": ("429 No", {"detail": "Please come back tomorrow"}, ChargeStatus.REFUSED, "tomorrow"),
    "cause-in-a-502": ("502 Bad", relay(json.dumps(google("INVALID_ARGUMENT", "Bad seed.", 400))), ChargeStatus.REFUSED,
                       "Bad seed"),
    "sensitive": ("400 No", relay("x", code="sensitive_words_detected"), ChargeStatus.REFUSED, "Rephrase"),
    "region": ("400 No", google("FAILED_PRECONDITION", "User location is not supported for the API use.", 400),
               ChargeStatus.REFUSED, "VPN"),
    "signature": ("400 No", google("INVALID_ARGUMENT", "Image part is missing a thought_signature.", 400),
                  ChargeStatus.REFUSED, "--edit instead of --chat"),
    "signature-not-valid": ("400 No", relay("Thought signature is not valid."), ChargeStatus.REFUSED, "--edit"),
    "firewall": ("403 No", b"<html><head><title>Web filter</title>", ChargeStatus.REFUSED, "VPN"),
    "cloudflare-code": ("403 No", b"error code: 1020", ChargeStatus.REFUSED, "VPN"),
    "portal": ("511 Login", b"<!doctype html><title>Hotel</title>", ChargeStatus.REFUSED, "login page"),
    "page-503": ("503 Busy", b"<html><h1>Service high load</h1>", ChargeStatus.UNKNOWN, "VPN"),
    "xml-502": ("502 Bad", b"<?xml version='1.0'?><Error><Message>x</Message></Error>", ChargeStatus.UNKNOWN, ""),
    "key": ("403 No", relay("This token has no access to the model"), ChargeStatus.REFUSED, "permissions"),
    "key-401": ("401 No", {"code": 500, "msg": "invalid token"}, ChargeStatus.REFUSED, "COMETAPI_KEY"),
}  # fmt: skip


@pytest.mark.parametrize("name", SENT_AGAIN)
def test_a_service_that_is_busy_is_asked_again(ask: Asker, name: str) -> None:
    outcome = ask(*refusing(*SENT_AGAIN[name]))

    assert len(outcome.log) == 4
    assert outcome.told.charge_status is ChargeStatus.REFUSED


@pytest.mark.parametrize("name", SENT_ONCE)
def test_what_would_fail_again_or_may_cost_is_sent_once(ask: Asker, name: str) -> None:
    status, content, charge_status, words = SENT_ONCE[name]

    outcome = ask(*refusing(status, content))

    assert len(outcome.log) == 1
    assert isinstance(outcome.told, APIError)
    assert outcome.told.charge_status is charge_status
    assert words in outcome.told.advice or words in outcome.told.message
    assert ("COMETAPI_KEY" in str(outcome.told)) == (name == "key-401")


def test_a_reset_that_a_header_names_is_told(ask: Asker) -> None:
    outcome = ask(*refusing("429 No", relay("Daily limit reached."), **{"X-RateLimit-Reset": "14400"}))

    assert "resets in 4 h" in str(outcome.told)
    assert len(outcome.log) == 1


@pytest.mark.parametrize("busy", [google("UNAVAILABLE", "high demand"), quota("PerMinute")], ids=["503", "429"])
def test_a_batch_outlives_a_spell_of_overload(serving: Any, busy: dict[str, Any]) -> None:
    """Ten of the first answers are refusals; the batch goes on more slowly, and every call gets its picture."""
    status = f"{busy['error']['code']} Busy"
    held = Held()
    first = [held.steps(send(response(json.dumps(busy).encode(), status)))] * 4
    with serving(*first, *[refusing(status, busy)] * 6, *[GOOD] * 20) as server:
        calls = [start_generation(f"cat {number}", at_once=4) for number in range(20)]
        held.let_go.set()
        ended(*calls)

    assert [call.result().image.data for call in calls] == [picture()] * 20
    assert len(server.log) == 30


def test_calls_that_stay_refused_stop_no_batch(serving: Any) -> None:
    with serving(*[refusing("503 Busy", google("UNAVAILABLE", "high demand"))] * 20) as server:
        calls = [start_generation(f"cat {number}", at_once=2) for number in range(5)]
        ended(*calls)

    assert len(server.log) == 5 * 4
    assert {call.folder.read()["error"]["fate"] for call in calls} == {ChargeStatus.REFUSED.name}
