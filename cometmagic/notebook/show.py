"""How a result looks: the picture as its own output, then a caption, then the way to it.

What is embedded is small; the original stays on disk. All HTML is written here, and everything in it
that a model, a service or a prompt said is escaped; nothing is loaded from anywhere. Without HTML the
same is told in plain text.
"""

from __future__ import annotations

import base64
import html
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cometmagic.batch import Batch
from cometmagic.disk import near
from cometmagic.errors import CometError
from cometmagic.foreign import clean
from cometmagic.library import preview_of
from cometmagic.notebook import sheets
from cometmagic.parts import SHOWN, ImagePart, TextPart
from cometmagic.response import ImageResponse, Usage
from cometmagic.result import ImageResult

if TYPE_CHECKING:
    from cometmagic.call import Call

LONGEST_SHOWN = 640  # CSS pixels; a 1024-pixel preview stays sharp on dense screens
CARD_WIDTH = 280  # CSS pixels of a draft
Bundle = tuple[dict[str, str], dict[str, Any]]

_QUIET = "font-size:.85em;line-height:1.5;color:var(--jp-ui-font-color2,#616161);margin:.3em 0"
_CARD = f"display:inline-block;vertical-align:bottom;max-width:{CARD_WIDTH}px;margin:.3em 1.5em .3em 0"


def picture(result: ImageResult, *, terminal: bool = False) -> Bundle:
    """Return (MIME bundle, metadata) of the picture alone."""
    image = result.image
    mime_type, content = result.preview()
    plain = {"text/plain": repr(result)}
    if mime_type not in SHOWN:
        return plain, {}
    size = _fitted(image)
    facts = {"sha256": _digest(result), "folder": near(result.folder), "source": result.source}
    metadata: dict[str, Any] = {"cometmagic": facts, "vscode_altText": result.alt}
    encoded = base64.b64encode(content).decode()
    if result.call.get("alt"):
        # JupyterLab drops the alternative text of an image output; only an <img> carries it there.
        return {"text/html": _img(mime_type, encoded, result.alt, size)} | plain, metadata
    metadata[mime_type] = size | {"alt": result.alt}
    return {mime_type: encoded} | plain, metadata


def single(image: ImagePart) -> Bundle:
    """Return (MIME bundle, metadata) of one image of a result, as small as its picture."""
    from cometmagic import images  # Pillow, which the kernel needs for nothing else

    size = f"{image.width}x{image.height} " if image.width else ""
    where = near(image.path) if image.path else "in memory"
    plain = {"text/plain": f"<image {size}{image.mime_type} {where}>"}
    small = images.preview(io.BytesIO(image.data), LONGEST_SHOWN)
    if small is None:
        return plain, {}
    return {"image/jpeg": base64.b64encode(small).decode()} | plain, {"image/jpeg": _fitted(image)}


def caption(result: ImageResult, saved: Path | None = None) -> Bundle:
    """Return (MIME bundle, metadata) of what is told under the picture; `saved` is where a copy lies."""
    facts, response = _facts(result), result.response
    notes = [*([f"Saved as {near(saved)}."] if saved else []), *result.warnings]
    lines = [f'<div style="{_QUIET}">{_text(" · ".join(facts))}<br><code>{_text(near(result.folder))}</code></div>']
    lines += [f'<div style="{_QUIET}">{_text(note)}</div>' for note in notes]
    if text := response.text.strip():
        lines.append(f'<div style="white-space:pre-wrap;margin:.3em 0">{_text(text)}</div>')
    lines += _thoughts(response)
    plain = [" · ".join([*facts, near(result.folder)]), *notes, *filter(None, [text])]
    return {"text/html": _framed("".join(lines)), "text/plain": "\n".join(plain)}, {}


def _facts(result: ImageResult) -> list[str]:
    image, usage = result.image, result.usage
    model, answered = result.call["model"], result.model_version
    name = model if answered in ("", model) else f"{model} (answered by {answered})"
    pixels = f"{image.width} × {image.height} px" if image.width else image.mime_type
    price = [str(result.price)] if result.source == "live" else []
    return [name, pixels, f"{result.seconds:.1f} s", _tokens(usage), *price, _source(result)]


def _source(result: ImageResult) -> str:
    match result.source:
        case "replay":
            return f"replay of a recording of {result.call['planned'][:10]}, free"
        case "offline":
            return "offline sketch, not made by the model, free"
        case _:
            host = result.call.get("host", "")
            return f"live, from {host}" if host else "live"


def _tokens(usage: Usage) -> str:
    if usage.total is None:
        return "tokens unknown"
    thinking = f", {usage.thoughts:,} of them thinking" if usage.thoughts else ""
    return f"{usage.total:,} tokens{thinking}"


def _thoughts(response: ImageResponse) -> list[str]:
    """Return the drafts and thoughts in order of arrival, folded: a card for each draft and what led to it."""
    cards, drafts = [""], 0
    for part in response.parts:
        if isinstance(part, TextPart) and part.thought:
            cards[-1] += _thought_text(part.text)
        elif isinstance(part, ImagePart) and part.thought:
            drafts += 1
            cards[-1] += _draft(part, drafts)
            cards.append("")
    shown = "".join(f'<div style="{_CARD}">{card}</div>' for card in cards if card)
    title = f"Thoughts: {drafts} draft{'s' * (drafts != 1)} on the way"
    return [f'<details style="margin:.3em 0"><summary>{title}</summary>{shown}</details>'] if shown else []


def _thought_text(text: str) -> str:
    """Return a thought, with the headings that models write as **bold**."""
    bold = re.sub(r"\*\*([^*\n]+)\*\*", r"<strong>\1</strong>", _text(re.sub(r"\n{2,}", "\n", text.strip())))
    return f'<div style="white-space:pre-line;margin:.4em 0">{bold}</div>'


def _draft(part: ImagePart, number: int) -> str:
    name = f"Draft {number}, {part.width} × {part.height} px"
    small = preview_of(part.path) if part.path else None
    if small is None or not small.exists():
        return f"<p>{_text(name)}</p>"
    encoded = base64.b64encode(small.read_bytes()).decode()
    img = _img("image/jpeg", encoded, name, {"width": _fitted(part, CARD_WIDTH)["width"]})
    return f'{img}<div style="{_QUIET}">{_text(name)}</div>'


def waiting(call: Call, seconds: float, step: str, why: str = "") -> Bundle:
    """Return (MIME bundle, metadata) of what is shown while a call is under way; `why` it has to wait."""
    told = [call.model, step, f"{seconds:.0f} s{' so far' if why else ''}"]
    if call.source == "live":
        told.append(str(call.estimate))
    return _lines(" · ".join([*told, near(call.folder.path)]), *filter(None, [why]), *call.warnings)


def ended(under_way: Call | Batch, seconds: float, told: str) -> Bundle:
    """Return (MIME bundle, metadata) of what is left of it when no picture takes its place."""
    calls = under_way.calls if isinstance(under_way, Batch) else [under_way]
    place = calls[0].folder.path if len(calls) == 1 else calls[0].folder.path.parent
    warnings = dict.fromkeys(warning for call in calls for warning in call.warnings)
    return _lines(f"{told} after {seconds:.1f} s · {near(place)}", *warnings)


def failed(under_way: Call | Batch, seconds: float, error: CometError) -> Bundle:
    """Return (MIME bundle, metadata) of an error that no cell raises, because its cell has ended."""
    return _lines(f"No image after {seconds:.1f} s", f"{type(error).__name__}: {error}")


def under_way(under_way: Call | Batch, seconds: float) -> Bundle:
    """Return (MIME bundle, metadata) of what is shown while a call is carried in the background."""
    if isinstance(under_way, Batch):
        return sheets.progress(under_way, seconds)
    return waiting(under_way, seconds, "in the background")


def _lines(*texts: str) -> Bundle:
    quiet = "".join(f'<div style="{_QUIET}">{_text(text)}</div>' for text in texts)
    return {"text/html": _framed(quiet), "text/plain": "\n".join(texts)}, {}


def _framed(inside: str) -> str:
    """Return HTML in which front ends look for no formulas: a model that speaks of $5 means dollars."""
    return f'<div class="mathjax_ignore tex2jax_ignore">{inside}</div>'


def _img(mime_type: str, encoded: str, alt: str, size: dict[str, int]) -> str:
    sizes = "".join(f' {name}="{value}"' for name, value in size.items())
    return f'<img src="data:{mime_type};base64,{encoded}" alt="{_text(alt)}"{sizes} style="max-width:100%;height:auto">'


def _fitted(image: ImagePart, longest: int = LONGEST_SHOWN) -> dict[str, int]:
    """Return the width and height at which an image is shown, in CSS pixels."""
    width, height = image.width or longest, image.height or longest
    scale = min(1.0, longest / max(width, height))
    return {"width": max(1, round(width * scale)), "height": max(1, round(height * scale))}


def _digest(result: ImageResult) -> str:
    return next(str(row["sha256"]) for row in result.call["files"] if row["role"] == "image")


def _text(text: str) -> str:
    return html.escape(clean(text), quote=True)
