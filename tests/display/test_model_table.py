"""The tables of models: what is known of each, the dates of each name, and the catalogue below them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cometmagic.courier.catalogue import Catalogue, CatalogueModel
from cometmagic.display.model_table import build_catalogue_table, build_models_output
from cometmagic.options.model_lifecycle import LIFECYCLES
from cometmagic.options.models import CHECK_DATE, DEFAULT_MODEL, MODELS


@pytest.mark.parametrize("mime_type", ["text/plain", "text/html"])
def test_everything_known_is_shown(mime_type: str) -> None:
    shown = build_models_output()[0][mime_type].replace("&#x27;", "'")

    for model in MODELS:
        assert all(text in shown for text in (model.title, *model.names, *model.thinking_levels, *model.search_kinds))
        assert all(f"{size} ${price:g}" in shown for size, price in model.image_prices.items())
    for events in LIFECYCLES.values():
        assert all(str(event.date) in shown and event.source in shown for event in events)
    assert shown.count(f"{DEFAULT_MODEL} (default)") == 1
    assert f"Google's list prices in US dollars, as of {CHECK_DATE}" in shown
    assert "catalogue" not in shown


def test_the_plain_text_fits_a_notebook() -> None:
    assert max(map(len, build_models_output()[0]["text/plain"].splitlines())) <= 120


def test_the_colours_are_those_of_the_theme() -> None:
    html = build_models_output()[0]["text/html"]

    assert "color" not in html
    assert "<script" not in html


def test_the_catalogue_says_where_and_when_it_was_read() -> None:
    time = datetime(2026, 12, 1, 14, 3, tzinfo=UTC)
    models = (CatalogueModel("gemini-a-image", 0.8), CatalogueModel("gemini-b-image", None, is_upcoming=True))

    for shown in build_catalogue_table(Catalogue("api.example.org", time, models))[0].values():
        text = " ".join(shown.replace("<", " <").split())
        assert "at api.example.org, read on 2026-12-01 14:03 UTC without a key" in text
        assert shown.count("need not answer") == 1
        assert all(word in text for word in ("gemini-a-image", "0.8", "gemini-b-image", "upcoming"))
    assert "none" in build_catalogue_table(Catalogue("x", time, ()))[0]["text/plain"]
