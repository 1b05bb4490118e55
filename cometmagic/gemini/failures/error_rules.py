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
from cometmagic.gemini.failures.error_wording import (
    ACCOUNT,
    BALANCE,
    DEADLINE,
    DISTRIBUTOR,
    FREQUENT,
    KEY,
    KEY_IN_200,
    LOST,
    MINUTE,
    MODERATION,
    MONEY,
    NO_CHANNEL,
    NOT_CONNECTED,
    OVERLOAD,
    PERIOD,
    SIGNATURE,
    WEB_SERVER,
)


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
MODEL_ADVICE = "Check --model: it is unknown, retired or not available now."
CHANGE_ADVICE = "Change what the message names and run the cell again."
MODERATION_ADVICE = "Rephrase the prompt: the same one will not pass again."
IMAGES_ADVICE = "Send fewer or smaller reference images."
OPTIONS_ADVICE = "Check the options and --extra."
_LATE_ADVICE = "The image may still have been made; look at the balance before trying again."

OTHER_FORMAT_ADVICE = f"Check COMETAPI_BASE_URL. {BALANCE_ADVICE}"

_CHANNEL_STATUSES = (403, 404, 429, 500, 502, 503)

RULES = (
    ErrorRule(_REFUSED, SIGNATURE_ADVICE, names="missing_thought_signature|invalid_thought_signature"),
    ErrorRule(_REFUSED, SIGNATURE_ADVICE, statuses=(400,), words=SIGNATURE),
    ErrorRule(_UNKNOWN, _LATE_ADVICE, names=r".*time_?d?_?out.*|.*deadline_exceeded|channel:response_time_exceeded"),
    # The relay's own web server, and a device on the way.
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.OVERLOADED, statuses=(503,), is_page=True, has_delay=True),
    ErrorRule(_UNKNOWN, BALANCE_ADVICE, statuses=(502, 503, 504), is_page=True, words=WEB_SERVER),
    ErrorRule(_REFUSED, NETWORK_ADVICE, statuses=(401, 403, 407, 451, 511), is_page=True),
    ErrorRule(_UNKNOWN, f"{NETWORK_ADVICE} {BALANCE_ADVICE}", statuses=(502, 503), is_page=True),
    ErrorRule(_REFUSED, _KEY_ADVICE, names=r"(?:invalid|expired|incorrect)_(?:api_?)?(?:key|token)|api_?key_\w+"),
    ErrorRule(
        _REFUSED,
        "Make a new key in the CometAPI dashboard: this one is known to others.",
        statuses=(400, 401, 403),
        words=r"\b(?:key|token)\b.{0,40}\b(?:leaked|compromised|exposed)",
    ),
    ErrorRule(_REFUSED, _KEY_ADVICE, statuses=(400,), words=KEY),
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
        names=r".*per_?(?:hour|day|week|month).*|.*(?:hourly|daily|weekly|monthly).*|quota_exhausted",
    ),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, ErrorReason.USED_UP, statuses=(429,), words=r"\blimit\W{0,3}0\b(?!\.\d)"),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.RATE_LIMIT, statuses=(429,), names=r".*per_?(?:minute|second).*"),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.RATE_LIMIT, statuses=(400,), names=r"(?:.*#)?throttl\w*"),
    ErrorRule(_REFUSED, "The proxy asks for a login: check HTTPS_PROXY.", statuses=(407,)),
    ErrorRule(
        _REFUSED,
        MODEL_ADVICE,
        ErrorReason.NO_CHANNEL,
        names=r"model_not_\w+|model_unavailable|get_channel_failed|no_(?:available_)?channel\w*|channel:\w+",
    ),
    ErrorRule(_REFUSED, MODEL_ADVICE, ErrorReason.NO_CHANNEL, statuses=_CHANNEL_STATUSES, words=DISTRIBUTOR),
    ErrorRule(_UNKNOWN, _LATE_ADVICE, statuses=(503,), words=DEADLINE),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.OVERLOADED, statuses=(503,), words=NOT_CONNECTED),
    ErrorRule(_UNKNOWN, BALANCE_ADVICE, statuses=(503,), words=LOST),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.OVERLOADED, names="unavailable", words=NO_CHANNEL),
    ErrorRule(_REFUSED, MODEL_ADVICE, ErrorReason.NO_CHANNEL, statuses=_CHANNEL_STATUSES, words=NO_CHANNEL),
    ErrorRule(
        _REFUSED,
        OPTIONS_ADVICE,
        names="invalid_request|convert_request_failed|bad_request_body|read_request_body_failed|count_token_failed",
    ),
    ErrorRule(_REFUSED, OPTIONS_ADVICE, names="invalid_request_error", statuses=range(500, 600)),
    ErrorRule(
        _REFUSED,
        MODERATION_ADVICE,
        names=r"sensitive_words_detected|prompt_blocked|content_(?:filter|policy)\w*|moderation_\w+"
        r"|prohibited_content",
    ),
    ErrorRule(_REFUSED, MODERATION_ADVICE, statuses=(400, 403, 422), words=rf"^(?!.*{ACCOUNT}).*(?:{MODERATION})"),
    ErrorRule(
        _REFUSED,
        "The service is not offered where the request came from: check the VPN, or try another model.",
        statuses=(400, 403, 451),
        words=r"location is not supported|(?:country|region|territory)\b.{0,60}not (?:supported|available)",
    ),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, ErrorReason.USED_UP, statuses=(429,), words=MONEY),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.RATE_LIMIT, statuses=(429,), words=MINUTE),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, ErrorReason.USED_UP, statuses=(402, 403, 429), words=BALANCE),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, ErrorReason.USED_UP, statuses=(400,), words=rf"{MONEY}|\bbilling\b"),
    ErrorRule(_REFUSED, RESET_ADVICE, ErrorReason.USED_UP, statuses=(429,), words=PERIOD),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.RATE_LIMIT, statuses=(429,)),
    ErrorRule(
        _REFUSED,
        WAIT_ADVICE,
        ErrorReason.OVERLOADED,
        names=r"unavailable|\w*overload\w*|\w*capacity_(?:exhausted|exceeded)",
    ),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, ErrorReason.USED_UP, statuses=(503,), words=MONEY),
    ErrorRule(_REFUSED, RESET_ADVICE, ErrorReason.USED_UP, statuses=(503,), words=PERIOD),
    ErrorRule(_REFUSED, RESET_ADVICE, ErrorReason.USED_UP, statuses=(503,), names="quota_exceeded"),
    ErrorRule(_REFUSED, WAIT_ADVICE, ErrorReason.OVERLOADED, statuses=(503,), words=OVERLOAD),
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
    ErrorRule(_REFUSED, MODEL_ADVICE, statuses=(404,), words=r"\b(?:models?|deployments?)\b|模型"),
    ErrorRule(_REFUSED, BASE_URL_ADVICE, statuses=(404, 405)),
    ErrorRule(_REFUSED, IMAGES_ADVICE, statuses=(413,)),
    ErrorRule(_UNKNOWN, BALANCE_ADVICE, statuses=(408, 499)),
    ErrorRule(_UNKNOWN, _LATE_ADVICE, statuses=(504,)),
    ErrorRule(_REFUSED, "Change the request and run the cell again.", statuses=range(400, 500)),
    # Inside a 200 there are only words; none of them makes another try safe.
    ErrorRule(_REFUSED, _KEY_ADVICE, statuses=(200,), words=KEY_IN_200),
    ErrorRule(_REFUSED, DASHBOARD_ADVICE, ErrorReason.USED_UP, statuses=(200,), words=MONEY),
    ErrorRule(_UNKNOWN, MODERATION_ADVICE, statuses=(200,), words=MODERATION),
    ErrorRule(_REFUSED, WAIT_ADVICE, statuses=(200,), words=FREQUENT),
    ErrorRule(_UNKNOWN, OTHER_FORMAT_ADVICE, statuses=(200,)),
    ErrorRule(_UNKNOWN, BALANCE_ADVICE),
)


def find_rule(evidence: Evidence) -> ErrorRule:
    """Return the first rule that matches an error."""
    return next(rule for rule in RULES if rule.is_match(evidence))
