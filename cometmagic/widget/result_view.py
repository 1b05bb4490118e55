"""What a panel shows of a result: small pictures and plain words, for the browser to draw.

Everything a model or a prompt said goes out as text, cleaned; the page puts it in as text.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from cometmagic.display import grid
from cometmagic.display import result as show
from cometmagic.errors import CometError
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, ImagePart, TextPart
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.storage.store import build_preview_path
from cometmagic.system.sanitize import clean, clean_line

THUMBNAIL = 112  # pixels of a longest side
DRAFT = 640  # pixels of a longest side
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif"}
Told = dict[str, Any]


def thumbnail(source: Path | bytes, longest: int = THUMBNAIL) -> bytes:
    """Return a small JPEG, or nothing when the picture cannot be drawn."""
    from cometmagic.images import resize  # Pillow, which a panel without pictures does not need

    return resize.render_preview(io.BytesIO(source) if isinstance(source, bytes) else source, longest) or b""


def picture(made: ImageResult | ImageResults | None) -> tuple[str, bytes]:
    """Return (MIME type, bytes) of what is drawn large; no bytes when there is nothing that can be shown."""
    try:
        if isinstance(made, ImageResults):
            return "image/jpeg", made.contact_sheet()
        mime_type, content = made.preview() if made is not None else ("", b"")
    except (CometError, OSError):  # its folder is gone
        return "", b""
    return (mime_type, content) if mime_type in DISPLAYABLE_TYPES else ("", b"")


def told(made: ImageResult | ImageResults | None) -> Told:
    """Return the words about what was made."""
    if made is None:
        return {}
    bundle, _ = grid.sheet_caption(made) if isinstance(made, ImageResults) else show.caption(made)
    facts, *more = clean(bundle["text/plain"]).splitlines()
    if isinstance(made, ImageResults):
        return {"alt": clean_line(made.alt), "facts": facts, "notes": [], "text": "\n".join(more), "id": ""}
    size = {"width": made.image.width, "height": made.image.height}
    words = {"text": clean(made.text).strip(), "thoughts": clean(made.thought_text).strip()}
    notes = [clean_line(note) for note in made.warnings]
    return {"alt": clean_line(made.alt), "facts": facts, "notes": notes, "id": made.folder.name} | size | words


def drafts(made: ImageResult | ImageResults | None) -> list[Told]:
    """Return the drafts of a result in order of arrival, each with what the model thought before it."""
    out: list[Told] = []
    thought = ""
    for part in made.response.parts if isinstance(made, ImageResult) else ():
        if isinstance(part, TextPart) and part.thought:
            thought = f"{thought}\n{part.text}".strip()
        elif isinstance(part, ImagePart) and part.thought:
            out.append({"told": clean(thought), "picture": _draft(part)})
            thought = ""
    return [one for one in out if one["picture"]]


def _draft(part: ImagePart) -> bytes:
    try:
        small = build_preview_path(part.path) if part.path is not None else None
        return thumbnail(small if small is not None and small.exists() else part.data, DRAFT)
    except OSError:
        return b""


def entry(result: ImageResult) -> Told:
    """Return a result as it stands in the history."""
    _, content = picture(result)
    return {
        "id": result.folder.name,
        "told": clean_line(result.alt, 120),
        "picture": thumbnail(content) if content else b"",
    }


def reference(word: str, given: Any) -> Told:
    """Return a reference image as it stands in the form; one that cannot be shown has its reason instead."""
    from cometmagic.images import references  # Pillow, as above

    try:
        return {"word": word, "picture": thumbnail(references.load_reference(given).part.data), "told": ""}
    except CometError as error:
        return {"word": word, "picture": b"", "told": clean_line(error.message)}
