"""Sizes, previews, and pictures made small enough to be sent.

Image files are untrusted: Pillow opens only the formats that can be displayed, and reads a limited number of
bytes. Originals are never changed here; a preview is always a second, smaller picture.
"""

from __future__ import annotations

import contextlib
import functools
import io
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from PIL import ExifTags, Image, ImageOps

from cometmagic.gemini.parts import ImagePart
from cometmagic.images import streamed_png
from cometmagic.system.regular_files import open_regular

PREVIEW_QUALITIES = (85, 75, 65, 55, 45)  # tried in turn until the preview is light
BYTES_PER_PIXEL = 0.15  # of a light preview: a notebook may hold dozens
MIN_SIDE = 32  # pixels; smaller pictures are not made smaller
MAX_PREVIEW_PIXELS = 64_000_000  # pixels; 4:1 at 4K has 33 million
MAX_HEADER_BYTES = 16 * 2**20  # read for a picture's size; Pillow keeps everything before the pixels
MAX_PREVIEW_FILE_BYTES = 64 * 2**20  # read for a preview, except of a PNG that is read in strips
SIDE_LENGTHS = (4096, 3072, 2048, 1536, 1024, 768)  # pixels of the longest side, tried in turn until a picture fits
RESIZED_QUALITY = 90
_DISPLAY_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_SIDEWAYS_ORIENTATIONS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_RGB_MODES = ("RGB", "RGBA", "P")  # modes whose colour profile holds for RGB and RGBA too
_IRREDUCIBLE_MODES = ("1", "P", "PA", "I;16", "I;16B", "I;16L")  # modes whose pixels cannot be averaged


def read_size(source: Path | BinaryIO) -> tuple[int, int] | None:
    """Return (width, height) in pixels from the header of an image, or None when it cannot be read."""
    try:
        with suppress_warnings(), _open_source(source, MAX_HEADER_BYTES) as picture:
            return picture.size
    except Exception:  # noqa: BLE001  # decoders raise many kinds of errors on untrusted bytes; all mean "unknown"
        return None


class ImageHeader(NamedTuple):
    """What the header of an image file says."""

    size: tuple[int, int]  # pixels
    display_width: int  # pixels, as a browser draws it
    is_animated: bool
    quantization_tables: dict[int, list[int]] | None  # of a JPEG; they identify its quality


def read_header(content: bytes) -> ImageHeader | None:
    """Return the header of an image file, or None when it cannot be read."""
    try:
        with suppress_warnings(), Image.open(io.BytesIO(content), formats=_DISPLAY_FORMATS) as picture:
            is_sideways = picture.getexif().get(ExifTags.Base.Orientation, 1) in _SIDEWAYS_ORIENTATIONS
            # A JPEG of several frames (MPO) is a photo with variants, not an animation.
            is_animated = picture.format in _DISPLAY_FORMATS and bool(getattr(picture, "is_animated", False))
            tables = getattr(picture, "quantization", None)
            return ImageHeader(picture.size, picture.size[is_sideways], is_animated, tables)
    except Exception:  # noqa: BLE001  # as above
        return None


def render_preview(source: Path | BinaryIO, max_side: int, max_bytes: int | None = None) -> bytes | None:
    """Return a JPEG of at most `max_side` pixels a side and `max_bytes`, or None when the picture cannot be drawn.

    A 4K JPEG takes about 80 ms, because it is decoded at a fraction of its size (`draft`).
    """
    size = read_size(source)
    if size is None or size[0] * size[1] > MAX_PREVIEW_PIXELS:
        return None
    try:
        preview = flatten_on_white(_reduce_in_strips(source, max_side) or _reduce_in_memory(source, max_side))
        preview.thumbnail((max_side, max_side), Image.Resampling.BICUBIC, reducing_gap=None)
        content = _encode_preview(preview, max_bytes)
        while max_bytes is not None and len(content) > max_bytes and max(preview.size) > MIN_SIDE:
            preview.thumbnail((preview.width * 3 // 4, preview.height * 3 // 4 or 1), reducing_gap=None)
            content = _encode_preview(preview, max_bytes)
        return content
    except Exception:  # noqa: BLE001  # as above
        return None


def _encode_preview(picture: Image.Image, max_bytes: int | None) -> bytes:
    """Return a JPEG in the best quality that is light enough, or in the lowest if none is."""
    buffer, light_bytes = io.BytesIO(), picture.width * picture.height * BYTES_PER_PIXEL
    for quality in PREVIEW_QUALITIES:
        buffer.seek(0)
        buffer.truncate()
        picture.save(buffer, "JPEG", quality=quality, comment=b"")  # without the original's comment, which may be long
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
    Image.open(io.BytesIO(preview)).save(buffer, "PNG")
    return buffer.getvalue()


def _reduce_in_strips(source: Path | BinaryIO, max_side: int) -> Image.Image | None:
    with _open_file(source) as file:
        return streamed_png.reduce_png(file, max_side)


def _reduce_in_memory(source: Path | BinaryIO, max_side: int) -> Image.Image:
    with _open_source(source, MAX_PREVIEW_FILE_BYTES) as opened:
        opened.draft("RGB", (max_side, max_side))
        picture = flatten_on_white(opened) if opened.mode in _IRREDUCIBLE_MODES else opened
        # Shrinking by a whole factor first is fast.
        step = max(opened.size) // max_side
        return ImageOps.exif_transpose(picture.reduce(step) if step > 1 else picture)


class _SizeLimitedFile:
    """A file of which a limited number of bytes is read: Pillow keeps text chunks whole, however large."""

    def __init__(self, file: BinaryIO, max_bytes: int) -> None:
        self._file = file
        self._remaining_bytes = max_bytes

    def read(self, length: int = -1) -> bytes:
        content = self._file.read(min(length, self._remaining_bytes + 1) if length >= 0 else self._remaining_bytes + 1)
        self._remaining_bytes -= len(content)
        if self._remaining_bytes < 0:
            raise OSError("there is too much to read")
        return content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextlib.contextmanager
def _open_source(source: Path | BinaryIO, max_bytes: int) -> Iterator[Image.Image]:
    """Open a picture, reading at most `max_bytes`."""
    with (
        _open_file(source) as file,
        Image.open(cast("BinaryIO", _SizeLimitedFile(file, max_bytes)), formats=_DISPLAY_FORMATS) as picture,
    ):
        yield picture


def _open_file(source: Path | BinaryIO) -> AbstractContextManager[BinaryIO]:
    return open_regular(source) if isinstance(source, Path) else contextlib.nullcontext(source)


@contextlib.contextmanager
def suppress_warnings() -> Iterator[None]:
    """Suppress Pillow's warnings, about large pictures or damaged EXIF data for example."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


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
    full_size = picture.convert("RGBA") if picture.has_transparency_data else flatten_on_white(picture)
    profile = {"icc_profile": picture.info.get("icc_profile") if picture.mode in _RGB_MODES else None}
    file_format, mime_type = ("WEBP", "image/webp") if full_size.mode == "RGBA" else ("JPEG", "image/jpeg")
    original_side = max(full_size.size)
    for side in (min(original_side, SIDE_LENGTHS[0]), *(side for side in SIDE_LENGTHS[1:] if side < original_side)):
        width, height = (max(1, round(length * side / original_side)) for length in full_size.size)
        resized = full_size.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        content = encode_picture(resized, file_format, quality=RESIZED_QUALITY, **profile)
        if len(content) <= max_bytes:
            return ImagePart(mime_type, content=content, width=width, height=height)
    return None


def encode_picture(picture: Image.Image, file_format: str, **save_options: Any) -> bytes:
    """Return a picture as the content of a file, without its comment."""
    buffer = io.BytesIO()
    picture.save(buffer, file_format, comment=b"", **save_options)
    return buffer.getvalue()
