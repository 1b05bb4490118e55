"""Pillow's part of the work: references in, sizes, previews out.

Pillow never sees a file before it is saved, and never one whose bytes are not of a kind that is
shown: what comes from outside is foreign. The original is never re-encoded here; a preview is a
second, small picture.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, ImageOps

from cometmagic.errors import OptionError
from cometmagic.parts import MAGIC_BYTES, SHOWN, ImagePart, sniff

PREVIEW_QUALITY = 85
LARGEST_PREVIEWED = 64_000_000  # pixels; 4:1 at 4K has 33 million
SENT_AS_THEY_ARE = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def size(source: Path | BinaryIO) -> tuple[int, int] | None:
    """Return (width, height) in pixels from the header of an image, or None when it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(source, formats=_FORMATS) as picture:
                return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def preview(source: Path | BinaryIO, longest: int) -> bytes | None:
    """Return a JPEG of at most `longest` pixels a side, or None when the picture cannot be drawn.

    A 4K JPEG takes about 80 ms: the decoder is told to work at a fraction of the size (`draft`).
    """
    measured = size(source)
    if measured is None or measured[0] * measured[1] > LARGEST_PREVIEWED:
        return None
    target = io.BytesIO()
    try:
        with Image.open(source, formats=_FORMATS) as opened:
            opened.draft("RGB", (longest, longest))
            # Shrinks by whole steps first, which keeps a large picture cheap.
            step = max(opened.size) // (longest * 2)
            small = _flat(ImageOps.exif_transpose(opened.reduce(step) if step else opened))
            small.thumbnail((longest, longest), Image.Resampling.BICUBIC, reducing_gap=None)
            small.save(target, "JPEG", quality=PREVIEW_QUALITY)
    except (OSError, ValueError, SyntaxError, ArithmeticError, Image.DecompressionBombError):
        return None
    return target.getvalue()


def _flat(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB, on white where it was transparent."""
    if picture.mode == "RGB":
        return picture
    if "A" not in picture.getbands() and "transparency" not in picture.info:
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
        return given
    if isinstance(given, Image.Image):
        return _as_png(given)
    if isinstance(given, str | Path):
        return _from_bytes(_read(Path(given).expanduser()), str(given))
    if isinstance(given, bytes | bytearray | memoryview):
        return _from_bytes(bytes(given), "the bytes")
    raise OptionError(f"A {type(given).__name__} is not an image.", do="Give a path, bytes or a PIL image.")


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise OptionError(f"There is no image file {path}.", do="Check the path.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise OptionError(f"Cannot read {path}: {error.strerror}.") from None


def _from_bytes(content: bytes, name: str) -> ImagePart:
    mime_type, _ = sniff(content[:MAGIC_BYTES])
    if mime_type in SENT_AS_THEY_ARE:
        return ImagePart(mime_type, content=content)
    try:
        with Image.open(io.BytesIO(content), formats=("GIF", "BMP", "TIFF", "AVIF")) as picture:
            return _as_png(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise OptionError(f"{name} holds no picture that can be sent.", do="Use PNG, JPEG or WebP.") from None


def _as_png(picture: Image.Image) -> ImagePart:
    buffer = io.BytesIO()
    upright = ImageOps.exif_transpose(picture)
    (upright if upright.mode in ("RGB", "RGBA", "L", "LA", "P", "1") else upright.convert("RGB")).save(buffer, "PNG")
    return ImagePart("image/png", content=buffer.getvalue(), width=upright.width, height=upright.height)


def is_shown(part: ImagePart) -> bool:
    """Whether front ends can draw the image's type."""
    return part.mime_type in SHOWN
