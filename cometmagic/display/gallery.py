"""The library's calls with small pictures, as `%gemini_library list` shows them in a notebook."""

from __future__ import annotations

from cometmagic.display import bundles, thumbnails
from cometmagic.display.html_parts import escape_text, fit_size, render_image, wrap_small_print
from cometmagic.display.library_table import Listing, format_table
from cometmagic.errors import CometError
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.result import ImageResult
from cometmagic.storage.call_folder import CallFolder, build_preview_path
from cometmagic.system.sanitize import clean_line

THUMBNAIL_PIXELS = 64  # pixels of a longest side
MAX_THUMBNAIL_BYTES = 3_000  # bytes of one
MAX_TOTAL_BYTES = 120_000  # of all thumbnails of a list; those that come later have none
MAX_PROMPT_LENGTH = 160  # characters
JPEG = "image/jpeg"
_PROMPT_STYLE = "overflow-wrap:anywhere"  # a prompt of one long word must not push the ids out of sight
_TIME_STYLE = "white-space:nowrap"
COLUMNS = ("", "prompt", "when", "source", "state", "cost", "id")


def build_gallery(listing: Listing) -> bundles.Bundle:
    """Return the calls as a table with thumbnails; the plain text is the table of a terminal."""
    left, rows = MAX_TOTAL_BYTES, []
    for folder, row in listing.rows:
        content = _load_thumbnail(folder) if left > 0 else None
        left -= len(content or b"")
        prompt = escape_text(clean_line(row.prompt, MAX_PROMPT_LENGTH))
        cell = f'<div style="{_PROMPT_STYLE}">{prompt}</div>{wrap_small_print(escape_text(row.model))}'
        told = map(escape_text, (row.source, row.state, row.cost))
        when = f'<span style="{_TIME_STYLE}">{escape_text(row.when)}</span>'
        rows.append([_render_thumbnail(content), cell, when, *told, f"<code>{escape_text(row.id)}</code>"])
    html = bundles.render_table(COLUMNS, rows) if rows else ""
    return bundles.build_bundle(
        f"{bundles.render_small_print(listing.title)}{html}{bundles.render_small_print(*listing.notes)}",
        format_table(listing),
    )


def _load_thumbnail(folder: CallFolder) -> bytes | None:
    """Return the picture of a call as a tiny JPEG, None when it has none."""
    try:
        original = ImageResult(folder.path).image.path if folder.is_complete else None
    except (CometError, KeyError, TypeError):  # a call.json that others wrote
        return None
    if original is None:
        return None
    preview = build_preview_path(original)
    return thumbnails.create_thumbnail(
        ImagePart(JPEG, path=preview if preview.is_file() else original), THUMBNAIL_PIXELS, MAX_THUMBNAIL_BYTES
    )


def _render_thumbnail(content: bytes | None) -> str:
    """Return a thumbnail; it has no words of its own, as the prompt stands beside it."""
    size = thumbnails.read_size(ImagePart(JPEG, content=content)) if content else None
    return render_image(JPEG, content, "", fit_size(*size, THUMBNAIL_PIXELS)) if content and size else ""
