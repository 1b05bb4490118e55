"""What a panel shows of a result: small pictures and plain words, for the browser to draw.

Everything a model or a prompt said goes out as text, cleaned; the page puts it in as text.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from cometmagic.display import batch_output
from cometmagic.display import result_output as show
from cometmagic.errors import CometError
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, ImagePart, TextPart
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.storage.call_folder import build_preview_path
from cometmagic.system.sanitize import clean, clean_line

THUMBNAIL_PIXELS = 112  # pixels of a longest side
DRAFT_PIXELS = 640  # pixels of a longest side
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif"}
ViewPayload = dict[str, Any]


def render_thumbnail(source: Path | bytes, max_side: int = THUMBNAIL_PIXELS) -> bytes:
    """Return a small JPEG, or nothing when the picture cannot be drawn."""
    from cometmagic.images import resize  # Pillow, which a panel without pictures does not need

    return resize.render_preview(io.BytesIO(source) if isinstance(source, bytes) else source, max_side) or b""


def read_image(result: ImageResult | ImageResults | None) -> tuple[str, bytes]:
    """Return (MIME type, bytes) of what is drawn large; no bytes when there is nothing that can be shown."""
    try:
        if isinstance(result, ImageResults):
            return "image/jpeg", result.contact_sheet()
        mime_type, content = result.preview() if result is not None else ("", b"")
    except (CometError, OSError):  # its folder is gone
        return "", b""
    return (mime_type, content) if mime_type in DISPLAYABLE_TYPES else ("", b"")


def describe_result(result: ImageResult | ImageResults | None) -> ViewPayload:
    """Return the words about what was made."""
    if result is None:
        return {}
    bundle, _ = (
        batch_output.build_sheet_caption(result) if isinstance(result, ImageResults) else show.build_caption(result)
    )
    facts, *more = clean(bundle["text/plain"]).splitlines()
    if isinstance(result, ImageResults):
        return {"alt": clean_line(result.alt), "facts": facts, "notes": [], "text": "\n".join(more), "id": ""}
    size = {"width": result.image.width, "height": result.image.height}
    words = {"text": clean(result.text).strip(), "thoughts": clean(result.thought_text).strip()}
    notes = [clean_line(note) for note in result.warnings]
    return {"alt": clean_line(result.alt), "facts": facts, "notes": notes, "id": result.folder.name} | size | words


def describe_drafts(result: ImageResult | ImageResults | None) -> list[ViewPayload]:
    """Return the drafts of a result in order of arrival, each with what the model thought before it."""
    out: list[ViewPayload] = []
    thought = ""
    for part in result.response.parts if isinstance(result, ImageResult) else ():
        if isinstance(part, TextPart) and part.thought:
            thought = f"{thought}\n{part.text}".strip()
        elif isinstance(part, ImagePart) and part.thought:
            out.append({"told": clean(thought), "picture": _render_draft(part)})
            thought = ""
    return [one for one in out if one["picture"]]


def _render_draft(part: ImagePart) -> bytes:
    try:
        small = build_preview_path(part.path) if part.path is not None else None
        return render_thumbnail(small if small is not None and small.exists() else part.data, DRAFT_PIXELS)
    except OSError:
        return b""


def describe_history_entry(result: ImageResult) -> ViewPayload:
    """Return a result as it stands in the history."""
    _, content = read_image(result)
    return {
        "id": result.folder.name,
        "told": clean_line(result.alt, 120),
        "picture": render_thumbnail(content) if content else b"",
    }


def describe_reference(word: str, source: Any) -> ViewPayload:
    """Return a reference image as it stands in the form; one that cannot be shown has its reason instead."""
    from cometmagic.images import references  # Pillow, as above

    try:
        return {"word": word, "picture": render_thumbnail(references.load_reference(source).part.data), "told": ""}
    except CometError as error:
        return {"word": word, "picture": b"", "told": clean_line(error.message)}
