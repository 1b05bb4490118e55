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
        ({"image_size": "4K"}, 14, 0.151 + 14 * 1120 * 0.5e-6),
        ({"model": "models/gemini-3-pro-image"}, 0, 0.134),
        ({"model": LITE, "image_size": "4K"}, 0, 0.0336),
        ({"model": "new-model"}, 0, None),
        ({}, 1, 0.067 + 1120 * 0.5e-6),
        ({"model": LITE}, 2, 0.0336 + 2 * 1120 * 0.25e-6),
        ({"model": "gemini-3-pro-image"}, 3, 0.134 + 3 * 560 * 2e-6),
        ({"model": "gemini-nano-banana-2.1"}, 1, 0.0336 + 1120 * 1.5e-6),
        ({"model": OLD}, 2, 0.039 + 2 * 258 * 0.3e-6),
        ({"system": "be kind " * 10_000}, 0, 0.067 + 20_000 * 0.5e-6),
        ({"extra": {"systemInstruction": {"parts": [{"text": "be kind " * 10_000}]}}}, 0, 0.067 + 20_000 * 0.5e-6),
        ({"extra": {"generationConfig": {"imageConfig": {"imageSize": "4k"}}}}, 0, 0.151),
        ({"extra": {"generation_config": {"image_config": {"image_size": "2K"}}}}, 0, 0.101),
        ({"extra": {"generationConfig": {"responseFormat": {"image": {"imageSize": "2K"}}}}}, 0, 0.101),
        ({"extra": {"generationConfig": {"imageConfig": {"imageSize": "8K"}}}}, 0, 0.151),  # the dearest
        ({"extra": {"generationConfig": {"imageConfig": {"imageSize": ["4K"]}}}}, 0, 0.067),  # no size
        ({"extra": {"generationConfig": {"candidateCount": 3}}}, 0, 3 * 0.067),
        ({"extra": {"generationConfig": {"candidateCount": "2"}}}, 0, 2 * 0.067),
        ({"extra": {"generationConfig": {"candidateCount": 10**400}}}, 0, 100 * 0.067),
    ],
)
def test_the_estimate_before_sending(given: dict[str, Any], references: int, dollars: float | None) -> None:
    assert estimate.estimate_price(Options.build(given), "", references).usd == (
        dollars and pytest.approx(dollars, abs=2e-6)
    )


@pytest.mark.parametrize(
    "value", [10**400, -(10**400), 1e308, 0, -1, True, None, "", "many", "9" * 4000, [], [2], {}, {"a": 1}, "\ud800"]
)
def test_no_value_in_extra_breaks_the_estimate(value: Any) -> None:
    names = ("generationConfig", "serviceTier", "tools", "systemInstruction", "contents")
    config = dict.fromkeys(("candidateCount", "imageConfig", "responseFormat"), value) | {"image_config": value}
    extras = [dict.fromkeys(names, value), {"generationConfig": config | {"imageConfig": {"imageSize": value}}}]
    for extra in extras:
        options = Options(extra=extra)
        usd = estimate.estimate_price(options, "a cat").usd
        assert usd is not None
        assert 0.067 <= usd <= 100 * 0.151 + 0.01
        assert all(warning.isprintable() or "\ud800" in warning for warning in estimate.find_price_warnings(options))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("a cat" * 8000, 10_000), ("一只猫" * 4000, 9_000), ("", 0)],
    ids=["english", "chinese", "none"],
)
def test_words_count_by_their_bytes(text: str, tokens: int) -> None:
    assert estimate.estimate_price(Options(), text).usd == pytest.approx(0.067 + tokens * 0.5e-6)


def test_the_ratio_of_the_user_is_named() -> None:
    price = estimate.estimate_price(Options(), "", 2, 0.8)

    assert price.usd == pytest.approx(0.8 * (0.067 + 2 * 1120 * 0.5e-6), abs=2e-6)
    assert str(price).startswith("$0.054 (estimate, Google list price × 0.8, 2")
    used = Usage(prompt=1000, answer=1120)
    paid, listed = (estimate.compute_price(Options().model, used, ratio).usd for ratio in (0.8, 1.0))
    assert paid == pytest.approx(0.8 * listed if listed else None, abs=2e-6)


SEARCH, TIER = "Searches cost extra: $14 per 1,000 queries at Google", "serviceTier 'flex': the price differs"


@pytest.mark.parametrize(
    ("options", "warnings"),
    [
        ({}, []),
        ({"search": "web"}, [SEARCH]),
        ({"search": "web,image", "model": "new-model"}, [SEARCH]),
        ({"extra": {"tools": [{"codeExecution": {}}, {"google_search": {}}]}}, [SEARCH]),
        ({"extra": {"tools": {"googleSearchRetrieval": {}}}}, [SEARCH]),
        ({"extra": {"tools": [{"urlContext": {}}, None, "googleSearch"]}}, []),
        ({"extra": {"serviceTier": "flex"}, "search": "web"}, [SEARCH, TIER]),
        ({"extra": {"service_tier": "flex"}}, [TIER]),
        ({"extra": {"serviceTier": "PRIORITY"}}, ["serviceTier 'PRIORITY'"]),
        ({"extra": {"serviceTier": 3}}, ["serviceTier 3"]),
        ({"extra": {"serviceTier": "STANDARD"}}, []),
        ({"extra": {"service_tier": None}}, []),
    ],
)
def test_what_the_estimate_leaves_out_is_told(options: dict[str, Any], warnings: list[str]) -> None:
    found = estimate.find_price_warnings(Options.build(options))

    assert len(found) == len(warnings)
    assert all(line.startswith(start) for line, start in zip(found, warnings, strict=True))


def test_a_total_names_the_basis_of_its_parts_once() -> None:
    basis = estimate.format_basis(0.8)
    prices = [estimate.Price(0.1, basis), estimate.Price(0.2, f"{basis}; untrue"), estimate.Price(0.0, "replay")]

    assert estimate.sum_prices(prices) == estimate.Price(0.3, f"{basis}; untrue")
    assert estimate.sum_prices([]) == estimate.Price(0.0)
    assert estimate.sum_prices([*prices, estimate.Price(None)]).usd is None


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
