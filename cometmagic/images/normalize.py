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
from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN_TYPE, ImagePart, sniff
from cometmagic.images import exif
from cometmagic.images.arrays import BIT_DEPTH_NOTE
from cometmagic.images.resize import SIDE_LENGTHS, encode_picture, flatten_on_white, shrink_to_fit

MAX_PIXELS = 200_000_000
FULL_SIZE_QUALITY = 95
PASSTHROUGH_TYPES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
_HEIC_TYPES = ("image/heic", "image/heif")  # Pillow alone does not know them
_INPUT_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_BMP_TIFF_SIGNATURES = (b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # of BMP and TIFF, which `sniff` does not know
_PNG_MODES = ("RGB", "RGBA", "L", "LA", "P", "1")
_DOCUMENT_MARKERS = {b"%pdf-": "a PDF", b"%!ps": "PostScript", b"<svg": "an SVG drawing", b"<html": "a web page",
             b"<!doctype html": "a web page"}  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """An image as it is sent; `note` is a sentence on what differs from what was given, if anything does."""

    part: ImagePart
    note: str = ""


@dataclass(frozen=True)
class ReferenceInput:
    """Where a picture comes from. `name` begins sentences, `done` is what was done to it already."""

    name: str
    conversion: str = ""
    part: ImagePart | None = None  # what is sent if nothing has to be done
    clause: str = ""  # subject and verb, where they differ from "NAME holds"


def is_image(head: bytes) -> bool:
    """Whether a file that begins so is of a kind that can be sent, perhaps as another."""
    return sniff(head[:MAGIC_BYTES]) != UNKNOWN_TYPE or head.startswith(_BMP_TIFF_SIGNATURES)


def normalize_content(reference_input: ReferenceInput, content: bytes, max_bytes: int) -> Reference:
    """Return what is sent for a file's content: itself, where that can be. Raises `OptionError`."""
    mime_type, _ = sniff(content[:MAGIC_BYTES])
    kept = (
        reference_input.part
        if reference_input.part is not None and reference_input.part.mime_type == mime_type
        else None
    )
    if mime_type in _HEIC_TYPES:
        if len(content) > max_bytes:
            what = f"{reference_input.name} is too large to be sent ({len(content) / 1e6:,.1f} MB)."
            raise OptionError(what, advice="Save it as JPEG.")
        part = kept or ImagePart(mime_type, content=content)
        return Reference(part, _format_position_note(reference_input, exif.scan(content), content))
    with _open_content(reference_input, content) as picture:
        fits = max(picture.size) <= SIDE_LENGTHS[0] and len(content) <= max_bytes
        if mime_type in PASSTHROUGH_TYPES and fits and exif.read_orientation(picture, content) == 1:
            note = _format_position_note(reference_input, exif.read(picture, content), content)
            part = kept or ImagePart(mime_type, content=content, width=picture.width, height=picture.height)
            return Reference(part, note)
        return normalize_picture(reference_input, picture, max_bytes, content)


def normalize_picture(
    reference_input: ReferenceInput, picture: Image.Image, max_bytes: int, content: bytes | None = None
) -> Reference:
    """Return what is sent for a picture, which was opened from `content` if that is given. Raises `OptionError`."""
    _check_size(reference_input, picture.size)
    turn = exif.read_orientation(picture, content)
    measured = picture.size if turn < 5 else picture.size[::-1]
    was = "" if content is None else _read_format(picture)
    try:
        if was:
            picture.draft(
                picture.mode, (SIDE_LENGTHS[0], SIDE_LENGTHS[0])
            )  # a JPEG far too large is decoded at half its size
        upright = ImageOps.exif_transpose(picture) if turn > 1 else picture
        plain, converted = _convert_mode(reference_input, upright)
        part = _encode_full_size(plain, max_bytes, lossless=not was.startswith(("JPEG", "WEBP"))) or shrink_to_fit(
            plain, max_bytes
        )
    except CometError:
        raise
    except Exception as error:  # noqa: BLE001  # a lazily read file shows its damage only now, in many ways
        what = f"{reference_input.name} cannot be read as a picture ({type(error).__name__})."
        raise OptionError(what, advice="Save it again, or give another.") from None
    if part is None:
        raise OptionError(
            f"{reference_input.name} is too large to be sent, however small it is made.", advice="Give another."
        )
    done = [
        reference_input.conversion,
        "turned upright" if turn > 1 else "",
        converted,
        *_describe_conversion(part, measured, was),
    ]
    return Reference(part, _format_conversion_note(reference_input.name, [each for each in done if each]))


@contextlib.contextmanager
def _open_content(reference_input: ReferenceInput, content: bytes) -> Iterator[Image.Image]:
    """Open a file's content as a picture. Raises `OptionError` when it is none."""
    try:
        picture = Image.open(io.BytesIO(content), formats=_INPUT_FORMATS)
    except Image.DecompressionBombError:
        raise _build_pixel_count_error(reference_input) from None
    except Exception:  # noqa: BLE001  # decoders raise many things on foreign bytes
        raise _build_format_error(reference_input, content) from None
    with picture:
        _check_size(reference_input, picture.size)
        yield picture


def _build_format_error(reference_input: ReferenceInput, content: bytes) -> OptionError:
    head = content[:1024].lower()
    drawing = next((kind for mark, kind in _DOCUMENT_MARKERS.items() if mark in head), "")
    what = f"{reference_input.clause or f'{reference_input.name} holds'} no picture that can be sent"
    if drawing:
        return OptionError(f"{what}, but {drawing}.", advice="Save what it shows as PNG, and give that.")
    return OptionError(f"{what}.", advice="Use PNG, JPEG or WebP.")


def _check_size(reference_input: ReferenceInput, size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise _build_pixel_count_error(reference_input)
    if 0 in size:
        raise OptionError(f"{reference_input.name} has no pixels.", advice="Give another.")


def _build_pixel_count_error(reference_input: ReferenceInput) -> OptionError:
    return OptionError(
        f"{reference_input.name} has more pixels than can safely be unpacked.", advice="Save it smaller."
    )


def _read_format(picture: Image.Image) -> str:
    """Return the kind of file that was opened, with what of it is taken."""
    kind = "JPEG" if picture.format == "MPO" else picture.format or ""
    return f"{kind} (its first frame)" if kind != "JPEG" and getattr(picture, "is_animated", False) else kind


def _convert_mode(reference_input: ReferenceInput, picture: Image.Image) -> tuple[Image.Image, str]:
    """Return the picture in a mode that PNG keeps, and what was done to it that loses something."""
    mode, done = picture.mode, ""
    if mode in _PNG_MODES:
        return picture, ""
    if mode in ("I", "F"):
        made = _convert_to_grey(reference_input, picture)
    elif picture.has_transparency_data and not mode.startswith("I;16"):
        made = picture.convert("RGBA")
    else:
        made = flatten_on_white(picture)
        done = BIT_DEPTH_NOTE if mode.startswith("I;16") else f"converted from {mode} to RGB"
    made.info.pop("icc_profile", None)  # it described the old mode
    return made, done


def _convert_to_grey(reference_input: ReferenceInput, picture: Image.Image) -> Image.Image:
    """Return a picture of whole numbers or floats as one of 256 greys, if it is clear how."""
    low, high = (float(value) for value in picture.getextrema())  # type: ignore[arg-type]  # one band: two numbers
    if picture.mode == "F" and low >= 0 and high <= 1:
        return picture.point(lambda value: value * 255 + 0).convert("L")
    if low < 0 or high > 255:
        what = f"{reference_input.name}'s values run from {low:.6g} to {high:.6g}; they must lie in 0 to 255."
        raise OptionError(what, advice="Scale them first.")
    return picture.convert("L")


def _encode_full_size(picture: Image.Image, max_bytes: int, *, lossless: bool) -> ImagePart | None:
    """Return the picture at its own size, or None when that is too large."""
    if max(picture.size) > SIDE_LENGTHS[0]:
        return None
    if lossless or picture.has_transparency_data:
        mime_type, content = "image/png", encode_picture(picture, "PNG")
    else:
        opaque = picture if picture.mode == "L" else flatten_on_white(picture)
        profile = opaque.info.get("icc_profile")
        mime_type, content = (
            "image/jpeg",
            encode_picture(opaque, "JPEG", quality=FULL_SIZE_QUALITY, icc_profile=profile),
        )
    if len(content) > max_bytes:
        return None
    return ImagePart(mime_type, content=content, width=picture.width, height=picture.height)


def _describe_conversion(part: ImagePart, original_size: tuple[int, int], original_format: str) -> Iterator[str]:
    """Yield what became of size and kind."""
    if (part.width, part.height) != original_size:
        yield f"scaled from {original_size[0]} × {original_size[1]} to {part.width} × {part.height} pixels"
    now = part.mime_type.removeprefix("image/").upper()
    if original_format == now:
        yield "saved anew without its EXIF data"
    elif original_format:
        yield f"converted from {original_format} to {now}"
    elif now != "PNG":
        yield f"saved as {now}"


def _format_conversion_note(name: str, conversions: list[str]) -> str:
    """Return a sentence that tells it all."""
    if not conversions:
        return ""
    return f"{name} was {' and '.join(filter(None, (', '.join(conversions[:-1]), conversions[-1])))}."


def _format_position_note(reference_input: ReferenceInput, exif_data: Image.Exif, content: bytes) -> str:
    where = "holds the GPS position where it was taken, which is sent with it"
    return f"{reference_input.name} {where}." if exif.has_position(exif_data, content) else ""
