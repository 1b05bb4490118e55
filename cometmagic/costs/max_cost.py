"""The limit `--max-cost`: whether calls may cost more together, and what would make them cheaper.

It is checked from estimates alone, so this module knows no ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cometmagic.costs.budget_errors import format_amounts
from cometmagic.costs.estimate import Price, sum_prices
from cometmagic.errors import BudgetError
from cometmagic.gemini.billed_settings import read_billed_settings
from cometmagic.options.declaration import Limits, Options
from cometmagic.options.models import find_model


@dataclass(frozen=True)
class CallEstimate:
    """What one call may cost before it is sent, and what decides that."""

    options: Options
    reference_count: int  # of all images that are sent, those of earlier turns included
    price: Price


def check_max_cost(calls: Sequence[CallEstimate], limits: Limits) -> None:
    """Raise `BudgetError` when all tries of the calls together may cost more than `limits.max_cost`."""
    max_cost, tries = limits.max_cost, 1 + limits.retry_unknown
    if max_cost is None or not calls:
        return
    total = sum_prices(call.price for call in calls)
    if total.usd is None:
        raise BudgetError("The price of this model is not known, so --max-cost cannot be kept.", advice="Leave it out.")
    if total.usd * tries > max_cost:
        factor = f"{tries} × " if tries > 1 else ""
        usd, limit = format_amounts(total.usd, max_cost)
        saving = _find_saving(calls, total.usd, limits, max_cost)
        advice = f"{saving}, or raise --max-cost." if saving else "Raise --max-cost."
        raise BudgetError(f"This may cost {factor}{usd}, which is above --max-cost {limit}.", advice=advice)


def _find_saving(calls: Sequence[CallEstimate], usd: float, limits: Limits, max_cost: float) -> str:
    """Return what would make the calls cheaper, the nearest thing first; empty when nothing is known."""
    if limits.retry_unknown and usd <= max_cost:
        return "Leave out --retry-unknown"
    if len(calls) > 1:
        return f"Ask for fewer than {len(calls)} pictures"
    model, size = find_model(calls[0].options.model), read_billed_settings(calls[0].options).image_size
    if model is None:
        return ""
    reference_usd = calls[0].reference_count * model.reference_tokens * model.text_input_price / 1e6
    if reference_usd and usd - reference_usd * limits.price_ratio <= max_cost:
        return "Send fewer reference images"
    size_price = model.image_prices.get(size, max(model.image_prices.values()))
    return "Choose a smaller --image-size" if min(model.image_prices.values()) < size_price else ""
