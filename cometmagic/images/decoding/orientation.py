"""Whether an image is shown on its side, as its EXIF data says.

A kernel looks at this for each result, so the types that services send are read without Pillow.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from cometmagic.images.decoding import exif, jpeg_header, png_header
from cometmagic.system.regular_files import open_regular

_HEADER_READERS = ((jpeg_header.MAGIC, jpeg_header.read_header), (png_header.MAGIC, png_header.read_header))


def is_sideways(path: Path) -> bool:
    """Whether the EXIF orientation of an image file swaps width and height; False when it cannot be read."""
    with contextlib.suppress(OSError, ValueError), open_regular(path) as file:
        magic = file.read(len(png_header.MAGIC))
        for prefix, read_header in _HEADER_READERS:
            if magic.startswith(prefix):
                return exif.read_orientation(read_header(file).exif) in exif.SIDEWAYS_ORIENTATIONS
        from cometmagic.images.decoding import opener  # Pillow, for the others

        with opener.open_image(file) as image_file:
            return image_file.orientation in exif.SIDEWAYS_ORIENTATIONS
    return False
