"""The table of models agrees with itself."""

from __future__ import annotations

from datetime import date

import pytest

from cometmagic.options.models import CHECKED, DEFAULT_MODEL, KNOWN, MODELS, RATIOS, SIZES, Model, lookup, pixels


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.title)
def test_a_row_agrees_with_itself(model: Model) -> None:
    assert set(model.ratios) <= set(RATIOS)
    assert set(model.sizes) <= set(SIZES)
    assert set(model.prices) == set(model.image_tokens) == set(model.sizes)
    assert bool(model.retired) == bool(model.replacement)
    assert not model.replacement or lookup(model.replacement)
    for size, dollars in model.prices.items():
        assert model.image_tokens[size] * model.image_out / 1e6 == pytest.approx(dollars, rel=0.02)


def test_models_are_found_by_each_of_their_names() -> None:
    assert len(KNOWN) == len(set(KNOWN)) == sum(len(model.names) for model in MODELS)
    assert lookup(DEFAULT_MODEL) is lookup(f"models/{DEFAULT_MODEL}") is MODELS[0]
    assert lookup("another-model") is None
    assert date.fromisoformat(CHECKED) > date(2026, 1, 1)


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
    assert pixels(ratio, size) == measured


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("size", SIZES)
def test_every_shape_is_nearly_what_it_is_called(ratio: str, size: str) -> None:
    width, height = pixels(ratio, size)
    across, down = map(int, ratio.split(":"))
    assert width / height == pytest.approx(across / down, rel=0.03)
