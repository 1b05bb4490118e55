"""Estimated prices from the table of models, and warnings about what may cost more.

Prices change faster than any table, so an estimate carries the date of the table and never stops a request.
This module knows nothing about what the service charged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cometmagic.gemini.billed_settings import read_billed_settings
from cometmagic.gemini.response import Usage
from cometmagic.options import models
from cometmagic.options.declaration import Limits, Options

BYTES_PER_TOKEN = 4  # of text in UTF-8; more or less, in every script
MAX_GENERATION_SECONDS = 180  # a 4K image with thoughts
SEARCH_PRICE = 14  # dollars for 1,000 queries at Google


def format_basis(price_ratio: float = 1.0, origin: str = "estimate") -> str:
    """Return what a price is based on; `price_ratio` is the user's share of the list price."""
    ratio = "" if price_ratio == 1 else f" × {price_ratio:g}"
    return f"{origin}, Google list price{ratio}, {models.CHECK_DATE}"


@dataclass(frozen=True)
class Price:
    """The price of one call in dollars, None when the model's price is unknown.

    `basis` says what it is based on, in clauses that a semicolon separates.
    """

    usd: float | None
    basis: str = format_basis()

    def __str__(self) -> str:
        return f"${self.usd:.3f} ({self.basis})" if self.usd is not None else "price unknown"

    def to_dict(self) -> dict[str, Any]:
        """Return the price as JSON values."""
        return asdict(self)


def sum_prices(prices: Iterable[Price]) -> Price:
    """Return the total of some prices and what they are based on; unknown when any of them is unknown."""
    prices = list(prices)
    amounts = [price.usd for price in prices if price.usd is not None]
    if len(amounts) < len(prices):
        return Price(None)
    clauses = dict.fromkeys(clause for price in prices if price.usd for clause in price.basis.split("; "))
    return Price(round(math.fsum(amounts), 6), "; ".join(clauses) or format_basis())


def find_limit_warnings(limits: Limits, prices: Sequence[Price]) -> list[str]:
    """Return a warning for each limit that may cost money; `prices` are those of all calls that are sent together."""
    warnings = []
    if min(limits.idle_timeout, limits.total_timeout) < MAX_GENERATION_SECONDS:
        warnings.append(
            f"Models take up to {MAX_GENERATION_SECONDS} s; "
            "with a shorter limit you may pay for a picture you will not get."
        )
    if limits.retry_unknown:
        usd, count = sum_prices(prices).usd, len(prices)
        subject = "this costs" if count == 1 else f"the {count} pictures together cost"
        worst_case = "an unknown sum" if usd is None else f"${usd * (1 + limits.retry_unknown):.3f}"
        warnings.append(f"--retry-unknown {limits.retry_unknown}: in the worst case {subject} {worst_case}.")
    return warnings


def find_price_warnings(options: Options) -> list[str]:
    """Return a warning for each option whose price is not in the estimate."""
    settings, warnings = read_billed_settings(options), []
    if settings.has_search:  # how many queries it makes is up to the model, and some are free
        warnings.append(f"Searches cost extra: ${SEARCH_PRICE} per 1,000 queries at Google, not in the estimate.")
    if settings.service_tier:
        warnings.append(f"serviceTier {settings.service_tier}: the price differs from the estimate.")
    return warnings


def estimate_price(options: Options, text: str = "", reference_count: int = 0, price_ratio: float = 1.0) -> Price:
    """Return the expected price of one call, before it is sent.

    `text` is that of all turns, and `reference_count` the number of all images that are sent, those of earlier turns
    included. `price_ratio` is the user's share of the list price.
    """
    model = models.find_model(options.model)
    if model is None or not model.image_prices:
        return Price(None)
    settings = read_billed_settings(options)
    image_price = model.image_prices.get(settings.image_size, max(model.image_prices.values()))
    byte_count = sum(len(part.encode(errors="replace")) for part in (text, *settings.system_texts))
    tokens = byte_count / BYTES_PER_TOKEN + reference_count * model.reference_tokens
    usd = image_price * settings.candidate_count + tokens * model.text_input_price / 1e6
    return Price(round(usd * price_ratio, 6), format_basis(price_ratio))


def compute_price(model_name: str, usage: Usage, price_ratio: float = 1.0) -> Price:
    """Return the price of a call from the tokens it used, whatever they are."""
    model, answer_tokens = models.find_model(model_name), usage.image if usage.answer is None else usage.answer
    if model is None or not model.image_output_price or answer_tokens is None:
        return Price(None)
    image_tokens = usage.image if usage.image is not None else answer_tokens
    text_tokens = max(answer_tokens - image_tokens, 0) + (usage.thoughts or 0)
    output = image_tokens * model.image_output_price + text_tokens * model.text_output_price
    usd = (output + (usage.prompt or 0) * model.text_input_price) / 1e6
    return Price(round(usd * price_ratio, 6), format_basis(price_ratio, "from the tokens used"))
