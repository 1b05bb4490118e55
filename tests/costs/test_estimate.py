"""What the table of models says about a request; it never refuses."""

from __future__ import annotations

from typing import Any

import pytest

from cometmagic.costs import estimate
from cometmagic.gemini.response import Usage
from cometmagic.options import models
from cometmagic.options.declaration import Options
from cometmagic.options.model_checks import find_model_warnings

LITE, OLD = "gemini-3.1-flash-lite-image", "gemini-2.5-flash-image"


def told_of(unknown: str) -> str:
    return f"{unknown} is not in the table of {models.CHECK_DATE}; sent as it is, price unknown"


@pytest.mark.parametrize(
    ("given", "references", "told"),
    [
        ({}, 14, []),
        ({"aspect_ratio": "8:1", "image_size": "512", "thinking": "high", "search": "web,image"}, 0, []),
        ({"model": LITE, "image_size": "4K"}, 0, [f"--image-size 4K is not known to work on {LITE} (it has 1K); sent"]),
        ({"model": LITE, "search": "web"}, 0, [f"--search web is not known to work on {LITE} (it has no such choice)"]),
        (
            {"thinking": "medium"},
            0,
            ["--thinking medium is not known to work on gemini-3.1-flash-image-preview (it has"],
        ),
        ({"aspect_ratio": "1:8", "model": LITE, "image_size": "2K"}, 0, ["--aspect-ratio 1:8", "--image-size 2K"]),
        ({}, 15, ["gemini-3.1-flash-image-preview is known to take 14 reference images, not 15."]),
        (
            {"model": OLD},
            0,
            [f"According to Google, {OLD} was shut down on 2026-10-02; CometAPI names "],
        ),
        (
            {"model": OLD, "image_size": "4k", "system": "be brief", "search": "web"},
            4,
            [
                f"According to Google, {OLD} was shut down on 2026-10-02; ",
                f"--image-size 4K is not known to work on {OLD}",
                f"--search web is not known to work on {OLD}",
                f"{OLD} is not known to take a system instruction",
                f"{OLD} is known to take 3 reference images, not 4.",
            ],
        ),
        ({"model": "new-model", "image_size": "4K"}, 99, [f"{told_of('new-model')}."]),
        (
            {"model": "gemini-3.1-flash-imge"},
            0,
            [f"{told_of('gemini-3.1-flash-imge')}; did you mean gemini-3.1-flash-image?"],
        ),
    ],
)
def test_warnings(given: dict[str, Any], references: int, told: list[str]) -> None:
    said = find_model_warnings(Options.build(given), references)

    assert len(said) == len(told)
    assert all(line.startswith(beginning) for line, beginning in zip(said, told, strict=True))


@pytest.mark.parametrize(
    ("given", "references", "dollars"),
    [
        ({}, 0, 0.067),
        ({"image_size": "4K"}, 0, 0.151),
        ({"image_size": "4K"}, 14, 0.151 + 14 * 258 * 0.5e-6),
        ({"model": "models/gemini-3-pro-image"}, 0, 0.134),
        ({"model": LITE, "image_size": "4K"}, 0, 0.0336),
        ({"model": "new-model"}, 0, None),
    ],
)
def test_the_estimate_before_sending(given: dict[str, Any], references: int, dollars: float | None) -> None:
    assert estimate.estimate_price(Options.build(given), "", references).usd == (
        dollars and pytest.approx(dollars, abs=2e-6)
    )


def test_the_cost_by_the_tokens_used() -> None:
    model = "gemini-3.1-flash-image-preview"
    used = Usage(prompt=1000, answer=1170, thoughts=100, image=1120)
    by_hand = (1120 * 60 + (50 + 100) * 3 + 1000 * 0.5) / 1e6

    assert estimate.compute_price(model, used).usd == pytest.approx(by_hand)
    assert estimate.compute_price(model, Usage(answer=1120)).usd == pytest.approx(1120 * 60 / 1e6)
    assert estimate.compute_price(model, Usage()).usd is None
    assert estimate.compute_price("new-model", used).usd is None


def test_a_price_is_told_with_its_date() -> None:
    assert str(estimate.Price(0.0672)).startswith("$0.067 (estimate, Google list price, 2")
    assert str(estimate.Price(None)) == "price unknown"
