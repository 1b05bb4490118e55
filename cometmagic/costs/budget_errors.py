"""The errors of limits on money: what would be spent, what was spent, and what to do. This module reads no ledger."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cometmagic.errors import BudgetError, ChargeStatus

MAX_DECIMALS = 6  # of an amount of dollars
_SPENT_LABELS = {"session": "in this session", "day": "today in this library"}  # by the scope of a cap
_CAP_ADVICE = "Raise the limit, or see with %gemini_library spend what it went to."


def check_prices(rows: list[dict[str, Any]]) -> None:
    """Raise `BudgetError` when a reservation has no price."""
    unpriced_model = next((row["model"] for row in rows if row["worst"] is None), None)
    if unpriced_model is not None:
        message = f"The price of {unpriced_model} is not known, so a limit of money cannot be kept."
        raise _build(message, "Choose a model that is listed, or lift the limit.")


def build_excess_error(rows: list[dict[str, Any]], spent_usd: float, scope: str, cap: float) -> BudgetError:
    """Return the error for reservations in `rows` that would exceed the cap of a `scope`, "session" or "day"."""
    subject, tries = "this" if len(rows) == 1 else f"the {len(rows)} pictures together", rows[0]["tries"]
    clause = f"{subject.capitalize()} would be" if tries == 1 else f"With {tries} tries {subject} could be"
    usd, spent, limit = format_amounts(math.fsum(row["worst"] for row in rows), spent_usd, cap)
    return _build(f"{clause} {usd} on top of {spent} {_describe_limit(scope, limit)}", _CAP_ADVICE)


def build_late_error(total_usd: float, scope: str, cap: float) -> BudgetError:
    """Return the error for a call that fitted when it was reserved, and does not any more."""
    total, limit = format_amounts(total_usd, cap)
    message = "Not sent: the calls before it cost more than estimated, and together with it that is"
    return _build(f"{message} {total} {_describe_limit(scope, limit)}", _CAP_ADVICE)


def build_busy_error(lock_path: Path) -> BudgetError:
    """Return the error for a ledger whose lock stays taken."""
    message = f"The limit of money cannot be checked: another notebook keeps hold of {lock_path}."
    return _build(message, "Try again, or lift the limit.")


def build_unlocked_error(root: Path) -> BudgetError:
    """Return the error for a library on a disk without locks."""
    message = f"The limit of money cannot be kept: the disk of {root} has no locks."
    return _build(message, "Set COMETMAGIC_LIBRARY to a folder on a local disk, or lift the limit.")


def _describe_limit(scope: str, limit: str) -> str:
    return f"spent {_SPENT_LABELS[scope]}; the limit for a {scope} is {limit}."


def _build(message: str, advice: str) -> BudgetError:
    return BudgetError(message, advice=advice, charge_status=ChargeStatus.UNSENT)


def format_amounts(*amounts: float) -> list[str]:
    """Return amounts of dollars, a limit last, with the same number of decimals: at least three.

    There are more of them where the limit has more, where two amounts would look alike, or one would look like nothing.
    """
    decimals = next((count for count in range(3, MAX_DECIMALS) if _is_precise(amounts, count)), MAX_DECIMALS)
    return [f"${usd:.{decimals}f}" for usd in amounts]


def _is_precise(amounts: Sequence[float], decimals: int) -> bool:
    exact, rounded = ([round(usd, count) for usd in amounts] for count in (MAX_DECIMALS, decimals))
    has_same_zeros = all(bool(after) == bool(before) for before, after in zip(exact, rounded, strict=True))
    return rounded[-1] == exact[-1] and len(set(rounded)) == len(set(exact)) and has_same_zeros
