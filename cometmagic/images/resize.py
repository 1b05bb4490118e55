"""Previews, and pictures made small enough to be sent.

Originals are never changed here; a preview is always a second, smaller picture.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from PIL import Image

from cometmagic.errors import CometError
from cometmagic.gemini.parts import ImagePart
from cometmagic.images import bands, colour_profile, streamed_png
from cometmagic.images.decoding import opener
from cometmagic.images.decoding.decoder_errors import ImageFileError
from cometmagic.images.decoding.opened_image import OpenedImage

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PREVIEW_QUALITIES = (85, 75, 65, 55, 45)  # tried in turn until the preview is light
BYTES_PER_PIXEL = 0.11  # of a light preview: a notebook may hold dozens, each twice
MIN_SIDE = 32  # pixels; smaller pictures are not made smaller
SIDE_LENGTHS = (4096, 3072, 2048, 1536, 1024, 768)  # pixels of the longest side, tried in turn until a picture fits
TRANSPARENT_SIDE = 3072  # pixels, at most, where WebP is written: its encoder takes 20 bytes per pixel
RESIZED_QUALITY = 90
OPAQUE = 255
RGB_MODES = ("RGB", "RGBA", "P")  # modes whose colour profile holds for RGB and RGBA too


class ImageHeader(NamedTuple):
    """What the header of an image file says."""

    size: tuple[int, int]  # pixels
    drawn_size: tuple[int, int]  # pixels, upright, as a browser draws it
    is_animated: bool
    has_transparency: bool  # whether pixels may be transparent
    quantization_tables: dict[int, list[int]] | None  # of a JPEG; they identify its quality


def read_header(content: bytes) -> ImageHeader | None:
    """Return the header of an image file, or None when it cannot be read."""
    try:
        with opener.open_image(content) as image_file:
            picture, size = image_file.picture, image_file.drawn_size
            tables = getattr(picture, "quantization", None)
            return ImageHeader(image_file.size, size, image_file.is_animated, picture.has_transparency_data, tables)
    except ImageFileError:
        return None


def render_preview(source: Path | BinaryIO, max_side: int, max_bytes: int | None = None) -> bytes | None:
    """Return a JPEG of at most `max_side` pixels a side and `max_bytes`, or None when the picture cannot be drawn.

    A 4K JPEG takes about 80 ms, because it is decoded at a fraction of its size.
    """
    try:
        with opener.open_image(source, max_side=max_side) as image_file:
            preview = image_file.turn_upright(_reduce(image_file, max_side, flatten_on_white))
    except (ImageFileError, CometError, OSError):
        return None
    content = _encode_preview(preview, max_bytes)
    while max_bytes is not None and len(content) > max_bytes and max(preview.size) > MIN_SIDE:
        preview.thumbnail((preview.width * 3 // 4, preview.height * 3 // 4 or 1), reducing_gap=None)
        content = _encode_preview(preview, max_bytes)
    return content


def render_transparent_preview(source: Path | BinaryIO, max_side: int) -> bytes | None:
    """Return a PNG of at most `max_side` pixels a side that is transparent where the picture is.

    None when no pixel is transparent, or the picture cannot be drawn.
    """
    try:
        with opener.open_image(source) as image_file:
            preview = image_file.turn_upright(_reduce(image_file, max_side, convert_to_rgba))
    except (ImageFileError, CometError, OSError):
        return None
    if preview.getchannel("A").getextrema()[0] == OPAQUE:
        return None
    preview.info.pop("icc_profile", None)  # its colours are sRGB now
    preview.save(buffer := io.BytesIO(), "PNG")
    return buffer.getvalue()


def _reduce(image_file: OpenedImage, max_side: int, convert: bands.Conversion) -> Image.Image:
    """Return an image in sRGB and the mode that `convert` gives it, at most `max_side` pixels a side."""
    picture = image_file.picture
    convert = colour_profile.combine(picture, convert)
    if image_file.file_format == "PNG" and image_file.file:
        picture = streamed_png.reduce_png(image_file.file, max_side) or picture
    size = bands.fit_size(picture.size, max_side)
    return bands.redraw(picture, size, convert, Image.Resampling.BICUBIC, reducing_gap=1.0)


def _encode_preview(picture: Image.Image, max_bytes: int | None) -> bytes:
    """Return a JPEG in the best quality that is light enough, or in the lowest if none is."""
    buffer, light_bytes = io.BytesIO(), picture.width * picture.height * BYTES_PER_PIXEL
    for quality in PREVIEW_QUALITIES:
        buffer.seek(0)
        buffer.truncate()
        # Without the original's comment, which may be long, and its profile, as its colours are sRGB now.
        picture.save(buffer, "JPEG", quality=quality, comment=b"", icc_profile=None)
        if buffer.tell() <= (light_bytes if max_bytes is None else min(light_bytes, max_bytes)):
            break
    return buffer.getvalue()


def is_preview(content: bytes, max_side: int) -> bool:
    """Whether this is a JPEG as `render_preview` makes them: another one would be worse and hardly smaller."""
    header, tables = read_header(content), _compute_preview_tables()
    if header is None or max(header.size) > max_side or header.quantization_tables not in tables:
        return False
    return len(content) <= header.size[0] * header.size[1] * BYTES_PER_PIXEL or header.quantization_tables == tables[-1]


@functools.cache
def _compute_preview_tables() -> list[dict[int, list[int]] | None]:
    """Return the quantization tables of all preview qualities, from the best to the lowest."""
    tables = []
    for quality in PREVIEW_QUALITIES:
        Image.new("RGB", (1, 1)).save(buffer := io.BytesIO(), "JPEG", quality=quality)
        tables.append(header.quantization_tables if (header := read_header(buffer.getvalue())) else None)
    return tables


def render_png(content: bytes, max_side: int) -> bytes | None:
    """Return a picture as PNG of at most `max_side` pixels a side, or None when it cannot be drawn."""
    preview, buffer = render_preview(io.BytesIO(content), max_side), io.BytesIO()
    if preview is None:
        return None
    with opener.open_image(preview) as image_file:
        image_file.picture.save(buffer, "PNG")
    return buffer.getvalue()


def flatten_on_white(picture: Image.Image) -> Image.Image:
    """Return the picture as 8-bit RGB, with transparent areas on white."""
    if picture.mode == "RGB":
        return picture
    if picture.mode.startswith("I;16"):
        return picture.convert("I").point(lambda value: value / 256).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    rgba = picture.convert("RGBA")
    background = Image.new("RGB", picture.size, "white")
    background.paste(rgba, mask=rgba.getchannel("A"))
    return background


def shrink_to_fit(picture: Image.Image, max_bytes: int) -> ImagePart | None:
    """Return the picture in at most `max_bytes`, at the largest of `SIDE_LENGTHS` that fits, or None.

    The format is JPEG, or WebP if the picture has transparency.
    """
    has_transparency = picture.has_transparency_data
    profile = {"icc_profile": picture.info.get("icc_profile") if picture.mode in RGB_MODES else None}
    file_format, mime_type = ("WEBP", "image/webp") if has_transparency else ("JPEG", "image/jpeg")
    largest = min(max(picture.size), TRANSPARENT_SIDE if has_transparency else SIDE_LENGTHS[0])
    for side in (largest, *(side for side in SIDE_LENGTHS if side < largest)):
        size = bands.fit_size(picture.size, side)
        resized = bands.redraw(picture, size, convert_to_rgba if has_transparency else flatten_on_white)
        content = encode_picture(resized, file_format, max_bytes, quality=RESIZED_QUALITY, **profile)
        if content is not None:
            return ImagePart(mime_type, content=content, width=size[0], height=size[1])
    return None


def convert_to_rgba(picture: Image.Image) -> Image.Image:
    """Return the picture as 8-bit RGBA."""
    return picture.convert("RGBA")


class _TooLargeError(Exception):
    """More was written than wanted."""


class _LimitedBuffer(io.BytesIO):
    """A buffer that refuses to hold more than `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self._max_bytes = max_bytes

    def write(self, content: ReadableBuffer) -> int:
        length = super().write(content)
        if self.tell() > self._max_bytes:
            raise _TooLargeError
        return length


def encode_picture(picture: Image.Image, file_format: str, max_bytes: int, **save_options: Any) -> bytes | None:
    """Return a picture as the content of a file, without its comment, or None when it has more than `max_bytes`."""
    buffer = _LimitedBuffer(max_bytes)
    try:
        picture.save(buffer, file_format, comment=b"", **save_options)
    except _TooLargeError:
        return None
    return buffer.getvalue()
