"""What a library's live calls cost, as text: this session, today and in total.

The amounts are estimates from list prices; only the service knows what it charged. This module only reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cometmagic.costs.ledger import Ledger
from cometmagic.costs.ledger_entries import Spending
from cometmagic.options.models import CHECK_DATE
from cometmagic.storage.library import format_call_count
from cometmagic.storage.trust import describe_untrusted, is_trusted
from cometmagic.system.formatting import format_path


def format_spending(root: Path, session: str) -> str:
    """Return a table of what was spent in a library, with notes on uncertain amounts."""
    if not is_trusted(root):
        return describe_untrusted(root)
    ledger, today = Ledger(root), datetime.now().astimezone().date()
    total = ledger.sum_spending()
    if not total.call_count:
        return f"No live call was made in {format_path(root)} yet, so nothing was spent."
    spending_by_period = {
        "this session": ledger.sum_spending(session=session),
        "today": ledger.sum_spending(day=today),
        "in all": total,
    }
    heading = f"Spent in {format_path(root)}, estimated by Google's list prices of {CHECK_DATE}, times the price ratio"
    return "\n".join(
        [
            heading,
            "",
            *(_format_row(label, spending) for label, spending in spending_by_period.items()),
            *_format_notes(total),
        ]
    )


def _format_row(label: str, spending: Spending) -> str:
    return f"{label:<14}${spending.usd:>9,.3f}  {format_call_count(spending.call_count):>10}"


def _format_notes(spending: Spending) -> Iterator[str]:
    if spending.uncertain_count or spending.unpriced_count:
        yield ""
    if spending.uncertain_count:
        yield f"{spending.uncertain_count} of unknown outcome: counted as if charged."
    if spending.unpriced_count:
        yield f"{spending.unpriced_count} by models whose price is not known: not in the sums."
