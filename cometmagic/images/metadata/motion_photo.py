"""The video that phones append to a photo: found, and left out of what is sent.

A motion photo is a JPEG or HEIC with a video behind it. No model looks at the video, and people rarely know that it is
there, often with sound. Sources: Android's Motion Photo format 1.0; ISO/IEC 14496-12 for boxes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_JPEG, _END_OF_IMAGE, _START_OF_SCAN = b"\xff\xd8\xff", 0xD9, 0xDA
_BARE_MARKERS = (0x01, *range(0xD0, 0xD9))  # no length follows
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
# A box of 12 to 255 bytes that says which kind of MP4 or QuickTime follows.
_VIDEO_START = re.compile(
    rb"\x00\x00\x00[\x0c-\xff]ftyp(?:isom|iso[2-9]|mp4[12]|avc1|qt  |M4V |MSNV|3gp.|hvc1)", re.DOTALL
)
_BOX_HEADER_LENGTH = 8
_VIDEO_BOX, _PICTURE_BOXES = b"mpvd", (b"meta", b"mdat", b"moov")
_LARGE_BOX = 1  # the length follows, in eight bytes


def split_video(content: bytes) -> tuple[bytes, int]:
    """Return the photo without the video behind it, and the bytes of what was left out: 0 when there is no video."""
    if content.startswith(_JPEG):
        end = find_jpeg_end(content)
        video = _VIDEO_START.search(content, end) if end else None
        # Between them may lie a second picture, such as a map of depths or brightness, which stays.
        end = video.start() if video and content.startswith(_JPEG, end) else end
        return (content[:end], len(content) - end) if video else (content, 0)
    if content[4:8] == b"ftyp" and _VIDEO_BOX in content:
        end = _find_video_box(content)
        return content[:end], len(content) - end
    return content, 0


def find_jpeg_end(content: bytes) -> int:
    """Return the offset behind the first picture of a JPEG, or 0 when it is cut or damaged."""
    offset = 2
    while offset + 2 <= len(content):
        marker = content[offset + 1]
        if content[offset] != 0xFF:
            return 0
        if marker == _END_OF_IMAGE:
            return offset + 2
        if marker == 0xFF:
            offset += 1
        elif marker in _BARE_MARKERS:
            offset += 2
        else:
            offset += 2 + int.from_bytes(content[offset + 2 : offset + 4], "big")
            if marker == _START_OF_SCAN:
                match = _MARKER_IN_SCAN.search(content, offset)
                offset = match.start() if match else len(content)
    return 0


def _find_video_box(content: bytes) -> int:
    """Return the offset of the box with the video, or the length when there is none or parts of the picture follow."""
    start = len(content)
    for box_type, offset in _iterate_boxes(content):
        if box_type == _VIDEO_BOX:
            start = offset
        elif start < offset and box_type in _PICTURE_BOXES:
            return len(content)
    return start


def _iterate_boxes(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the type and the offset of each box of a file."""
    offset = 0
    while offset + _BOX_HEADER_LENGTH <= len(content):
        length, box_type = int.from_bytes(content[offset : offset + 4], "big"), content[offset + 4 : offset + 8]
        if length == _LARGE_BOX:
            length = int.from_bytes(content[offset + 8 : offset + 16], "big")
        yield box_type, offset
        if length < _BOX_HEADER_LENGTH:  # 0 is the rest of the file, and anything else is damaged
            return
        offset += length
