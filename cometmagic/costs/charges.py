"""What a call may cost, what it did cost by what its folder says, and the lines about that in the ledger.

It is an estimate by list prices and the tokens the service counted; what was really charged only the
service knows. Where it is not known whether a try was charged, it counts as if it was.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cometmagic.costs.estimate import Price, compute_price
from cometmagic.costs.ledger import Ledger
from cometmagic.costs.ledger_entries import MAX_MODEL_LENGTH, Outcome
from cometmagic.errors import BudgetError, ChargeStatus
from cometmagic.gemini.response import Usage
from cometmagic.options.declaration import Limits
from cometmagic.storage.call_folder import CallFolder, CallState

_FREE_STATUSES = (ChargeStatus.UNSENT.name, ChargeStatus.REFUSED.name)


def read_price(call: dict[str, Any]) -> Price:
    """Return the price of a call that was answered: by the tokens it used, else the estimate made before."""
    used = compute_price(call["model"], Usage(**call.get("usage", {})))
    return used if used.usd is not None else Price(**call["estimate"])


@contextmanager
def reserve_costs(root: Path, calls: Sequence[tuple[str, Price]], limits: Limits, session: str) -> Iterator[list[str]]:
    """Reserve in the ledger of a library what calls may cost, and give each a name; undone on failure.

    `wanted` is (model, estimate) of each call. Raises `BudgetError` when they may cost more together than the
    limits allow.
    """
    tries = 1 + limits.retry_unknown
    check_max_cost([estimate for _, estimate in calls], tries, limits.max_cost)
    names, ledger = [uuid.uuid4().hex for _ in calls], Ledger(root)
    if names:
        ledger.reserve_batch(
            dict(zip(names, calls, strict=True)),
            tries=tries,
            session=session,
            session_cap=limits.session_cap,
            day_cap=limits.day_cap,
        )
    try:
        yield names
    except BaseException:
        for name in names:
            ledger.close(name, 0.0, Outcome.UNSENT)
        raise


def sum_prices(estimates: Iterable[Price]) -> Price:
    """Return what some calls should cost together; unknown when one of them is."""
    dollars = [estimate.usd for estimate in estimates]
    known = [usd for usd in dollars if usd is not None]
    return Price(round(math.fsum(known), 6) if len(known) == len(dollars) else None)


def check_max_cost(estimates: Sequence[Price], tries: int, max_cost: float | None) -> None:
    """Raise `BudgetError` when so many tries of each at these prices may cost more than `most` together."""
    if max_cost is None or not estimates:
        return
    together, number = sum_prices(estimates), len(estimates)
    if together.usd is None:
        raise BudgetError("The price of this model is not known, so --max-cost cannot be kept.", advice="Leave it out.")
    if together.usd * tries > max_cost:
        times = f"{tries} × " if tries > 1 else ""
        what = f"This may cost {times}${together.usd:.3f}, which is above --max-cost ${max_cost:g}"
        less = f"Ask for fewer than {number} pictures" if number > 1 else "Choose a smaller --image-size"
        raise BudgetError(what, advice=f"{less}, or raise --max-cost.")


def record_cost(folder: CallFolder) -> None:
    """Write the end of a live call into the ledger of its library."""
    call = folder.read()
    if call.get("source") == "live" and call.get("id"):
        ledger = Ledger(Path(call.get("home") or folder.path).parent)
        worst = (call["estimate"]["usd"] or 0.0) * (1 + call.get("limits", {}).get("retry_unknown", 0)) or None
        said = {"session": call.get("session", ""), "model": call["model"][:MAX_MODEL_LENGTH], "worst": worst}
        ledger.close(call["id"], *compute_outcome(call), **(said if call.get("session") else {}))


def compute_outcome(call: dict[str, Any]) -> tuple[float | None, str]:
    """Return the dollars of a call, None for the worst case, and the ledger's word for its end."""
    state, fate = call["state"], (call.get("error") or {}).get("fate")
    if state == CallState.PLANNED and not call.get("tries"):
        return 0.0, Outcome.UNSENT
    doubtful = sum(one["error"]["fate"] == ChargeStatus.UNKNOWN.name for one in call.get("tries", []))
    before = doubtful * (call["estimate"]["usd"] or 0.0)
    if state == CallState.FAILED and fate in _FREE_STATUSES:
        return (
            (before, Outcome.NO_IMAGE)
            if doubtful
            else (0.0, Outcome.UNSENT if fate == ChargeStatus.UNSENT.name else Outcome.NO_IMAGE)
        )
    used = read_price(call).usd
    if state == CallState.SETTLED and used is not None:
        return before + used, Outcome.COMPLETED
    if state == CallState.FAILED and call.get("usage", {}).get("answer") is not None and used is not None:
        return before + used, Outcome.NO_IMAGE  # it answered in words, which cost as well
    return None, Outcome.COMPLETED if state == CallState.SETTLED else Outcome.UNKNOWN
