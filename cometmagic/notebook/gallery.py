"""The library's calls with small pictures, as `%gemini_library list` shows them in a notebook."""

from __future__ import annotations

import io

from cometmagic.errors import CometError
from cometmagic.foreign import line
from cometmagic.library import CallFolder, preview_of
from cometmagic.listing import Listed, table
from cometmagic.notebook import blocks
from cometmagic.notebook.html import fitted, img, quiet, text
from cometmagic.result import ImageResult

THUMBNAIL = 64  # pixels of a longest side
MOST_BYTES = 120_000  # of all thumbnails of a list; those that come later have none
LONGEST_PROMPT = 160  # characters
HEAD = ("", "prompt", "when", "source", "state", "cost", "id")


def gallery(calls: Listed) -> blocks.Bundle:
    """Return the calls as a table with thumbnails; the plain text is the table of a terminal."""
    left, rows = MOST_BYTES, []
    for folder, row in calls.found:
        content = _thumbnail(folder) if left > 0 else None
        left -= len(content or b"")
        prompt = text(line(row.prompt, LONGEST_PROMPT)) + quiet(text(row.model))
        told = map(text, (row.when, row.source, row.state, row.cost))
        rows.append([_shown(content), prompt, *told, f"<code>{text(row.id)}</code>"])
    html = blocks.table(HEAD, rows) if rows else ""
    return blocks.bundle(f"{blocks.small(calls.title)}{html}{blocks.small(*calls.notes)}", table(calls))


def _thumbnail(folder: CallFolder) -> bytes | None:
    """Return the picture of a call as a tiny JPEG, None when it has none."""
    from cometmagic import images  # Pillow, which a list without pictures does not need

    try:
        original = ImageResult(folder.path).image.path if folder.is_whole else None
    except (CometError, KeyError, TypeError):  # a call.json that others wrote
        return None
    if original is None:
        return None
    small = preview_of(original)
    return images.preview(small if small.is_file() else original, THUMBNAIL)


def _shown(content: bytes | None) -> str:
    """Return a thumbnail; it has no words of its own, as the prompt stands beside it."""
    from cometmagic import images  # as above

    size = images.size(io.BytesIO(content)) if content else None
    return img("image/jpeg", content, "", fitted(*size, THUMBNAIL)) if content and size else ""
