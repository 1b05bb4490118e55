"""How a result looks: the picture as its own output, then a caption, then the way to it.

What is embedded is small; the original stays on disk. All HTML is written here, and everything in it
that a model, a service or a prompt said is escaped; nothing is loaded from anywhere. Without HTML the
same is told in plain text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cometmagic.display import grounding, sent_images, thoughts, thumbnails
from cometmagic.display.bundles import Bundle, lines
from cometmagic.display.html import encoded, fitted, framed, img, quiet, text
from cometmagic.errors import CometError
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, ImagePart
from cometmagic.gemini.response import ImageResponse, Usage
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import Call, PendingCall
from cometmagic.generation.result import ImageResult
from cometmagic.storage.store import SMALL_PREVIEW_PIXELS
from cometmagic.system.atomic_files import format_bytes, format_path
from cometmagic.system.sanitize import clean, clean_line

LONGEST_SHOWN = 640  # CSS pixels; a 1024-pixel preview stays sharp on dense screens
LONGEST_ALT = 2_000  # characters; a prompt may be a book, and this stands in the output three times
ALT_IN_TEXT = 200  # characters of an alternative text where it stands beside others


def picture(result: ImageResult, *, terminal: bool = False) -> Bundle:
    """Return (MIME bundle, metadata) of the picture alone; for a `terminal` that draws pictures, as PNG."""
    alt = clean(result.alt, LONGEST_ALT)
    plain = {"text/plain": f"{result!r}: {clean_line(alt, ALT_IN_TEXT)}"}
    mime_type, content = result.preview()
    if mime_type not in DISPLAYABLE_TYPES:
        return plain, {}
    if terminal:
        png = thumbnails.png(content, LONGEST_SHOWN)
        return ({"image/png": encoded(png)} if png else {}) | plain, {}
    facts = {"sha256": _digest(result), "folder": format_path(result.folder), "source": result.source}
    bundle, metadata = embedded(result.image, (mime_type, content), thumbnails.final(result.image), alt)
    return bundle | plain, metadata | {"cometmagic": facts}


def embedded(image: ImagePart, preview: tuple[str, bytes], light: bytes | None, alt: str) -> Bundle:
    """Return (MIME bundle, metadata) of an image: its (MIME type, bytes) in HTML, the `light` JPEG for the rest.

    Only an <img> carries an alternative text to JupyterLab, which drops that of an image output, and to what
    nbconvert makes; a front end that shows no HTML has the other one.
    """
    bundle = {"text/html": img(*preview, alt, fitted(image.width, image.height, LONGEST_SHOWN))}
    metadata: dict[str, Any] = {"vscode_altText": alt}
    if light is not None:
        width, height = fitted(image.width, image.height, SMALL_PREVIEW_PIXELS)
        bundle["image/jpeg"] = encoded(light)
        metadata["image/jpeg"] = {"width": width, "height": height, "alt": alt}
    return bundle, metadata


def single(image: ImagePart) -> Bundle:
    """Return (MIME bundle, metadata) of one image of a result, as small as its picture."""
    size = f"{image.width}x{image.height} " if image.width else ""
    where = format_path(image.path) if image.path else "in memory"
    plain = {"text/plain": f"<image {size}{image.mime_type} {where}>"}
    light = thumbnails.other(image)
    if light is None:
        return plain, {}
    name = f"{'Draft' if image.thought else 'Image'} {size}{image.path.name if image.path else ''}".strip()
    bundle, metadata = embedded(image, ("image/jpeg", light), light, name)
    return bundle | plain, metadata


def caption(result: ImageResult, saved: Path | None = None) -> Bundle:
    """Return (MIME bundle, metadata) of what is told under the picture; `saved` is where a copy lies."""
    facts, response, call = _facts(result), result.response, result.call
    final = thoughts.Final(result.image, clean_line(result.alt, ALT_IN_TEXT))
    place, said = format_path(result.folder), response.text.strip()
    origin = sent_images.origin(call)
    notes = [*([origin] if origin else []), *([f"Saved as {format_path(saved)}."] if saved else []), *result.warnings]
    page = [
        quiet(f"{text(' · '.join(facts))}<br><code>{text(place)}</code>"),
        *(quiet(text(note)) for note in notes),
        sent_images.page(result),
        f'<div style="white-space:pre-wrap;overflow-wrap:break-word;margin:.3em 0">{text(said)}</div>' if said else "",
        grounding.page(response.grounding),
        thoughts.page(response, final),
    ]
    plain = [
        " · ".join([*facts, format_path(final.image.path or result.folder)]),
        *notes,
        *sent_images.plain(result),
        *filter(None, [said]),
        *grounding.plain(response.grounding),
        *thoughts.plain(response),
    ]
    return {"text/html": framed("".join(page)), "text/plain": "\n".join(plain)}, {}


def _facts(result: ImageResult) -> list[str]:
    image, usage = result.image, result.usage
    model, answered = result.call["model"], result.model_version
    name = model if answered in ("", model) else f"{model} (answered by {answered})"
    pixels = f"{image.width} × {image.height} px" if image.width else image.mime_type
    price = [str(result.price)] if result.source == "live" else []
    return [
        name,
        f"{pixels}, {format_bytes(image.size)}",
        f"{result.seconds:.1f} s",
        _tokens(usage),
        *price,
        _source(result),
    ]


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


def waiting(call: Call, seconds: float, step: str, why: str = "") -> Bundle:
    """Return (MIME bundle, metadata) of what is shown while a call is under way; `why` it has to wait."""
    told = [call.model, step, f"{seconds:.0f} s{' so far' if why else ''}"]
    if call.source == "live":
        told.append(str(call.estimate))
    return lines(" · ".join([*told, format_path(call.folder.path)]), *filter(None, [why]), *call.warnings)


def ended(under_way: PendingCall, seconds: float, told: str, error: CometError | None = None) -> Bundle:
    """Return (MIME bundle, metadata) of what is left of it when no picture takes its place; `error` may hold drafts."""
    calls = _calls(under_way)
    warnings = dict.fromkeys(warning for call in calls for warning in call.warnings)
    return _with_drafts(lines(f"{told} after {seconds:.1f} s · {_place(calls)}", *warnings), error)


def _calls(under_way: PendingCall) -> list[Call]:
    return under_way.calls if isinstance(under_way, Batch) else [under_way] if isinstance(under_way, Call) else []


def _place(calls: list[Call]) -> str:
    """Return where a call lies, or the folder of several."""
    return format_path(calls[0].folder.path if len(calls) == 1 else calls[0].folder.path.parent)


def error(problem: Exception) -> Bundle:
    """Return (MIME bundle, metadata) of an error that no cell raises, because its cell has ended."""
    return lines(f"{type(problem).__name__}: {problem}")


def _with_drafts(bundle: Bundle, error: CometError | None) -> Bundle:
    """Return a bundle with the drafts and thoughts of an answer that held no final image below it."""
    response = getattr(error, "response", None)
    if not isinstance(response, ImageResponse) or not (page := thoughts.page(response, None, is_open=True)):
        return bundle
    told, metadata = bundle
    plain = "\n".join([told["text/plain"], *thoughts.plain(response)])
    return {"text/html": told["text/html"] + framed(page), "text/plain": plain}, metadata


def meanwhile(name: str | None) -> Bundle:
    """Return (MIME bundle, metadata) of what is told under a picture that comes later; `name` is its variable."""
    waits = f" {name}.result() waits for it." if name else ""
    return lines(f"It appears here when it comes, whatever cell runs then.{waits}")


def _digest(result: ImageResult) -> str:
    return next(str(row["sha256"]) for row in result.call["files"] if row["role"] == "image")
