"""What was sent along with a prompt: small pictures of exactly those images, and the call it goes on from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cometmagic.display import thumbnails
from cometmagic.display.html import fitted, img, quiet, text
from cometmagic.errors import CometError
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, ImagePart
from cometmagic.generation.result import ImageResult
from cometmagic.storage.lineage import CHAT
from cometmagic.system.sanitize import clean_line

LONGEST = 96  # pixels
MOST = 14  # images: what the largest model takes
LIGHT = 36_000  # bytes of all together
HEAVIEST = 4_400  # bytes of one: less than 6 kB as base64

_CHANGES = re.compile(r"\b(scaled|resized|reduced|converted|turned|saved (anew|as))\b")
_CARD = "display:inline-block;vertical-align:bottom;margin:.3em 1em .3em 0"


def origin(call: dict[str, Any]) -> str:
    """Return in a few words which earlier call this one goes on from, nothing for a new picture."""
    match call.get("parent"):
        case {"id": str(name), "how": str(how)}:
            return f"{'Continues' if how == CHAT else 'Edited from'} {clean_line(name, 200)}"
    return ""


def page(result: ImageResult) -> str:
    """Return HTML with a small picture of each image of the last turn; none when none was sent."""
    sent = _sent(result)
    if not sent:
        return ""
    most = min(HEAVIEST, LIGHT // min(len(sent), MOST))
    cards = "".join(_card(part, number, most) for number, part in enumerate(sent[:MOST], 1))
    return quiet(_title(result, sent)) + f"<div>{cards}</div>"


def plain(result: ImageResult) -> Iterator[str]:
    """Yield the same as a line of text."""
    if sent := _sent(result):
        told = "; ".join(f"{part.path.name if part.path else 'image'}, {_measures(part)}" for part in sent[:MOST])
        yield f"{_title(result, sent)} {told}"


def _sent(result: ImageResult) -> tuple[ImagePart, ...]:
    try:
        return tuple(part for part in result.request.last_turn_images if part.path is None or part.path.is_file())
    except (CometError, OSError, TypeError):  # a recording of somebody else's may lack it, or have other options
        return ()


def _title(result: ImageResult, sent: tuple[ImagePart, ...]) -> str:
    number = "1 image" if len(sent) == 1 else f"{len(sent)} images"
    first = f", the first {MOST} of them" if len(sent) > MOST else ""
    changed = any(_CHANGES.search(warning) for warning in result.warnings)
    return f"Sent along: {number}{first}{', changed as said above' if changed else ''}."


def _card(part: ImagePart, number: int, most: int) -> str:
    content = thumbnails.made(part, LONGEST, most) if part.mime_type in DISPLAYABLE_TYPES else None
    told = text(_measures(part))
    if content is None:
        return f'<div style="{_CARD}">{quiet(told)}</div>'
    width, height = thumbnails.size(part) or (LONGEST, LONGEST)
    shown = img("image/jpeg", content, f"Image {number} that was sent", fitted(width, height, LONGEST))
    return f'<div style="{_CARD}">{shown}{quiet(told)}</div>'


def _measures(part: ImagePart) -> str:
    measured = thumbnails.size(part) if part.mime_type in DISPLAYABLE_TYPES else None
    return f"{measured[0]} × {measured[1]} px" if measured else part.mime_type
