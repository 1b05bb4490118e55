"""Error responses of the scenarios, in the words and shapes of public reports on Google, relays and firewalls.

The table in scenarios.py gives each of them a trigger word. `seed` makes the request id of a response.
"""

from __future__ import annotations

from typing import Any

from cometmagic.offline.error_responses import ServiceError, build_comet_error, build_google_error, build_request_id

_HIGH_DEMAND = (
    "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later."
)
_CREDITS_USED_UP = (
    "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project "
    "and billing."
)
_FIREWALL_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Access denied</title></head>"
    "<body><h1>Sorry, you have been blocked</h1><p>Your network may not reach this site.</p></body></html>\n"
)


def build_rate_limit_error(_seed: bytes) -> ServiceError:
    """Return the error of too many requests in a minute."""
    return _build_quota_error("GenerateRequestsPerMinutePerProjectPerModel", "10", "2s")


def build_daily_quota_error(_seed: bytes) -> ServiceError:
    """Return the error of a quota that is used up until tomorrow."""
    # The wait is of no use, and is stated all the same.
    return _build_quota_error("GenerateRequestsPerDayPerProjectPerModel", "250", "34s")


def _build_quota_error(quota_id: str, limit: str, delay: str) -> ServiceError:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
        "quotaId": quota_id,
        "quotaValue": limit,
    }
    details: dict[str, dict[str, Any]] = {
        "QuotaFailure": {"violations": [violation]},
        "RetryInfo": {"retryDelay": delay},
    }
    return build_google_error(f"You exceeded your current quota. Please retry in {delay}.", 429, details)


def build_credits_error(_seed: bytes) -> ServiceError:
    """Return the error of credits that are used up."""
    return build_google_error(_CREDITS_USED_UP, 429)


def build_overload_error(_seed: bytes) -> ServiceError:
    """Return the error of a model without room, in its older words."""
    return build_google_error("The model is overloaded. Please try again later.", 503)


def build_high_demand_error(_seed: bytes) -> ServiceError:
    """Return the error of a model without room, in its newer words."""
    return build_google_error(_HIGH_DEMAND, 503)


def build_no_channel_error(seed: bytes) -> ServiceError:
    """Return a relay's error for a model that it cannot reach, which has no code."""
    message = f"当前分组 default 下对于该模型无可用渠道 (request id: {build_request_id(seed)})"
    return ServiceError(503, {"error": {"message": message, "type": "new_api_error"}})


def build_nested_wait_error(seed: bytes) -> ServiceError:
    """Return the relay's error around Google's, which alone says how long to wait."""
    upstream_error = build_rate_limit_error(seed).document
    error = {"message": "Upstream request failed", "type": "upstream_error", "upstreamResponse": upstream_error}
    return ServiceError(429, {"error": error})


def build_server_error(_seed: bytes) -> ServiceError:
    """Return Google's internal error."""
    return build_google_error("An internal error has occurred. Please retry or report.", 500)


def build_key_error(seed: bytes) -> ServiceError:
    """Return the error of a key that is not accepted."""
    return build_comet_error("Invalid token", 401, "", seed)


def build_balance_error(seed: bytes) -> ServiceError:
    """Return the error of a balance that is used up."""
    return build_comet_error("user quota is not enough", 403, "insufficient_user_quota", seed)


def build_signature_error(_seed: bytes) -> ServiceError:
    """Return the error of a thought signature that is not the model's own."""
    return build_google_error("Thought signature is not valid")


def build_firewall_page(_seed: bytes) -> ServiceError:
    """Return the web page of a firewall."""
    return ServiceError(403, _FIREWALL_PAGE)
