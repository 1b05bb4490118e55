"""What may be sent again, and when: a table that reads from top to bottom, the first row that fits decides.

Four classes: S, not processed, is tried again; U, unknown, may have been charged and is not, unless the
user says so; F, final, would fail again; G, got it, has its picture. A POST is repeated only where it is
proven that the first never ran, because every picture costs money. Nothing here sends or sleeps.

Sources: RFC 9110 §9.2.2 and §10.2.3, Google's error details, Cloudflare's 5xx pages, CometAPI's error page.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from cometmagic.errors import CometError, Fate

LONGEST = 120.0  # seconds all waits of a call may take together; a service that asks for more is told to the user
FIRST = 2.0  # seconds, the first wait when none is asked for; each further one is twice as long, up to
LAST = 30.0
JITTER = 1.0  # seconds at most on top of a wait that was asked for: thirty students should not come back at once


@dataclass(frozen=True)
class Row:
    """Evidence, and the class it stands for; an empty field fits everything."""

    kind: str
    evidence: str
    again: int = 0
    fates: tuple[Fate, ...] = ()
    reasons: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()

    def fits(self, error: CometError) -> bool:
        """Whether an error is such evidence."""
        facts = error.facts
        return (
            (not self.fates or error.fate in self.fates)
            and (not self.reasons or facts.get("reason") in self.reasons)
            and (not self.statuses or facts.get("status") in self.statuses)
            and (not self.codes or str(facts.get("code", "")).lower() in self.codes)
        )


REFUSED_WHATEVER_THE_STATUS = (
    "invalid_request", "convert_request_failed", "model_not_found", "insufficient_user_quota"
)  # fmt: skip

ANSWERED = "answered"
TABLE = (
    Row("U", "the request may have been processed", fates=(Fate.UNKNOWN,)),
    Row("F", "the service answered, without a picture", reasons=(ANSWERED,)),
    Row("F", "the request itself is refused", codes=REFUSED_WHATEVER_THE_STATUS),
    Row("F", "the quota of a day or the balance is used up", reasons=("used up",)),
    Row("S", "too many requests for the moment", again=3, statuses=(429,)),
    Row("S", "the service has no room", again=3, statuses=(503,)),  # one that does not say so is U already
    Row("S", "Cloudflare could not reach the service", again=3, statuses=(521, 523, 525, 526)),
    Row("S", "no connection was made", again=3, reasons=("connection",)),
    Row("S", "the name was not found, or no TLS was spoken", again=1, reasons=("name", "tls")),
    Row("F", "anything else"),
)
CROWDED = (429, 503)  # what closes the gate for all calls


def classify(error: CometError | None) -> Row:
    """Return the row of the table for an error; no error is a picture."""
    return Row("G", "a picture came") if error is None else next(row for row in TABLE if row.fits(error))


@dataclass
class Tries:
    """The tries of one call: how many there were, how long it waited, and whether there is another."""

    unknown_again: int = 0  # what `--retry-unknown` says
    made: dict[str, int] = field(default_factory=dict)  # by class
    waited: float = 0.0

    @property
    def number(self) -> int:
        """How many tries have ended."""
        return sum(self.made.values())

    def pause(self, error: CometError | None, left: float = float("inf")) -> float | None:
        """Return the seconds to wait before the next try, None when there is none; `left` are all that are left."""
        row = classify(error)
        self.made[row.kind] = self.made.get(row.kind, 0) + 1
        again = self.unknown_again if row.kind == "U" else row.again
        if error is None or self.made[row.kind] > again:
            return None
        pause = self._wait(error.facts.get("retry_after"))
        self.waited += pause
        return pause if self.waited <= LONGEST and pause < left else None

    def _wait(self, asked: float | None) -> float:
        if asked is not None:
            return min(asked + random.uniform(0, JITTER), max(asked, LONGEST))  # noqa: S311  # to spread only
        backoff = min(FIRST * 2 ** (self.number - 1), LAST)
        return float(backoff * random.uniform(0.5, 1.0))  # noqa: S311  # as above
