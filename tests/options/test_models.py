"""The table of models agrees with itself."""

from __future__ import annotations

from datetime import date

import pytest

from cometmagic.options.models import (
    CHECK_DATE,
    DEFAULT_MODEL,
    MODEL_NAMES,
    MODELS,
    Model,
    find_model,
)
from cometmagic.options.pixel_sizes import ASPECT_RATIOS, IMAGE_SIZES


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.title)
def test_a_row_agrees_with_itself(model: Model) -> None:
    assert set(model.aspect_ratios) <= set(ASPECT_RATIOS)
    assert set(model.image_sizes) <= set(IMAGE_SIZES)
    assert set(model.image_prices) == set(model.image_tokens) == set(model.image_sizes)
    for size, dollars in model.image_prices.items():
        assert model.image_tokens[size] * model.image_output_price / 1e6 == pytest.approx(dollars, rel=0.02)


def test_models_are_found_by_each_of_their_names() -> None:
    assert len(MODEL_NAMES) == len(set(MODEL_NAMES)) == sum(len(model.names) for model in MODELS)
    assert find_model(DEFAULT_MODEL) is find_model(f"models/{DEFAULT_MODEL}") is MODELS[0]
    assert find_model("another-model") is None
    assert date.fromisoformat(CHECK_DATE) > date(2026, 1, 1)
