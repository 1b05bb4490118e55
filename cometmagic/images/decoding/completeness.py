"""Whether a PNG, JPEG or WebP is whole: it reaches its own end, and its checksums are right.

Decoders are lenient: they show what is there of a picture that was cut, or whose last bytes are missing. Here only
the structure is read; whether the pixels can be decoded is seen by decoding them. What follows the end of a picture,
such as the video of a motion photo, is not looked at. Sources: the PNG specification, ITU-T T.81, RFC 9649.
"""

from __future__ import annotations

import re
import zlib

from cometmagic.images.decoding import jpeg_header, png_header
from cometmagic.images.decoding.decoder_errors import DamagedImageError

_CHUNK_FRAME = 12  # bytes of a chunk besides its data: length, type, checksum
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_BARE_MARKERS = (0x01, *range(0xD0, 0xD9))  # no length follows


def check(content: bytes) -> None:
    """Raise `DamagedImageError` when a PNG, JPEG or WebP is cut short or has a wrong checksum; other files pass."""
    if content.startswith(png_header.MAGIC):
        is_complete = _is_complete_png(content)
    elif content.startswith(jpeg_header.MAGIC):
        is_complete = _is_complete_jpeg(content)
    else:
        is_webp = content.startswith(b"RIFF") and content[8:12] == b"WEBP"
        is_complete = not is_webp or len(content) >= 8 + int.from_bytes(content[4:8], "little")
    if not is_complete:
        raise DamagedImageError("the image is cut short or damaged")


def _is_complete_png(content: bytes) -> bool:
    view, offset = memoryview(content), len(png_header.MAGIC)
    while offset + _CHUNK_FRAME <= len(content):
        end = offset + _CHUNK_FRAME + int.from_bytes(view[offset : offset + 4], "big")
        if end > len(content) or zlib.crc32(view[offset + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            return False
        if content[offset + 4 : offset + 8] == b"IEND":
            return True
        offset = end
    return False


def _is_complete_jpeg(content: bytes) -> bool:
    """Whether the end marker follows a scan. Segments are skipped: a preview in them has an end of its own."""
    offset, has_scan = 2, False
    while match := _MARKER.search(content, offset):
        marker, offset = match[1][0], match.end()
        if marker == _END_OF_IMAGE:
            return has_scan
        if marker not in _BARE_MARKERS:
            has_scan = has_scan or marker == _START_OF_SCAN
            length = int.from_bytes(content[offset : offset + 2], "big")
            offset += max(2, length)
    return False
