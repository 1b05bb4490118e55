"""What an error of the service means: one table, of which the first match decides.

The evidence, in this order: the names and numbers that the error gives for programs, the HTTP status, the wording. A
rule says whether the request may have been charged, why it failed (which `courier/retry.py` needs), and what to do.
Sources: the error pages of CometAPI, Google and Cloudflare, and the sources of the one-api and new-api gateways.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cometmagic.errors import BALANCE_ADVICE, ChargeStatus


class ErrorReason(StrEnum):
    """Why a request failed, as far as it matters for another try."""

    RATE_LIMIT = "rate limit"
    OVERLOADED = "overloaded"
    UNREACHABLE = "unreachable"
    USED_UP = "used up"
    NO_CHANNEL = "no channel"
    OTHER = ""


@dataclass(frozen=True)
class Evidence:
    """What is known of an error; `status` is the one that the error names, or else that of HTTP."""

    status: int
    names: tuple[str, ...] = ()
    text: str = ""
    is_page: bool = False  # it is no JSON, and probably not from the service
    has_delay: bool = False  # a header or a field says how long to wait


@dataclass(frozen=True)
class ErrorRule:
    """A condition, and what it means; an empty field matches everything, patterns ignore case.

    `names` matches any whole name, `words` any part of the text.
    """

    charge_status: ChargeStatus
    advice: str
    reason: ErrorReason = ErrorReason.OTHER
    names: str = ""
    statuses: Sequence[int] = ()
    words: str = ""
    is_page: bool = False
    has_delay: bool = False

    def is_match(self, evidence: Evidence) -> bool:
        """Whether the rule applies to an error."""
        return (
            (not self.is_page or evidence.is_page)
            and (not self.has_delay or evidence.has_delay)
            and (not self.statuses or evidence.status in self.statuses)
            and (not self.names or any(re.fullmatch(self.names, name, re.IGNORECASE) for name in evidence.names))
            and (not self.words or re.search(self.words, evidence.text, re.IGNORECASE) is not None)
        )


# The statuses that names stand for; Google's are those of gRPC.
STATUSES_BY_NAME = {
    "invalid_argument": 400, "failed_precondition": 400, "out_of_range": 400, "unauthenticated": 401,
    "authentication_error": 401, "permission_denied": 403, "permission_error": 403, "not_found": 404,
    "not_found_error": 404, "resource_exhausted": 429, "rate_limit_error": 429, "rate_limit_exceeded": 429,
    "too_many_requests": 429, "cancelled": 499, "internal": 500, "unavailable": 503, "overloaded_error": 503,
    "deadline_exceeded": 504,
}  # fmt: skip

_REFUSED, _UNKNOWN = ChargeStatus.REFUSED, ChargeStatus.UNKNOWN
BASE_URL_ADVICE = "Check COMETAPI_BASE_URL (it should be like https://api.cometapi.com) and the model name."
WAIT_ADVICE = "Wait a little and run the cell again."
DASHBOARD_ADVICE = "Check the balance and the quota in the CometAPI dashboard."
RESET_ADVICE = "Run the cell again when the quota resets, or check the quota in the CometAPI dashboard."
NETWORK_ADVICE = (
    "It may come from a firewall, a VPN, a proxy or the network's login page: check the network and COMETAPI_BASE_URL."
)
SIGNATURE_ADVICE = "Use --edit instead of --chat: it sends the image without the earlier turns."
_KEY_ADVICE = "Check COMETAPI_KEY: the service does not accept the key."
_MODEL_ADVICE = "Check --model: it is unknown, retired or not available now."
CHANGE_ADVICE = "Change what the message names and run the cell again."
IMAGES_ADVICE = "Send fewer or smaller reference images."
OPTIONS_ADVICE = "Check the options and --extra."
_LATE_ADVICE = "The image may still have been made; look at the balance before trying again."

_SIGNATURE = (
    r"(?:thought|thinking|reasoning)[ _-]?signature|\bsignatures?\b.{0,40}\b(?:thoughts?|thinking|parts?|content)"
    r"|\b(?:verify|validate|invalid|missing|corrupt\w*)\b.{0,30}\bsignature"
)
_DEADLINE = r"deadline|time[ds]?[ -]?out|超时|超時"
_MONEY = (
    r"insufficient[ _](?:\w+[ _])?(?:quota|balance|credits?|funds)|credit balance|余额|餘額|欠费"
    r"|\bno (?:remaining |more |available )?credits?\b"
    r"(?! (?:\w+ ){0,2}(?:charged|billed|deducted|debited|consumed|used|taken|spent))"
    r"|\b(?:credits?|funds)\b.{0,30}\b(?:depleted|exhausted|used up|run out|ran out|too low|expired)"
    r"|out of (?:credits?|funds)|\bwallet\b.{0,20}\bempty"
)
_BALANCE = (
    rf"{_MONEY}|\b(?:balance|wallet)\b|prepa(?:id|y)|spend(?:ing)?[ -](?:cap|limit)"
    r"|budget|hard limit|top[ -]?up|not enough|额度|充值"
)
_PERIOD = (
    r"per[ _-]?(?:day|week|month)|daily|weekly|monthly|(?:for|of) (?:the|this) (?:day|month)|tomorrow"
    r"|\brpd\b|midnight|next (?:day|week|month)|billing (?:cycle|period)"
    r"|\b(?:resets?|renews?|refreshes|refills?|replenish\w*)\b[^.;]{0,12}"
    r"\b(?:(?:at|on)\b|in \d+ ?(?:h|d)|every (?:day|week|month))"
    r"|quota\b.{0,20}\b(?:used up|depleted)|每日|每天|每月|今日|明天|配额已?(?:用完|用尽|耗尽)"
)
_MINUTE = r"per[ _-]?(?:minute|second)|\brpm\b|\btpm\b|每分钟|每秒"
# The words of the relay's distributor itself, and such that others may use as well.
_DISTRIBUTOR = (
    r"\bdistributor\b|no available channels?\b|channels?\b.{0,60}\bunder (?:the )?group"
    r"|(?:无|無)可用(?:的)?(?:渠道|通道)"
)
_NO_CHANNEL = (
    r"\bno (?:\w+ ){0,2}channels?\b|\bchannels?\b.{0,40}\b(?:not (?:found|available)|unavailable)"
    r"|failed to (?:get|select|find) (?:an? )?(?:available )?channel"
    r"|(?:无|無|没有|沒有|找不到|未找到|暂无|暫無)[^。、]{0,6}(?:渠道|通道|频道)|可用(?:的)?(?:渠道|通道)(?:失败|失敗|不存在|为空)"
)
_CHANNEL_STATUSES = (403, 404, 429, 500, 502, 503)
_OVERLOAD = (
    r"overload|capacity|too many requests|high (?:demand|load|traffic)|(?:is|are|too|currently) busy"
    r"|no healthy upstream|负载|負載|繁忙|过载|過載|饱和|拥挤|高峰"
)

RULES = (
    ErrorRule(_REFUSED, SIGNATURE_ADVICE, names="missing_thought_signature|invalid_thought_signature"),
    ErrorRule(_REFUSED, SIGNATURE_ADVICE, statuses=(400,), words=_SIGNATURE),
    ErrorRule(_UNKNOWN, _LATE_ADVICE, names=r".*time_?d?_?out.*|.*deadline_exceeded|channel:response_time_exceeded"),
    # A page of a device on the way, or of the relay's own web server.
    ErrorRule(_REFUSED, NETWORK_ADVICE, statuses=(401, 403, 407, 451, 511), is_page=True),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.OVERLOADED, statuses=(503,), is_page=True, has_delay=True),
    ErrorRule(_UNKNOWN, f"{NETWORK_ADVICE} {BALANCE_ADVICE}", statuses=(502, 503), is_page=True),
    ErrorRule(_REFUSED, _KEY_ADVICE, names=r"(?:invalid|expired|incorrect)_(?:api_?)?(?:key|token)|api_?key_\w+"),
    ErrorRule(
        _REFUSED, _KEY_ADVICE, statuses=(400,), words=r"api.?key (?:is )?(?:not valid|invalid|expired|not found)"
    ),
    ErrorRule(
        _REFUSED,
        DASHBOARD_ADVICE,
        ErrorReason.USED_UP,
        names=r"insufficient_\w*(?:quota|balance|credits?|funds)|\w*(?:billing|prepaid|prepay|spend|spending)_\w+"
        r"|credits?_\w+|\w*balance(?:_\w+)?|budget_exceeded|payment_required|pre_consume_token_quota_failed",
    ),
    ErrorRule(
        _REFUSED,
        RESET_ADVICE,
        ErrorReason.USED_UP,
        names=r".*per_?(?:day|week|month).*|.*(?:daily|weekly|monthly).*|quota_exhausted",
    ),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, ErrorReason.USED_UP, statuses=(429,), words=r"\blimit\W{0,3}0\b(?!\.\d)"),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.RATE_LIMIT, statuses=(429,), names=r".*per_?(?:minute|second).*"),
    ErrorRule(
        _REFUSED,
        _MODEL_ADVICE,
        ErrorReason.NO_CHANNEL,
        names=r"model_not_\w+|model_unavailable|get_channel_failed|no_(?:available_)?channel\w*|channel:\w+",
    ),
    ErrorRule(_REFUSED, _MODEL_ADVICE, ErrorReason.NO_CHANNEL, statuses=_CHANNEL_STATUSES, words=_DISTRIBUTOR),
    ErrorRule(_UNKNOWN, _LATE_ADVICE, statuses=(503,), words=_DEADLINE),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.OVERLOADED, names="unavailable", words=_NO_CHANNEL),
    ErrorRule(_REFUSED, _MODEL_ADVICE, ErrorReason.NO_CHANNEL, statuses=_CHANNEL_STATUSES, words=_NO_CHANNEL),
    ErrorRule(
        _REFUSED,
        OPTIONS_ADVICE,
        names="invalid_request|convert_request_failed|bad_request_body|read_request_body_failed|count_token_failed",
    ),
    ErrorRule(_REFUSED, OPTIONS_ADVICE, names="invalid_request_error", statuses=range(500, 600)),
    ErrorRule(
        _REFUSED,
        "Rephrase the prompt: the same one will not pass again.",
        names=r"sensitive_words_detected|prompt_blocked|content_(?:filter|policy)\w*|moderation_\w+"
        r"|prohibited_content",
    ),
    ErrorRule(
        _REFUSED,
        "The service is not offered where the request came from: check the VPN, or try another model.",
        statuses=(400, 403, 451),
        words=r"location is not supported|(?:country|region|territory)\b.{0,60}not (?:supported|available)",
    ),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, ErrorReason.USED_UP, statuses=(402, 403, 429), words=_BALANCE),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, ErrorReason.USED_UP, statuses=(400,), words=_MONEY),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.RATE_LIMIT, statuses=(429,), words=_MINUTE),
    ErrorRule(_REFUSED, RESET_ADVICE, ErrorReason.USED_UP, statuses=(429,), words=_PERIOD),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.RATE_LIMIT, statuses=(429,)),
    ErrorRule(
        _REFUSED,
        WAIT_ADVICE,
        ErrorReason.OVERLOADED,
        names=r"unavailable|\w*overload\w*|\w*capacity_(?:exhausted|exceeded)",
    ),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, ErrorReason.USED_UP, statuses=(503,), words=_MONEY),
    ErrorRule(_REFUSED, RESET_ADVICE, ErrorReason.USED_UP, statuses=(503,), words=_PERIOD),
    ErrorRule(_REFUSED, RESET_ADVICE, ErrorReason.USED_UP, statuses=(503,), names="quota_exceeded"),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.OVERLOADED, statuses=(503,), words=_OVERLOAD),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.OVERLOADED, statuses=(503,), has_delay=True),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.OVERLOADED, statuses=(529,)),
    # Cloudflare could not reach the service behind it, so the request was never processed.
    ErrorRule(
        _REFUSED,
        "The service cannot be reached now; try again later.",
        ErrorReason.UNREACHABLE,
        statuses=(521, 523, 525, 526),
    ),
    ErrorRule(
        _UNKNOWN,
        "The relay gave up waiting; try a smaller --image-size, and look at the balance first.",
        statuses=(524,),
    ),
    ErrorRule(_REFUSED, CHANGE_ADVICE, statuses=(400,)),
    ErrorRule(_REFUSED, _KEY_ADVICE, statuses=(401,)),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, statuses=(402,)),
    ErrorRule(_REFUSED, "Check the key's permissions and the balance in the CometAPI dashboard.", statuses=(403,)),
    ErrorRule(_REFUSED, BASE_URL_ADVICE, statuses=(404, 405)),
    ErrorRule(_REFUSED, IMAGES_ADVICE, statuses=(413,)),
    ErrorRule(_UNKNOWN, BALANCE_ADVICE, statuses=(408, 499)),
    ErrorRule(_UNKNOWN, _LATE_ADVICE, statuses=(504,)),
    ErrorRule(_REFUSED, "Change the request and run the cell again.", statuses=range(400, 500)),
    ErrorRule(_UNKNOWN, f"Check COMETAPI_BASE_URL. {BALANCE_ADVICE}", statuses=(200,)),
    ErrorRule(_UNKNOWN, BALANCE_ADVICE),
)


def find_rule(evidence: Evidence) -> ErrorRule:
    """Return the first rule that matches an error."""
    return next(rule for rule in RULES if rule.is_match(evidence))
