"""The library's calls with small pictures, as `%gemini_library list` shows them in a notebook."""

from __future__ import annotations

from cometmagic.display import bundles, thumbnails
from cometmagic.display.html import fitted, img, quiet, text
from cometmagic.display.library_table import Listed, table
from cometmagic.errors import CometError
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.result import ImageResult
from cometmagic.storage.store import CallFolder, build_preview_path
from cometmagic.system.sanitize import clean_line

THUMBNAIL = 64  # pixels of a longest side
HEAVIEST = 3_000  # bytes of one
MOST_BYTES = 120_000  # of all thumbnails of a list; those that come later have none
LONGEST_PROMPT = 160  # characters
JPEG = "image/jpeg"
_PROMPT = "overflow-wrap:anywhere"  # a prompt of one long word must not push the ids out of sight
_WHEN = "white-space:nowrap"
HEAD = ("", "prompt", "when", "source", "state", "cost", "id")


def gallery(calls: Listed) -> bundles.Bundle:
    """Return the calls as a table with thumbnails; the plain text is the table of a terminal."""
    left, rows = MOST_BYTES, []
    for folder, row in calls.found:
        content = _thumbnail(folder) if left > 0 else None
        left -= len(content or b"")
        prompt = f'<div style="{_PROMPT}">{text(clean_line(row.prompt, LONGEST_PROMPT))}</div>{quiet(text(row.model))}'
        told = map(text, (row.source, row.state, row.cost))
        when = f'<span style="{_WHEN}">{text(row.when)}</span>'
        rows.append([_shown(content), prompt, when, *told, f"<code>{text(row.id)}</code>"])
    html = bundles.table(HEAD, rows) if rows else ""
    return bundles.bundle(f"{bundles.small_print(calls.title)}{html}{bundles.small_print(*calls.notes)}", table(calls))


def _thumbnail(folder: CallFolder) -> bytes | None:
    """Return the picture of a call as a tiny JPEG, None when it has none."""
    try:
        original = ImageResult(folder.path).image.path if folder.is_complete else None
    except (CometError, KeyError, TypeError):  # a call.json that others wrote
        return None
    if original is None:
        return None
    preview = build_preview_path(original)
    return thumbnails.made(ImagePart(JPEG, path=preview if preview.is_file() else original), THUMBNAIL, HEAVIEST)


def _shown(content: bytes | None) -> str:
    """Return a thumbnail; it has no words of its own, as the prompt stands beside it."""
    size = thumbnails.size(ImagePart(JPEG, content=content)) if content else None
    return img(JPEG, content, "", fitted(*size, THUMBNAIL)) if content and size else ""
