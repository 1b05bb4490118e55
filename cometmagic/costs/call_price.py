"""The price of an answered call, from its record.

Relays answer with token counts of zero, of the words only, or far above what the pictures that came can take, and a
limit on money that believed them would let every further picture through, or none. So counts that cannot be true are
neither used nor shown: the price before sending stands, and says so. This module knows neither the ledger nor the
service's words.
"""

from __future__ import annotations

from dataclasses import replace

from cometmagic.costs.estimate import Price, compute_price
from cometmagic.gemini.response import Usage
from cometmagic.options.models import CONTEXT_TOKENS, MIN_REFERENCE_TOKENS, OUTPUT_TOKENS, Model, find_model
from cometmagic.storage.call_record import CallRecord, FileRow, read_usage

IMPOSSIBLE_COUNTS = "the service's token counts cannot be true"
MAX_TOTAL_TOKENS = CONTEXT_TOKENS + 2 * OUTPUT_TOKENS
PICTURE_SLACK = 2  # how many times the tokens of the table a picture may take
ROUNDING = 1.01  # how far the rows of images may exceed the count of the answer that holds them


def read_price(call: CallRecord) -> Price:
    """Return the price of an answered call: from the tokens it used, otherwise the estimate made before sending.

    Without counts that can be true it is never less than the price of the pictures that came.
    """
    price, estimate, model = read_token_price(call), read_estimate(call), find_model(call["model"])
    if price.usd is not None or model is None:
        return price if model else estimate
    pictures_usd = sum(model.image_prices[size] for size in _list_picture_sizes(call, model)) * _read_price_ratio(call)
    usd = max(estimate.usd or 0.0, round(pictures_usd, 6))
    has_counts = read_usage(call) != Usage()
    return Price(usd or None, f"{estimate.basis}; {IMPOSSIBLE_COUNTS}" if has_counts else estimate.basis)


def read_token_price(call: CallRecord) -> Price:
    """Return the price of the tokens that a call used, unknown when their counts are missing or cannot be true."""
    model = find_model(call["model"])
    if model is None or not _has_possible_counts(call, model):
        return Price(None)
    usage = read_usage(call)
    if usage.image is None and usage.answer is not None:  # what the pictures cannot take are words
        usage = replace(usage, image=min(usage.answer, _compute_max_image_tokens(call, model)))
    return compute_price(call["model"], usage, _read_price_ratio(call))


def read_token_count(call: CallRecord) -> int | None:
    """Return how many tokens a call used in all, None when their counts are missing or cannot be true."""
    usage, model = read_usage(call), find_model(call["model"])
    is_impossible = call.get("source") == "live" and model is not None and not _has_possible_counts(call, model)
    if is_impossible or not usage.is_readable:
        return None
    answer, thoughts = _count_answer(usage), usage.thoughts or 0
    least = max((usage.prompt or 0) + answer, thoughts)  # some services leave the thoughts out of the total
    has_total = usage.total is not None and least <= usage.total <= MAX_TOTAL_TOKENS
    total = usage.total if has_total else (usage.prompt or 0) + answer + thoughts
    return total if total and total <= MAX_TOTAL_TOKENS else None


def read_estimate(call: CallRecord) -> Price:
    """Return the price that was estimated before a call was sent."""
    estimate = call.get("estimate")
    return Price(None) if estimate is None else Price(estimate["usd"], estimate["basis"])


def _has_possible_counts(call: CallRecord, model: Model) -> bool:
    """Whether the counts agree, fit what a model takes and puts out, and the pictures that came and that were sent."""
    usage, most = read_usage(call), _compute_max_image_tokens(call, model)
    prompt, answer, thoughts = usage.prompt or 0, _count_answer(usage), usage.thoughts or 0
    image_tokens = min(answer, most) if usage.image is None else usage.image
    return (
        usage.is_readable
        and max(prompt, answer, thoughts) > 0
        and MIN_REFERENCE_TOKENS * call.get("references", 0) <= prompt <= CONTEXT_TOKENS
        and sum(model.image_tokens[size] for size in _list_picture_sizes(call, model)) <= image_tokens <= most
        and image_tokens <= answer * ROUNDING
        and max(answer - image_tokens, thoughts) <= OUTPUT_TOKENS
    )


def _count_answer(usage: Usage) -> int:
    return (usage.image if usage.answer is None else usage.answer) or 0


def _compute_max_image_tokens(call: CallRecord, model: Model) -> int:
    """Return the most tokens that the pictures of a call can take; of one that was made and withheld if none came."""
    requested_tokens = model.image_tokens.get(str(call.get("options", {}).get("image_size")), 0)
    tokens = [
        max(model.image_tokens[model.classify_size(row.get("width"), row.get("height"))], requested_tokens)
        if row.get("width")
        else max(model.image_tokens.values())
        for row in _list_pictures(call)
    ]
    return PICTURE_SLACK * (sum(tokens) or max(model.image_tokens.values()))


def _list_picture_sizes(call: CallRecord, model: Model) -> list[str]:
    """Return the size of each picture that came, once for each content.

    Drafts among the thoughts are left out: the service counts the words of thoughts, and not always their pictures.
    """
    pictures = {row.get("sha256", row["name"]): row for row in _list_pictures(call) if row["role"] != "thought"}
    return [model.classify_size(row.get("width"), row.get("height")) for row in pictures.values()]


def _list_pictures(call: CallRecord) -> list[FileRow]:
    return [row for row in call.get("files", []) if row["mime_type"].startswith("image/")]


def _read_price_ratio(call: CallRecord) -> float:
    """Return the user's share of the list price when the call was made."""
    return call.get("limits", {}).get("price_ratio", 1.0)
