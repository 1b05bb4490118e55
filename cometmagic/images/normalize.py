"""Converts a picture to an image that the models accept, with a note on what was changed.

Bytes in a format that the models read are sent unchanged: they may carry content credentials, and nothing is
lost. Other pictures are converted: turned upright, because models ignore EXIF; saved as PNG, which is lossless;
made smaller when they exceed the limits of a request. Which Python value a picture came from is known in
references.py only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cometmagic.errors import OptionError
from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN_TYPE, ImagePart, sniff
from cometmagic.images import backgrounds, bands, colour_profile, decoded_once
from cometmagic.images.brightness import check_file, check_picture
from cometmagic.images.decoding import exif, opener, tiff_header
from cometmagic.images.decoding.decoder_errors import DamagedImageError, ImageFileError, PixelLimitError, convert_errors
from cometmagic.images.decoding.opened_image import OpenedImage
from cometmagic.images.modes import PNG_MODES, choose_conversion
from cometmagic.images.pixel_digest import compute_pixel_digest
from cometmagic.images.resize import RGB_MODES, SIDE_LENGTHS, encode_picture, flatten_on_white, shrink_to_fit
from cometmagic.options.settings import MEGAPIXELS_VARIABLE

if TYPE_CHECKING:
    from PIL import Image

FULL_SIZE_QUALITY = 95
PASSTHROUGH_TYPES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
HEIC_TYPES = ("image/heic", "image/heif")  # Pillow cannot open them without a plugin
MAX_BRAND_BYTES = 256  # of a list of brands
_BMP_TIFF_SIGNATURES = (b"BM", *tiff_header.MAGICS)  # BMP and TIFF, which `sniff` does not know
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
    background: backgrounds.RGB | None = None  # behind transparent areas; without one they are sent, with a remark
    has_remark: bool = True  # False when that was said before
    strip_exif: bool = False  # whether metadata is left out afterwards


@dataclass(frozen=True)
class _Original:
    """What a picture was before: as it was opened, its format if that is mentioned, and how its mode was converted."""

    source: OpenedImage
    file_format: str
    conversion: str


def is_image(head: bytes) -> bool:
    """Whether a file that begins with `head` is an image that can be sent, possibly converted."""
    return sniff(head[:MAGIC_BYTES]) != UNKNOWN_TYPE or head.startswith(_BMP_TIFF_SIGNATURES)


def normalize_content(reference_input: ReferenceInput, content: bytes, max_bytes: int) -> Reference:
    """Return the reference for a file's content, unchanged if possible. Raises `OptionError`."""
    mime_type = _find_mime_type(content)
    if mime_type in HEIC_TYPES:
        if len(content) > max_bytes:
            message = f"{reference_input.name} is too large to be sent ({len(content) / 1e6:,.1f} MB)."
            raise OptionError(message, advice="Save it as JPEG.")
        return _pass_through(reference_input, ImagePart(mime_type, content=content), exif.scan(content))
    with (
        _explain_errors(reference_input, content),
        opener.open_image(content, opener.REFERENCE_FORMATS, SIDE_LENGTHS[0]) as source,
    ):
        _check_size(reference_input, source.size)
        check_file(reference_input.name, source)
        fits = max(source.size) <= SIDE_LENGTHS[0] and len(content) <= max_bytes
        is_transparent = decoded_once.check(content, source.picture)
        is_readable = source.orientation == 1 and not _has_ink_profile(source.picture)
        is_flattened = is_transparent and reference_input.background is not None
        if mime_type in PASSTHROUGH_TYPES and fits and is_readable and not is_flattened:
            part = ImagePart(mime_type, content=content, width=source.size[0], height=source.size[1])
            return _add_remark(reference_input, _pass_through(reference_input, part, source.exif), is_transparent)
        redrawn, conversion = _redraw(reference_input, source.picture, is_flattened=is_flattened)
    file_format = f"{source.file_format} (its first frame)" if source.is_animated else source.file_format
    reference = _encode(reference_input, redrawn, _Original(source, file_format, conversion), max_bytes)
    return _add_remark(reference_input, reference, is_transparent)


def normalize_picture(reference_input: ReferenceInput, picture: Image.Image, max_bytes: int) -> Reference:
    """Return the reference for a picture that is open already. Raises `OptionError`."""
    _check_size(reference_input, picture.size)
    with _explain_errors(reference_input), opener.open_again(picture, SIDE_LENGTHS[0]) as source:
        is_transparent = backgrounds.has_transparent_pixels(source.picture)
        is_flattened = is_transparent and reference_input.background is not None
        redrawn, conversion = _redraw(reference_input, source.picture, is_flattened=is_flattened)
    reference = _encode(reference_input, redrawn, _Original(source, "", conversion), max_bytes)
    return _add_remark(reference_input, reference, is_transparent)


def _find_mime_type(content: bytes) -> str:
    """Return the MIME type of a file; an AVIF may begin as a HEIF does, and then its other brands tell."""
    mime_type, _ = sniff(content[:MAGIC_BYTES])
    if mime_type != "image/heif":
        return mime_type
    brands = content[8 : min(int.from_bytes(content[:4], "big"), MAX_BRAND_BYTES)]
    names = {brands[offset : offset + 4] for offset in range(0, len(brands), 4) if offset != 4}
    return "image/avif" if names & {b"avif", b"avis"} and not names & {b"heic", b"heix"} else mime_type


def _add_remark(reference_input: ReferenceInput, reference: Reference, is_transparent: bool) -> Reference:
    if not is_transparent or reference_input.background is not None or not reference_input.has_remark:
        return reference
    remark = backgrounds.format_remark(reference_input.name)
    return replace(reference, note=f"{reference.note} {remark}".strip())


def _pass_through(reference_input: ReferenceInput, part: ImagePart, exif_block: bytes) -> Reference:
    """Return the reference for a file that is sent unchanged, as the part it came from if that says the same."""
    original_part = reference_input.part
    note = _format_conversion_note(reference_input.name, list(filter(None, [reference_input.conversion])))
    if not reference_input.strip_exif and exif.has_position(exif_block, part.data):
        note = f"{reference_input.name} holds the GPS position where it was taken, which is sent with it."
    return Reference(original_part if original_part and original_part.mime_type == part.mime_type else part, note)


def _redraw(
    reference_input: ReferenceInput, picture: Image.Image, *, is_flattened: bool = False
) -> tuple[Image.Image, str]:
    """Return a copy of the picture that can be saved and is not larger than is sent, and how it was converted."""
    check_picture(reference_input.name, picture)
    size = bands.fit_size(picture.size, SIDE_LENGTHS[0])
    if size == picture.size and picture.mode in PNG_MODES and not is_flattened:
        return picture.copy(), ""
    convert, conversion = choose_conversion(reference_input.name, picture)
    if is_flattened and reference_input.background is not None:
        convert = backgrounds.flatten_on(reference_input.background)
        conversion = "put on the colour #{:02x}{:02x}{:02x}".format(*reference_input.background)
    if is_flattened or picture.mode not in RGB_MODES:
        convert = colour_profile.combine(picture, convert)
    redrawn = bands.redraw(picture, size, convert)
    redrawn.info.pop("icc_profile", None)
    if picture.mode in RGB_MODES and not is_flattened and "icc_profile" in picture.info:
        redrawn.info["icc_profile"] = picture.info["icc_profile"]
    return redrawn, conversion


def _has_ink_profile(picture: Image.Image) -> bool:
    """Whether the colours are CMYK, and the picture says which: without its profile they would look wrong."""
    return picture.mode == "CMYK" and colour_profile.has_usable_profile(picture)


def _encode(reference_input: ReferenceInput, picture: Image.Image, original: _Original, max_bytes: int) -> Reference:
    """Return the reference for a redrawn picture in at most `max_bytes`, at its own size unless it is smaller now."""
    lossless, part = not original.file_format.startswith(("JPEG", "WEBP")), None
    with _explain_errors(reference_input), convert_errors(DamagedImageError):
        picture = original.source.turn_upright(picture)
        if picture.size == original.source.upright_size:
            part = _encode_full_size(picture, max_bytes, lossless=lossless)
        part = part or shrink_to_fit(picture, max_bytes)
    if part is None:
        message = f"{reference_input.name} is too large to be sent, however small it is made."
        raise OptionError(message, advice="Give another.")
    part = replace(part, pixel_digest=compute_pixel_digest(picture))
    conversions = [reference_input.conversion, *_describe_conversion(part, original)]
    return Reference(part, _format_conversion_note(reference_input.name, list(filter(None, conversions))))


def _encode_full_size(picture: Image.Image, max_bytes: int, *, lossless: bool) -> ImagePart | None:
    """Return the picture at its own size, or None when it is too large."""
    if lossless or picture.has_transparency_data:
        mime_type, content = "image/png", encode_picture(picture, "PNG", max_bytes)
    else:
        opaque = picture if picture.mode == "L" else flatten_on_white(picture)
        profile = opaque.info.get("icc_profile")
        content = encode_picture(opaque, "JPEG", max_bytes, quality=FULL_SIZE_QUALITY, icc_profile=profile)
        mime_type = "image/jpeg"
    if content is None:
        return None
    return ImagePart(mime_type, content=content, width=picture.width, height=picture.height)


@contextlib.contextmanager
def _explain_errors(reference_input: ReferenceInput, content: bytes = b"") -> Iterator[None]:
    """Raise the errors of image files as `OptionError`."""
    try:
        yield
    except PixelLimitError:
        message = f"{reference_input.name} has more pixels than can safely be unpacked."
        raise OptionError(message, advice=f"Save it smaller, or allow more with {MEGAPIXELS_VARIABLE}.") from None
    except ImageFileError as error:
        if not isinstance(error, DamagedImageError) and not is_image(content[:MAGIC_BYTES]):
            raise _build_format_error(reference_input, content) from None
        message = f"{reference_input.name} cannot be read as a picture: it is damaged or incomplete."
        raise OptionError(message, advice="Save it again, or give another.") from None


def _build_format_error(reference_input: ReferenceInput, content: bytes) -> OptionError:
    head = content[:1024].lower()
    document_kind = next((kind for marker, kind in _DOCUMENT_MARKERS.items() if marker in head), "")
    message = f"{reference_input.clause or f'{reference_input.name} holds'} no picture that can be sent"
    if document_kind:
        return OptionError(f"{message}, but {document_kind}.", advice="Save what it shows as PNG, and give that.")
    return OptionError(f"{message}.", advice="Use PNG, JPEG or WebP.")


def _check_size(reference_input: ReferenceInput, size: tuple[int, int]) -> None:
    if 0 in size:
        raise OptionError(f"{reference_input.name} has no pixels.", advice="Give another.")


def _describe_conversion(part: ImagePart, original: _Original) -> Iterator[str]:
    """Yield how the picture was turned, and how its mode, size and format were changed."""
    original_size, original_format = original.source.upright_size, original.file_format
    if original.source.orientation > 1:
        yield "turned upright"
    if original.conversion:
        yield original.conversion
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
