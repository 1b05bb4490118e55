"""The cost of calls: reserved in the ledger before sending, recorded there from the call's folder afterwards.

All amounts are estimates from list prices and the tokens that the service counted; only the service knows
what it charged. A try that may have been charged counts as charged.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from cometmagic.costs.call_price import read_estimate, read_price, read_token_price
from cometmagic.costs.ledger import Ledger
from cometmagic.costs.ledger_entries import MAX_MODEL_LENGTH, Outcome
from cometmagic.costs.max_cost import CallEstimate, check_max_cost
from cometmagic.errors import ChargeStatus
from cometmagic.options.declaration import Limits
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallRecord, CallState
from cometmagic.storage.fallback_storage import find_home
from cometmagic.storage.trust import check_trusted, is_trusted

_FREE_STATUSES = (ChargeStatus.UNSENT.name, ChargeStatus.REFUSED.name)


@contextmanager
def reserve_costs(root: Path, calls: Sequence[CallEstimate], limits: Limits, session: str) -> Iterator[list[str]]:
    """Reserve in a library's ledger what `calls` may cost, and yield an id for each; cancelled on failure.

    Raises `BudgetError` when their total may exceed the limits, and `LibraryError` when the library is not trusted.
    """
    check_max_cost(calls, limits)
    if calls:
        check_trusted(root)
    call_ids, ledger = [uuid.uuid4().hex for _ in calls], Ledger(root)
    if call_ids:
        ledger.reserve(
            {call_id: (call.options.model, call.price) for call_id, call in zip(call_ids, calls, strict=True)},
            tries=1 + limits.retry_unknown,
            session=session,
            session_cap=limits.session_cap,
            day_cap=limits.day_cap,
        )
    try:
        yield call_ids
    except BaseException:
        for call_id in call_ids:
            ledger.close(call_id, 0.0, Outcome.UNSENT)
        raise


def find_cap_warnings(root: Path, limits: Limits, session: str) -> list[str]:
    """Return a warning for each cap that does not count earlier calls, as the price of their models is not known."""
    scopes: list[tuple[str, float | None, dict[str, Any]]] = [
        ("session", limits.session_cap, {"session": session}),
        ("day", limits.day_cap, {"day": datetime.now().astimezone().date()}),
    ]
    counts = [
        (name, Ledger(root).sum_spending(**scope).unpriced_count) for name, cap, scope in scopes if cap is not None
    ]
    return [
        f"No price is known for {count} earlier call{'s' * (count > 1)}, so the limit for a {name} does not count "
        f"{'them' if count > 1 else 'it'}."
        for name, count in counts
        if count
    ]


def check_caps(folder: CallFolder, limits: Limits) -> None:
    """Raise `BudgetError` when what a call reserved does not fit the caps of `limits` any more.

    Also raises `LibraryError` when the ledger cannot be used. Without caps nothing is read.
    """
    if limits.session_cap is None and limits.day_cap is None:
        return
    call = folder.read()
    root = find_home(folder, call).parent
    if call.get("id") and is_trusted(root):
        Ledger(root).check_reservation(call["id"], session_cap=limits.session_cap, day_cap=limits.day_cap)


def record_cost(folder: CallFolder) -> None:
    """Record the outcome of a live call in its library's ledger, if the library is trusted."""
    call = folder.read()
    if call.get("source") != "live" or not call.get("id"):
        return
    root = find_home(folder, call).parent
    if is_trusted(root):
        ledger = Ledger(root)
        worst_case = (read_estimate(call).usd or 0.0) * (1 + call.get("limits", {}).get("retry_unknown", 0)) or None
        reservation: dict[str, Any] = {
            "session": call.get("session", ""),
            "model": call["model"][:MAX_MODEL_LENGTH],
            "worst": worst_case,
        }
        ledger.close(call["id"], *compute_outcome(call), **(reservation if call.get("session") else {}))


def compute_outcome(call: CallRecord) -> tuple[float | None, str]:
    """Return the dollars a call counts for, None for the worst case, and its outcome."""
    state, charge_status = call["state"], _read_charge_status(call)
    if state == CallState.PLANNED and not call.get("tries"):
        return 0.0, Outcome.UNSENT
    uncertain_count = _count_uncertain_attempts(call)
    uncertain_usd = uncertain_count * (read_estimate(call).usd or 0.0)
    if state == CallState.FAILED and charge_status in _FREE_STATUSES:
        is_unsent = not uncertain_count and charge_status == ChargeStatus.UNSENT.name
        return uncertain_usd, Outcome.UNSENT if is_unsent else Outcome.NO_IMAGE
    usd = read_price(call).usd if state == CallState.SETTLED else read_token_price(call).usd
    if state == CallState.SETTLED and usd is not None:
        return uncertain_usd + usd, Outcome.COMPLETED
    if state == CallState.FAILED and usd is not None:
        return uncertain_usd + usd, Outcome.NO_IMAGE  # an answer of text only, which costs too
    return None, Outcome.COMPLETED if state == CallState.SETTLED else Outcome.UNKNOWN


def compute_uncertain_cost(call: CallRecord) -> float:
    """Return the dollars that a call may have cost besides its picture: for an answer without one, or a lost answer."""
    if call.get("source") != "live":
        return 0.0
    usd, _ = compute_outcome(call)
    price = read_price(call).usd if call["state"] == CallState.SETTLED else 0.0
    if usd is None:
        usd = (1 + _count_uncertain_attempts(call)) * (read_estimate(call).usd or 0.0)
    return round(usd - (price or 0.0), 6)


def _count_uncertain_attempts(call: CallRecord) -> int:
    return sum(attempt["error"]["fate"] == ChargeStatus.UNKNOWN.name for attempt in call.get("tries", []))


def _read_charge_status(call: CallRecord) -> str:
    error = call.get("error")
    return error["fate"] if error else ""
