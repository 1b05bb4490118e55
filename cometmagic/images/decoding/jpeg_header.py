"""The header of a JPEG: its size, how much memory its decoder needs, and what of it the decoder has to read.

Photos carry their metadata in segments before the pixels; Pillow keeps and parses them all. A JPEG of several scans,
such as a progressive one, is held as coefficients until its last scan. Source: ITU-T T.81.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from cometmagic.images.decoding.file_header import MAX_EXIF_BYTES, FileHeader, measure_length, select_ranges

MAGIC = b"\xff\xd8\xff"
MAX_SEGMENTS = 5_000  # before the pixels; a colour profile has at most 255
_START_OF_SCAN, _COMMENT, _EXIF, _PROFILE = 0xDA, 0xFE, 0xE1, 0xE2
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)  # baseline, extended and progressive, with Huffman or arithmetic coding
_OTHER_FRAMES = (0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF)  # lossless or hierarchical
_PROGRESSIVE_FRAMES = (0xC2, 0xCA)
_NEEDED_APPLICATIONS = (0xE0, 0xEE)  # JFIF and Adobe, which say how colours are coded
_BARE_MARKERS = (0x00, 0x01, *range(0xD0, 0xDA))  # no length follows
_COEFFICIENT_BYTES = 2


def read_header(file: BinaryIO) -> FileHeader:
    """Return the header of a JPEG. Raises `ValueError` when it is damaged, lossless or hierarchical."""
    frame, exif = b"", b""
    ranges, length = [(0, 2)], measure_length(file)
    for marker, offset, segment_length in _iterate_segments(file):
        payload = _Payload(file, offset + 4, segment_length - 4)
        if marker == _EXIF and not exif:
            exif = payload.read(b"Exif\0\0")
        elif marker in _FRAMES and not frame:
            frame = bytes([marker]) + payload.read()
        elif marker in (*_FRAMES, *_OTHER_FRAMES):
            raise ValueError("this kind of JPEG is not decoded")
        end = length if marker == _START_OF_SCAN else offset + segment_length
        if _is_needed(marker, payload):
            ranges[-1:] = [(ranges[-1][0], end)] if ranges[-1][1] == offset else [ranges[-1], (offset, end)]
        if marker == _START_OF_SCAN:
            size, coefficient_bytes = _parse_frame(frame, component_count=payload.read()[0])
            return FileHeader(select_ranges(file, ranges), size, exif, decoder_bytes=coefficient_bytes)
    raise ValueError("the JPEG has too many segments")


class _Payload:
    """The content of a segment, read only when it is needed."""

    def __init__(self, file: BinaryIO, offset: int, length: int) -> None:
        self._file, self._offset, self._length = file, offset, length

    def read(self, prefix: bytes = b"") -> bytes:
        """Return the content if it begins with `prefix`, or nothing."""
        self._file.seek(self._offset)
        content = self._file.read(min(self._length, MAX_EXIF_BYTES))
        return content if content.startswith(prefix) else b""


def _iterate_segments(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Yield the marker, offset and length of each segment before the pixels; the length includes the marker."""
    offset = 2
    for _ in range(MAX_SEGMENTS):
        file.seek(offset)
        head = file.read(4)
        if len(head) < 4:
            raise ValueError("the JPEG is cut short")
        if head[0] != 0xFF or head[1] == 0xFF or head[1] in _BARE_MARKERS:
            offset = _find_marker(file, offset + 1 + (head[1] in _BARE_MARKERS and head[0] == 0xFF))
            continue
        length = 2 + int.from_bytes(head[2:], "big")
        yield head[1], offset, length
        offset += length


def _find_marker(file: BinaryIO, offset: int) -> int:
    """Return the offset of the next byte that may begin a marker: decoders skip what lies between segments."""
    file.seek(offset)
    position = file.read(65_536).find(b"\xff")
    if position < 0:
        raise ValueError("the JPEG has no pixels")
    return offset + position


def _is_needed(marker: int, payload: _Payload) -> bool:
    """Whether the decoder needs a segment: all but the metadata."""
    if marker == _PROFILE:
        return bool(payload.read(b"ICC_PROFILE\0"))
    return marker in _NEEDED_APPLICATIONS or not (0xE0 <= marker <= 0xEF or marker == _COMMENT)


def _parse_frame(frame: bytes, component_count: int) -> tuple[tuple[int, int], int]:
    """Return the size in pixels, and the bytes of the coefficients if the first scan has not all components."""
    if len(frame) < 7 or len(frame) < 7 + 3 * frame[6]:
        raise ValueError("the JPEG has no frame")
    height, width = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
    samplings = [(frame[index] >> 4, frame[index] & 15) for index in range(8, 8 + 3 * frame[6], 3)]
    if frame[0] not in _PROGRESSIVE_FRAMES and component_count == len(samplings):
        return (width, height), 0
    widest, highest = (max(1, *sides) for sides in zip(*samplings, (1, 1), strict=True))
    share = sum(across * down for across, down in samplings) / (widest * highest)
    return (width, height), round(width * height * share * _COEFFICIENT_BYTES)
