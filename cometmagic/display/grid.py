"""How several pictures look: one contact sheet, then what is told under it; before that one line of progress.

The sheet is embedded once, small; the originals stay on disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cometmagic.costs.estimate import Price
from cometmagic.display import thumbnails
from cometmagic.display.bundles import Bundle, aligned, bundle, folded, lines, small_print, table
from cometmagic.display.html import encoded, framed, img, quiet, text
from cometmagic.errors import CometError
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.batch import Batch
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import MAX_SHEET_IMAGES, ImageResults, ResultOrError
from cometmagic.storage.index import shorten_id
from cometmagic.storage.store import SMALL_PREVIEW_BYTES, CallFolder
from cometmagic.system.atomic_files import format_path
from cometmagic.system.sanitize import clean_line

DENSITY = 4 / 3  # pixels of a sheet for each CSS pixel: letters are 13 or 14 of these high
IN_TERMINAL = 960  # pixels of a longest side
JPEG = "image/jpeg"
MOST_FAILURES = 20  # lines
SOURCES = {
    "live": "live",
    "replay": "replay of recordings, free",
    "offline": "offline sketches, not made by the model, free",
}
HEAD = ("#", "label", "id", "pixels", "tokens", "seconds", "estimate")


def progress(batch: Batch, seconds: float) -> Bundle:
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
    return lines(" · ".join(told), *dict.fromkeys(warning for call in batch.calls for warning in call.warnings))


def sheet(results: ImageResults, *, terminal: bool = False) -> Bundle:
    """Return several pictures together, with their labels; for a `terminal` that draws pictures, as PNG."""
    content, alt, plain = results.contact_sheet(), results.alt, {"text/plain": repr(results)}
    if terminal:
        png = thumbnails.png(content, IN_TERMINAL)
        return ({"image/png": encoded(png)} if png else {}) | plain, {}
    width, height = thumbnails.size(ImagePart(JPEG, content=content)) or (1, 1)
    shown = {"text/html": framed(img(JPEG, content, alt, (round(width / DENSITY), round(height / DENSITY))))}
    metadata: dict[str, Any] = {"cometmagic": {"folders": [format_path(one.folder) for one in results.results]}}
    if light := thumbnails.lighter(content, SMALL_PREVIEW_BYTES):
        shown[JPEG], metadata[JPEG] = encoded(light), {"alt": alt}
    return shown | plain, metadata | {"vscode_altText": alt}


def sheet_caption(results: ImageResults, saved: list[Path] | None = None) -> Bundle:
    """Return what is told under several pictures; `saved` is where copies lie."""
    rows, places = results.rows(), dict.fromkeys(format_path(one.folder.parent) for one in results.results)
    facts, told = " · ".join(_facts(rows)), [*_failures(results, rows), *_notes(results, saved or [])]
    folders = "".join(f"<br><code>{text(place)}</code>" for place in places)
    listed = [_told(number, *row) for number, row in enumerate(zip(results.sheet_labels, rows, strict=True), 1)]
    details = folded("Labels and ids", table(HEAD, [[text(place) for place in row] for row in listed]))
    plain = [" · ".join([facts, *places]), *told, "", *aligned([HEAD, *listed])]
    return bundle(quiet(text(facts) + folders) + small_print(*told) + details, "\n".join(plain))


def _facts(rows: list[dict[str, Any]]) -> list[str]:
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
    return [*facts, *([", ".join(SOURCES.get(name, name) for name in sources)] if sources else [])]


def _failures(results: ImageResults, rows: list[dict[str, Any]]) -> list[str]:
    """Return a line for each that has no picture."""
    each = zip(results.sheet_labels, results, rows, strict=True)
    told = [
        f"{clean_line(name)}: {_kind(one)}{clean_line(row['error'])}"
        for name, one, row in each
        if row["error"] is not None
    ]
    more = len(told) - MOST_FAILURES
    return [*told[:MOST_FAILURES], *([f"and {more} more that failed"] if more > 0 else [])]


def _kind(one: ResultOrError) -> str:
    return f"{type(one).__name__}: " if isinstance(one, CometError) else ""


def _notes(results: ImageResults, saved: list[Path]) -> list[str]:
    """Return where copies lie, what does not stand on the sheet, and what was remarked, once each."""
    notes = [f"Saved as {', '.join(map(format_path, saved))}."] if saved else []
    if len(results) > MAX_SHEET_IMAGES:
        notes.append(f"The sheet shows the first {MAX_SHEET_IMAGES} of them.")
    return [*notes, *dict.fromkeys(remark for one in results.results for remark in _remarks(one))]


def _remarks(one: ImageResult) -> list[str]:
    try:
        return one.warnings
    except CometError:  # its folder is gone
        return []


def _told(number: int, name: str, row: dict[str, Any]) -> tuple[str, ...]:
    """Return a row of the table below the sheet."""
    known = shorten_id(CallFolder(Path(row["id"]))) if "id" in row else "-"
    if row["error"] is not None:
        return (str(number), clean_line(name), known, "-", "-", "-", "-")
    pixels = f"{row['width']} × {row['height']}" if row["width"] else "?"
    tokens = f"{row['tokens']:,}" if row["tokens"] is not None else "?"
    cost = "free" if row["source"] != "live" else f"${row['cost']:.3f}" if row["cost"] is not None else "?"
    return (str(number), clean_line(name), known, pixels, tokens, f"{row['seconds']:.1f}", cost)
