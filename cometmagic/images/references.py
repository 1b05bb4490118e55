"""A Python value as a reference image: path, bytes, picture, array, figure or an earlier result.

A library is looked for only when a value of its own is given, so that none is imported for it. What then has
to be done to the picture is known in sendable.py. Addresses are fetched elsewhere: nothing here opens a connection.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

from PIL import Image

from cometmagic.errors import CometError, OptionError
from cometmagic.gemini.parts import ImagePart
from cometmagic.images import arrays, file_reader
from cometmagic.images.file_reader import is_url
from cometmagic.images.normalize import Reference, ReferenceInput, normalize_content, normalize_picture
from cometmagic.images.resize import suppress_warnings
from cometmagic.system.sanitize import clean_line

__all__ = ["MAX_BASE64_BYTES", "MAX_INLINE_BYTES", "Reference", "fit_references", "is_url", "load_reference"]

MAX_INLINE_BYTES = 7_000_000  # bytes of one image: what Vertex takes inline
MAX_BASE64_BYTES = 18_000_000  # bytes of base64 of all images in a body; Google's old limit for a body is 20 MB
_ADVICE = "Give a path, bytes, a PIL image, an array or a figure."


def load_reference(value: Any, *, max_bytes: int = MAX_INLINE_BYTES) -> Reference:
    """Return what is sent for a path, bytes, a PIL image, an array, a figure, an image part or a result.

    `budget` is the most bytes it may have. Raises `OptionError` when no picture can be had from it, and
    whatever `CometError` a result raises that has no image.
    """
    source, found = _open_value(_unwrap_result(value))
    with suppress_warnings():
        if isinstance(found, bytes):
            return normalize_content(source, found, max_bytes)
        return normalize_picture(source, found, max_bytes)


def fit_references(references: Sequence[Reference], max_base64_bytes: int = MAX_BASE64_BYTES) -> list[Reference]:
    """Return the references, the largest made smaller until all fit in a body with `total` bytes of base64.

    Raises `OptionError` when they cannot be made to.
    """
    share = _compute_max_share(
        [len(each.part.data) for each in references], max_base64_bytes // 4 * 3 - 2 * len(references)
    )
    with suppress_warnings():
        return [_shrink_reference(share, each, number) for number, each in enumerate(references, 1)]


def _compute_max_share(sizes: list[int], available_bytes: int) -> int:
    """Return how many bytes each may have, if those that need less leave the rest to the others."""
    for index, size in enumerate(sorted(sizes)):
        if size > (even := available_bytes // (len(sizes) - index)):
            return even
        available_bytes -= size
    return max(sizes, default=0)


def _shrink_reference(max_bytes: int, reference: Reference, number: int) -> Reference:
    """Return the `number`-th of several references in at most `share` bytes."""
    content = reference.part.data
    if len(content) <= max_bytes:
        return reference
    try:
        made = normalize_content(ReferenceInput(f"To fit in one request, reference image {number}"), content, max_bytes)
    except OptionError:
        what = "The reference images are too large together for one request."
        raise OptionError(what, advice="Send fewer, or smaller ones.") from None
    return Reference(made.part, f"{reference.note} {made.note}".strip())


def _open_value(value: Any) -> tuple[ReferenceInput, bytes | Image.Image]:
    """Return what a value comes down to. Raises `OptionError` for one that is nothing of the kind."""
    if isinstance(value, ImagePart):
        return ReferenceInput(f"The {clean_line(value.mime_type)} image", part=value), _read_data(value)
    if isinstance(value, Image.Image):
        return ReferenceInput("The image"), value
    if isinstance(value, str | os.PathLike):
        return ReferenceInput(clean_line(os.fsdecode(value))), file_reader.read_file(value)
    if isinstance(value, io.BytesIO):
        value = value.getvalue()
    if isinstance(value, bytes | bytearray | memoryview):
        content = bytes(value)
        return ReferenceInput("The image", clause=f"These {len(content):,} bytes hold"), content
    return _open_library_value(value)


def _open_library_value(value: Any) -> tuple[ReferenceInput, bytes | Image.Image]:
    """Return what a value of an optional library comes down to."""
    if arrays.is_array(value):
        values, done = arrays.convert_to_uint8(value)
        return ReferenceInput("The array", conversion=done), Image.fromarray(values)
    if (figure := _find_figure(value)) is not None:
        return ReferenceInput("The figure"), _render_figure(figure)
    kind = clean_line(type(value).__name__)
    if shown := _render_image_repr(value):
        return ReferenceInput(f"The {kind}"), shown
    raise OptionError(f"{'An' if kind[:1] in 'aeiouAEIOU' else 'A'} {kind} is not an image.", advice=_ADVICE)


def _unwrap_result(value: Any) -> Any:
    """Return the `.image` of a result, and anything else as it is."""
    try:
        found = getattr(value, "image", None)
    except CometError:  # a call that made none
        raise
    except Exception:  # noqa: BLE001  # a property of anybody's class raises what it likes
        return value
    return found if isinstance(found, ImagePart) else value


def _read_data(part: ImagePart) -> bytes:
    try:
        return part.data
    except (OSError, ValueError):
        where = f" {clean_line(part.path)}" if part.path else ""
        raise OptionError(f"The file{where} of the image is gone.", advice="Make it again, or give another.") from None


def _find_figure(value: Any) -> Any:
    """Return the matplotlib figure that this is or that this is drawn in, or None when it is neither."""
    artist = sys.modules.get("matplotlib.artist")
    if artist is None or not isinstance(value, artist.Artist):
        return None
    figure = value.figure
    while figure is not None and figure.figure is not figure:  # a figure within a figure
        figure = figure.figure
    if figure is None:
        raise OptionError(f"The {clean_line(type(value).__name__)} is drawn in no figure.", advice="Give the figure.")
    return figure


def _render_figure(figure: Any) -> bytes:
    """Return a figure as PNG, as large as it is. It keeps its canvas, and pyplot is not asked."""
    buffer = io.BytesIO()
    try:
        figure.savefig(buffer, format="png", dpi="figure")
    except Exception as error:  # noqa: BLE001  # text that is no formula, a size no picture has: many things
        told = f"{type(error).__name__}: {clean_line(error, 120)}"
        raise OptionError(
            f"The figure cannot be drawn ({told}).", advice="Correct it; figure.savefig says more."
        ) from None
    return buffer.getvalue()


def _render_image_repr(value: Any) -> bytes | None:
    """Return the PNG or JPEG as which a notebook would show a value, such as an IPython image."""
    for name in ("_repr_png_", "_repr_jpeg_"):
        if isinstance(value, type) or not callable(getattr(type(value), name, None)):
            continue
        with contextlib.suppress(Exception):  # a library's own way of saying that it has none
            shown = getattr(value, name)()
            content = shown[0] if isinstance(shown, tuple) else shown
            if content:
                return base64.b64decode(content) if isinstance(content, str) else bytes(content)
    return None
