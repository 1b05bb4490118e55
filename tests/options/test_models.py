"""The table of models agrees with itself."""

from __future__ import annotations

from datetime import date

import pytest

from cometmagic.options.models import (
    ASPECT_RATIOS,
    CHECK_DATE,
    DEFAULT_MODEL,
    IMAGE_SIZES,
    MODEL_NAMES,
    MODELS,
    Model,
    compute_pixel_size,
    find_model,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.title)
def test_a_row_agrees_with_itself(model: Model) -> None:
    assert set(model.aspect_ratios) <= set(ASPECT_RATIOS)
    assert set(model.image_sizes) <= set(IMAGE_SIZES)
    assert set(model.image_prices) == set(model.image_tokens) == set(model.image_sizes)
    assert bool(model.retirement_date) == bool(model.replacement)
    assert not model.replacement or find_model(model.replacement)
    for size, dollars in model.image_prices.items():
        assert model.image_tokens[size] * model.image_output_price / 1e6 == pytest.approx(dollars, rel=0.02)


def test_models_are_found_by_each_of_their_names() -> None:
    assert len(MODEL_NAMES) == len(set(MODEL_NAMES)) == sum(len(model.names) for model in MODELS)
    assert find_model(DEFAULT_MODEL) is find_model(f"models/{DEFAULT_MODEL}") is MODELS[0]
    assert find_model("another-model") is None
    assert date.fromisoformat(CHECK_DATE) > date(2026, 1, 1)


@pytest.mark.parametrize(
    ("ratio", "size", "measured"),
    [
        ("1:1", "1K", (1024, 1024)),
        ("16:9", "2K", (2752, 1536)),
        ("9:16", "1K", (768, 1376)),
        ("21:9", "512", (792, 336)),
        ("8:1", "4K", (12288, 1536)),
        ("5:4", "512", (576, 464)),
    ],
)
def test_pixels(ratio: str, size: str, measured: tuple[int, int]) -> None:
    assert compute_pixel_size(ratio, size) == measured


@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
@pytest.mark.parametrize("size", IMAGE_SIZES)
def test_every_shape_is_nearly_what_it_is_called(ratio: str, size: str) -> None:
    width, height = compute_pixel_size(ratio, size)
    across, down = map(int, ratio.split(":"))
    assert width / height == pytest.approx(across / down, rel=0.03)
