"""What is known of each model: sizes, prices and options; the dates of its names; and CometAPI's catalogue on request.

The same tables are shown as HTML and as plain text. This module displays nothing itself.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from cometmagic.display.bundles import (
    Bundle,
    align_rows,
    build_bundle,
    build_lines,
    join_bundles,
    render_small_print,
    render_table,
)
from cometmagic.display.html_parts import escape_text
from cometmagic.errors import CometError
from cometmagic.options.model_lifecycle import LIFECYCLES
from cometmagic.options.models import CHECK_DATE, DEFAULT_MODEL, MODELS, Model
from cometmagic.options.pixel_sizes import ASPECT_RATIOS, COMMON_ASPECT_RATIOS, LONG_ASPECT_RATIOS

if TYPE_CHECKING:
    from cometmagic.courier.catalogue import Catalogue

MODEL_COLUMNS = ("model", "price per image", "per million tokens", "ratios", "thinking", "search", "references")
DATE_COLUMNS = ("name", "date", "what", "according to", "instead")
CATALOGUE_COLUMNS = ("id", "price ratio", "")
EMPTY = "-"
LIST_NOTE = (
    f"Google's list prices in US dollars, as of {CHECK_DATE}; CometAPI may charge something else. Any name is sent."
)
RATIO_NOTE = (
    f"{len(COMMON_ASPECT_RATIOS)} ratios are {', '.join(COMMON_ASPECT_RATIOS)}; "
    f"{len(ASPECT_RATIOS)} are these and {', '.join(LONG_ASPECT_RATIOS)}."
)
DATE_TITLE = "Dates of the names. Sources differ; a name without a row has no known date."
CATALOGUE_NOTE = "What is charged is the list price times the ratio. A model in the catalogue need not answer."
Cell = list[str]  # lines of text


def build_models_output(*, is_live: bool = False) -> Bundle:
    """Return all tables; with `is_live` also CometAPI's catalogue, or one line that says why it could not be read."""
    bundles = [build_model_table(), build_date_table()]
    if is_live:
        from cometmagic.courier.catalogue import read_catalogue  # a socket, which few need

        try:
            bundles.append(build_catalogue_table(read_catalogue()))
        except CometError as error:
            bundles.append(build_lines(str(error)))
    return join_bundles(*bundles)


def build_model_table() -> Bundle:
    """Return what each model supports and costs."""
    return _build_table("", MODEL_COLUMNS, [_build_row(model) for model in MODELS], LIST_NOTE, RATIO_NOTE)


def build_date_table() -> Bundle:
    """Return what became of each name."""
    rows = [
        [[name], [str(event.date)], [event.stage.value], [event.source], [event.replacement or EMPTY]]
        for name, events in LIFECYCLES.items()
        for event in sorted(events, key=lambda event: event.date)
    ]
    return _build_table(DATE_TITLE, DATE_COLUMNS, rows)


def build_catalogue_table(catalogue: Catalogue) -> Bundle:
    """Return the image models of CometAPI's catalogue."""
    time = f"{catalogue.time:%Y-%m-%d %H:%M} UTC"
    title = f"Image models in CometAPI's catalogue at {catalogue.host}, read on {time} without a key:"
    rows = [
        [[model.id], [_format_ratio(model.price_ratio)], ["upcoming" if model.is_upcoming else ""]]
        for model in catalogue.models
    ]
    return _build_table(title, CATALOGUE_COLUMNS, rows or [[["none"], [EMPTY], [""]]], CATALOGUE_NOTE)


def _format_ratio(ratio: float | None) -> str:
    return EMPTY if ratio is None else f"{ratio:g}"


def _build_row(model: Model) -> list[Cell]:
    names = [f"{name} (default)" if name == DEFAULT_MODEL else name for name in model.names]
    prices = [f"{size} ${price:g}" for size, price in model.image_prices.items()]
    lists = (prices, _list_token_prices(model), model.thinking_levels, model.search_kinds)
    image_prices, token_prices, levels, kinds = (list(values) or [EMPTY] for values in lists)
    ratio_count, references = [str(len(model.aspect_ratios))], [f"up to {model.max_references}"]
    return [[model.title, *names], image_prices, token_prices, ratio_count, levels, kinds, references]


def _list_token_prices(model: Model) -> list[str]:
    kinds = ("text in", "text out", "image out")
    prices = (model.text_input_price, model.text_output_price, model.image_output_price)
    return [f"{kind} ${price:g}" for kind, price in zip(kinds, prices, strict=True) if price]


def _build_table(title: str, columns: tuple[str, ...], rows: list[list[Cell]], *notes: str) -> Bundle:
    """Return a table with a title above and notes below it; a cell may have several lines."""
    titles = [title] if title else []
    cells = [["<br>".join(map(escape_text, cell)) for cell in row] for row in rows]
    html = render_small_print(*titles) + render_table(columns, cells) + render_small_print(*notes)
    lines = [line for row in rows for line in _split_lines(row)]
    return build_bundle(html, "\n".join([*titles, *align_rows([columns, *lines]), *notes, ""]))


def _split_lines(row: list[Cell]) -> list[tuple[str, ...]]:
    """Return a row as lines of plain text, with an empty one after it if there are several."""
    lines = list(itertools.zip_longest(*row, fillvalue=""))
    return [*lines, ("",) * len(row)] if len(lines) > 1 else lines
