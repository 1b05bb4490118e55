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
from cometmagic.options.option_types import suggest

REFERENCE_TOKENS = 258  # measured for an input image on 2.x and 3 Pro
CHARACTERS_PER_TOKEN = 4
SLOWEST = 180  # seconds a picture may take, a 4K one with thoughts


@dataclass(frozen=True)
class Price:
    """Dollars for one call, None when the model's price is not known."""

    usd: float | None
    basis: str = f"estimate, Google list price, {models.CHECKED}"

    def __str__(self) -> str:
        return f"${self.usd:.3f} ({self.basis})" if self.usd is not None else "price unknown"

    def record(self) -> dict[str, Any]:
        """Return the price as JSON values."""
        return asdict(self)


def warnings(options: Options, references: int = 0) -> list[str]:
    """Return one line for each thing the model is not known to take."""
    model = models.lookup(options.model)
    if model is None:
        near = suggest(options.model, models.KNOWN) or "."
        return [f"{options.model} is not in the table of {models.CHECKED}; sent as it is, price unknown{near}"]
    checks = (
        ("--aspect-ratio", options.aspect_ratio, model.ratios),
        ("--image-size", options.image_size, model.sizes),
        ("--thinking", options.thinking, model.thinking),
        *(("--search", kind, model.search) for kind in options.search or ()),
    )
    said = [_retired(options.model, model)] if model.retired else []
    said += [_unknown(options.model, flag, value, has) for flag, value, has in checks if value and value not in has]
    if options.system and not model.system:
        said.append(f"{options.model} is not known to take a system instruction; sent all the same.")
    if references > model.references:
        said.append(f"{options.model} is known to take {model.references} reference images, not {references}.")
    return said


def _retired(name: str, model: models.Model) -> str:
    return f"{name} was retired on {model.retired}; use {model.replacement}. Sent all the same."


def _unknown(name: str, flag: str, value: str, known: tuple[str, ...]) -> str:
    has = f"it has {', '.join(known)}" if known else "it has no such choice"
    return f"{flag} {value} is not known to work on {name} ({has}); sent all the same."


def remarks(limits: Limits, price: Price) -> list[str]:
    """Return one line for each limit that may cost money."""
    said = []
    if min(limits.idle_timeout, limits.total_timeout) < SLOWEST:
        said.append(f"Models take up to {SLOWEST} s; with a shorter limit you may pay for a picture you will not get.")
    if limits.retry_unknown:
        most = f"${price.usd * (1 + limits.retry_unknown):.3f}" if price.usd is not None else "an unknown sum"
        said.append(f"--retry-unknown {limits.retry_unknown}: in the worst case this costs {most}.")
    return said


def estimate(options: Options, prompt: str = "", references: int = 0) -> Price:
    """Return what one call should cost, before it is sent."""
    model = models.lookup(options.model)
    if model is None or not model.prices:
        return Price(None)
    generation = _object(options.extra.get("generationConfig"))
    size = _object(generation.get("imageConfig")).get("imageSize") or options.image_size or "1K"
    count = generation.get("candidateCount")
    each = model.prices.get(str(size), max(model.prices.values()))
    image = each * count if isinstance(count, int) and count > 1 else each
    tokens = len(prompt) / CHARACTERS_PER_TOKEN + references * REFERENCE_TOKENS
    return Price(round(image + tokens * model.text_in / 1e6, 6))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def cost(name: str, usage: Usage) -> Price:
    """Return what a call should have cost by the tokens it used."""
    model = models.lookup(name)
    if model is None or not model.image_out or usage.answer is None:
        return Price(None)
    image = usage.image if usage.image is not None else usage.answer
    words = max(usage.answer - image, 0) + (usage.thoughts or 0)
    return Price(
        round((image * model.image_out + words * model.text_out + (usage.prompt or 0) * model.text_in) / 1e6, 6)
    )
