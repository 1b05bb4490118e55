"""The size of a picture in pixels from its first bytes, to tell a picture in a web page from the page's logo.

It is a hint and no check: what is decoded is measured again by `images.decoding`, which this part may not know.
"""

from __future__ import annotations

import struct

_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers with a size


def read_pixel_size(head: bytes) -> tuple[int, int] | None:
    """Return (width, height) of a PNG, JPEG, WebP or GIF by its beginning, or None."""
    try:
        if head.startswith(b"\x89PNG"):
            return struct.unpack_from(">II", head, 16)
        if head.startswith(b"GIF8"):
            return struct.unpack_from("<HH", head, 6)
        if head.startswith(b"RIFF"):
            return _read_webp_size(head)
        return _read_jpeg_size(head) if head.startswith(b"\xff\xd8") else None
    except (struct.error, IndexError):  # the head ends before the size
        return None


def _read_webp_size(head: bytes) -> tuple[int, int] | None:
    match head[12:16]:
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        case b"VP8L":
            bits = struct.unpack_from("<I", head, 21)[0]
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF
    return None


def _read_jpeg_size(head: bytes) -> tuple[int, int] | None:
    position = 2
    while head[position] == 0xFF:
        marker = head[position + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", head, position + 5)
            return width, height
        position += 2 + struct.unpack_from(">H", head, position + 2)[0]
    return None
