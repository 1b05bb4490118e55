"""The way to a picture: thoughts and drafts in order of arrival, and each draft beside the final picture.

A draft lies over the final picture, and the width of its frame is what is seen of it. A slider sets the width, by
the only script there is; where scripts are taken away, as in a notebook that is not trusted, the frame's corner can
be dragged; where styles are taken away too, two pictures with their captions are left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cometmagic.display import thumbnails
from cometmagic.display.html import QUIET, fitted, img, quiet, text
from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.response import ImageResponse
from cometmagic.system.atomic_files import format_bytes, format_path

CARD_WIDTH = 360  # CSS pixels
SLIDER_WIDTH = 160  # CSS pixels at least, also under a narrow picture
LIGHT = 76_000  # bytes of all pictures here
LEAST_BYTES = 3_000  # of one of them, however many there are
SAME_SHAPE = 0.02  # difference of two ratios that nobody sees

_CARD = f"display:inline-block;vertical-align:bottom;width:{CARD_WIDTH}px;max-width:100%;margin:.3em 1.5em .9em 0"
_WORDS = "white-space:pre-line;overflow-wrap:break-word;line-height:1.5;margin:.4em 0;max-height:19em;overflow:auto"
_LABEL = "position:absolute;top:6px;padding:1px 7px;border-radius:3px;color:white;background:rgba(0,0,0,0.65);"
_LABEL += "font-size:12px;line-height:1.5;white-space:nowrap"
_OVERLAY = "position:absolute;top:0;left:0;width:50%;min-width:16px;max-width:100%;height:100%;overflow:hidden;"
_OVERLAY += "resize:horizontal;box-sizing:border-box;border-right:2px solid #42a5f5"
_MOVE = "this.previousElementSibling.lastElementChild.style.width=this.value+'%'"
_KEYS = 'data-lm-suppress-shortcuts="true"'  # or JupyterLab takes the arrow keys for itself
_HOW = "Move a slider, or drag the corner of a draft, to see the final picture behind it."


@dataclass(frozen=True)
class Final:
    """The picture that drafts are compared with."""

    image: ImagePart
    alt: str


def page(response: ImageResponse, final: Final | None, *, is_open: bool = False) -> str:
    """Return HTML with the thoughts of an answer, folded unless `is_open`; none without thoughts."""
    cards = list(_cards(response, final))
    if not cards:
        return ""
    shown = "".join(f'<div style="{_CARD}">{card}</div>' for card in cards)
    how = quiet(_HOW) if final and response.thoughts else ""
    mark = " open" if is_open else ""
    return f'<details style="margin:.3em 0"{mark}><summary>{_title(response)}</summary>{how}{shown}</details>'


def plain(response: ImageResponse) -> Iterator[str]:
    """Yield the same as lines of text."""
    drafts = 0
    told = []
    for part in response.parts:
        if isinstance(part, TextPart) and part.thought:
            told.append(part.text.strip())
        elif isinstance(part, ImagePart) and part.thought:
            drafts += 1
            where = f", {format_path(part.path)}" if part.path else ""
            told.append(f"Draft {drafts}: {_measures(part)}{where}")
    if told:
        yield f"{_title(response)}:"
        yield from filter(None, told)


def _title(response: ImageResponse) -> str:
    number, tokens = len(response.thoughts), response.usage.thoughts
    drafts = f": {number} draft{'s' * (number != 1)} on the way" if number else ""
    return f"Thoughts{drafts}{f', {tokens:,} tokens' if tokens else ''}"


def _cards(response: ImageResponse, final: Final | None) -> Iterator[str]:
    """Yield the inside of a card for each draft with the words that led to it, and of one for the last words."""
    words, drafts = "", 0
    pictures = len(response.thoughts) * (2 if final else 1)
    most = max(LEAST_BYTES, LIGHT // max(1, pictures))
    behind = _light(final.image, most, thumbnails.final) if final else None
    for part in response.parts:
        if isinstance(part, TextPart) and part.thought:
            words += _thought_text(part.text)
        elif isinstance(part, ImagePart) and part.thought:
            drafts += 1
            yield words + _draft(part, drafts, most, final, behind)
            words = ""
    if words:
        yield words


def _light(image: ImagePart, most: int, source: Callable[[ImagePart], bytes | None]) -> bytes | None:
    content = source(image)
    return thumbnails.lighter(content, most) if content is not None else None


def _thought_text(words: str) -> str:
    """Return a thought, with the headings that models write as **bold**."""
    bold = re.sub(r"\*\*([^*\n]+)\*\*", r"<strong>\1</strong>", text(re.sub(r"\n{2,}", "\n", words.strip())))
    return f'<div style="{_WORDS}">{bold}</div>'


def _draft(part: ImagePart, number: int, most: int, final: Final | None, behind: bytes | None) -> str:
    """Return one draft: beside the final picture if there is one, else alone."""
    name, content = f"Draft {number}", _light(part, most, thumbnails.other)
    caption = f"{name}: {_measures(part)}"
    if content is None:
        return quiet(text(f"{caption}, cannot be drawn"))
    if final is None or behind is None:
        size = fitted(part.width, part.height, CARD_WIDTH)
        shown = img("image/jpeg", content, f"{name}, {_measures(part)}", size)
    else:
        shown = _slider(part, content, name, final, behind)
    figcaption = f'<figcaption style="{QUIET}">{text(caption)}</figcaption>'
    return f'<figure style="margin:0">{shown}{figcaption}</figure>'


def _slider(part: ImagePart, draft: bytes, name: str, final: Final, behind: bytes) -> str:
    size = fitted(final.image.width, final.image.height, CARD_WIDTH)
    share = _share(part, final.image)
    ground = "" if share is None else ";background:gray"
    over = f"display:block;max-width:none;height:{share or 100}%;width:auto"
    inside = img("image/jpeg", draft, f"{name}, {_measures(part)}", size, over)
    below = img("image/jpeg", behind, f"Final picture: {final.alt}", size, "display:block;width:100%;height:auto")
    box = f"position:relative;width:{size[0]}px;max-width:100%"
    bar = f"display:block;width:{max(size[0], SLIDER_WIDTH)}px;max-width:100%;margin:6px 0 0"
    told = f"How much of {name} is seen, in percent"
    return (
        f'<div style="{box}">{below}<span style="{_LABEL};right:6px">Final</span>'
        f'<div style="{_OVERLAY}{ground}">{inside}<span style="{_LABEL};left:6px">{name}</span></div></div>'
        f'<input type="range" min="0" max="100" value="50" aria-label="{told}" title="{told}" style="{bar}"'
        f' oninput="{_MOVE}" {_KEYS}>'
    )


def _share(part: ImagePart, final: ImagePart) -> int | None:
    """Return how high a draft of another shape is drawn, in percent of the final picture; None when it fits."""
    if not (part.width and part.height and final.width and final.height):
        return None
    wider = (part.width / part.height) / (final.width / final.height)
    if abs(wider - 1) <= SAME_SHAPE:
        return None
    return min(100, round(100 / wider))


def _measures(part: ImagePart) -> str:
    pixels = f"{part.width} × {part.height} px" if part.width else part.mime_type
    return f"{pixels}, {format_bytes(part.size)}"
