"""Small pictures for the notebook: those the courier has left in the call's folder, or else made here.

Making one needs Pillow, which a kernel seldom has to load: for recordings of older versions, for reference images,
and when there are so many drafts that each may take but little room.
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


def load_final_thumbnail(image: ImagePart) -> bytes | None:
    """Return a JPEG of the final image for front ends that show no HTML, or None when it cannot be drawn."""
    prepared = _read_file(image, build_small_preview_path)
    return prepared if prepared is not None else load_thumbnail(image)


def load_thumbnail(image: ImagePart) -> bytes | None:
    """Return a JPEG of any image of an answer, or None when it cannot be drawn."""
    prepared = _read_file(image, build_preview_path)
    if prepared is not None:
        return shrink_jpeg(prepared, SMALL_PREVIEW_BYTES)
    return create_thumbnail(image, SMALL_PREVIEW_PIXELS, SMALL_PREVIEW_BYTES)


def shrink_jpeg(content: bytes, max_bytes: int) -> bytes | None:
    """Return a small JPEG, made smaller if it has more than `most` bytes."""
    return (
        content
        if len(content) <= max_bytes
        else create_thumbnail(ImagePart("image/jpeg", content=content), SMALL_PREVIEW_PIXELS, max_bytes)
    )


def create_thumbnail(image: ImagePart, max_side: int, max_bytes: int) -> bytes | None:
    """Return a JPEG of at most `longest` pixels a side and `most` bytes, or None when it cannot be drawn."""
    from cometmagic.images import resize  # Pillow

    return resize.render_preview(image.path or io.BytesIO(image.data), max_side, max_bytes)


def read_size(image: ImagePart) -> tuple[int, int] | None:
    """Return (width, height) in pixels of an image whose size is not written down, or None when it is not known."""
    from cometmagic.images import resize  # Pillow

    return resize.read_size(image.path or io.BytesIO(image.data))


def render_png(content: bytes, max_side: int) -> bytes | None:
    """Return a picture as PNG, which is what terminals draw, or None when it cannot be drawn."""
    from cometmagic.images import resize  # Pillow

    return resize.render_png(content, max_side)


def _read_file(image: ImagePart, locate: Callable[[Path], Path]) -> bytes | None:
    if image.path is None:
        return None
    try:
        return locate(image.path).read_bytes()
    except OSError:  # it could not be drawn, or an older version made none
        return None
