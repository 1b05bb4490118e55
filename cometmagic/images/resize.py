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
LEAST = 32  # pixels a side, below which nothing is made smaller still
LARGEST_PREVIEWED = 64_000_000  # pixels; 4:1 at 4K has 33 million
HEADER = 16 * 2**20  # bytes that are read for a picture's size; Pillow keeps what stands before the pixels
LARGEST_FILE = 64 * 2**20  # bytes that are read for a preview, but of a PNG that is read in strips
SIDES = (4096, 3072, 2048, 1536, 1024, 768)  # pixels of the longest side, tried in turn until a picture fits
SENT_QUALITY = 90
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_ON_ITS_SIDE = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_COLORS = ("RGB", "RGBA", "P")  # modes whose colour profile holds for RGB and RGBA too
_NOT_REDUCED = ("1", "P", "PA", "I;16", "I;16B", "I;16L")  # modes whose pixels cannot be averaged


def size(source: Path | BinaryIO) -> tuple[int, int] | None:
    """Return (width, height) in pixels from the header of an image, or None when it cannot be read."""
    try:
        with quiet(), _opened(source, HEADER) as picture:
            return picture.size
    except Exception:  # noqa: BLE001  # decoders raise many things on foreign bytes; all mean "not known"
        return None


class Header(NamedTuple):
    """What the beginning of an image file tells."""

    size: tuple[int, int]  # pixels
    width: int  # pixels, as a browser draws it
    moves: bool
    tables: dict[int, list[int]] | None  # what a JPEG is quantized by, which tells its quality


def header(content: bytes) -> Header | None:
    """Return what the beginning of an image file tells, or None when it cannot be read."""
    try:
        with quiet(), Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            is_turned = picture.getexif().get(ExifTags.Base.Orientation, 1) in _ON_ITS_SIDE
            # A JPEG of several frames is a photo with a second one for other devices.
            moves = picture.format in _FORMATS and bool(getattr(picture, "is_animated", False))
            tables = getattr(picture, "quantization", None)
            return Header(picture.size, picture.size[is_turned], moves, tables)
    except Exception:  # noqa: BLE001  # as above
        return None


def preview(source: Path | BinaryIO, longest: int, most: int | None = None) -> bytes | None:
    """Return a JPEG of at most `longest` pixels a side and `most` bytes, or None when the picture cannot be drawn.

    A 4K JPEG takes about 80 ms: the decoder is told to work at a fraction of the size (`draft`).
    """
    measured = size(source)
    if measured is None or measured[0] * measured[1] > LARGEST_PREVIEWED:
        return None
    try:
        small = on_white(_from_strips(source, longest) or _from_whole(source, longest))
        small.thumbnail((longest, longest), Image.Resampling.BICUBIC, reducing_gap=None)
        content = _light(small, most)
        while most is not None and len(content) > most and max(small.size) > LEAST:
            small.thumbnail((small.width * 3 // 4, small.height * 3 // 4 or 1), reducing_gap=None)
            content = _light(small, most)
        return content
    except Exception:  # noqa: BLE001  # as above; the original is safe on the disk
        return None


def _light(picture: Image.Image, most: int | None) -> bytes:
    """Return a JPEG in the best quality that is light enough, or in the lowest: gravel and leaves pack badly."""
    target, light = io.BytesIO(), picture.width * picture.height * BYTES_PER_PIXEL
    for quality in PREVIEW_QUALITIES:
        target.seek(0)
        target.truncate()
        picture.save(target, "JPEG", quality=quality, comment=b"")  # not the original's, which may be long
        if target.tell() <= (light if most is None else min(light, most)):
            break
    return target.getvalue()


def is_preview(content: bytes, longest: int) -> bool:
    """Whether this is a JPEG as `preview` makes them: another would be worse, and hardly smaller."""
    head, known = header(content), _preview_tables()
    if head is None or max(head.size) > longest or head.tables not in known:
        return False
    return len(content) <= head.size[0] * head.size[1] * BYTES_PER_PIXEL or head.tables == known[-1]


@functools.cache
def _preview_tables() -> list[dict[int, list[int]] | None]:
    """Return what tells the quality of a preview, from the best to the lightest."""
    found = []
    for quality in PREVIEW_QUALITIES:
        Image.new("RGB", (1, 1)).save(target := io.BytesIO(), "JPEG", quality=quality)
        found.append(head.tables if (head := header(target.getvalue())) else None)
    return found


def as_png(content: bytes, longest: int) -> bytes | None:
    """Return a picture as PNG of at most `longest` pixels a side, or None when it cannot be drawn."""
    small, target = preview(io.BytesIO(content), longest), io.BytesIO()
    if small is None:
        return None
    Image.open(io.BytesIO(small)).save(target, "PNG")
    return target.getvalue()


def _from_strips(source: Path | BinaryIO, longest: int) -> Image.Image | None:
    with _file(source) as file:
        return streamed_png.reduced(file, longest)


def _from_whole(source: Path | BinaryIO, longest: int) -> Image.Image:
    with _opened(source, LARGEST_FILE) as opened:
        opened.draft("RGB", (longest, longest))
        picture = on_white(opened) if opened.mode in _NOT_REDUCED else opened
        # Shrinks by a whole step first, which keeps a large picture cheap.
        step = max(opened.size) // longest
        return ImageOps.exif_transpose(picture.reduce(step) if step > 1 else picture)


class _Sparing:
    """A file of which only so much is read: texts and the like can be as large as it is, and are kept whole."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._left = most

    def read(self, length: int = -1) -> bytes:
        content = self._file.read(min(length, self._left + 1) if length >= 0 else self._left + 1)
        self._left -= len(content)
        if self._left < 0:
            raise OSError("there is too much to read")
        return content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextlib.contextmanager
def _opened(source: Path | BinaryIO, most: int) -> Iterator[Image.Image]:
    """Open a picture of which at most so many bytes are read."""
    with _file(source) as file, Image.open(cast("BinaryIO", _Sparing(file, most)), formats=_FORMATS) as picture:
        yield picture


def _file(source: Path | BinaryIO) -> AbstractContextManager[BinaryIO]:
    return source.open("rb") if isinstance(source, Path) else contextlib.nullcontext(source)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow from warning of what is looked at: of its size, of EXIF data that is damaged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def on_white(picture: Image.Image) -> Image.Image:
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


def smaller(picture: Image.Image, largest: int) -> ImagePart | None:
    """Return the picture in at most `largest` bytes and `SIDES[0]` pixels a side, or None when it cannot be done.

    As JPEG, or as WebP where it is transparent, and with as few steps down the `SIDES` as it takes.
    """
    full = picture.convert("RGBA") if picture.has_transparency_data else on_white(picture)
    profile = {"icc_profile": picture.info.get("icc_profile") if picture.mode in _COLORS else None}
    kind, mime_type = ("WEBP", "image/webp") if full.mode == "RGBA" else ("JPEG", "image/jpeg")
    longest = max(full.size)
    for side in (min(longest, SIDES[0]), *(side for side in SIDES[1:] if side < longest)):
        width, height = (max(1, round(length * side / longest)) for length in full.size)
        small = full.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        content = encoded(small, kind, quality=SENT_QUALITY, **profile)
        if len(content) <= largest:
            return ImagePart(mime_type, content=content, width=width, height=height)
    return None


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """Return a picture as the bytes of a file of that kind, without its remarks."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, comment=b"", **options)
    return buffer.getvalue()
