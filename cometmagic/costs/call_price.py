"""The price of an answered call, from its record.

Relays answer with token counts of zero, or of the words only, and a limit on money that believed them would let every
further picture through. So counts that cannot be true are not used: the price before sending stands, and says so. This
module knows neither the ledger nor the service's words.
"""

from __future__ import annotations

from cometmagic.costs.estimate import Price, compute_price
from cometmagic.options.models import CONTEXT_TOKENS, MIN_REFERENCE_TOKENS, Model, find_model
from cometmagic.storage.call_record import CallRecord, read_usage

IMPOSSIBLE_COUNTS = "the service's token counts cannot be true"


def read_price(call: CallRecord) -> Price:
    """Return the price of an answered call: from the tokens it used, otherwise the estimate made before sending.

    Without counts that can be true it is never less than the price of the pictures that came.
    """
    price, estimate, model = read_token_price(call), read_estimate(call), find_model(call["model"])
    if price.usd is not None or model is None:
        return price if model else estimate
    pictures_usd = sum(model.image_prices[size] for size in _list_picture_sizes(call, model)) * _read_price_ratio(call)
    usd = max(estimate.usd or 0.0, round(pictures_usd, 6))
    has_counts = any(count is not None for count in call.get("usage", {}).values())
    return Price(usd or None, f"{estimate.basis}; {IMPOSSIBLE_COUNTS}" if has_counts else estimate.basis)


def read_token_price(call: CallRecord) -> Price:
    """Return the price of the tokens that a call used, unknown when their counts are missing or cannot be true."""
    model = find_model(call["model"])
    if model is None or not _has_possible_counts(call, model):
        return Price(None)
    return compute_price(call["model"], read_usage(call), _read_price_ratio(call))


def read_estimate(call: CallRecord) -> Price:
    """Return the price that was estimated before a call was sent."""
    estimate = call.get("estimate")
    return Price(None) if estimate is None else Price(estimate["usd"], estimate["basis"])


def _has_possible_counts(call: CallRecord, model: Model) -> bool:
    """Whether the counts fit a window, and are enough for the pictures that came and for those that were sent."""
    usage = read_usage(call)
    prompt, answer, thoughts = usage.prompt or 0, max(usage.answer or 0, usage.image or 0), usage.thoughts or 0
    image_tokens = answer if usage.image is None else usage.image
    return (
        0 < max(prompt, answer, thoughts) <= CONTEXT_TOKENS
        and image_tokens >= sum(model.image_tokens[size] for size in _list_picture_sizes(call, model))
        and prompt >= MIN_REFERENCE_TOKENS * call.get("references", 0)
    )


def _list_picture_sizes(call: CallRecord, model: Model) -> list[str]:
    """Return the size of each picture that came, once for each content.

    Drafts among the thoughts are left out: the service counts the words of thoughts, and not always their pictures.
    """
    rows = [row for row in call.get("files", []) if row["role"] != "thought" and row["mime_type"].startswith("image/")]
    pictures = {row.get("sha256", row["name"]): row for row in rows}
    return [model.classify_size(row.get("width"), row.get("height")) for row in pictures.values()]


def _read_price_ratio(call: CallRecord) -> float:
    """Return the user's share of the list price when the call was made."""
    return call.get("limits", {}).get("price_ratio", 1.0)
