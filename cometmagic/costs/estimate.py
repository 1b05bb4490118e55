"""Estimated prices from the table of models, and warnings about limits that may cost money.

Prices change faster than any table, so an estimate carries the date of the table and never stops a request.
This module knows nothing about what the service charged.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cometmagic.gemini.response import Usage
from cometmagic.options import models
from cometmagic.options.declaration import Limits, Options

REFERENCE_TOKENS = 258  # measured for an input image on 2.x and 3 Pro
CHARACTERS_PER_TOKEN = 4
MAX_GENERATION_SECONDS = 180  # a 4K image with thoughts


@dataclass(frozen=True)
class Price:
    """The price of one call in dollars, None when the model's price is unknown."""

    usd: float | None
    basis: str = f"estimate, Google list price, {models.CHECK_DATE}"

    def __str__(self) -> str:
        return f"${self.usd:.3f} ({self.basis})" if self.usd is not None else "price unknown"

    def to_dict(self) -> dict[str, Any]:
        """Return the price as JSON values."""
        return asdict(self)


def find_limit_warnings(limits: Limits, price: Price) -> list[str]:
    """Return a warning for each limit that may cost money."""
    warnings = []
    if min(limits.idle_timeout, limits.total_timeout) < MAX_GENERATION_SECONDS:
        warnings.append(
            f"Models take up to {MAX_GENERATION_SECONDS} s; "
            "with a shorter limit you may pay for a picture you will not get."
        )
    if limits.retry_unknown:
        worst_case = f"${price.usd * (1 + limits.retry_unknown):.3f}" if price.usd is not None else "an unknown sum"
        warnings.append(f"--retry-unknown {limits.retry_unknown}: in the worst case this costs {worst_case}.")
    return warnings


def estimate_price(options: Options, prompt: str = "", reference_count: int = 0) -> Price:
    """Return the expected price of one call, before it is sent."""
    model = models.find_model(options.model)
    if model is None or not model.image_prices:
        return Price(None)
    generation = _coerce_object(options.extra.get("generationConfig"))
    size = _coerce_object(generation.get("imageConfig")).get("imageSize") or options.image_size or "1K"
    candidate_count = generation.get("candidateCount")
    image_price = model.image_prices.get(str(size), max(model.image_prices.values()))
    image_count = candidate_count if isinstance(candidate_count, int) and candidate_count > 1 else 1
    tokens = len(prompt) / CHARACTERS_PER_TOKEN + reference_count * REFERENCE_TOKENS
    return Price(round(image_price * image_count + tokens * model.text_input_price / 1e6, 6))


def _coerce_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def compute_price(model_name: str, usage: Usage) -> Price:
    """Return the price of a call from the tokens it used."""
    model = models.find_model(model_name)
    if model is None or not model.image_output_price or usage.answer is None:
        return Price(None)
    image_tokens = usage.image if usage.image is not None else usage.answer
    text_tokens = max(usage.answer - image_tokens, 0) + (usage.thoughts or 0)
    output = image_tokens * model.image_output_price + text_tokens * model.text_output_price
    return Price(round((output + (usage.prompt or 0) * model.text_input_price) / 1e6, 6))
