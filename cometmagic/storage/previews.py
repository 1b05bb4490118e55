"""The previews of a call's images: small pictures that notebooks embed in place of the originals.

It knows the files of a call folder, and nothing of the answer that they came from.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cometmagic.gemini.parts import DISPLAYABLE_TYPES
from cometmagic.images import resize
from cometmagic.images.decoding import opener
from cometmagic.storage.call_folder import (
    SMALL_PREVIEW_BYTES,
    SMALL_PREVIEW_PIXELS,
    CallFolder,
    build_preview_path,
    build_small_preview_path,
)
from cometmagic.storage.call_record import FileRow
from cometmagic.system.atomic_files import write_atomic
from cometmagic.system.regular_files import is_regular


def write_previews(folder: CallFolder, rows: list[FileRow]) -> Iterator[str]:
    """Write the previews; yield a note for each one that cannot be made."""
    max_side = folder.read().get("preview", 0)
    for row in rows:
        original, is_final = folder.path / row["name"], row["role"] == "image"
        if row["mime_type"] not in DISPLAYABLE_TYPES or not (is_final or row["role"] == "thought"):
            continue
        has_preview = (
            _write_final_preview(original, max_side)
            if is_final
            else _write_small_preview(original, build_preview_path(original))
        )
        if not has_preview and (max_side or not is_final):
            yield f"{row['name']} is {_explain_missing_preview(original)}: it is kept as it came."


def has_damaged_image(folder: CallFolder, rows: list[FileRow]) -> bool:
    """Whether `write_previews` could not draw the final image, although its type is shown and it is not too large."""
    originals = [
        folder.path / row["name"] for row in rows if row["role"] == "image" and row["mime_type"] in DISPLAYABLE_TYPES
    ]
    return any(
        not is_regular(build_preview_path(original))
        and not is_regular(build_small_preview_path(original))
        and not opener.is_too_large(original)
        for original in originals
    )


def _write_final_preview(original: Path, max_side: int) -> bool:
    """Write the preview of the final image, and a small one if needed; return whether it could be drawn.

    The small one is written when the preview is large, or instead of it when `max_side` is 0.
    """
    if not max_side:
        return _write_small_preview(original, build_small_preview_path(original))
    preview = resize.render_preview(original, max_side, int(max_side * max_side * resize.BYTES_PER_PIXEL))
    if preview is None:
        return False
    write_atomic(build_preview_path(original), preview)
    buffer = io.BytesIO(preview)
    if (
        len(preview) > SMALL_PREVIEW_BYTES
        or max(opener.read_size(buffer) or (SMALL_PREVIEW_PIXELS,)) > SMALL_PREVIEW_PIXELS
    ):
        _write_small_preview(buffer, build_small_preview_path(original))
    return True


def _write_small_preview(source: Path | BinaryIO, target: Path) -> bool:
    """Write a small preview and return whether the picture could be drawn."""
    preview = resize.render_preview(source, SMALL_PREVIEW_PIXELS, SMALL_PREVIEW_BYTES)
    if preview is not None:
        write_atomic(target, preview)
    return preview is not None


def _explain_missing_preview(original: Path) -> str:
    """Return why there is no preview of an image."""
    return "too large for a preview" if opener.is_too_large(original) else "incomplete or damaged"
