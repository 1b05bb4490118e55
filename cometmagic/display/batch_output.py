"""How several pictures look: one contact sheet, then what is told under it; before that one line of progress.

The sheet is embedded once, small; the originals stay on disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cometmagic.costs.estimate import Price
from cometmagic.display import thumbnails
from cometmagic.display.bundles import (
    Bundle,
    align_rows,
    build_bundle,
    build_lines,
    render_details,
    render_small_print,
    render_table,
)
from cometmagic.display.html_parts import encode_base64, escape_text, render_image, wrap_small_print, wrap_without_math
from cometmagic.errors import CometError
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.batch import Batch
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import MAX_SHEET_IMAGES, ImageResults, ResultOrError
from cometmagic.storage.call_folder import SMALL_PREVIEW_BYTES, CallFolder
from cometmagic.storage.index import shorten_id
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean_line

PIXEL_RATIO = 4 / 3  # pixels of a sheet for each CSS pixel: letters are 13 or 14 of these high
TERMINAL_PIXELS = 960  # pixels of a longest side
JPEG = "image/jpeg"
MAX_FAILURES = 20  # lines
SOURCE_LABELS = {
    "live": "live",
    "replay": "replay of recordings, free",
    "offline": "offline sketches, not made by the model, free",
}
COLUMNS = ("#", "label", "id", "pixels", "tokens", "seconds", "estimate")


def build_batch_progress(batch: Batch, seconds: float) -> Bundle:
    """Return what is shown while several calls are under way; each number keeps its place."""
    counts, total = batch.outcome_counts, len(batch.calls)
    width = len(str(total))
    told = [f"{counts['saved'] + counts['failed'] + counts['unsent']:>{width}} of {total} done"]
    told += [f"{counts[name]:>{width}} {word}" for name, word in (("failed", "failed"), ("sent", "under way"))]
    told.append(f"{seconds:.0f} s")
    if any(call.source == "live" for call in batch.calls):
        told.append(f"together {batch.estimate}")
    pause, why = batch.pause
    told += [f"a pause of {pause:.0f} s: {why}"] if pause >= 1 else []
    return build_lines(" · ".join(told), *dict.fromkeys(warning for call in batch.calls for warning in call.warnings))


def build_sheet(results: ImageResults, *, terminal: bool = False) -> Bundle:
    """Return several pictures together, with their labels; for a `terminal` that draws pictures, as PNG."""
    content, alt, plain = results.contact_sheet(), results.alt, {"text/plain": repr(results)}
    if terminal:
        png = thumbnails.render_png(content, TERMINAL_PIXELS)
        return ({"image/png": encode_base64(png)} if png else {}) | plain, {}
    width, height = thumbnails.read_size(ImagePart(JPEG, content=content)) or (1, 1)
    shown = {
        "text/html": wrap_without_math(
            render_image(JPEG, content, alt, (round(width / PIXEL_RATIO), round(height / PIXEL_RATIO)))
        )
    }
    metadata: dict[str, Any] = {"cometmagic": {"folders": [format_path(one.folder) for one in results.results]}}
    if light := thumbnails.shrink_jpeg(content, SMALL_PREVIEW_BYTES):
        shown[JPEG], metadata[JPEG] = encode_base64(light), {"alt": alt}
    return shown | plain, metadata | {"vscode_altText": alt}


def build_sheet_caption(results: ImageResults, saved_paths: list[Path] | None = None) -> Bundle:
    """Return what is told under several pictures; `saved` is where copies lie."""
    rows, places = results.rows(), dict.fromkeys(format_path(one.folder.parent) for one in results.results)
    facts, told = (
        " · ".join(_summarize_rows(rows)),
        [*_list_failures(results, rows), *_list_notes(results, saved_paths or [])],
    )
    folders = "".join(f"<br><code>{escape_text(place)}</code>" for place in places)
    listed = [_format_row(number, *row) for number, row in enumerate(zip(results.sheet_labels, rows, strict=True), 1)]
    details = render_details(
        "Labels and ids", render_table(COLUMNS, [[escape_text(place) for place in row] for row in listed])
    )
    plain = [" · ".join([facts, *places]), *told, "", *align_rows([COLUMNS, *listed])]
    return build_bundle(
        wrap_small_print(escape_text(facts) + folders) + render_small_print(*told) + details, "\n".join(plain)
    )


def _summarize_rows(rows: list[dict[str, Any]]) -> list[str]:
    """Return what is known of all together."""
    made = [row for row in rows if row["error"] is None]
    failed, sources = len(rows) - len(made), list(dict.fromkeys(row["source"] for row in made))
    facts = [f"{len(made)} of {len(rows)} pictures", f"{failed} failed"] if failed else [f"{len(made)} pictures"]
    if tokens := [row["tokens"] for row in made if row["tokens"] is not None]:
        facts.append(f"{sum(tokens):,} tokens")
    if made:
        facts.append(f"up to {max(row['seconds'] for row in made):.1f} s each")
    if "live" in sources:
        costs = [row["cost"] for row in made]
        facts.append(f"together {Price(None if None in costs else sum(costs))}")
    return [*facts, *([", ".join(SOURCE_LABELS.get(name, name) for name in sources)] if sources else [])]


def _list_failures(results: ImageResults, rows: list[dict[str, Any]]) -> list[str]:
    """Return a line for each that has no picture."""
    each = zip(results.sheet_labels, results, rows, strict=True)
    told = [
        f"{clean_line(name)}: {_format_error_type(one)}{clean_line(row['error'])}"
        for name, one, row in each
        if row["error"] is not None
    ]
    more = len(told) - MAX_FAILURES
    return [*told[:MAX_FAILURES], *([f"and {more} more that failed"] if more > 0 else [])]


def _format_error_type(result: ResultOrError) -> str:
    return f"{type(result).__name__}: " if isinstance(result, CometError) else ""


def _list_notes(results: ImageResults, saved_paths: list[Path]) -> list[str]:
    """Return where copies lie, what does not stand on the sheet, and what was remarked, once each."""
    notes = [f"Saved as {', '.join(map(format_path, saved_paths))}."] if saved_paths else []
    if len(results) > MAX_SHEET_IMAGES:
        notes.append(f"The sheet shows the first {MAX_SHEET_IMAGES} of them.")
    return [*notes, *dict.fromkeys(remark for one in results.results for remark in _read_warnings(one))]


def _read_warnings(result: ImageResult) -> list[str]:
    try:
        return result.warnings
    except CometError:  # its folder is gone
        return []


def _format_row(number: int, name: str, row: dict[str, Any]) -> tuple[str, ...]:
    """Return a row of the table below the sheet."""
    known = shorten_id(CallFolder(Path(row["id"]))) if "id" in row else "-"
    if row["error"] is not None:
        return (str(number), clean_line(name), known, "-", "-", "-", "-")
    pixels = f"{row['width']} × {row['height']}" if row["width"] else "?"
    tokens = f"{row['tokens']:,}" if row["tokens"] is not None else "?"
    cost = "free" if row["source"] != "live" else f"${row['cost']:.3f}" if row["cost"] is not None else "?"
    return (str(number), clean_line(name), known, pixels, tokens, f"{row['seconds']:.1f}", cost)
