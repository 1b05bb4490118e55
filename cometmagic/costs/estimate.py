"""What the table of models says about a request: warnings and a price. It never refuses.

Names, limits and prices change faster than any table, so everything here is a remark with a date. This
module knows nothing of the wire and of what was really charged.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cometmagic.gemini.response import Usage
from cometmagic.options import models
from cometmagic.options.declaration import Limits, Options

REFERENCE_TOKENS = 258  # measured for an input image on 2.x and 3 Pro
CHARACTERS_PER_TOKEN = 4
MAX_GENERATION_SECONDS = 180  # seconds a picture may take, a 4K one with thoughts


@dataclass(frozen=True)
class Price:
    """Dollars for one call, None when the model's price is not known."""

    usd: float | None
    basis: str = f"estimate, Google list price, {models.CHECK_DATE}"

    def __str__(self) -> str:
        return f"${self.usd:.3f} ({self.basis})" if self.usd is not None else "price unknown"

    def to_dict(self) -> dict[str, Any]:
        """Return the price as JSON values."""
        return asdict(self)


def find_limit_warnings(limits: Limits, price: Price) -> list[str]:
    """Return one line for each limit that may cost money."""
    said = []
    if min(limits.idle_timeout, limits.total_timeout) < MAX_GENERATION_SECONDS:
        said.append(
            f"Models take up to {MAX_GENERATION_SECONDS} s; "
            "with a shorter limit you may pay for a picture you will not get."
        )
    if limits.retry_unknown:
        most = f"${price.usd * (1 + limits.retry_unknown):.3f}" if price.usd is not None else "an unknown sum"
        said.append(f"--retry-unknown {limits.retry_unknown}: in the worst case this costs {most}.")
    return said


def estimate_price(options: Options, prompt: str = "", reference_count: int = 0) -> Price:
    """Return what one call should cost, before it is sent."""
    model = models.find_model(options.model)
    if model is None or not model.image_prices:
        return Price(None)
    generation = _coerce_object(options.extra.get("generationConfig"))
    size = _coerce_object(generation.get("imageConfig")).get("imageSize") or options.image_size or "1K"
    count = generation.get("candidateCount")
    each = model.image_prices.get(str(size), max(model.image_prices.values()))
    image = each * count if isinstance(count, int) and count > 1 else each
    tokens = len(prompt) / CHARACTERS_PER_TOKEN + reference_count * REFERENCE_TOKENS
    return Price(round(image + tokens * model.text_input_price / 1e6, 6))


def _coerce_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def compute_price(model_name: str, usage: Usage) -> Price:
    """Return what a call should have cost by the tokens it used."""
    model = models.find_model(model_name)
    if model is None or not model.image_output_price or usage.answer is None:
        return Price(None)
    image = usage.image if usage.image is not None else usage.answer
    words = max(usage.answer - image, 0) + (usage.thoughts or 0)
    return Price(
        round(
            (
                image * model.image_output_price
                + words * model.text_output_price
                + (usage.prompt or 0) * model.text_input_price
            )
            / 1e6,
            6,
        )
    )
