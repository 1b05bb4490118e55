"""How a result looks: the picture as its own output, then a caption, then the way to it.

What is embedded is small; the original stays on disk. All HTML is written here, and everything in it
that a model, a service or a prompt said is escaped; nothing is loaded from anywhere. Without HTML the
same is told in plain text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cometmagic.display import grounding, sent_images, thoughts, thumbnails
from cometmagic.display.bundles import Bundle, build_lines
from cometmagic.display.html_parts import (
    encode_base64,
    escape_text,
    fit_size,
    render_image,
    wrap_small_print,
    wrap_without_math,
)
from cometmagic.errors import CometError
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, ImagePart
from cometmagic.gemini.response import ImageResponse, Usage
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import Call, PendingCall
from cometmagic.generation.result import ImageResult
from cometmagic.storage.call_folder import SMALL_PREVIEW_PIXELS
from cometmagic.system.formatting import format_bytes, format_path
from cometmagic.system.sanitize import clean, clean_line

MAX_DISPLAY_PIXELS = 640  # CSS pixels; a 1024-pixel preview stays sharp on dense screens
MAX_ALT_LENGTH = 2_000  # characters; a prompt may be a book, and this stands in the output three times
MAX_INLINE_ALT_LENGTH = 200  # characters of an alternative text where it stands beside others


def build_image(result: ImageResult, *, terminal: bool = False) -> Bundle:
    """Return (MIME bundle, metadata) of the picture alone; for a `terminal` that draws pictures, as PNG."""
    alt = clean(result.alt, MAX_ALT_LENGTH)
    plain = {"text/plain": f"{result!r}: {clean_line(alt, MAX_INLINE_ALT_LENGTH)}"}
    mime_type, content = result.preview()
    if mime_type not in DISPLAYABLE_TYPES:
        return plain, {}
    if terminal:
        png = thumbnails.render_png(content, MAX_DISPLAY_PIXELS)
        return ({"image/png": encode_base64(png)} if png else {}) | plain, {}
    facts = {"sha256": _find_digest(result), "folder": format_path(result.folder), "source": result.source}
    bundle, metadata = embed_image(
        result.image, (mime_type, content), thumbnails.load_final_thumbnail(result.image), alt
    )
    return bundle | plain, metadata | {"cometmagic": facts}


def embed_image(image: ImagePart, preview: tuple[str, bytes], thumbnail: bytes | None, alt: str) -> Bundle:
    """Return (MIME bundle, metadata) of an image: its (MIME type, bytes) in HTML, the `light` JPEG for the rest.

    Only an <img> carries an alternative text to JupyterLab, which drops that of an image output, and to what
    nbconvert makes; a front end that shows no HTML has the other one.
    """
    bundle = {"text/html": render_image(*preview, alt, fit_size(image.width, image.height, MAX_DISPLAY_PIXELS))}
    metadata: dict[str, Any] = {"vscode_altText": alt}
    if thumbnail is not None:
        width, height = fit_size(image.width, image.height, SMALL_PREVIEW_PIXELS)
        bundle["image/jpeg"] = encode_base64(thumbnail)
        metadata["image/jpeg"] = {"width": width, "height": height, "alt": alt}
    return bundle, metadata


def build_part(image: ImagePart) -> Bundle:
    """Return (MIME bundle, metadata) of one image of a result, as small as its picture."""
    size = f"{image.width}x{image.height} " if image.width else ""
    where = format_path(image.path) if image.path else "in memory"
    plain = {"text/plain": f"<image {size}{image.mime_type} {where}>"}
    light = thumbnails.load_thumbnail(image)
    if light is None:
        return plain, {}
    name = f"{'Draft' if image.thought else 'Image'} {size}{image.path.name if image.path else ''}".strip()
    bundle, metadata = embed_image(image, ("image/jpeg", light), light, name)
    return bundle | plain, metadata


def build_caption(result: ImageResult, saved_path: Path | None = None) -> Bundle:
    """Return (MIME bundle, metadata) of what is told under the picture; `saved` is where a copy lies."""
    facts, response, call = _summarize_result(result), result.response, result.call
    final = thoughts.FinalImage(result.image, clean_line(result.alt, MAX_INLINE_ALT_LENGTH))
    place, said = format_path(result.folder), response.text.strip()
    origin = sent_images.describe_origin(call)
    notes = [
        *([origin] if origin else []),
        *([f"Saved as {format_path(saved_path)}."] if saved_path else []),
        *result.warnings,
    ]
    page = [
        wrap_small_print(f"{escape_text(' · '.join(facts))}<br><code>{escape_text(place)}</code>"),
        *(wrap_small_print(escape_text(note)) for note in notes),
        sent_images.render_html(result),
        f'<div style="white-space:pre-wrap;overflow-wrap:break-word;margin:.3em 0">{escape_text(said)}</div>'
        if said
        else "",
        grounding.render_html(response.grounding),
        thoughts.render_html(response, final),
    ]
    plain = [
        " · ".join([*facts, format_path(final.image.path or result.folder)]),
        *notes,
        *sent_images.render_text(result),
        *filter(None, [said]),
        *grounding.render_text(response.grounding),
        *thoughts.render_text(response),
    ]
    return {"text/html": wrap_without_math("".join(page)), "text/plain": "\n".join(plain)}, {}


def _summarize_result(result: ImageResult) -> list[str]:
    image, usage = result.image, result.usage
    model, answered = result.call["model"], result.model_version
    name = model if answered in ("", model) else f"{model} (answered by {answered})"
    pixels = f"{image.width} × {image.height} px" if image.width else image.mime_type
    price = [str(result.price)] if result.source == "live" else []
    return [
        name,
        f"{pixels}, {format_bytes(image.size)}",
        f"{result.seconds:.1f} s",
        _format_tokens(usage),
        *price,
        _format_source(result),
    ]


def _format_source(result: ImageResult) -> str:
    match result.source:
        case "replay":
            return f"replay of a recording of {result.call['planned'][:10]}, free"
        case "offline":
            return "offline sketch, not made by the model, free"
        case _:
            host = result.call.get("host", "")
            return f"live, from {host}" if host else "live"


def _format_tokens(usage: Usage) -> str:
    if usage.total is None:
        return "tokens unknown"
    thinking = f", {usage.thoughts:,} of them thinking" if usage.thoughts else ""
    return f"{usage.total:,} tokens{thinking}"


def build_call_progress(call: Call, seconds: float, step: str, reason: str = "") -> Bundle:
    """Return (MIME bundle, metadata) of what is shown while a call is under way; `why` it has to wait."""
    told = [call.model, step, f"{seconds:.0f} s{' so far' if reason else ''}"]
    if call.source == "live":
        told.append(str(call.estimate))
    return build_lines(" · ".join([*told, format_path(call.folder.path)]), *filter(None, [reason]), *call.warnings)


def build_final_status(
    pending_call: PendingCall, seconds: float, status: str, error: CometError | None = None
) -> Bundle:
    """Return (MIME bundle, metadata) of what is left of it when no picture takes its place; `error` may hold drafts."""
    calls = _get_calls(pending_call)
    warnings = dict.fromkeys(warning for call in calls for warning in call.warnings)
    return _append_drafts(build_lines(f"{status} after {seconds:.1f} s · {_format_location(calls)}", *warnings), error)


def _get_calls(pending_call: PendingCall) -> list[Call]:
    return (
        pending_call.calls
        if isinstance(pending_call, Batch)
        else [pending_call]
        if isinstance(pending_call, Call)
        else []
    )


def _format_location(calls: list[Call]) -> str:
    """Return where a call lies, or the folder of several."""
    return format_path(calls[0].folder.path if len(calls) == 1 else calls[0].folder.path.parent)


def build_error(error: Exception) -> Bundle:
    """Return (MIME bundle, metadata) of an error that no cell raises, because its cell has ended."""
    return build_lines(f"{type(error).__name__}: {error}")


def _append_drafts(bundle: Bundle, error: CometError | None) -> Bundle:
    """Return a bundle with the drafts and thoughts of an answer that held no final image below it."""
    response = getattr(error, "response", None)
    if not isinstance(response, ImageResponse) or not (page := thoughts.render_html(response, None, is_open=True)):
        return bundle
    told, metadata = bundle
    plain = "\n".join([told["text/plain"], *thoughts.render_text(response)])
    return {"text/html": told["text/html"] + wrap_without_math(page), "text/plain": plain}, metadata


def build_placeholder(variable: str | None) -> Bundle:
    """Return (MIME bundle, metadata) of what is told under a picture that comes later; `name` is its variable."""
    waits = f" {variable}.result() waits for it." if variable else ""
    return build_lines(f"It appears here when it comes, whatever cell runs then.{waits}")


def _find_digest(result: ImageResult) -> str:
    return next(str(row["sha256"]) for row in result.call["files"] if row["role"] == "image")
