"""The outputs of a batch: progress, contact sheet and caption.

The sheet is embedded once, as a small image; the originals stay on disk. This module displays nothing itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cometmagic.costs.estimate import Price, sum_prices
from cometmagic.display import thumbnails
from cometmagic.display.bundles import (
    Bundle,
    align_rows,
    build_bundle,
    build_image,
    build_lines,
    render_details,
    render_small_print,
    render_table,
)
from cometmagic.display.caption import list_warnings
from cometmagic.display.html_parts import encode_base64, escape_text, wrap_small_print
from cometmagic.display.result_output import FIRST_SECONDS
from cometmagic.errors import CometError
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.batch import Batch
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import MAX_SHEET_IMAGES, ImageResults, ResultOrError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import shorten_id
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import TEXT_CAP, clean, clean_line

PIXEL_RATIO = 4 / 3  # pixels of a sheet per CSS pixel, which makes letters 13 or 14 CSS pixels high
TERMINAL_PIXELS = 960  # pixels of the longest side
MAX_FAILURES = 20  # lines
SOURCE_LABELS = {
    "live": "live",
    "replay": "replay of recordings, free",
    "offline": "offline sketches, not made by the model, free",
}
COLUMNS = ("#", "label", "id", "pixels", "tokens", "seconds", "estimate")


def build_batch_progress(batch: Batch, seconds: float) -> Bundle:
    """Return the progress of a batch; its numbers have a fixed width. The first one is true for good, as of a call."""
    facts = _format_counts(batch, seconds) if seconds >= FIRST_SECONDS else [f"{len(batch.calls)} images requested"]
    if any(call.source == "live" for call in batch.calls):
        facts.append(f"together {batch.estimate}")
    pause, reason = batch.pause
    facts += [f"a pause of {pause:.0f} s: {reason}"] if pause >= 1 else []
    return build_lines(" · ".join(facts), *dict.fromkeys(warning for call in batch.calls for warning in call.warnings))


def _format_counts(batch: Batch, seconds: float) -> list[str]:
    counts, total = batch.outcome_counts, len(batch.calls)
    width = len(str(total))
    facts = [f"{counts['saved'] + counts['failed'] + counts['unsent']:>{width}} of {total} done"]
    facts += [f"{counts[name]:>{width}} {label}" for name, label in (("failed", "failed"), ("sent", "under way"))]
    return [*facts, f"{seconds:.0f} s"]


def build_sheet(results: ImageResults, *, terminal: bool = False) -> Bundle:
    """Return the contact sheet; as PNG for a `terminal` that draws images."""
    content = results.contact_sheet()
    if terminal:
        png = thumbnails.render_png(content, TERMINAL_PIXELS)
        return ({"image/png": encode_base64(png)} if png else {}) | {"text/plain": repr(results)}, {}
    bundle, metadata = embed_sheet(content, results.alt, repr(results))
    folders = [format_path(result.folder) for result in results.results]
    return bundle, metadata | {"cometmagic": {"folders": folders}}


def embed_sheet(content: bytes, alt: str, plain_text: str) -> Bundle:
    """Return (MIME bundle, metadata) of a sheet, which is a JPEG; `plain_text` is for front ends without images."""
    width, height = thumbnails.read_size(ImagePart(thumbnails.JPEG, content=content)) or (1, 1)
    size = round(width / PIXEL_RATIO), round(height / PIXEL_RATIO)
    bundle, metadata = build_image(thumbnails.JPEG, content, alt, size)
    return bundle | {"text/plain": clean(plain_text)}, metadata


def build_sheet_caption(results: ImageResults, saved_paths: list[Path] | None = None) -> Bundle:
    """Return the caption below a contact sheet; `saved_paths` are the copies that the cell saved."""
    rows, folders = results.rows(), dict.fromkeys(format_path(result.folder.parent) for result in results.results)
    facts = " · ".join(_summarize_rows(rows, list(_iter_prices(results))))
    notes = [*_list_failures(results, rows), *_list_notes(results, saved_paths or [])]
    folder_lines = "".join(f"<br><code>{escape_text(folder)}</code>" for folder in folders)
    table = [_format_row(number, *row) for number, row in enumerate(zip(results.sheet_labels, rows, strict=True), 1)]
    details = render_details(
        "Labels and ids", render_table(COLUMNS, [[escape_text(cell) for cell in row] for row in table])
    )
    html = wrap_small_print(escape_text(facts) + folder_lines) + render_small_print(*notes) + details
    plain_lines = [" · ".join([facts, *folders]), *notes, "", *align_rows([COLUMNS, *table])]
    return build_bundle(html, "\n".join(plain_lines))


def _summarize_rows(rows: list[dict[str, Any]], prices: list[Price]) -> list[str]:
    """Return the totals of a batch: images, failures, deviations, tokens, seconds, cost and sources."""
    successes = [row for row in rows if row["error"] is None]
    count, failure_count = len(successes), len(rows) - len(successes)
    sources = list(dict.fromkeys(row["source"] for row in successes))
    facts = [f"{count} of {len(rows)} pictures", f"{failure_count} failed"] if failure_count else [f"{count} pictures"]
    if deviation_count := sum(bool(row["deviations"]) for row in successes):
        facts.append(f"{deviation_count} not as requested")
    if tokens := [row["tokens"] for row in successes if row["tokens"] is not None]:
        facts.append(f"{sum(tokens):,} tokens")
    if successes:
        facts.append(f"up to {max(row['seconds'] for row in successes):.1f} s each")
    if "live" in sources:
        facts.append(f"together {sum_prices(prices)}")
    if uncertain_usd := sum(row.get("uncertain_cost", 0.0) for row in rows):
        facts.append(f"${uncertain_usd:.3f} more may have been charged")
    return [*facts, *([", ".join(SOURCE_LABELS.get(name, name) for name in sources)] if sources else [])]


def _iter_prices(results: ImageResults) -> Iterator[Price]:
    """Yield the price of each image whose folder can be read."""
    for result in results.results:
        with contextlib.suppress(CometError):
            yield result.price


def _list_failures(results: ImageResults, rows: list[dict[str, Any]]) -> list[str]:
    """Return a line for each request without an image."""
    lines = [
        f"{clean_line(label)}: {_format_error_type(result)}{clean_line(row['error'], TEXT_CAP)}"
        for label, result, row in zip(results.sheet_labels, results, rows, strict=True)
        if row["error"] is not None
    ]
    remainder = len(lines) - MAX_FAILURES
    return [*lines[:MAX_FAILURES], *([f"and {remainder} more that failed"] if remainder > 0 else [])]


def _format_error_type(result: ResultOrError) -> str:
    return f"{type(result).__name__}: " if isinstance(result, CometError) else ""


def _list_notes(results: ImageResults, saved_paths: list[Path]) -> list[str]:
    """Return the saved copies, the limit of the sheet, and each warning once."""
    notes = [f"Saved as {', '.join(map(format_path, saved_paths))}."] if saved_paths else []
    if len(results) > MAX_SHEET_IMAGES:
        notes.append(f"The sheet shows the first {MAX_SHEET_IMAGES} of them.")
    return [*notes, *dict.fromkeys(warning for result in results.results for warning in _read_warnings(result))]


def _read_warnings(result: ImageResult) -> list[str]:
    try:
        return list_warnings(result)
    except CometError:  # its folder is gone
        return []


def _format_row(number: int, label: str, row: dict[str, Any]) -> tuple[str, ...]:
    """Return a row of the table below the sheet."""
    short_id = shorten_id(CallFolder(Path(row["id"]))) if "id" in row else "-"
    if row["error"] is not None:
        uncertain_usd = row.get("uncertain_cost", 0.0)
        cost = f"${uncertain_usd:.3f}?" if uncertain_usd else "-"
        return (str(number), clean_line(label), short_id, "-", "-", "-", cost)
    pixels = f"{row['width']} × {row['height']}" if row["width"] else "?"
    pixels += f" ({row['deviations']})" if row["deviations"] else ""
    tokens = f"{row['tokens']:,}" if row["tokens"] is not None else "?"
    cost = "free" if row["source"] != "live" else f"${row['cost']:.3f}" if row["cost"] is not None else "?"
    return (str(number), clean_line(label), short_id, pixels, tokens, f"{row['seconds']:.1f}", cost)
