"""Small pictures for the notebook: those the courier has left in the call's folder, or else made here.

Making one needs Pillow, which a kernel seldom has to load: for recordings of older versions, for reference images,
and when there are so many drafts that each may take but little room.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from cometmagic.gemini.parts import ImagePart
from cometmagic.storage.store import (
    SMALL_PREVIEW_BYTES,
    SMALL_PREVIEW_PIXELS,
    build_preview_path,
    build_small_preview_path,
)


def final(image: ImagePart) -> bytes | None:
    """Return a JPEG of the final image for front ends that show no HTML, or None when it cannot be drawn."""
    prepared = _read(image, build_small_preview_path)
    return prepared if prepared is not None else other(image)


def other(image: ImagePart) -> bytes | None:
    """Return a JPEG of any image of an answer, or None when it cannot be drawn."""
    prepared = _read(image, build_preview_path)
    if prepared is not None:
        return lighter(prepared, SMALL_PREVIEW_BYTES)
    return made(image, SMALL_PREVIEW_PIXELS, SMALL_PREVIEW_BYTES)


def lighter(content: bytes, most: int) -> bytes | None:
    """Return a small JPEG, made smaller if it has more than `most` bytes."""
    return (
        content if len(content) <= most else made(ImagePart("image/jpeg", content=content), SMALL_PREVIEW_PIXELS, most)
    )


def made(image: ImagePart, longest: int, most: int) -> bytes | None:
    """Return a JPEG of at most `longest` pixels a side and `most` bytes, or None when it cannot be drawn."""
    from cometmagic.images import resize  # Pillow

    return resize.render_preview(image.path or io.BytesIO(image.data), longest, most)


def size(image: ImagePart) -> tuple[int, int] | None:
    """Return (width, height) in pixels of an image whose size is not written down, or None when it is not known."""
    from cometmagic.images import resize  # Pillow

    return resize.read_size(image.path or io.BytesIO(image.data))


def png(content: bytes, longest: int) -> bytes | None:
    """Return a picture as PNG, which is what terminals draw, or None when it cannot be drawn."""
    from cometmagic.images import resize  # Pillow

    return resize.render_png(content, longest)


def _read(image: ImagePart, place: Callable[[Path], Path]) -> bytes | None:
    if image.path is None:
        return None
    try:
        return place(image.path).read_bytes()
    except OSError:  # it could not be drawn, or an older version made none
        return None
