"""Converts a picture to an image that the models accept, with a note on what was changed.

Bytes in a format that the models read are sent unchanged: they may carry content credentials, and nothing is
lost. Other pictures are converted: turned upright, because models ignore EXIF; saved as PNG, which is lossless;
made smaller when they exceed the limits of a request. Which Python value a picture came from is known in
references.py only.
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
_HEIC_TYPES = ("image/heic", "image/heif")  # Pillow cannot open them without a plugin
_INPUT_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_BMP_TIFF_SIGNATURES = (b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # BMP and TIFF, which `sniff` does not know
_PNG_MODES = ("RGB", "RGBA", "L", "LA", "P", "1")
_DOCUMENT_MARKERS = {b"%pdf-": "a PDF", b"%!ps": "PostScript", b"<svg": "an SVG drawing", b"<html": "a web page",
             b"<!doctype html": "a web page"}  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """An image as it is sent; `note` is a sentence on what was changed, if anything was."""

    part: ImagePart
    note: str = ""


@dataclass(frozen=True)
class ReferenceInput:
    """Where a picture comes from. `name` begins sentences; `conversion` says what was done to the picture before."""

    name: str
    conversion: str = ""
    part: ImagePart | None = None  # sent if nothing has to be changed
    clause: str = ""  # subject and verb, if they differ from "NAME holds"


def is_image(head: bytes) -> bool:
    """Whether a file that begins with `head` is an image that can be sent, possibly converted."""
    return sniff(head[:MAGIC_BYTES]) != UNKNOWN_TYPE or head.startswith(_BMP_TIFF_SIGNATURES)


def normalize_content(reference_input: ReferenceInput, content: bytes, max_bytes: int) -> Reference:
    """Return the reference for a file's content, unchanged if possible. Raises `OptionError`."""
    mime_type, _ = sniff(content[:MAGIC_BYTES])
    input_part = reference_input.part
    original_part = input_part if input_part is not None and input_part.mime_type == mime_type else None
    if mime_type in _HEIC_TYPES:
        if len(content) > max_bytes:
            message = f"{reference_input.name} is too large to be sent ({len(content) / 1e6:,.1f} MB)."
            raise OptionError(message, advice="Save it as JPEG.")
        part = original_part or ImagePart(mime_type, content=content)
        return Reference(part, _format_position_note(reference_input, exif.scan(content), content))
    with _open_content(reference_input, content) as picture:
        fits = max(picture.size) <= SIDE_LENGTHS[0] and len(content) <= max_bytes
        if mime_type in PASSTHROUGH_TYPES and fits and exif.read_orientation(picture, content) == 1:
            note = _format_position_note(reference_input, exif.read(picture, content), content)
            part = original_part or ImagePart(mime_type, content=content, width=picture.width, height=picture.height)
            return Reference(part, note)
        return normalize_picture(reference_input, picture, max_bytes, content)


def normalize_picture(
    reference_input: ReferenceInput, picture: Image.Image, max_bytes: int, content: bytes | None = None
) -> Reference:
    """Return the reference for a picture; `content` is the file it was opened from, if any. Raises `OptionError`."""
    _check_size(reference_input, picture.size)
    orientation = exif.read_orientation(picture, content)
    original_size = picture.size if orientation < 5 else picture.size[::-1]
    original_format = "" if content is None else _read_format(picture)
    try:
        if original_format:
            # A JPEG that is far too large is decoded at half its size.
            picture.draft(picture.mode, (SIDE_LENGTHS[0], SIDE_LENGTHS[0]))
        upright = ImageOps.exif_transpose(picture) if orientation > 1 else picture
        encodable, mode_conversion = _convert_mode(reference_input, upright)
        lossless = not original_format.startswith(("JPEG", "WEBP"))
        part = _encode_full_size(encodable, max_bytes, lossless=lossless) or shrink_to_fit(encodable, max_bytes)
    except CometError:
        raise
    except Exception as error:  # noqa: BLE001  # decoding is lazy, and damage raises many kinds of errors
        message = f"{reference_input.name} cannot be read as a picture ({type(error).__name__})."
        raise OptionError(message, advice="Save it again, or give another.") from None
    if part is None:
        raise OptionError(
            f"{reference_input.name} is too large to be sent, however small it is made.", advice="Give another."
        )
    conversions = [
        reference_input.conversion,
        "turned upright" if orientation > 1 else "",
        mode_conversion,
        *_describe_conversion(part, original_size, original_format),
    ]
    return Reference(part, _format_conversion_note(reference_input.name, list(filter(None, conversions))))


@contextlib.contextmanager
def _open_content(reference_input: ReferenceInput, content: bytes) -> Iterator[Image.Image]:
    """Open a file's content as a picture. Raises `OptionError` when that fails."""
    try:
        picture = Image.open(io.BytesIO(content), formats=_INPUT_FORMATS)
    except Image.DecompressionBombError:
        raise _build_pixel_count_error(reference_input) from None
    except Exception:  # noqa: BLE001  # decoders raise many kinds of errors on untrusted bytes
        raise _build_format_error(reference_input, content) from None
    with picture:
        _check_size(reference_input, picture.size)
        yield picture


def _build_format_error(reference_input: ReferenceInput, content: bytes) -> OptionError:
    head = content[:1024].lower()
    document_kind = next((kind for marker, kind in _DOCUMENT_MARKERS.items() if marker in head), "")
    message = f"{reference_input.clause or f'{reference_input.name} holds'} no picture that can be sent"
    if document_kind:
        return OptionError(f"{message}, but {document_kind}.", advice="Save what it shows as PNG, and give that.")
    return OptionError(f"{message}.", advice="Use PNG, JPEG or WebP.")


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
    """Return the format of the file that was opened, and that only its first frame is used if it is animated."""
    kind = "JPEG" if picture.format == "MPO" else picture.format or ""
    return f"{kind} (its first frame)" if kind != "JPEG" and getattr(picture, "is_animated", False) else kind


def _convert_mode(reference_input: ReferenceInput, picture: Image.Image) -> tuple[Image.Image, str]:
    """Return the picture in a mode that can be saved as PNG, and how it was converted if that loses something."""
    mode, conversion = picture.mode, ""
    if mode in _PNG_MODES:
        return picture, ""
    if mode in ("I", "F"):
        converted = _convert_to_grey(reference_input, picture)
    elif picture.has_transparency_data and not mode.startswith("I;16"):
        converted = picture.convert("RGBA")
    else:
        converted = flatten_on_white(picture)
        conversion = BIT_DEPTH_NOTE if mode.startswith("I;16") else f"converted from {mode} to RGB"
    converted.info.pop("icc_profile", None)  # it describes the old mode
    return converted, conversion


def _convert_to_grey(reference_input: ReferenceInput, picture: Image.Image) -> Image.Image:
    """Return a picture of integers or floats in 256 greys. Raises `OptionError` when the range is unclear."""
    minimum, maximum = (float(value) for value in picture.getextrema())  # type: ignore[arg-type]  # one band: two numbers
    if picture.mode == "F" and minimum >= 0 and maximum <= 1:
        return picture.point(lambda value: value * 255 + 0).convert("L")
    if minimum < 0 or maximum > 255:
        message = f"{reference_input.name}'s values run from {minimum:.6g} to {maximum:.6g}; they must lie in 0 to 255."
        raise OptionError(message, advice="Scale them first.")
    return picture.convert("L")


def _encode_full_size(picture: Image.Image, max_bytes: int, *, lossless: bool) -> ImagePart | None:
    """Return the picture at its own size, or None when it is too large."""
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
    """Yield how the size and the format were changed."""
    if (part.width, part.height) != original_size:
        yield f"scaled from {original_size[0]} × {original_size[1]} to {part.width} × {part.height} pixels"
    new_format = part.mime_type.removeprefix("image/").upper()
    if original_format == new_format:
        yield "saved anew without its EXIF data"
    elif original_format:
        yield f"converted from {original_format} to {new_format}"
    elif new_format != "PNG":
        yield f"saved as {new_format}"


def _format_conversion_note(name: str, conversions: list[str]) -> str:
    """Return a sentence that lists all conversions, "" if there are none."""
    if not conversions:
        return ""
    return f"{name} was {' and '.join(filter(None, (', '.join(conversions[:-1]), conversions[-1])))}."


def _format_position_note(reference_input: ReferenceInput, exif_data: Image.Exif, content: bytes) -> str:
    clause = "holds the GPS position where it was taken, which is sent with it"
    return f"{reference_input.name} {clause}." if exif.has_position(exif_data, content) else ""
