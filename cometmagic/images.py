"""Pillow's part of the work: references in, sizes, previews out.

Pillow never sees a file before it is saved, and never one whose bytes are not of a kind that is
shown: what comes from outside is foreign. The original is never re-encoded here; a preview is a
second, small picture.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from PIL import ExifTags, Image, ImageOps

from cometmagic import strips
from cometmagic.errors import OptionError
from cometmagic.foreign import line
from cometmagic.parts import MAGIC_BYTES, ImagePart, sniff

PREVIEW_QUALITIES = (85, 75, 65, 55, 45)  # tried in turn until the preview is light
BYTES_PER_PIXEL = 0.15  # of a light preview: a notebook of a course holds dozens
LARGEST_PREVIEWED = 64_000_000  # pixels; 4:1 at 4K has 33 million
SENT_AS_THEY_ARE = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_CONVERTED = ("GIF", "BMP", "TIFF", "AVIF")
_KEPT_IN_PNG = ("RGB", "RGBA", "L", "LA", "P", "1")
_ON_ITS_SIDE = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_NOT_REDUCED = ("1", "P", "PA", "I;16", "I;16B", "I;16L")  # modes whose pixels cannot be averaged


def size(source: Path | BinaryIO) -> tuple[int, int] | None:
    """Return (width, height) in pixels from the header of an image, or None when it cannot be read."""
    try:
        with _quiet(), Image.open(source, formats=_FORMATS) as picture:
            return picture.size
    except Exception:  # noqa: BLE001  # decoders raise many things on foreign bytes; all mean "not known"
        return None


class Header(NamedTuple):
    """What the beginning of an image file tells."""

    width: int  # pixels, as a browser draws it
    longest: int  # pixels
    moves: bool
    tables: dict[int, list[int]] | None  # what a JPEG is quantized by, which tells its quality


def header(content: bytes) -> Header | None:
    """Return what the beginning of an image file tells, or None when it cannot be read."""
    try:
        with _quiet(), Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            is_turned = picture.getexif().get(ExifTags.Base.Orientation, 1) in _ON_ITS_SIDE
            # A JPEG of several frames is a photo with a second one for other devices.
            moves = picture.format in _FORMATS and bool(getattr(picture, "is_animated", False))
            tables = getattr(picture, "quantization", None)
            return Header(picture.size[is_turned], max(picture.size), moves, tables)
    except Exception:  # noqa: BLE001  # as above
        return None


def preview(source: Path | BinaryIO, longest: int) -> bytes | None:
    """Return a JPEG of at most `longest` pixels a side, or None when the picture cannot be drawn.

    A 4K JPEG takes about 80 ms: the decoder is told to work at a fraction of the size (`draft`).
    """
    measured = size(source)
    if measured is None or measured[0] * measured[1] > LARGEST_PREVIEWED:
        return None
    try:
        small = on_white(_from_strips(source, longest) or _from_whole(source, longest))
        small.thumbnail((longest, longest), Image.Resampling.BICUBIC, reducing_gap=None)
        return _light(small)
    except Exception:  # noqa: BLE001  # as above; the original is safe on the disk
        return None


def _light(picture: Image.Image) -> bytes:
    """Return a JPEG in the best quality that is light enough, or in the lowest: gravel and leaves pack badly."""
    target, most = io.BytesIO(), picture.width * picture.height * BYTES_PER_PIXEL
    for quality in PREVIEW_QUALITIES:
        target.seek(0)
        target.truncate()
        picture.save(target, "JPEG", quality=quality)
        if target.tell() <= most:
            break
    return target.getvalue()


def _from_strips(source: Path | BinaryIO, longest: int) -> Image.Image | None:
    with source.open("rb") if isinstance(source, Path) else contextlib.nullcontext(source) as file:
        return strips.reduced(file, longest)


def _from_whole(source: Path | BinaryIO, longest: int) -> Image.Image:
    with Image.open(source, formats=_FORMATS) as opened:
        opened.draft("RGB", (longest, longest))
        picture = on_white(opened) if opened.mode in _NOT_REDUCED else opened
        # Shrinks by a whole step first, which keeps a large picture cheap.
        step = max(opened.size) // longest
        return ImageOps.exif_transpose(picture.reduce(step) if step > 1 else picture)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow from warning of pictures whose size alone is asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
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


def reference(given: Any) -> ImagePart:
    """Return what is sent for a path, bytes, a PIL image, an image part or anything with an `.image`.

    PNG, JPEG, WebP and HEIC go as they are, other formats as PNG. Raises `OptionError` for the rest.
    """
    if isinstance(getattr(given, "image", None), ImagePart):
        given = given.image
    if isinstance(given, ImagePart):
        sent = given.mime_type in SENT_AS_THEY_ARE
        return given if sent else _from_bytes(given.data, f"The {given.mime_type} image")
    if isinstance(given, Image.Image):
        return _as_png(given, "The image")
    if isinstance(given, str | Path):
        return _from_bytes(_read(given), str(given))
    if isinstance(given, bytes | bytearray | memoryview):
        return _from_bytes(bytes(given), f"These {len(given)} bytes", "hold")
    kind = type(given).__name__
    article = "An" if kind[0] in "aeiouAEIOU" else "A"
    raise OptionError(f"{article} {kind} is not an image.", do="Give a path, bytes or a PIL image.")


def _read(given: str | Path) -> bytes:
    try:
        path = Path(given).expanduser()
        if path.is_file():
            return path.read_bytes()
    except (OSError, RuntimeError) as error:  # a name too long for the disk; a `~user` nobody knows
        why = error.strerror if isinstance(error, OSError) else error
        raise OptionError(f"Cannot read {line(given)}: {why}.", do="Check the path.") from None
    raise OptionError(f"There is no image file {line(given)}.", do="Check the path.")


def _from_bytes(content: bytes, name: str, verb: str = "holds") -> ImagePart:
    mime_type, _ = sniff(content[:MAGIC_BYTES])
    if mime_type in SENT_AS_THEY_ARE:
        return ImagePart(mime_type, content=content)
    try:
        with _quiet(), Image.open(io.BytesIO(content), formats=_CONVERTED) as picture:
            return _as_png(picture, name)
    except OptionError:
        raise
    except Exception:  # noqa: BLE001  # as above
        raise OptionError(f"{line(name)} {verb} no picture that can be sent.", do="Use PNG, JPEG or WebP.") from None


def _as_png(picture: Image.Image, name: str) -> ImagePart:
    buffer = io.BytesIO()
    try:
        upright = ImageOps.exif_transpose(picture)
        if upright.mode not in _KEPT_IN_PNG:
            upright = upright.convert("RGBA") if upright.has_transparency_data else on_white(upright)
            upright.info.pop("icc_profile", None)  # it described the old mode
        upright.save(buffer, "PNG")
    except Exception as error:  # noqa: BLE001  # a lazily read file shows its damage only now
        raise OptionError(f"{line(name)} cannot be read as a picture ({type(error).__name__}).") from None
    return ImagePart("image/png", content=buffer.getvalue(), width=upright.width, height=upright.height)
