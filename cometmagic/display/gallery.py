"""The table of the library's calls with thumbnails, which `%gemini_library list` shows in a notebook.

The rows come from library_table.py, which also formats the table of a terminal.
"""

from __future__ import annotations

from cometmagic.display import bundles, thumbnails
from cometmagic.display.html_parts import escape_text, fit_size, render_image, wrap_small_print
from cometmagic.display.library_table import Listing, Row, format_table
from cometmagic.errors import CometError
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.result import ImageResult
from cometmagic.storage.call_folder import CallFolder, find_preview
from cometmagic.system.sanitize import clean_line

THUMBNAIL_PIXELS = 64  # pixels of the longest side
MAX_THUMBNAIL_BYTES = 3_000  # bytes of one thumbnail
MAX_TOTAL_BYTES = 120_000  # bytes of all thumbnails of a table; later rows have none
MAX_PROMPT_LENGTH = 160  # characters
_PROMPT_STYLE = "overflow-wrap:anywhere"  # a very long word must not push the ids out of view
_TIME_STYLE = "white-space:nowrap"
COLUMNS = ("", "prompt", "when", "source", "state", "cost", "id")


def build_gallery(listing: Listing) -> bundles.Bundle:
    """Return the calls as a table with thumbnails; the plain text is the table of a terminal."""
    remaining_bytes, budget, rows = MAX_TOTAL_BYTES, thumbnails.PixelBudget(), []
    for folder, row in listing.rows:
        content = _load_thumbnail(folder, budget) if remaining_bytes > 0 else None
        remaining_bytes -= len(content or b"")
        rows.append([render_thumbnail(content), *_render_cells(row)])
    table = bundles.render_table(COLUMNS, rows) if rows else ""
    html = f"{bundles.render_small_print(listing.title)}{table}{bundles.render_small_print(*listing.notes)}"
    return bundles.build_bundle(html, format_table(listing))


def _render_cells(row: Row) -> list[str]:
    """Return the cells beside the thumbnail."""
    prompt = escape_text(clean_line(row.prompt, MAX_PROMPT_LENGTH))
    return [
        f'<div style="{_PROMPT_STYLE}">{prompt}</div>{wrap_small_print(escape_text(row.model))}',
        f'<span style="{_TIME_STYLE}">{escape_text(row.when)}</span>',
        *map(escape_text, (row.source, row.state, row.cost)),
        f"<code>{escape_text(row.id)}</code>",
    ]


def _load_thumbnail(folder: CallFolder, budget: thumbnails.PixelBudget) -> bytes | None:
    """Return a tiny JPEG of a call's image, or None without one that can be drawn."""
    try:
        image = find_preview(ImageResult(folder.path).image) if folder.is_complete else None
    except CometError:  # the call has no final image
        return None
    return thumbnails.create_thumbnail(image, THUMBNAIL_PIXELS, MAX_THUMBNAIL_BYTES, budget) if image else None


def render_thumbnail(content: bytes | None) -> str:
    """Return a thumbnail without alternative text, as the prompt is in the next cell."""
    size = thumbnails.read_size(ImagePart(thumbnails.JPEG, content=content)) if content else None
    return render_image(thumbnails.JPEG, content, "", fit_size(*size, THUMBNAIL_PIXELS)) if content and size else ""
