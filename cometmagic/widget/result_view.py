"""Describes results and references for the page: small images and plain text.

Every text of a model or a prompt is cleaned and sent as text, and the page inserts it as text. This module knows no
widget.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from cometmagic.display import batch_output, caption, result_output, thumbnails
from cometmagic.errors import CometError
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, ImagePart, TextPart
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import AnyResult, ImageResults
from cometmagic.storage.call_folder import find_preview
from cometmagic.system.sanitize import clean, clean_line

THUMBNAIL_PIXELS = 112  # longest side
DRAFT_PIXELS = 640  # longest side
MAX_DRAFT_BYTES = 100_000
ViewPayload = dict[str, Any]


def render_thumbnail(source: Path | bytes, max_side: int = THUMBNAIL_PIXELS) -> bytes:
    """Return a small JPEG, or no bytes when the image cannot be decoded."""
    from cometmagic.images import resize  # Pillow, which a panel without images does not need

    return resize.render_preview(io.BytesIO(source) if isinstance(source, bytes) else source, max_side) or b""


def read_image(result: AnyResult | None) -> tuple[str, bytes]:
    """Return the MIME type and bytes of the large image; no bytes when there is nothing to show."""
    try:
        if isinstance(result, ImageResults):
            return "image/jpeg", result.contact_sheet()
        mime_type, content = result_output.load_embedded(result) if result is not None else ("", None)
    except (CometError, OSError):  # its folder was deleted
        return "", b""
    return (mime_type, content) if content and mime_type in DISPLAYABLE_TYPES else ("", b"")


def describe_result(result: AnyResult | None) -> ViewPayload:
    """Return the texts and the size of a result."""
    if result is None:
        return {}
    bundle, _ = (
        batch_output.build_sheet_caption(result) if isinstance(result, ImageResults) else caption.build_caption(result)
    )
    facts, *lines = clean(bundle["text/plain"]).splitlines()
    if isinstance(result, ImageResults):
        return {"alt": clean_line(result.alt), "facts": facts, "notes": [], "text": "\n".join(lines), "id": ""}
    size = {"width": result.image.width, "height": result.image.height}
    texts = {"text": clean(result.text).strip(), "thoughts": clean(result.thought_text).strip()}
    notes = [clean_line(note) for note in caption.list_warnings(result)]
    return {"alt": clean_line(result.alt), "facts": facts, "notes": notes, "id": result.folder.name} | size | texts


def describe_drafts(result: AnyResult | None) -> list[ViewPayload]:
    """Return the drafts of a result in order of arrival, each with the thoughts before it."""
    payloads: list[ViewPayload] = []
    thoughts, budget = "", thumbnails.PixelBudget()
    for part in result.response.parts if isinstance(result, ImageResult) else ():
        if isinstance(part, TextPart) and part.thought:
            thoughts = f"{thoughts}\n{part.text}".strip()
        elif isinstance(part, ImagePart) and part.thought:
            payloads.append({"told": clean(thoughts), "picture": _render_draft(part, budget)})
            thoughts = ""
    return [payload for payload in payloads if payload["picture"]]


def _render_draft(part: ImagePart, budget: thumbnails.PixelBudget) -> bytes:
    try:
        return thumbnails.create_thumbnail(find_preview(part), DRAFT_PIXELS, MAX_DRAFT_BYTES, budget) or b""
    except CometError:
        return b""


def describe_history_entry(result: ImageResult) -> ViewPayload:
    """Return a result as an entry of the history."""
    _, content = read_image(result)
    return {
        "id": result.folder.name,
        "told": clean_line(result.alt, 120),
        "picture": render_thumbnail(content) if content else b"",
    }


def describe_reference(word: str, source: Any) -> ViewPayload:
    """Return a reference image as the form shows it, or the reason why it cannot be shown."""
    from cometmagic.images import references  # Pillow, as above

    try:
        return {"word": word, "picture": render_thumbnail(references.load_reference(source).part.data), "told": ""}
    except CometError as error:
        return {"word": word, "picture": b"", "told": clean_line(error.message)}
