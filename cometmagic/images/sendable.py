"""A picture made into an image that the models take, with a note on what had to be done to it.

Bytes of a kind the models read go as they are: they may carry credentials, and nothing is lost. Other pictures
become such bytes: turned upright, because models do not read EXIF; as PNG, because that loses nothing; smaller,
when they are larger than a request carries. What value they came from is known elsewhere (references.py).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageOps

from cometmagic.errors import CometError, OptionError
from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN, ImagePart, sniff
from cometmagic.images import exif
from cometmagic.images.arrays import SCALED
from cometmagic.images.resize import SIDES, encoded, on_white, smaller

MOST_PIXELS = 200_000_000
UPRIGHT_QUALITY = 95
SENT_AS_THEY_ARE = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
_NOT_OPENED = ("image/heic", "image/heif")  # Pillow alone does not know them
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_BEGINNINGS = (b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # of BMP and TIFF, which `sniff` does not know
_KEPT_IN_PNG = ("RGB", "RGBA", "L", "LA", "P", "1")
_DRAWINGS = {b"%pdf-": "a PDF", b"%!ps": "PostScript", b"<svg": "an SVG drawing", b"<html": "a web page",
             b"<!doctype html": "a web page"}  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """An image as it is sent; `note` is a sentence on what differs from what was given, if anything does."""

    part: ImagePart
    note: str = ""


@dataclass(frozen=True)
class Source:
    """Where a picture comes from. `name` begins sentences, `done` is what was done to it already."""

    name: str
    done: str = ""
    part: ImagePart | None = None  # what is sent if nothing has to be done
    holds: str = ""  # subject and verb, where they differ from "NAME holds"


def is_image(head: bytes) -> bool:
    """Whether a file that begins so is of a kind that can be sent, perhaps as another."""
    return sniff(head[:MAGIC_BYTES]) != UNKNOWN or head.startswith(_BEGINNINGS)


def from_content(source: Source, content: bytes, budget: int) -> Reference:
    """Return what is sent for a file's content: itself, where that can be. Raises `OptionError`."""
    mime_type, _ = sniff(content[:MAGIC_BYTES])
    kept = source.part if source.part is not None and source.part.mime_type == mime_type else None
    if mime_type in _NOT_OPENED:
        if len(content) > budget:
            what = f"{source.name} is too large to be sent ({len(content) / 1e6:,.1f} MB)."
            raise OptionError(what, do="Save it as JPEG.")
        part = kept or ImagePart(mime_type, content=content)
        return Reference(part, _told_position(source, exif.hidden(content), content))
    with _opened(source, content) as picture:
        fits = max(picture.size) <= SIDES[0] and len(content) <= budget
        if mime_type in SENT_AS_THEY_ARE and fits and exif.orientation(picture, content) == 1:
            note = _told_position(source, exif.read(picture, content), content)
            part = kept or ImagePart(mime_type, content=content, width=picture.width, height=picture.height)
            return Reference(part, note)
        return from_picture(source, picture, budget, content)


def from_picture(source: Source, picture: Image.Image, budget: int, content: bytes | None = None) -> Reference:
    """Return what is sent for a picture, which was opened from `content` if that is given. Raises `OptionError`."""
    _check_size(source, picture.size)
    turn = exif.orientation(picture, content)
    measured = picture.size if turn < 5 else picture.size[::-1]
    was = "" if content is None else _kind(picture)
    try:
        if was:
            picture.draft(picture.mode, (SIDES[0], SIDES[0]))  # a JPEG far too large is decoded at half its size
        upright = ImageOps.exif_transpose(picture) if turn > 1 else picture
        plain, converted = _in_eight_bits(source, upright)
        part = _whole(plain, budget, lossless=not was.startswith(("JPEG", "WEBP"))) or smaller(plain, budget)
    except CometError:
        raise
    except Exception as error:  # noqa: BLE001  # a lazily read file shows its damage only now, in many ways
        what = f"{source.name} cannot be read as a picture ({type(error).__name__})."
        raise OptionError(what, do="Save it again, or give another.") from None
    if part is None:
        raise OptionError(f"{source.name} is too large to be sent, however small it is made.", do="Give another.")
    done = [source.done, "turned upright" if turn > 1 else "", converted, *_differences(part, measured, was)]
    return Reference(part, _told(source.name, [each for each in done if each]))


@contextlib.contextmanager
def _opened(source: Source, content: bytes) -> Iterator[Image.Image]:
    """Open a file's content as a picture. Raises `OptionError` when it is none."""
    try:
        picture = Image.open(io.BytesIO(content), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise _too_many_pixels(source) from None
    except Exception:  # noqa: BLE001  # decoders raise many things on foreign bytes
        raise _no_picture(source, content) from None
    with picture:
        _check_size(source, picture.size)
        yield picture


def _no_picture(source: Source, content: bytes) -> OptionError:
    head = content[:1024].lower()
    drawing = next((kind for mark, kind in _DRAWINGS.items() if mark in head), "")
    what = f"{source.holds or f'{source.name} holds'} no picture that can be sent"
    if drawing:
        return OptionError(f"{what}, but {drawing}.", do="Save what it shows as PNG, and give that.")
    return OptionError(f"{what}.", do="Use PNG, JPEG or WebP.")


def _check_size(source: Source, size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise _too_many_pixels(source)
    if 0 in size:
        raise OptionError(f"{source.name} has no pixels.", do="Give another.")


def _too_many_pixels(source: Source) -> OptionError:
    return OptionError(f"{source.name} has more pixels than can safely be unpacked.", do="Save it smaller.")


def _kind(picture: Image.Image) -> str:
    """Return the kind of file that was opened, with what of it is taken."""
    kind = "JPEG" if picture.format == "MPO" else picture.format or ""
    return f"{kind} (its first frame)" if kind != "JPEG" and getattr(picture, "is_animated", False) else kind


def _in_eight_bits(source: Source, picture: Image.Image) -> tuple[Image.Image, str]:
    """Return the picture in a mode that PNG keeps, and what was done to it that loses something."""
    mode, done = picture.mode, ""
    if mode in _KEPT_IN_PNG:
        return picture, ""
    if mode in ("I", "F"):
        made = _grey(source, picture)
    elif picture.has_transparency_data and not mode.startswith("I;16"):
        made = picture.convert("RGBA")
    else:
        made = on_white(picture)
        done = SCALED if mode.startswith("I;16") else f"converted from {mode} to RGB"
    made.info.pop("icc_profile", None)  # it described the old mode
    return made, done


def _grey(source: Source, picture: Image.Image) -> Image.Image:
    """Return a picture of whole numbers or floats as one of 256 greys, if it is clear how."""
    low, high = (float(value) for value in picture.getextrema())  # type: ignore[arg-type]  # one band: two numbers
    if picture.mode == "F" and low >= 0 and high <= 1:
        return picture.point(lambda value: value * 255 + 0).convert("L")
    if low < 0 or high > 255:
        what = f"{source.name}'s values run from {low:.6g} to {high:.6g}; they must lie in 0 to 255."
        raise OptionError(what, do="Scale them first.")
    return picture.convert("L")


def _whole(picture: Image.Image, budget: int, *, lossless: bool) -> ImagePart | None:
    """Return the picture at its own size, or None when that is too large."""
    if max(picture.size) > SIDES[0]:
        return None
    if lossless or picture.has_transparency_data:
        mime_type, content = "image/png", encoded(picture, "PNG")
    else:
        opaque = picture if picture.mode == "L" else on_white(picture)
        profile = opaque.info.get("icc_profile")
        mime_type, content = "image/jpeg", encoded(opaque, "JPEG", quality=UPRIGHT_QUALITY, icc_profile=profile)
    if len(content) > budget:
        return None
    return ImagePart(mime_type, content=content, width=picture.width, height=picture.height)


def _differences(part: ImagePart, measured: tuple[int, int], was: str) -> Iterator[str]:
    """Yield what became of size and kind."""
    if (part.width, part.height) != measured:
        yield f"scaled from {measured[0]} × {measured[1]} to {part.width} × {part.height} pixels"
    now = part.mime_type.removeprefix("image/").upper()
    if was == now:
        yield "saved anew without its EXIF data"
    elif was:
        yield f"converted from {was} to {now}"
    elif now != "PNG":
        yield f"saved as {now}"


def _told(name: str, done: list[str]) -> str:
    """Return a sentence that tells it all."""
    if not done:
        return ""
    return f"{name} was {' and '.join(filter(None, (', '.join(done[:-1]), done[-1])))}."


def _told_position(source: Source, found: Image.Exif, content: bytes) -> str:
    where = "holds the GPS position where it was taken, which is sent with it"
    return f"{source.name} {where}." if exif.has_position(found, content) else ""
