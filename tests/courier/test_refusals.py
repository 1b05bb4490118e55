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
    "never-connected": ("503 Busy", google("UNAVAILABLE", "upstream connect error: connection refused")),
    "no-host": ("503 Busy", google("UNAVAILABLE", "failed to connect to all addresses; no route to host")),
    "not-healthy": ("503 Busy", google("UNAVAILABLE", "no healthy upstream")),
    "envoy": ("503 Busy", google("UNAVAILABLE", "disconnect/reset before headers. reset reason: connection failure")),
    "per-minute-and-an-offer": ("429 Busy", relay("Requests per minute exceeded. Top up your balance for more.")),
    "rpm-in-chinese": ("429 Busy", relay("每分钟请求次数超限，充值可提升额度")),  # noqa: RUF001
    "cause-in-a-500": ("500 Bad", relay("bad response", cause=google("RESOURCE_EXHAUSTED", "Too fast.", 429))),
}
LOST = (
    "Socket closed",
    "Connection reset by peer",
    "Connection closed by server while waiting for response",
    "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
    "502:Bad Gateway",
    "stream terminated by RST_STREAM",
    "unexpected EOF while reading",
    "the connection to the upstream was lost while the picture was being made",
    "write: broken pipe",
    "Provider disconnected",
    "连接被重置",
)
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
    **{f"lost-{number}": ("503 Busy", google("UNAVAILABLE", words), ChargeStatus.UNKNOWN, "balance")
       for number, words in enumerate(LOST)},
    "lost-with-a-wait": ("503 Busy", relay("connection to upstream was lost", retry_after=1), ChargeStatus.UNKNOWN,
                         "balance"),
    "tokens-used": ("429 No", relay("Too fast.") | {"usageMetadata": {"candidatesTokenCount": 1120}},
                    ChargeStatus.UNKNOWN, "balance"),
    "tokens-used-in-a-200": ("200 OK", relay("x", code=429) | {"usageMetadata": {"candidatesTokenCount": 1120}},
                             ChargeStatus.UNKNOWN, "balance"),
    "hourly": ("429 No", relay("hourly quota exceeded, resets in 40 minutes"), ChargeStatus.REFUSED, "in 40 min"),
    "access": ("429 No", relay("You will regain access on 2026-12-01 at 00:00 UTC."), ChargeStatus.REFUSED,
               "access on 2026-12-01"),
    "no-money-for-a-minute": ("429 No", relay("Insufficient balance for 60 requests per minute"), ChargeStatus.REFUSED,
                              "Check the balance"),
    "no-channel-for-now": ("503 No", relay("No available channel for model x, please try again later"),
                           ChargeStatus.REFUSED, "Try again later, or choose another --model."),
    "no-channel-for-now-in-chinese": ("503 No", relay("暂无可用渠道 请稍后重试"), ChargeStatus.REFUSED, "Try again"),
    **{f"moderation-{number}": ("403 No" if number % 2 else "400 No", relay(words), ChargeStatus.REFUSED, "Rephrase")
       for number, words in enumerate((
           "Input was flagged by moderation", "Your prompt was flagged as violating our usage policies.",
           "Content policy violation: weapons", "内容违规，请修改提示词", "The request contains sensitive words: x",  # noqa: RUF001
           "rejected by our safety system", "NSFW content is not allowed", "提示词包含敏感词",
       ))},
    "no-moderation": ("403 No", relay("Your account was disabled for violating our usage policies."),
                      ChargeStatus.REFUSED, "permissions"),
    "leaked": ("403 No", google("PERMISSION_DENIED", "Your API key was reported as leaked.", 403),
               ChargeStatus.REFUSED, "Make a new key"),
    "billing": ("400 No", google("FAILED_PRECONDITION", "Enable billing on the project.", 400), ChargeStatus.REFUSED,
                "Check the balance"),
    "no-model": ("404 No", google("NOT_FOUND", "models/x is not found for API version v1beta", 404),
                 ChargeStatus.REFUSED, "--model"),
    "no-deployment": ("404 No", relay("The API deployment for it does not exist.", code="DeploymentNotFound"),
                      ChargeStatus.REFUSED, "--model"),
    **{f"page-of-a-server-{number}": (status, page, ChargeStatus.UNKNOWN, "Look at the balance before")
       for number, (status, page) in enumerate((
           ("502 Bad", (b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>"
                       b"</center><hr><center>nginx/1.25</center></body></html>")),
           ("503 Busy", b"<html><title>503</title><hr><center>openresty</center></html>"),
           ("504 Late", b"<html><title>504 Gateway Time-out</title><address>Apache/2.4</address></html>"),
       ))},
    "page-with-a-promise": ("502 Bad", b"<html><title>502</title><p>Sorry. You were not charged for this request.</p>",
                            ChargeStatus.UNKNOWN, "You were not charged for this request"),
    "page-with-an-offer": ("503 Bad", b"<html><title>Busy</title><p>Start free of charge today!</p></html>",
                           ChargeStatus.UNKNOWN, "may have been charged"),
    "key": ("403 No", relay("This token has no access to the model"), ChargeStatus.REFUSED, "permissions"),
    "key-401": ("401 No", {"code": 500, "msg": "invalid token"}, ChargeStatus.REFUSED, "COMETAPI_KEY"),
}  # fmt: skip


FROM_THE_NETWORK = ("region", "firewall", "cloudflare-code", "portal", "page-503", "page-with-a-promise",
                    "page-with-an-offer")  # fmt: skip


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
    assert words in str(outcome.told)
    assert ("COMETAPI_KEY" in str(outcome.told)) == (name == "key-401")
    assert ("VPN" in str(outcome.told)) == (name in FROM_THE_NETWORK)


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
