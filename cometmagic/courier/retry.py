"""What may be sent again, and when: a table of rules, of which the first match decides.

There are four outcomes. S: the request was not processed, and is sent again. U: unknown, it may have been charged,
and is sent again only if the user allows it. F: final, it would fail again. G: an image arrived. Each image costs
money, so a POST is repeated only when the first one certainly was not processed. Nothing here sends or sleeps.

Sources: RFC 9110 §9.2.2 and §10.2.3, Google's error details, Cloudflare's 5xx pages, CometAPI's error page.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from cometmagic.errors import ChargeStatus, CometError
from cometmagic.gemini.failures.error_rules import ErrorReason

MAX_TOTAL_WAIT = 120.0  # seconds for all waits of a call together
INITIAL_BACKOFF = 2.0  # seconds of the first wait if the service asks for none; each further one is twice as long
MAX_BACKOFF = 30.0  # seconds
JITTER = 1.0  # seconds at most on top of a wait the service asks for, so that thirty students do not return together


@dataclass(frozen=True)
class RetryRule:
    """Evidence, and the outcome it means; an empty field matches everything."""

    outcome: str
    evidence: str
    max_retries: int = 0
    charge_statuses: tuple[ChargeStatus, ...] = ()
    reasons: tuple[str, ...] = ()

    def is_match(self, error: CometError) -> bool:
        """Whether the rule applies to an error."""
        return (not self.charge_statuses or error.charge_status in self.charge_statuses) and (
            not self.reasons or error.details.get("reason") in self.reasons
        )


ANSWERED_REASON = "answered"
RETRY_RULES = (
    RetryRule(
        "U",
        "the request may have been processed (500, 502, 504, a 503 without a reason, a lost connection)",
        charge_statuses=(ChargeStatus.UNKNOWN,),
    ),
    RetryRule("F", "the service answered, without a picture", reasons=(ANSWERED_REASON,)),
    RetryRule("F", "the balance, or the quota of a day, a week or a month, is used up", reasons=(ErrorReason.USED_UP,)),
    RetryRule("F", "the relay has no channel for the model", reasons=(ErrorReason.NO_CHANNEL,)),
    RetryRule("S", "too many requests for the moment (429)", max_retries=3, reasons=(ErrorReason.RATE_LIMIT,)),
    RetryRule(
        "S",
        "the service is overloaded (503 with `UNAVAILABLE`, such words or a time to wait; 529)",
        max_retries=3,
        reasons=(ErrorReason.OVERLOADED,),
    ),
    RetryRule(
        "S",
        "Cloudflare could not reach the service (521, 523, 525, 526)",
        max_retries=3,
        reasons=(ErrorReason.UNREACHABLE,),
    ),
    RetryRule("S", "no connection was made", max_retries=3, reasons=("connection",)),
    RetryRule("S", "the name was not found, or no TLS was spoken", max_retries=1, reasons=("name", "tls")),
    RetryRule("F", "anything else"),
)
THROTTLE_REASONS = (ErrorReason.RATE_LIMIT, ErrorReason.OVERLOADED)  # these pause all calls to the same base URL


def classify(error: CometError | None) -> RetryRule:
    """Return the first rule that matches an error; no error means an image."""
    if error is None:
        return RetryRule("G", "a picture came")
    return next(rule for rule in RETRY_RULES if rule.is_match(error))


@dataclass
class RetryState:
    """The attempts of one call so far, and whether there may be another."""

    max_unknown_retries: int = 0  # from `--retry-unknown`
    outcome_counts: dict[str, int] = field(default_factory=dict)  # by outcome
    total_wait: float = 0.0  # seconds

    @property
    def attempt_count(self) -> int:
        """The number of finished attempts."""
        return sum(self.outcome_counts.values())

    def compute_delay(self, error: CometError | None, remaining: float = float("inf")) -> float | None:
        """Return the seconds until the next attempt, None if there is none within `remaining` seconds."""
        rule = classify(error)
        self.outcome_counts[rule.outcome] = self.outcome_counts.get(rule.outcome, 0) + 1
        max_retries = self.max_unknown_retries if rule.outcome == "U" else rule.max_retries
        if error is None or self.outcome_counts[rule.outcome] > max_retries:
            return None
        delay = self._randomize_delay(error.details.get("retry_after"))
        self.total_wait += delay
        return delay if self.total_wait <= MAX_TOTAL_WAIT and delay < remaining else None

    def _randomize_delay(self, retry_after: float | None) -> float:
        if retry_after is not None:
            return min(retry_after + random.uniform(0, JITTER), max(retry_after, MAX_TOTAL_WAIT))  # noqa: S311  # no secret
        backoff = min(INITIAL_BACKOFF * 2 ** (self.attempt_count - 1), MAX_BACKOFF)
        return float(backoff * random.uniform(0.5, 1.0))  # noqa: S311  # as above
