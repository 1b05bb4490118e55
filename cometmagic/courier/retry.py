"""What may be sent again, and when: a table that reads from top to bottom, the first row that fits decides.

Four classes: S, not processed, is tried again; U, unknown, may have been charged and is not, unless the
user says so; F, final, would fail again; G, got it, has its picture. A POST is repeated only where it is
proven that the first never ran, because every picture costs money. Nothing here sends or sleeps.

Sources: RFC 9110 §9.2.2 and §10.2.3, Google's error details, Cloudflare's 5xx pages, CometAPI's error page.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from cometmagic.errors import ChargeStatus, CometError

MAX_TOTAL_WAIT = (
    120.0  # seconds all waits of a call may take together; a service that asks for more is told to the user
)
INITIAL_BACKOFF = 2.0  # seconds, the first wait when none is asked for; each further one is twice as long, up to
MAX_BACKOFF = 30.0
JITTER = 1.0  # seconds at most on top of a wait that was asked for: thirty students should not come back at once


@dataclass(frozen=True)
class RetryRule:
    """Evidence, and the class it stands for; an empty field fits everything."""

    outcome: str
    evidence: str
    max_retries: int = 0
    charge_statuses: tuple[ChargeStatus, ...] = ()
    reasons: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()

    def is_match(self, error: CometError) -> bool:
        """Whether an error is such evidence."""
        facts = error.details
        return (
            (not self.charge_statuses or error.charge_status in self.charge_statuses)
            and (not self.reasons or facts.get("reason") in self.reasons)
            and (not self.statuses or facts.get("status") in self.statuses)
            and (not self.codes or str(facts.get("code", "")).lower() in self.codes)
        )


FINAL_ERROR_CODES = (
    "invalid_request", "convert_request_failed", "model_not_found", "insufficient_user_quota"
)  # fmt: skip

ANSWERED_REASON = "answered"
RETRY_RULES = (
    RetryRule("U", "the request may have been processed", charge_statuses=(ChargeStatus.UNKNOWN,)),
    RetryRule("F", "the service answered, without a picture", reasons=(ANSWERED_REASON,)),
    RetryRule("F", "the request itself is refused", codes=FINAL_ERROR_CODES),
    RetryRule("F", "the quota of a day or the balance is used up", reasons=("used up",)),
    RetryRule("S", "too many requests for the moment", max_retries=3, statuses=(429,)),
    RetryRule("S", "the service has no room", max_retries=3, statuses=(503,)),  # one that does not say so is U already
    RetryRule("S", "Cloudflare could not reach the service", max_retries=3, statuses=(521, 523, 525, 526)),
    RetryRule("S", "no connection was made", max_retries=3, reasons=("connection",)),
    RetryRule("S", "the name was not found, or no TLS was spoken", max_retries=1, reasons=("name", "tls")),
    RetryRule("F", "anything else"),
)
THROTTLE_STATUSES = (429, 503)  # what closes the gate for all calls


def classify(error: CometError | None) -> RetryRule:
    """Return the row of the table for an error; no error is a picture."""
    return (
        RetryRule("G", "a picture came") if error is None else next(row for row in RETRY_RULES if row.is_match(error))
    )


@dataclass
class RetryState:
    """The tries of one call: how many there were, how long it waited, and whether there is another."""

    max_unknown_retries: int = 0  # what `--retry-unknown` says
    outcome_counts: dict[str, int] = field(default_factory=dict)  # by class
    total_wait: float = 0.0

    @property
    def attempt_count(self) -> int:
        """How many tries have ended."""
        return sum(self.outcome_counts.values())

    def compute_delay(self, error: CometError | None, remaining: float = float("inf")) -> float | None:
        """Return the seconds to wait before the next try, None when there is none; `left` are all that are left."""
        row = classify(error)
        self.outcome_counts[row.outcome] = self.outcome_counts.get(row.outcome, 0) + 1
        again = self.max_unknown_retries if row.outcome == "U" else row.max_retries
        if error is None or self.outcome_counts[row.outcome] > again:
            return None
        pause = self._randomize_delay(error.details.get("retry_after"))
        self.total_wait += pause
        return pause if self.total_wait <= MAX_TOTAL_WAIT and pause < remaining else None

    def _randomize_delay(self, retry_after: float | None) -> float:
        if retry_after is not None:
            return min(retry_after + random.uniform(0, JITTER), max(retry_after, MAX_TOTAL_WAIT))  # noqa: S311  # to spread only
        backoff = min(INITIAL_BACKOFF * 2 ** (self.attempt_count - 1), MAX_BACKOFF)
        return float(backoff * random.uniform(0.5, 1.0))  # noqa: S311  # as above
