"""Pillow's part of the work: sizes, previews, and pictures made small enough to be sent.

Pillow never sees a file before it is saved, and never one whose bytes are not of a kind that is
shown: what comes from outside is foreign. The original is never re-encoded here; what is made is a
second, small picture.
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

PREVIEW_QUALITIES = (85, 75, 65, 55, 45)  # tried in turn until the preview is light
BYTES_PER_PIXEL = 0.15  # of a light preview: a notebook of a course holds dozens
MIN_SIDE = 32  # pixels a side, below which nothing is made smaller still
MAX_PREVIEW_PIXELS = 64_000_000  # pixels; 4:1 at 4K has 33 million
MAX_HEADER_BYTES = 16 * 2**20  # bytes that are read for a picture's size; Pillow keeps what stands before the pixels
MAX_PREVIEW_FILE_BYTES = 64 * 2**20  # bytes that are read for a preview, but of a PNG that is read in strips
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
    except Exception:  # noqa: BLE001  # decoders raise many things on foreign bytes; all mean "not known"
        return None


class ImageHeader(NamedTuple):
    """What the beginning of an image file tells."""

    size: tuple[int, int]  # pixels
    display_width: int  # pixels, as a browser draws it
    is_animated: bool
    quantization_tables: dict[int, list[int]] | None  # what a JPEG is quantized by, which tells its quality


def read_header(content: bytes) -> ImageHeader | None:
    """Return what the beginning of an image file tells, or None when it cannot be read."""
    try:
        with suppress_warnings(), Image.open(io.BytesIO(content), formats=_DISPLAY_FORMATS) as picture:
            is_turned = picture.getexif().get(ExifTags.Base.Orientation, 1) in _SIDEWAYS_ORIENTATIONS
            # A JPEG of several frames is a photo with a second one for other devices.
            moves = picture.format in _DISPLAY_FORMATS and bool(getattr(picture, "is_animated", False))
            tables = getattr(picture, "quantization", None)
            return ImageHeader(picture.size, picture.size[is_turned], moves, tables)
    except Exception:  # noqa: BLE001  # as above
        return None


def render_preview(source: Path | BinaryIO, max_side: int, max_bytes: int | None = None) -> bytes | None:
    """Return a JPEG of at most `longest` pixels a side and `most` bytes, or None when the picture cannot be drawn.

    A 4K JPEG takes about 80 ms: the decoder is told to work at a fraction of the size (`draft`).
    """
    measured = read_size(source)
    if measured is None or measured[0] * measured[1] > MAX_PREVIEW_PIXELS:
        return None
    try:
        small = flatten_on_white(_reduce_in_strips(source, max_side) or _reduce_in_memory(source, max_side))
        small.thumbnail((max_side, max_side), Image.Resampling.BICUBIC, reducing_gap=None)
        content = _encode_preview(small, max_bytes)
        while max_bytes is not None and len(content) > max_bytes and max(small.size) > MIN_SIDE:
            small.thumbnail((small.width * 3 // 4, small.height * 3 // 4 or 1), reducing_gap=None)
            content = _encode_preview(small, max_bytes)
        return content
    except Exception:  # noqa: BLE001  # as above; the original is safe on the disk
        return None


def _encode_preview(picture: Image.Image, max_bytes: int | None) -> bytes:
    """Return a JPEG in the best quality that is light enough, or in the lowest: gravel and leaves pack badly."""
    target, light = io.BytesIO(), picture.width * picture.height * BYTES_PER_PIXEL
    for quality in PREVIEW_QUALITIES:
        target.seek(0)
        target.truncate()
        picture.save(target, "JPEG", quality=quality, comment=b"")  # not the original's, which may be long
        if target.tell() <= (light if max_bytes is None else min(light, max_bytes)):
            break
    return target.getvalue()


def is_preview(content: bytes, max_side: int) -> bool:
    """Whether this is a JPEG as `preview` makes them: another would be worse, and hardly smaller."""
    head, known = read_header(content), _compute_preview_tables()
    if head is None or max(head.size) > max_side or head.quantization_tables not in known:
        return False
    return len(content) <= head.size[0] * head.size[1] * BYTES_PER_PIXEL or head.quantization_tables == known[-1]


@functools.cache
def _compute_preview_tables() -> list[dict[int, list[int]] | None]:
    """Return what tells the quality of a preview, from the best to the lightest."""
    found = []
    for quality in PREVIEW_QUALITIES:
        Image.new("RGB", (1, 1)).save(target := io.BytesIO(), "JPEG", quality=quality)
        found.append(head.quantization_tables if (head := read_header(target.getvalue())) else None)
    return found


def render_png(content: bytes, max_side: int) -> bytes | None:
    """Return a picture as PNG of at most `longest` pixels a side, or None when it cannot be drawn."""
    small, target = render_preview(io.BytesIO(content), max_side), io.BytesIO()
    if small is None:
        return None
    Image.open(io.BytesIO(small)).save(target, "PNG")
    return target.getvalue()


def _reduce_in_strips(source: Path | BinaryIO, max_side: int) -> Image.Image | None:
    with _open_file(source) as file:
        return streamed_png.reduce_png(file, max_side)


def _reduce_in_memory(source: Path | BinaryIO, max_side: int) -> Image.Image:
    with _open_source(source, MAX_PREVIEW_FILE_BYTES) as opened:
        opened.draft("RGB", (max_side, max_side))
        picture = flatten_on_white(opened) if opened.mode in _IRREDUCIBLE_MODES else opened
        # Shrinks by a whole step first, which keeps a large picture cheap.
        step = max(opened.size) // max_side
        return ImageOps.exif_transpose(picture.reduce(step) if step > 1 else picture)


class _SizeLimitedFile:
    """A file of which only so much is read: texts and the like can be as large as it is, and are kept whole."""

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
    """Open a picture of which at most so many bytes are read."""
    with (
        _open_file(source) as file,
        Image.open(cast("BinaryIO", _SizeLimitedFile(file, max_bytes)), formats=_DISPLAY_FORMATS) as picture,
    ):
        yield picture


def _open_file(source: Path | BinaryIO) -> AbstractContextManager[BinaryIO]:
    return source.open("rb") if isinstance(source, Path) else contextlib.nullcontext(source)


@contextlib.contextmanager
def suppress_warnings() -> Iterator[None]:
    """Keep Pillow from warning of what is looked at: of its size, of EXIF data that is damaged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def flatten_on_white(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB with 8 bits, on white where it was transparent."""
    if picture.mode == "RGB":
        return picture
    if picture.mode.startswith("I;16"):
        return picture.convert("I").point(lambda value: value / 256).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    with_alpha = picture.convert("RGBA")
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return ground


def shrink_to_fit(picture: Image.Image, max_bytes: int) -> ImagePart | None:
    """Return the picture in at most `largest` bytes and `SIDES[0]` pixels a side, or None when it cannot be done.

    As JPEG, or as WebP where it is transparent, and with as few steps down the `SIDES` as it takes.
    """
    full = picture.convert("RGBA") if picture.has_transparency_data else flatten_on_white(picture)
    profile = {"icc_profile": picture.info.get("icc_profile") if picture.mode in _RGB_MODES else None}
    kind, mime_type = ("WEBP", "image/webp") if full.mode == "RGBA" else ("JPEG", "image/jpeg")
    longest = max(full.size)
    for side in (min(longest, SIDE_LENGTHS[0]), *(side for side in SIDE_LENGTHS[1:] if side < longest)):
        width, height = (max(1, round(length * side / longest)) for length in full.size)
        small = full.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        content = encode_picture(small, kind, quality=RESIZED_QUALITY, **profile)
        if len(content) <= max_bytes:
            return ImagePart(mime_type, content=content, width=width, height=height)
    return None


def encode_picture(picture: Image.Image, file_format: str, **save_options: Any) -> bytes:
    """Return a picture as the bytes of a file of that kind, without its remarks."""
    buffer = io.BytesIO()
    picture.save(buffer, file_format, comment=b"", **save_options)
    return buffer.getvalue()
