"""The outputs of a call other than its caption: progress, the image, one of its parts, an error.

Only small images are embedded; the originals stay on disk. Each output exists as HTML and as plain text. This module
displays nothing itself.
"""

from __future__ import annotations

from cometmagic.display import bundles, thoughts, thumbnails
from cometmagic.display.bundles import Bundle, build_lines
from cometmagic.display.html_parts import encode_base64, fit_size, wrap_without_math
from cometmagic.errors import CometError
from cometmagic.gemini.parts import DISPLAYABLE_TYPES, ImagePart
from cometmagic.gemini.response import ImageResponse
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import Call, PendingCall
from cometmagic.generation.result import ImageResult
from cometmagic.storage.call_folder import CallFolder, find_preview
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean, clean_line

FIRST_SECONDS = 0.5  # until then nothing is known of a call's progress
MAX_DISPLAY_PIXELS = 640  # CSS pixels; a 1024-pixel preview stays sharp on dense screens
PRINTABLE_TYPES = ("image/png", "image/jpeg")  # what LaTeX and every front end draw
MAX_EMBEDDED_BYTES = 40_000_000  # bytes; a 4K picture, which `--preview 0` embeds, has up to 30 MB
MAX_ALT_LENGTH = 2_000  # characters; a prompt can be very long, and the output holds this text three times
MAX_PLAIN_ALT_LENGTH = 200  # characters of the alternative text in plain text


def build_image(result: ImageResult, *, terminal: bool = False) -> Bundle:
    """Return (MIME bundle, metadata) of the image alone; as PNG for a `terminal` that draws images."""
    alt = clean(result.alt, MAX_ALT_LENGTH)
    plain = {"text/plain": f"{result!r}: {clean_line(alt, MAX_PLAIN_ALT_LENGTH)}"}
    (mime_type, content), image = load_embedded(result), result.image
    if mime_type not in DISPLAYABLE_TYPES or content is None:
        return plain, {}
    if terminal:
        png = thumbnails.render_png(content, MAX_DISPLAY_PIXELS)
        return ({"image/png": encode_base64(png)} if png else {}) | plain, {}
    facts = {"sha256": _find_digest(result), "folder": format_path(result.folder), "source": result.source}
    bundle, metadata = bundles.build_image(
        mime_type, content, alt, fit_size(image.width, image.height, MAX_DISPLAY_PIXELS)
    )
    if mime_type not in PRINTABLE_TYPES:
        del bundle[mime_type]
        bundle |= _build_printable_copy(image)
    return bundle | plain, metadata | {"cometmagic": facts}


def _build_printable_copy(image: ImagePart) -> dict[str, str]:
    """Return a small JPEG of an image of a type that LaTeX and some front ends cannot draw."""
    thumbnail = thumbnails.load_final_thumbnail(image)
    return {thumbnails.JPEG: encode_base64(thumbnail)} if thumbnail else {}


def load_embedded(result: ImageResult) -> tuple[str, bytes | None]:
    """Return (MIME type, bytes) of what is embedded: `preview()`, or a thumbnail of an original that is too large."""
    if find_preview(result.image).size <= MAX_EMBEDDED_BYTES:
        return result.preview()
    return thumbnails.JPEG, thumbnails.load_final_thumbnail(result.image)


def build_part(image: ImagePart) -> Bundle:
    """Return (MIME bundle, metadata) of one image part of a result, embedded as a small JPEG."""
    pixels = f"{image.width}x{image.height} " if image.width else ""
    location = format_path(image.path) if image.path else "in memory"
    plain = {"text/plain": clean_line(f"<image {pixels}{image.mime_type} {location}>")}
    thumbnail = thumbnails.load_thumbnail(image)
    if thumbnail is None:
        return plain, {}
    size = fit_size(image.width, image.height, MAX_DISPLAY_PIXELS)
    bundle, metadata = bundles.build_image(thumbnails.JPEG, thumbnail, describe_part(image), size)
    return bundle | plain, metadata


def describe_part(image: ImagePart) -> str:
    """Return what an image part is, its size and its file name, in a few words."""
    size = f" {image.width}x{image.height}" if image.width else ""
    return f"{'Draft' if image.thought else 'Image'}{size}{f' {image.path.name}' if image.path else ''}"


def build_call_progress(call: Call, seconds: float, step: str, reason: str = "") -> Bundle:
    """Return (MIME bundle, metadata) of the progress of a call; `reason` says why the courier waits, if it does.

    A front end that ignores updates keeps the first one, so that one is true for good.
    """
    time = f"{seconds:.0f} s{' so far' if reason else ''}"
    facts = [call.model, step, *([time] if seconds >= FIRST_SECONDS else [])]
    if call.source == "live":
        facts.append(str(call.estimate))
    return build_lines(" · ".join([*facts, format_path(call.folder.path)]), *filter(None, [reason]), *call.warnings)


def build_final_status(
    pending_call: PendingCall, seconds: float, status: str, error: CometError | None = None
) -> Bundle:
    """Return (MIME bundle, metadata) of the last line of a call without an image; `error` may hold drafts."""
    calls = _list_calls(pending_call)
    warnings = dict.fromkeys(warning for call in calls for warning in call.warnings)
    return _append_drafts(build_lines(f"{status} after {seconds:.1f} s · {_format_location(calls)}", *warnings), error)


def _list_calls(pending_call: PendingCall) -> list[Call]:
    if isinstance(pending_call, Batch):
        return pending_call.calls
    return [pending_call] if isinstance(pending_call, Call) else []


def _format_location(calls: list[Call]) -> str:
    """Return the folder of a call, or the folder that holds several calls."""
    return format_path(calls[0].folder.path if len(calls) == 1 else calls[0].folder.path.parent)


def _append_drafts(bundle: Bundle, error: CometError | None) -> Bundle:
    """Return a bundle followed by the drafts and thoughts of a response without a final image."""
    response = getattr(error, "response", None)
    if not isinstance(response, ImageResponse) or not (html := thoughts.render_html(response, None, is_open=True)):
        return bundle
    data, metadata = bundle
    plain_text = "\n".join([data["text/plain"], *thoughts.render_text(response)])
    return {"text/html": data["text/html"] + wrap_without_math(html), "text/plain": plain_text}, metadata


def build_error(error: Exception) -> Bundle:
    """Return (MIME bundle, metadata) of an error that no cell can raise, because its cell has ended."""
    return build_lines(f"{type(error).__name__}: {error}")


def build_placeholder(variable: str | None, *, is_updated: bool) -> Bundle:
    """Return (MIME bundle, metadata) of the note below a background call; `variable` will hold the result.

    `is_updated` is false where the front end may ignore updates.
    """
    if is_updated:
        advice = f" {variable}.result() waits for it." if variable else ""
        return build_lines(f"The image will appear here when it's ready.{advice}")
    advice = f"display({variable}.result())" if variable else "-o NAME and display(NAME.result())"
    return build_lines(f"The image may not appear here: this output can't change later. To see it, use {advice}.")


def _find_digest(result: ImageResult) -> str:
    row = CallFolder(result.folder).find_final_row()
    return row.get("sha256", "") if row is not None else ""
