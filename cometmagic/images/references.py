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
from cometmagic.images import arrays, safe_read
from cometmagic.images.resize import quiet
from cometmagic.images.safe_read import is_url
from cometmagic.images.sendable import Reference, Source, from_content, from_picture
from cometmagic.system.sanitize import line

__all__ = ["BUDGET", "TOTAL", "Reference", "fitted", "is_url", "reference"]

BUDGET = 7_000_000  # bytes of one image: what Vertex takes inline
TOTAL = 18_000_000  # bytes of base64 of all images in a body; Google's old limit for a body is 20 MB
_DO = "Give a path, bytes, a PIL image, an array or a figure."


def reference(given: Any, *, budget: int = BUDGET) -> Reference:
    """Return what is sent for a path, bytes, a PIL image, an array, a figure, an image part or a result.

    `budget` is the most bytes it may have. Raises `OptionError` when no picture can be had from it, and
    whatever `CometError` a result raises that has no image.
    """
    source, found = _found(_own_image(given))
    with quiet():
        if isinstance(found, bytes):
            return from_content(source, found, budget)
        return from_picture(source, found, budget)


def fitted(references: Sequence[Reference], total: int = TOTAL) -> list[Reference]:
    """Return the references, the largest made smaller until all fit in a body with `total` bytes of base64.

    Raises `OptionError` when they cannot be made to.
    """
    share = _share([len(each.part.data) for each in references], total // 4 * 3 - 2 * len(references))
    with quiet():
        return [_within(share, each, number) for number, each in enumerate(references, 1)]


def _share(sizes: list[int], room: int) -> int:
    """Return how many bytes each may have, if those that need less leave the rest to the others."""
    for index, size in enumerate(sorted(sizes)):
        if size > (even := room // (len(sizes) - index)):
            return even
        room -= size
    return max(sizes, default=0)


def _within(share: int, given: Reference, number: int) -> Reference:
    """Return the `number`-th of several references in at most `share` bytes."""
    content = given.part.data
    if len(content) <= share:
        return given
    try:
        made = from_content(Source(f"To fit in one request, reference image {number}"), content, share)
    except OptionError:
        what = "The reference images are too large together for one request."
        raise OptionError(what, do="Send fewer, or smaller ones.") from None
    return Reference(made.part, f"{given.note} {made.note}".strip())


def _found(given: Any) -> tuple[Source, bytes | Image.Image]:
    """Return what a value comes down to. Raises `OptionError` for one that is nothing of the kind."""
    if isinstance(given, ImagePart):
        return Source(f"The {line(given.mime_type)} image", part=given), _data(given)
    if isinstance(given, Image.Image):
        return Source("The image"), given
    if isinstance(given, str | os.PathLike):
        return Source(line(os.fsdecode(given))), safe_read.read(given)
    if isinstance(given, io.BytesIO):
        given = given.getvalue()
    if isinstance(given, bytes | bytearray | memoryview):
        content = bytes(given)
        return Source("The image", holds=f"These {len(content):,} bytes hold"), content
    return _found_in_library(given)


def _found_in_library(given: Any) -> tuple[Source, bytes | Image.Image]:
    """Return what a value of an optional library comes down to."""
    if arrays.is_array(given):
        values, done = arrays.eight_bits(given)
        return Source("The array", done=done), Image.fromarray(values)
    if (figure := _figure(given)) is not None:
        return Source("The figure"), _drawn(figure)
    kind = line(type(given).__name__)
    if shown := _shown(given):
        return Source(f"The {kind}"), shown
    raise OptionError(f"{'An' if kind[:1] in 'aeiouAEIOU' else 'A'} {kind} is not an image.", do=_DO)


def _own_image(given: Any) -> Any:
    """Return the `.image` of a result, and anything else as it is."""
    try:
        found = getattr(given, "image", None)
    except CometError:  # a call that made none
        raise
    except Exception:  # noqa: BLE001  # a property of anybody's class raises what it likes
        return given
    return found if isinstance(found, ImagePart) else given


def _data(part: ImagePart) -> bytes:
    try:
        return part.data
    except (OSError, ValueError):
        where = f" {line(part.path)}" if part.path else ""
        raise OptionError(f"The file{where} of the image is gone.", do="Make it again, or give another.") from None


def _figure(given: Any) -> Any:
    """Return the matplotlib figure that this is or that this is drawn in, or None when it is neither."""
    artist = sys.modules.get("matplotlib.artist")
    if artist is None or not isinstance(given, artist.Artist):
        return None
    figure = given.figure
    while figure is not None and figure.figure is not figure:  # a figure within a figure
        figure = figure.figure
    if figure is None:
        raise OptionError(f"The {line(type(given).__name__)} is drawn in no figure.", do="Give the figure.")
    return figure


def _drawn(figure: Any) -> bytes:
    """Return a figure as PNG, as large as it is. It keeps its canvas, and pyplot is not asked."""
    buffer = io.BytesIO()
    try:
        figure.savefig(buffer, format="png", dpi="figure")
    except Exception as error:  # noqa: BLE001  # text that is no formula, a size no picture has: many things
        told = f"{type(error).__name__}: {line(error, 120)}"
        raise OptionError(f"The figure cannot be drawn ({told}).", do="Correct it; figure.savefig says more.") from None
    return buffer.getvalue()


def _shown(given: Any) -> bytes | None:
    """Return the PNG or JPEG as which a notebook would show a value, such as an IPython image."""
    for name in ("_repr_png_", "_repr_jpeg_"):
        if isinstance(given, type) or not callable(getattr(type(given), name, None)):
            continue
        with contextlib.suppress(Exception):  # a library's own way of saying that it has none
            shown = getattr(given, name)()
            content = shown[0] if isinstance(shown, tuple) else shown
            if content:
                return base64.b64decode(content) if isinstance(content, str) else bytes(content)
    return None
