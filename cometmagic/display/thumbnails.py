"""Small images for the notebook: the previews in the call's folder, or new ones.

The courier writes the previews. Creating a thumbnail needs Pillow, which a kernel seldom has to load: for recordings of
older versions, for reference images, and for responses with many drafts.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from cometmagic.gemini.parts import ImagePart
from cometmagic.storage.call_folder import (
    SMALL_PREVIEW_BYTES,
    SMALL_PREVIEW_PIXELS,
    build_preview_path,
    build_small_preview_path,
)
from cometmagic.system.regular_files import read_regular

JPEG = "image/jpeg"  # the type of all previews and thumbnails


def load_final_thumbnail(image: ImagePart) -> bytes | None:
    """Return a JPEG of the final image for front ends without HTML, or None if it cannot be drawn."""
    preview = _read_file(image, build_small_preview_path)
    return preview if preview is not None else load_thumbnail(image)


def load_thumbnail(image: ImagePart) -> bytes | None:
    """Return a JPEG of any image of a response, or None if it cannot be drawn."""
    preview = _read_file(image, build_preview_path)
    if preview is not None:
        return shrink_jpeg(preview, SMALL_PREVIEW_BYTES)
    return create_thumbnail(image, SMALL_PREVIEW_PIXELS, SMALL_PREVIEW_BYTES)


def shrink_jpeg(content: bytes, max_bytes: int) -> bytes | None:
    """Return a small JPEG, reduced if it has more than `max_bytes`; None if it cannot be drawn."""
    if len(content) <= max_bytes:
        return content
    return create_thumbnail(ImagePart(JPEG, content=content), SMALL_PREVIEW_PIXELS, max_bytes)


def create_thumbnail(image: ImagePart, max_side: int, max_bytes: int) -> bytes | None:
    """Return a JPEG of at most `max_side` pixels a side and `max_bytes`, or None if it cannot be drawn."""
    from cometmagic.images import resize  # Pillow

    return resize.render_preview(image.path or io.BytesIO(image.data), max_side, max_bytes)


def read_size(image: ImagePart) -> tuple[int, int] | None:
    """Return (width, height) of an image in pixels, read from its content, or None if that is not possible."""
    from cometmagic.images.decoding import opener  # Pillow

    return opener.read_size(image.path or io.BytesIO(image.data))


def render_png(content: bytes, max_side: int) -> bytes | None:
    """Return an image as PNG, the type that terminals draw, or None if it cannot be drawn."""
    from cometmagic.images import resize  # Pillow

    return resize.render_png(content, max_side)


def _read_file(image: ImagePart, build_path: Callable[[Path], Path]) -> bytes | None:
    if image.path is None:
        return None
    try:
        return read_regular(build_path(image.path))
    except OSError:  # the image could not be drawn, or an older version wrote no preview
        return None
