"""Image files without what they carry beside the picture: EXIF, XMP, IPTC, comments and content credentials.

The pixels are not decoded, so nothing is lost; what says how they are coloured stays. A file that does not have the
structure of its type is no picture to leave anything out of, and is returned as it is.
"""

from __future__ import annotations

import struct

from cometmagic.images.metadata.motion_photo import find_jpeg_end

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_START_OF_SCAN, _COMMENT, _PROFILE = 0xDA, 0xFE, 0xE2
_JPEG_COLOUR_SEGMENTS = (0xE0, 0xEE)  # JFIF and Adobe
# What a PNG needs to be drawn as it is, APNG included.
_PNG_CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT",
               b"bKGD", b"pHYs", b"mDCV", b"cLLI", b"acTL", b"fcTL", b"fdAT")  # fmt: skip
_WEBP_METADATA, _WEBP_METADATA_FLAGS = (b"EXIF", b"XMP ", b"C2PA"), 0x08 | 0x04
_WEBP_HEADER_LENGTH = 12


def strip_metadata(content: bytes) -> bytes:
    """Return the content of a JPEG, PNG or WebP without metadata. What is no such file is returned as it is."""
    try:
        if content.startswith(_JPEG):
            return _strip_jpeg(content)
        if content.startswith(_PNG):
            return _strip_png(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _strip_webp(content)
    except (struct.error, ValueError, IndexError):
        return content
    return content


def _strip_jpeg(content: bytes) -> bytes:
    """Return a JPEG without its metadata, and without what stands behind the picture, such as a larger preview."""
    parts, offset = [content[:2]], 2
    while content[offset] == 0xFF:
        marker = content[offset + 1]
        if marker == 0xFF:
            offset += 1
            continue
        if marker == _START_OF_SCAN:
            end = find_jpeg_end(content) or len(content)
            return b"".join([*parts, content[offset:end]])
        end = offset + 2 + struct.unpack_from(">H", content, offset + 2)[0]
        if _is_needed_segment(marker, content[offset + 4 : offset + 16]):
            parts.append(content[offset:end])
        offset = end
    return content


def _is_needed_segment(marker: int, head: bytes) -> bool:
    if marker == _PROFILE:
        return head.startswith(b"ICC_PROFILE\0")
    return marker in _JPEG_COLOUR_SEGMENTS or not (0xE0 <= marker <= 0xEF or marker == _COMMENT)


def _strip_png(content: bytes) -> bytes:
    parts, offset = [_PNG], len(_PNG)
    while offset < len(content):
        length, chunk_type = struct.unpack_from(">I4s", content, offset)
        end = offset + 12 + length
        if chunk_type in _PNG_CHUNKS:
            parts.append(content[offset:end])
        if chunk_type == b"IEND":
            break
        offset = end
    return b"".join(parts)


def _strip_webp(content: bytes) -> bytes:
    parts, offset = [], _WEBP_HEADER_LENGTH
    file_end = min(len(content), 8 + struct.unpack_from("<I", content, 4)[0])
    while offset + 8 <= file_end:
        chunk_type, length = struct.unpack_from("<4sI", content, offset)
        end = offset + 8 + length + length % 2
        if chunk_type == b"VP8X":
            parts.append(content[offset : offset + 8] + bytes([content[offset + 8] & ~_WEBP_METADATA_FLAGS]))
            parts.append(content[offset + 9 : end])
        elif chunk_type not in _WEBP_METADATA:
            parts.append(content[offset:end])
        offset = end
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body
