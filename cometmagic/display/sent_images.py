"""The images that were sent with a prompt, as thumbnails, and the earlier call that was edited.

The thumbnails are made from the files in the call's folder, so they show exactly what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cometmagic.display import thumbnails
from cometmagic.display.html_parts import escape_text, fit_size, format_dimensions, render_image, wrap_small_print
from cometmagic.errors import CometError
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, ImagePart
from cometmagic.generation.result import ImageResult
from cometmagic.storage.call_record import CallRecord
from cometmagic.storage.lineage import CHAT
from cometmagic.system.regular_files import is_regular
from cometmagic.system.sanitize import clean_line

THUMBNAIL_PIXELS = 96  # pixels of the longest side
MAX_IMAGES = 14  # images; no model accepts more
MAX_TOTAL_BYTES = 36_000  # bytes of all thumbnails
MAX_THUMBNAIL_BYTES = 4_400  # bytes of one thumbnail; less than 6 kB as base64

_CHANGE_PATTERN = re.compile(r"\b(scaled|resized|reduced|converted|turned|saved (anew|as))\b")
_CARD_STYLE = "display:inline-block;vertical-align:bottom;margin:.3em 1em .3em 0"


def describe_origin(call: CallRecord) -> str:
    """Return a line that names the call this one edits or continues, or "" for a new image."""
    if parent := call.get("parent"):
        return f"{'Continues' if parent['how'] == CHAT else 'Edited from'} {clean_line(parent['id'], 200)}"
    return ""


def render_html(result: ImageResult) -> str:
    """Return HTML with a thumbnail of each image of the last turn, or "" without images."""
    images = _read_images(result)
    if not images:
        return ""
    max_bytes = min(MAX_THUMBNAIL_BYTES, MAX_TOTAL_BYTES // min(len(images), MAX_IMAGES))
    budget = thumbnails.PixelBudget()
    cards = "".join(
        _render_card(image, number, max_bytes, budget) for number, image in enumerate(images[:MAX_IMAGES], 1)
    )
    return wrap_small_print(_format_title(result, images)) + f"<div>{cards}</div>"


def render_text(result: ImageResult) -> Iterator[str]:
    """Yield the same content as a line of text."""
    if images := _read_images(result):
        facts = [
            f"{image.path.name if image.path else 'image'}, {_measure_dimensions(image)}"
            for image in images[:MAX_IMAGES]
        ]
        yield f"{_format_title(result, images)} {'; '.join(facts)}"


def _read_images(result: ImageResult) -> tuple[ImagePart, ...]:
    try:
        return tuple(image for image in result.request.last_turn_images if image.path is None or is_regular(image.path))
    except CometError:  # a foreign recording may lack the request, or have other options
        return ()


def _format_title(result: ImageResult, images: tuple[ImagePart, ...]) -> str:
    count = "1 image" if len(images) == 1 else f"{len(images)} images"
    limit = f", the first {MAX_IMAGES} of them" if len(images) > MAX_IMAGES else ""
    has_changes = any(_CHANGE_PATTERN.search(warning) for warning in result.warnings)
    return f"Sent along: {count}{limit}{', changed as said above' if has_changes else ''}."


def _render_card(image: ImagePart, number: int, max_bytes: int, budget: thumbnails.PixelBudget) -> str:
    is_displayable = image.mime_type in DISPLAYABLE_TYPES
    content = thumbnails.create_thumbnail(image, THUMBNAIL_PIXELS, max_bytes, budget) if is_displayable else None
    dimensions = wrap_small_print(escape_text(_measure_dimensions(image)))
    if content is None:
        return f'<div style="{_CARD_STYLE}">{dimensions}</div>'
    width, height = thumbnails.read_size(image) or (None, None)
    size = fit_size(width, height, THUMBNAIL_PIXELS)
    thumbnail = render_image(thumbnails.JPEG, content, f"Image {number} that was sent", size)
    return f'<div style="{_CARD_STYLE}">{thumbnail}{dimensions}</div>'


def _measure_dimensions(image: ImagePart) -> str:
    size = thumbnails.read_size(image) if image.mime_type in DISPLAYABLE_TYPES else None
    width, height = size or (None, None)
    return format_dimensions(width, height, image.mime_type)
