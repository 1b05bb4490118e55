"""A picture of a notebook and the preview that may take its place, drawn as large and as transparent.

This module knows nothing of where the picture stands.
"""

from __future__ import annotations

import html
import io
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import pybase64

from cometmagic.gemini.parts import DISPLAYABLE_TYPES, MAGIC_BYTES, sniff
from cometmagic.images import resize
from cometmagic.images.decoding import drawn_size

JPEG, PNG = "image/jpeg", "image/png"
WORTHWHILE_GAIN = 2  # of bytes; a smaller PNG is blurred, and often hardly lighter
_DATA_URI = re.compile(r"\s*data:image/(?:png|jpe?g|webp|gif)((?:;[^,;]*)*),(.*)", re.IGNORECASE | re.DOTALL)
_LINE_BREAKS = re.compile(rb"[\s\\]+")  # a backslash ends a line of a string in JavaScript


@dataclass(frozen=True)
class StillImage:
    """A picture that can be drawn and is not animated; `preview` is None when it stays as it is."""

    content: bytes
    preview: bytes | None
    preview_type: str  # a transparent picture gets a PNG, which browsers draw smaller than the picture
    drawn_width: int  # CSS pixels, unless the notebook says otherwise


def build_still_image(content: bytes, max_side: int) -> StillImage | None:
    """Return a picture with its preview of at most `max_side` pixels a side, or None when it cannot be drawn."""
    header = resize.read_header(content) if sniff(content[:MAGIC_BYTES])[0] in DISPLAYABLE_TYPES else None
    if header is None or header.is_animated:
        return None
    if header.has_transparency and (preview := resize.render_transparent_preview(io.BytesIO(content), max_side)):
        is_light = max(header.size) <= max_side or len(content) < len(preview) * WORTHWHILE_GAIN
        return StillImage(content, None if is_light else preview, PNG, header.drawn_size[0])
    preview = resize.render_preview(io.BytesIO(content), max_side)
    preview_header = preview and resize.read_header(preview)
    if not preview or not preview_header:
        return None
    if len(content) <= len(preview) or resize.is_preview(drawn_size.remove_drawn_size(content), max_side):
        return StillImage(content, None, JPEG, header.drawn_size[0])
    if preview_header.size != header.drawn_size:
        preview = drawn_size.add_drawn_size(preview, preview_header.size, header.drawn_size)
    return StillImage(content, preview, JPEG, header.drawn_size[0])


def decode_base64(text: str | bytes) -> bytes:
    """Return what is written in base64, with or without line ends and padding; b"" when it is not base64."""
    encoded = _LINE_BREAKS.sub(b"", text.encode(errors="replace") if isinstance(text, str) else text)
    try:
        return pybase64.b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        return b""


def decode_data_uri(address: str) -> bytes | None:
    """Return the picture in a `data:` URI, as it is written in HTML or JavaScript; None when it is another address."""
    if not (match := _DATA_URI.fullmatch(html.unescape(address))):
        return None
    content = unquote_to_bytes(match[2].encode(errors="replace"))
    return decode_base64(content) if "base64" in match[1].lower().replace(" ", "") else content
