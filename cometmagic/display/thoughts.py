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
from cometmagic.display.html_parts import SMALL_PRINT_STYLE, escape_text, fit_size, render_image, wrap_small_print
from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.response import ImageResponse
from cometmagic.system.formatting import format_bytes, format_path

CARD_WIDTH = 360  # CSS pixels
MIN_SLIDER_WIDTH = 160  # CSS pixels at least, also under a narrow picture
MAX_TOTAL_BYTES = 76_000  # bytes of all pictures here
MIN_IMAGE_BYTES = 3_000  # of one of them, however many there are
RATIO_TOLERANCE = 0.02  # difference of two ratios that nobody sees

_CARD_STYLE = f"display:inline-block;vertical-align:bottom;width:{CARD_WIDTH}px;max-width:100%;margin:.3em 1.5em .9em 0"
_THOUGHT_STYLE = (
    "white-space:pre-line;overflow-wrap:break-word;line-height:1.5;margin:.4em 0;max-height:19em;overflow:auto"
)
_LABEL_STYLE = "position:absolute;top:6px;padding:1px 7px;border-radius:3px;color:white;background:rgba(0,0,0,0.65);"
_LABEL_STYLE += "font-size:12px;line-height:1.5;white-space:nowrap"
_OVERLAY_STYLE = "position:absolute;top:0;left:0;width:50%;min-width:16px;max-width:100%;height:100%;overflow:hidden;"
_OVERLAY_STYLE += "resize:horizontal;box-sizing:border-box;border-right:2px solid #42a5f5"
_SLIDER_SCRIPT = "this.previousElementSibling.lastElementChild.style.width=this.value+'%'"
_SHORTCUT_ATTRIBUTE = 'data-lm-suppress-shortcuts="true"'  # or JupyterLab takes the arrow keys for itself
_SLIDER_HELP = "Move a slider, or drag the corner of a draft, to see the final picture behind it."


@dataclass(frozen=True)
class FinalImage:
    """The picture that drafts are compared with."""

    image: ImagePart
    alt: str


def render_html(response: ImageResponse, final_image: FinalImage | None, *, is_open: bool = False) -> str:
    """Return HTML with the thoughts of an answer, folded unless `is_open`; none without thoughts."""
    cards = list(_render_cards(response, final_image))
    if not cards:
        return ""
    shown = "".join(f'<div style="{_CARD_STYLE}">{card}</div>' for card in cards)
    how = wrap_small_print(_SLIDER_HELP) if final_image and response.thoughts else ""
    mark = " open" if is_open else ""
    return f'<details style="margin:.3em 0"{mark}><summary>{_format_title(response)}</summary>{how}{shown}</details>'


def render_text(response: ImageResponse) -> Iterator[str]:
    """Yield the same as lines of text."""
    drafts = 0
    told = []
    for part in response.parts:
        if isinstance(part, TextPart) and part.thought:
            told.append(part.text.strip())
        elif isinstance(part, ImagePart) and part.thought:
            drafts += 1
            where = f", {format_path(part.path)}" if part.path else ""
            told.append(f"Draft {drafts}: {_format_file_facts(part)}{where}")
    if told:
        yield f"{_format_title(response)}:"
        yield from filter(None, told)


def _format_title(response: ImageResponse) -> str:
    number, tokens = len(response.thoughts), response.usage.thoughts
    drafts = f": {number} draft{'s' * (number != 1)} on the way" if number else ""
    return f"Thoughts{drafts}{f', {tokens:,} tokens' if tokens else ''}"


def _render_cards(response: ImageResponse, final_image: FinalImage | None) -> Iterator[str]:
    """Yield the inside of a card for each draft with the words that led to it, and of one for the last words."""
    words, drafts = "", 0
    pictures = len(response.thoughts) * (2 if final_image else 1)
    most = max(MIN_IMAGE_BYTES, MAX_TOTAL_BYTES // max(1, pictures))
    behind = _load_jpeg(final_image.image, most, thumbnails.load_final_thumbnail) if final_image else None
    for part in response.parts:
        if isinstance(part, TextPart) and part.thought:
            words += _render_thought(part.text)
        elif isinstance(part, ImagePart) and part.thought:
            drafts += 1
            yield words + _render_draft(part, drafts, most, final_image, behind)
            words = ""
    if words:
        yield words


def _load_jpeg(image: ImagePart, max_bytes: int, load: Callable[[ImagePart], bytes | None]) -> bytes | None:
    content = load(image)
    return thumbnails.shrink_jpeg(content, max_bytes) if content is not None else None


def _render_thought(thought: str) -> str:
    """Return a thought, with the headings that models write as **bold**."""
    bold = re.sub(r"\*\*([^*\n]+)\*\*", r"<strong>\1</strong>", escape_text(re.sub(r"\n{2,}", "\n", thought.strip())))
    return f'<div style="{_THOUGHT_STYLE}">{bold}</div>'


def _render_draft(
    part: ImagePart, number: int, max_bytes: int, final_image: FinalImage | None, final_jpeg: bytes | None
) -> str:
    """Return one draft: beside the final picture if there is one, else alone."""
    name, content = f"Draft {number}", _load_jpeg(part, max_bytes, thumbnails.load_thumbnail)
    caption = f"{name}: {_format_file_facts(part)}"
    if content is None:
        return wrap_small_print(escape_text(f"{caption}, cannot be drawn"))
    if final_image is None or final_jpeg is None:
        size = fit_size(part.width, part.height, CARD_WIDTH)
        shown = render_image("image/jpeg", content, f"{name}, {_format_file_facts(part)}", size)
    else:
        shown = _render_slider(part, content, name, final_image, final_jpeg)
    figcaption = f'<figcaption style="{SMALL_PRINT_STYLE}">{escape_text(caption)}</figcaption>'
    return f'<figure style="margin:0">{shown}{figcaption}</figure>'


def _render_slider(part: ImagePart, draft_jpeg: bytes, name: str, final_image: FinalImage, final_jpeg: bytes) -> str:
    size = fit_size(final_image.image.width, final_image.image.height, CARD_WIDTH)
    share = _compute_height_percent(part, final_image.image)
    ground = "" if share is None else ";background:gray"
    over = f"display:block;max-width:none;height:{share or 100}%;width:auto"
    inside = render_image("image/jpeg", draft_jpeg, f"{name}, {_format_file_facts(part)}", size, over)
    below = render_image(
        "image/jpeg", final_jpeg, f"Final picture: {final_image.alt}", size, "display:block;width:100%;height:auto"
    )
    box = f"position:relative;width:{size[0]}px;max-width:100%"
    bar = f"display:block;width:{max(size[0], MIN_SLIDER_WIDTH)}px;max-width:100%;margin:6px 0 0"
    told = f"How much of {name} is seen, in percent"
    return (
        f'<div style="{box}">{below}<span style="{_LABEL_STYLE};right:6px">Final</span>'
        f'<div style="{_OVERLAY_STYLE}{ground}">{inside}<span style="{_LABEL_STYLE};left:6px">{name}</span></div></div>'
        f'<input type="range" min="0" max="100" value="50" aria-label="{told}" title="{told}" style="{bar}"'
        f' oninput="{_SLIDER_SCRIPT}" {_SHORTCUT_ATTRIBUTE}>'
    )


def _compute_height_percent(draft: ImagePart, final_part: ImagePart) -> int | None:
    """Return how high a draft of another shape is drawn, in percent of the final picture; None when it fits."""
    if not (draft.width and draft.height and final_part.width and final_part.height):
        return None
    wider = (draft.width / draft.height) / (final_part.width / final_part.height)
    if abs(wider - 1) <= RATIO_TOLERANCE:
        return None
    return min(100, round(100 / wider))


def _format_file_facts(part: ImagePart) -> str:
    pixels = f"{part.width} × {part.height} px" if part.width else part.mime_type
    return f"{pixels}, {format_bytes(part.size)}"
