"""The lines of the ledger as entries, and sums of entries. This module reads and writes no file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from cometmagic.costs.estimate import Price

MAX_MODEL_LENGTH = 200  # characters
MAX_LINE_BYTES = 4096  # bytes of a line; a longer one is not from a ledger
MAX_USD = 1e9  # dollars; a larger amount is a mistake, and the sum of too many could not be computed


class Outcome(StrEnum):
    """How a call ended; the values are written to the ledger."""

    OPEN = "open"
    COMPLETED = "made"
    NO_IMAGE = "nothing"
    UNKNOWN = "unknown"
    UNSENT = "unsent"


@dataclass(frozen=True)
class LedgerEntry:
    """One call. `usd` is the amount it counts for, None when neither a price nor an amount is known."""

    call_id: str
    reservation_time: datetime
    session: str
    model: str
    usd: float | None
    outcome: Outcome  # OPEN while the call has not ended


@dataclass(frozen=True)
class Spending:
    """What some calls cost; calls that were never sent are not included."""

    usd: float
    call_count: int
    uncertain_count: int  # not ended, or ended with an unknown outcome: in `usd` at their worst case
    unpriced_count: int  # of unknown cost: not in `usd`


def build_reservation(call_id: str, model: str, price: Price, tries: int) -> dict[str, Any]:
    """Return the fields of a reservation; its worst case is the price of all tries."""
    usd = parse_usd(price.usd)
    return {"call": call_id, "model": model[:MAX_MODEL_LENGTH], "worst": None if usd is None else usd * tries}


def parse_entries(content: bytes) -> Iterator[LedgerEntry]:
    """Yield the calls in a ledger's content; a later line of a call overrides the earlier ones."""
    rows: dict[str, dict[str, Any]] = {}
    for row in map(parse_row, content.split(b"\n")):
        if row is not None:
            rows[row["call"]] = rows.get(row["call"], {}) | row
    yield from (entry for row in rows.values() if (entry := build_entry(row)) is not None)


def parse_row(line: bytes) -> dict[str, Any] | None:
    """Return a line's JSON object, or None when the line is incomplete or not from a ledger."""
    if not line.startswith(b"{") or len(line) > MAX_LINE_BYTES:
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and isinstance(row.get("call"), str) else None


def build_entry(row: dict[str, Any]) -> LedgerEntry | None:
    """Return the entry for a call's merged lines, or None when they hold no valid time."""
    try:
        reservation_time = datetime.fromisoformat(row.get("at") or row["ended"]).astimezone()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    outcome = Outcome(row["outcome"]) if row.get("outcome") in list(Outcome) else Outcome.UNKNOWN
    usd, worst_case = parse_usd(row.get("usd")), parse_usd(row.get("worst"))
    if outcome is Outcome.UNSENT:
        usd = 0.0
    elif usd is None or outcome in (Outcome.OPEN, Outcome.UNKNOWN):
        usd = worst_case
    return LedgerEntry(
        row["call"], reservation_time, str(row.get("session", "")), str(row.get("model", "")), usd, outcome
    )


def sum_entries(entries: Iterable[LedgerEntry], session: str | None, day: date | None) -> Spending:
    """Return what calls cost in total: all of them, or those of a session, a day or both."""
    charged_entries = [
        entry
        for entry in entries
        if entry.outcome is not Outcome.UNSENT
        and session in (None, entry.session)
        and day in (None, entry.reservation_time.date())
    ]
    amounts = [entry.usd for entry in charged_entries if entry.usd is not None]
    uncertain_count = sum(entry.outcome in (Outcome.OPEN, Outcome.UNKNOWN) for entry in charged_entries)
    return Spending(math.fsum(amounts), len(charged_entries), uncertain_count, len(charged_entries) - len(amounts))


def parse_usd(value: Any) -> float | None:
    """Return an amount that can be added up, or None: NaN would pass every limit, and nothing costs less than 0."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= MAX_USD else None
