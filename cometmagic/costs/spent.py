"""What a library's live calls cost, as a few lines of text: this session, today, in all.

Estimates by list prices; what was charged only the service knows. This module changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cometmagic.costs.ledger import Ledger, Spending
from cometmagic.options.models import CHECKED
from cometmagic.storage.store import counted
from cometmagic.system.atomic_files import near


def statement(root: Path, session: str) -> str:
    """Return the sums of a library."""
    ledger, today = Ledger(root), datetime.now().astimezone().date()
    everything = ledger.spending()
    if not everything.calls:
        return f"No live call was made in {near(root)} yet, so nothing was spent."
    rows = {
        "this session": ledger.spending(session=session),
        "today": ledger.spending(day=today),
        "in all": everything,
    }
    head = f"Spent in {near(root)}, estimated by Google's list prices of {CHECKED}"
    return "\n".join([head, "", *(_line(name, spent) for name, spent in rows.items()), *_notes(everything)])


def _line(name: str, spent: Spending) -> str:
    return f"{name:<14}${spent.usd:>9,.3f}  {counted(spent.calls):>10}"


def _notes(spent: Spending) -> Iterator[str]:
    if spent.unsure or spent.unpriced:
        yield ""
    if spent.unsure:
        yield f"{spent.unsure} of unknown outcome: counted as if charged."
    if spent.unpriced:
        yield f"{spent.unpriced} by models whose price is not known: not in the sums."
