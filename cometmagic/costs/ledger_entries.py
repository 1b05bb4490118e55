"""What the lines of the ledger say, and their sums. This module reads no file."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from cometmagic.costs.estimate import Price

MAX_MODEL_LENGTH = 200  # letters of a model's name


class Outcome(StrEnum):
    """How a call ended for the ledger; the words stand in its file."""

    OPEN = "open"
    COMPLETED = "made"
    NO_IMAGE = "nothing"
    UNKNOWN = "unknown"
    UNSENT = "unsent"


@dataclass(frozen=True)
class LedgerEntry:
    """One call. `usd` is what it counts for, None when neither a price nor an amount is known."""

    call_id: str
    reservation_time: datetime  # when it was reserved
    session: str
    model: str
    usd: float | None
    outcome: Outcome  # "open" while it has not ended


@dataclass(frozen=True)
class Spending:
    """What some calls cost; calls that never left are not among them."""

    usd: float
    call_count: int
    uncertain_count: int  # reserved and not ended, or ended with an unknown outcome: in `usd` at their worst case
    unpriced_count: int  # not in `usd`, because nobody knows what they cost


def build_reservation(call_id: str, model: str, price: Price, tries: int) -> dict[str, Any]:
    """Return the fields of a reservation; its worst case is the price of all tries together."""
    each = parse_usd(price.usd)
    return {"call": call_id, "model": model[:MAX_MODEL_LENGTH], "worst": None if each is None else each * tries}


def parse_entries(content: bytes) -> Iterator[LedgerEntry]:
    """Yield the calls that a ledger's lines are about, each as its last lines have it."""
    calls: dict[str, dict[str, Any]] = {}
    for row in map(parse_row, content.split(b"\n")):
        if row is not None:
            calls[row["call"]] = calls.get(row["call"], {}) | row
    yield from (entry for row in calls.values() if (entry := build_entry(row)) is not None)


def parse_row(line: bytes) -> dict[str, Any] | None:
    """Return a line's object; None for torn lines and foreign ones."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and isinstance(row.get("call"), str) else None


def build_entry(row: dict[str, Any]) -> LedgerEntry | None:
    """Return the call that its lines, laid over each other, tell of; None when they tell no time."""
    try:
        at = datetime.fromisoformat(row.get("at") or row["ended"]).astimezone()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    outcome = Outcome(row["outcome"]) if row.get("outcome") in list(Outcome) else Outcome.UNKNOWN
    usd, worst = parse_usd(row.get("usd")), parse_usd(row.get("worst"))
    if outcome is Outcome.UNSENT:
        usd = 0.0
    elif usd is None or outcome in (Outcome.OPEN, Outcome.UNKNOWN):
        usd = worst
    return LedgerEntry(row["call"], at, str(row.get("session", "")), str(row.get("model", "")), usd, outcome)


def sum_entries(entries: Iterable[LedgerEntry], session: str | None, day: date | None) -> Spending:
    """Return what calls cost together: all of them, or those of a session or a day."""
    sent = [
        entry
        for entry in entries
        if entry.outcome is not Outcome.UNSENT
        and session in (None, entry.session)
        and day in (None, entry.reservation_time.date())
    ]
    priced = [entry.usd for entry in sent if entry.usd is not None]
    unsure = sum(entry.outcome in (Outcome.OPEN, Outcome.UNKNOWN) for entry in sent)
    return Spending(math.fsum(priced), len(sent), unsure, len(sent) - len(priced))


def parse_usd(value: Any) -> float | None:
    """Return dollars that can be added up, else None: no NaN, which is above no limit, and nothing below zero."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= sys.float_info.max else None
