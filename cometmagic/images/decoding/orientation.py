"""Whether an image is shown on its side, as its EXIF data says.

A kernel looks at this for each result, so the types that services send are read without Pillow.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import BinaryIO

from cometmagic.images.decoding import exif, jpeg_header, png_header
from cometmagic.system.regular_files import open_regular

_HEADER_READERS = ((jpeg_header.MAGIC, jpeg_header.read_header), (png_header.MAGIC, png_header.read_header))


def is_sideways(path: Path) -> bool:
    """Whether the EXIF orientation of an image file swaps width and height; False when it cannot be read."""
    with contextlib.suppress(OSError, ValueError), open_regular(path) as file:
        return _is_sideways_file(file)
    return False


def _is_sideways_file(file: BinaryIO) -> bool:
    file.seek(0)
    magic = file.read(len(png_header.MAGIC))
    for prefix, read_header in _HEADER_READERS:
        if magic.startswith(prefix):
            return exif.read_orientation(read_header(file).exif) in exif.SIDEWAYS_ORIENTATIONS
    from cometmagic.images.decoding import opener  # Pillow, for the others

    with opener.open_image(file) as image_file:
        return image_file.orientation in exif.SIDEWAYS_ORIENTATIONS


def read_upright_size(source: Path | BinaryIO) -> tuple[int, int] | None:
    """Return width and height in pixels as the image is shown, None when they cannot be read."""
    from cometmagic.images.decoding import opener  # Pillow, which `is_sideways` mostly does without

    size = opener.read_size(source)
    if size is None or isinstance(source, Path):
        return size[::-1] if size and isinstance(source, Path) and is_sideways(source) else size
    with contextlib.suppress(OSError, ValueError):
        return size[::-1] if _is_sideways_file(source) else size
    return size
