"""A Python value as a reference image: a path, bytes, a picture, an array, a figure or an earlier result.

Other objects that hold an image are reduced to these in `inputs`.

An optional library is never imported here: if a value belongs to one, it is imported already. How a picture is
converted for sending is known in normalize.py only. Nothing here opens a connection: URLs are fetched elsewhere.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from PIL import Image

from cometmagic.errors import CometError, LibraryError, OptionError
from cometmagic.gemini.parts import MAGIC_BYTES, ImagePart, sniff
from cometmagic.images import arrays, backgrounds, figures, file_reader
from cometmagic.images.decoding import opener
from cometmagic.images.decoding.decoder_errors import ImageFileError
from cometmagic.images.inputs import objects
from cometmagic.images.inputs.rejection import adapt_array_error, build_rejection
from cometmagic.images.normalize import Reference, ReferenceInput, normalize_content, normalize_picture
from cometmagic.images.omissions import normalize_file, strip_reference
from cometmagic.images.pixel_digest import compute_pixel_digest
from cometmagic.system.sanitize import clean_line

MAX_INLINE_BYTES = 7_000_000  # of one image; Vertex accepts this much inline
MAX_BASE64_BYTES = 18_000_000  # of all images in a body; Google's old limit for a body is 20 MB
MAX_LOADED_BYTES = 14 * MAX_INLINE_BYTES  # of all images before they are made smaller; no model takes more than 14


class NamedContent(NamedTuple):
    """A file's content, and a name that begins sentences on it."""

    name: str
    content: bytes


def load_reference(
    value: Any,
    *,
    max_bytes: int = MAX_INLINE_BYTES,
    background: backgrounds.RGB | None = None,
    has_remark: bool = True,
    strip_exif: bool = False,
) -> Reference:
    """Return the reference for a path, bytes, a PIL image, an array, a figure, an image part, a result or their kin.

    It has at most `max_bytes` bytes, `background` behind transparent areas, and no metadata if `strip_exif`;
    `has_remark` is False when the transparent areas were remarked on before. Raises `OptionError` when `value` is not a
    picture, and the `CometError` of a result that has no image.
    """
    held = objects.Held(value) if isinstance(value, NamedContent) else objects.unwrap(_unwrap_result(value))
    reference_input, image_data = _open_value(held.value, value)
    reference_input = replace(
        reference_input,
        name=held.name or reference_input.name,
        clause="" if held.name else reference_input.clause,
        background=background,
        has_remark=has_remark,
        strip_exif=strip_exif,
    )
    if isinstance(image_data, bytes):
        return normalize_file(reference_input, image_data, max_bytes)
    return strip_reference(reference_input, normalize_picture(reference_input, image_data, max_bytes))


def load_references(
    values: Iterable[Any], *, on: str | None = None, has_remarks: bool = True, strip_exif: bool = False
) -> list[Reference]:
    """Return the references for values that are read one after another, made smaller so that they fit in one request.

    `on` is the colour behind transparent areas; without one they stay transparent, and `has_remarks` says so.
    Reading stops at `MAX_LOADED_BYTES`. Raises as `load_reference` and `fit_references` do.
    """
    background = None if on is None else backgrounds.parse_colour(on)
    references: list[Reference] = []
    available_bytes = MAX_LOADED_BYTES
    for value in values:
        reference = load_reference(value, background=background, has_remark=has_remarks, strip_exif=strip_exif)
        references.append(reference)
        available_bytes -= len(references[-1].part.data)
        if available_bytes < 0:
            raise _build_size_error()
    return fit_references(references)


def fit_references(references: Sequence[Reference], max_base64_bytes: int = MAX_BASE64_BYTES) -> list[Reference]:
    """Return the references, the largest made smaller so that all fit in `max_base64_bytes` of base64.

    Raises `OptionError` when that is impossible.
    """
    max_bytes = _compute_max_share(
        [len(reference.part.data) for reference in references], max_base64_bytes // 4 * 3 - 2 * len(references)
    )
    return [_shrink_reference(max_bytes, reference, number) for number, reference in enumerate(references, 1)]


def _compute_max_share(sizes: list[int], available_bytes: int) -> int:
    """Return how many bytes each may have, when smaller ones leave the rest to the others."""
    for index, size in enumerate(sorted(sizes)):
        if size > (equal_share := available_bytes // (len(sizes) - index)):
            return equal_share
        available_bytes -= size
    return max(sizes, default=0)


def _shrink_reference(max_bytes: int, reference: Reference, number: int) -> Reference:
    """Return a reference in at most `max_bytes` bytes; `number` is its place in the request."""
    content = reference.part.data
    if len(content) <= max_bytes:
        return reference
    try:
        name = f"To fit in one request, reference image {number}"
        smaller = normalize_content(ReferenceInput(name, has_remark=False), content, max_bytes)
    except OptionError:
        raise _build_size_error() from None
    # What was encoded here before is known by the pixels that it had then.
    pixel_digest = reference.part.pixel_digest or smaller.part.pixel_digest
    return Reference(replace(smaller.part, pixel_digest=pixel_digest), f"{reference.note} {smaller.note}".strip())


def _build_size_error() -> OptionError:
    message = "The reference images are too large together for one request."
    return OptionError(message, advice="Send fewer, or smaller ones.")


def _open_value(value: Any, original: Any) -> tuple[ReferenceInput, bytes | Image.Image]:
    """Return a value's picture or file content; `original` is what the user gave. Raises `OptionError`."""
    if isinstance(value, ImagePart):
        return ReferenceInput(f"The {clean_line(value.mime_type)} image", part=value), _read_data(value)
    if isinstance(value, NamedContent):
        return ReferenceInput(value.name), value.content
    if isinstance(value, Image.Image):
        return ReferenceInput("The image"), value
    if isinstance(value, str | os.PathLike):
        name = file_reader.shorten_path(os.fsdecode(value))
        return ReferenceInput(name), file_reader.read_file(value)
    if isinstance(value, bytes):
        return ReferenceInput("The image", clause=f"These {len(value):,} bytes hold"), value
    return _open_library_value(value, original)


def _open_library_value(value: Any, original: Any) -> tuple[ReferenceInput, bytes | Image.Image]:
    """Return the picture or file content of a value of an optional library."""
    if _is_array(value):
        try:
            picture, conversion = arrays.create_picture(value)
        except OptionError as error:
            raise adapt_array_error(original, error) from None
        return ReferenceInput("The array", conversion=conversion), picture
    if (drawing := figures.draw_figure(value)) is not None:
        return ReferenceInput(drawing.name, drawing.conversion), drawing.picture
    if content := _render_image_repr(value):
        part = _identify_drawing(value, content)
        return ReferenceInput(f"The {clean_line(type(value).__name__)}", part=part), content
    raise build_rejection(value)


def _is_array(value: Any) -> bool:
    try:
        return arrays.is_array(value)
    except Exception:  # noqa: BLE001  # a class may raise anything when it is asked for an attribute
        return False


def _unwrap_result(value: Any) -> Any:
    """Return the `.image` of a result, and any other value as it is."""
    try:
        image = getattr(value, "image", None)
    except CometError:  # a call without an image
        raise
    except Exception:  # noqa: BLE001  # a property of any class may raise anything
        return value
    return image if isinstance(image, ImagePart) else value


def _read_data(part: ImagePart) -> bytes:
    try:
        return part.data
    except (LibraryError, ValueError):
        location = f" {clean_line(part.path)}" if part.path else ""
        raise OptionError(
            f"The file{location} of the image is gone.", advice="Make it again, or give another."
        ) from None


def _identify_drawing(value: Any, content: bytes) -> ImagePart | None:
    """Return the part for what a library has just encoded, known by its pixels; None for IPython's images of files."""
    if type(value).__module__.startswith("IPython."):
        return None
    mime_type, _ = sniff(content[:MAGIC_BYTES])
    try:
        with opener.open_image(content) as source:
            pixel_digest, size = compute_pixel_digest(source.picture), source.size
    except ImageFileError:  # said where it is read
        return None
    return ImagePart(mime_type, content=content, width=size[0], height=size[1], pixel_digest=pixel_digest)


def _render_image_repr(value: Any) -> bytes | None:
    """Return the PNG or JPEG that a notebook would display for a value, such as an IPython image."""
    for method_name in ("_repr_png_", "_repr_jpeg_"):
        if isinstance(value, type) or not callable(getattr(type(value), method_name, None)):
            continue
        with contextlib.suppress(Exception):  # some libraries raise to say that there is none
            data = getattr(value, method_name)()
            content = data[0] if isinstance(data, tuple) else data
            if content:
                return base64.b64decode(content) if isinstance(content, str) else bytes(content)
    return None
