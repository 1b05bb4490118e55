"""The thoughts and drafts of a response in order of arrival, each draft over the final image.

A slider sets how much of a draft covers the final image; its handler is the only script in the outputs. Without
scripts, as in an untrusted notebook, the corner of the draft can be dragged. Without styles, the two images follow each
other. This module knows nothing of calls and results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cometmagic.display import thumbnails
from cometmagic.display.html_parts import (
    SMALL_PRINT_STYLE,
    escape_text,
    fit_size,
    format_dimensions,
    render_image,
    wrap_small_print,
)
from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.response import ImageResponse
from cometmagic.system.formatting import format_bytes, format_path

CARD_WIDTH = 360  # CSS pixels
MIN_SLIDER_WIDTH = 160  # CSS pixels, also under a narrow image
MAX_DRAFTS = 30  # drafts that are drawn or listed; real answers have a few
MAX_TOTAL_BYTES = 76_000  # bytes of all images of a response
MIN_IMAGE_BYTES = 3_000  # bytes that each image may have, however many there are
RATIO_TOLERANCE = 0.02  # invisible difference of two aspect ratios

_CARD_STYLE = f"display:inline-block;vertical-align:bottom;width:{CARD_WIDTH}px;max-width:100%;margin:.3em 1.5em .9em 0"
_THOUGHT_STYLE = (
    "white-space:pre-line;overflow-wrap:break-word;line-height:1.5;margin:.4em 0;max-height:19em;overflow:auto"
)
_LABEL_STYLE = "position:absolute;top:6px;padding:1px 7px;border-radius:3px;color:white;background:rgba(0,0,0,0.65);"
_LABEL_STYLE += "font-size:12px;line-height:1.5;white-space:nowrap"
_OVERLAY_STYLE = "position:absolute;top:0;left:0;width:50%;min-width:16px;max-width:100%;height:100%;overflow:hidden;"
_OVERLAY_STYLE += "resize:horizontal;box-sizing:border-box;border-right:2px solid #42a5f5"
_FINAL_STYLE = "display:block;width:100%;height:auto"
_SLIDER_SCRIPT = "this.previousElementSibling.lastElementChild.style.width=this.value+'%'"
_SHORTCUT_ATTRIBUTE = 'data-lm-suppress-shortcuts="true"'  # keeps JupyterLab from handling the arrow keys
_SLIDER_HELP = "Move a slider, or drag the corner of a draft, to see the final picture behind it."


@dataclass(frozen=True)
class FinalImage:
    """The image that drafts are compared with."""

    image: ImagePart
    alt: str


def render_html(response: ImageResponse, final_image: FinalImage | None, *, is_open: bool = False) -> str:
    """Return HTML with the thoughts of a response, folded unless `is_open`, or "" without thoughts."""
    cards = list(_render_cards(response, final_image))
    if not cards:
        return ""
    content = "".join(f'<div style="{_CARD_STYLE}">{card}</div>' for card in cards)
    hint = wrap_small_print(_SLIDER_HELP) if final_image and response.thoughts else ""
    attribute = " open" if is_open else ""
    title = f"<summary>{_format_title(response)}</summary>"
    return f'<details style="margin:.3em 0"{attribute}>{title}{hint}{content}</details>'


def render_text(response: ImageResponse) -> Iterator[str]:
    """Yield the same content as lines of text."""
    draft_count, lines = 0, []
    for part in response.parts:
        if isinstance(part, TextPart) and part.thought:
            lines.append(part.text.strip())
        elif isinstance(part, ImagePart) and part.thought:
            draft_count += 1
            if draft_count <= MAX_DRAFTS:
                location = f", {format_path(part.path)}" if part.path else ""
                lines.append(f"Draft {draft_count}: {_format_file_facts(part)}{location}")
    if lines:
        yield f"{_format_title(response)}:"
        yield from filter(None, [*lines, _format_remainder(draft_count)])


def _format_remainder(draft_count: int) -> str:
    return f"Not listed: {draft_count - MAX_DRAFTS} more drafts." if draft_count > MAX_DRAFTS else ""


def _format_title(response: ImageResponse) -> str:
    count, tokens = len(response.thoughts), response.usage.thoughts
    drafts = f": {count} draft{'s' * (count != 1)} on the way" if count else ""
    return f"Thoughts{drafts}{f', {tokens:,} tokens' if tokens else ''}"


def _render_cards(response: ImageResponse, final_image: FinalImage | None) -> Iterator[str]:
    """Yield the content of each card: a draft after the thoughts that led to it, and the remaining thoughts."""
    thoughts_html, draft_count, budget = "", 0, thumbnails.PixelBudget()
    image_count = min(len(response.thoughts), MAX_DRAFTS) * (2 if final_image else 1)
    max_bytes = max(MIN_IMAGE_BYTES, MAX_TOTAL_BYTES // max(1, image_count))
    final_jpeg = _load_final_jpeg(final_image, max_bytes, budget)
    for part in response.parts:
        if isinstance(part, TextPart) and part.thought:
            thoughts_html += _render_thought(part.text)
        elif isinstance(part, ImagePart) and part.thought:
            draft_count += 1
            if draft_count <= MAX_DRAFTS:
                draft_jpeg = _shrink(thumbnails.load_thumbnail(part, budget), max_bytes)
                yield thoughts_html + _render_draft(part, draft_count, draft_jpeg, final_image, final_jpeg)
                thoughts_html = ""
    thoughts_html += wrap_small_print(remainder) if (remainder := _format_remainder(draft_count)) else ""
    if thoughts_html:
        yield thoughts_html


def _load_final_jpeg(final_image: FinalImage | None, max_bytes: int, budget: thumbnails.PixelBudget) -> bytes | None:
    if final_image is None:
        return None
    return _shrink(thumbnails.load_final_thumbnail(final_image.image, budget), max_bytes)


def _shrink(content: bytes | None, max_bytes: int) -> bytes | None:
    """Return a thumbnail of at most `max_bytes`."""
    return thumbnails.shrink_jpeg(content, max_bytes) if content is not None else None


def _render_thought(thought: str) -> str:
    """Return a thought, with the headings that models write as **bold**."""
    text = escape_text(re.sub(r"\n{2,}", "\n", thought.strip()))
    html = re.sub(r"\*\*([^*\n]+)\*\*", r"<strong>\1</strong>", text)
    return f'<div style="{_THOUGHT_STYLE}">{html}</div>'


def _render_draft(
    part: ImagePart, number: int, content: bytes | None, final_image: FinalImage | None, final_jpeg: bytes | None
) -> str:
    """Return one draft: over the final image if there is one, else alone."""
    name = f"Draft {number}"
    caption = f"{name}: {_format_file_facts(part)}"
    if content is None:
        return wrap_small_print(escape_text(f"{caption}, cannot be drawn"))
    if final_image is None or final_jpeg is None:
        size = fit_size(part.width, part.height, CARD_WIDTH)
        figure = render_image(thumbnails.JPEG, content, f"{name}, {_format_file_facts(part)}", size)
    else:
        figure = _render_slider(part, content, name, final_image, final_jpeg)
    figcaption = f'<figcaption style="{SMALL_PRINT_STYLE}">{escape_text(caption)}</figcaption>'
    return f'<figure style="margin:0">{figure}{figcaption}</figure>'


def _render_slider(part: ImagePart, draft_jpeg: bytes, name: str, final_image: FinalImage, final_jpeg: bytes) -> str:
    size = fit_size(final_image.image.width, final_image.image.height, CARD_WIDTH)
    percent = _compute_height_percent(part, final_image.image)
    background = "" if percent is None else ";background:gray"
    draft_style = f"display:block;max-width:none;height:{percent or 100}%;width:auto"
    draft = render_image(thumbnails.JPEG, draft_jpeg, f"{name}, {_format_file_facts(part)}", size, draft_style)
    final = render_image(thumbnails.JPEG, final_jpeg, f"Final picture: {final_image.alt}", size, _FINAL_STYLE)
    box_style = f"position:relative;width:{size[0]}px;max-width:100%"
    slider_style = f"display:block;width:{max(size[0], MIN_SLIDER_WIDTH)}px;max-width:100%;margin:6px 0 0"
    label = f"How much of {name} is seen, in percent"
    return (
        f'<div style="{box_style}">{final}<span style="{_LABEL_STYLE};right:6px">Final</span>'
        f'<div style="{_OVERLAY_STYLE}{background}">{draft}'
        f'<span style="{_LABEL_STYLE};left:6px">{name}</span></div></div>'
        f'<input type="range" min="0" max="100" value="50" aria-label="{label}" title="{label}" style="{slider_style}"'
        f' oninput="{_SLIDER_SCRIPT}" {_SHORTCUT_ATTRIBUTE}>'
    )


def _compute_height_percent(draft: ImagePart, final_part: ImagePart) -> int | None:
    """Return the height of a draft in percent of the final image, or None if their shapes match."""
    if not (draft.width and draft.height and final_part.width and final_part.height):
        return None
    ratio = (draft.width / draft.height) / (final_part.width / final_part.height)
    if abs(ratio - 1) <= RATIO_TOLERANCE:
        return None
    return min(100, round(100 / ratio))


def _format_file_facts(part: ImagePart) -> str:
    return f"{format_dimensions(part.width, part.height, part.mime_type)}, {format_bytes(part.size)}"
