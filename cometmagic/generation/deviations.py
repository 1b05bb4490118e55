"""How the final image of a call differs from the aspect ratio and the image size that were requested.

Services and relays ignore them silently now and then. Everything is read from the call's folder, so recordings of any
age have it. This module neither decides what differs (options/pixel_sizes.py) nor shows anything.
"""

from __future__ import annotations

from cometmagic.errors import LibraryError
from cometmagic.gemini.image_config import read_image_config
from cometmagic.images.decoding.orientation import is_sideways
from cometmagic.options import pixel_sizes
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import FileRow


def find_deviations(folder: CallFolder) -> tuple[str, ...]:
    """Return the deviations of a call's final image, such as "1:1 instead of 16:9"; nothing when they are unknown.

    Raises `LibraryError` when call.json cannot be read.
    """
    row = folder.find_final_row()
    pixels = _read_displayed_size(folder, row) if row is not None else None
    if pixels is None:
        return ()
    try:
        config = read_image_config(folder.read_body())
    except LibraryError:  # request.json is missing or damaged
        return ()
    return pixel_sizes.find_deviations(*pixels, config.aspect_ratio, config.image_size)


def _read_displayed_size(folder: CallFolder, row: FileRow) -> tuple[int, int] | None:
    """Return width and height in pixels as a viewer sees them, None when they are unknown."""
    width, height = row.get("width"), row.get("height")
    if not (width and height):
        return None
    is_turned = width != height and is_sideways(folder.build_path(row["name"]))
    return (height, width) if is_turned else (width, height)
