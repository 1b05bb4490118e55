"""What was sent along with a prompt: small pictures of exactly those images, and the call it goes on from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cometmagic.display import thumbnails
from cometmagic.display.html_parts import escape_text, fit_size, render_image, wrap_small_print
from cometmagic.errors import CometError
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, ImagePart
from cometmagic.generation.result import ImageResult
from cometmagic.storage.lineage import CHAT
from cometmagic.system.sanitize import clean_line

THUMBNAIL_PIXELS = 96  # pixels
MAX_IMAGES = 14  # images: what the largest model takes
MAX_TOTAL_BYTES = 36_000  # bytes of all together
MAX_THUMBNAIL_BYTES = 4_400  # bytes of one: less than 6 kB as base64

_CHANGE_PATTERN = re.compile(r"\b(scaled|resized|reduced|converted|turned|saved (anew|as))\b")
_CARD_STYLE = "display:inline-block;vertical-align:bottom;margin:.3em 1em .3em 0"


def describe_origin(call: dict[str, Any]) -> str:
    """Return in a few words which earlier call this one goes on from, nothing for a new picture."""
    match call.get("parent"):
        case {"id": str(name), "how": str(how)}:
            return f"{'Continues' if how == CHAT else 'Edited from'} {clean_line(name, 200)}"
    return ""


def render_html(result: ImageResult) -> str:
    """Return HTML with a small picture of each image of the last turn; none when none was sent."""
    sent = _read_images(result)
    if not sent:
        return ""
    most = min(MAX_THUMBNAIL_BYTES, MAX_TOTAL_BYTES // min(len(sent), MAX_IMAGES))
    cards = "".join(_render_card(part, number, most) for number, part in enumerate(sent[:MAX_IMAGES], 1))
    return wrap_small_print(_format_title(result, sent)) + f"<div>{cards}</div>"


def render_text(result: ImageResult) -> Iterator[str]:
    """Yield the same as a line of text."""
    if sent := _read_images(result):
        told = "; ".join(
            f"{part.path.name if part.path else 'image'}, {_format_dimensions(part)}" for part in sent[:MAX_IMAGES]
        )
        yield f"{_format_title(result, sent)} {told}"


def _read_images(result: ImageResult) -> tuple[ImagePart, ...]:
    try:
        return tuple(part for part in result.request.last_turn_images if part.path is None or part.path.is_file())
    except (CometError, OSError, TypeError):  # a recording of somebody else's may lack it, or have other options
        return ()


def _format_title(result: ImageResult, images: tuple[ImagePart, ...]) -> str:
    number = "1 image" if len(images) == 1 else f"{len(images)} images"
    first = f", the first {MAX_IMAGES} of them" if len(images) > MAX_IMAGES else ""
    changed = any(_CHANGE_PATTERN.search(warning) for warning in result.warnings)
    return f"Sent along: {number}{first}{', changed as said above' if changed else ''}."


def _render_card(part: ImagePart, number: int, max_bytes: int) -> str:
    content = (
        thumbnails.create_thumbnail(part, THUMBNAIL_PIXELS, max_bytes) if part.mime_type in DISPLAYABLE_TYPES else None
    )
    told = escape_text(_format_dimensions(part))
    if content is None:
        return f'<div style="{_CARD_STYLE}">{wrap_small_print(told)}</div>'
    width, height = thumbnails.read_size(part) or (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
    shown = render_image(
        "image/jpeg", content, f"Image {number} that was sent", fit_size(width, height, THUMBNAIL_PIXELS)
    )
    return f'<div style="{_CARD_STYLE}">{shown}{wrap_small_print(told)}</div>'


def _format_dimensions(part: ImagePart) -> str:
    measured = thumbnails.read_size(part) if part.mime_type in DISPLAYABLE_TYPES else None
    return f"{measured[0]} × {measured[1]} px" if measured else part.mime_type
