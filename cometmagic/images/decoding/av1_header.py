"""The size of the frames in a stream of AV1, and how much memory they take: what is inside an AVIF.

The container states a size of its own, which decoders believe only after they have decoded the frame. Source: the AV1
bitstream specification, 5.3 to 5.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_UNITS = 1_000  # of a still picture or a frame; one has about three
_SEQUENCE, _FRAME_HEADER, _FRAME = 1, 3, 6  # types of units
_MAX_HELD_FRAMES = 10  # a decoder keeps eight for reference, and copies two
_SELECT = 2  # a tool is chosen frame by frame
_SWITCH_FRAME, _KEY_FRAME = 3, 0
_CHROMA_SHARE = {0: 1.5}  # values per pixel by profile, at most; the other profiles have three


@dataclass(frozen=True)
class FrameSize:
    """Width and height in pixels of the largest frame, and the bytes of all frames that are held at once."""

    size: tuple[int, int]
    byte_count: int


def read_frame_size(data: bytes) -> FrameSize:
    """Return the size of the frames in a stream. Raises `ValueError` when there are none, or they cannot be told."""
    sequence, size, frame_bytes, frame_count = None, (0, 0), 0, 0
    for unit_type, payload in _iterate_units(data):
        if unit_type == _SEQUENCE:
            sequence = _Sequence(_Bits(payload))
            largest = sequence.size
        elif unit_type in (_FRAME_HEADER, _FRAME) and sequence:
            largest = sequence.size if sequence.has_same_size(_Bits(payload[:32])) else sequence.max_size
            frame_count += 1
        else:
            continue
        size = max(size, largest, key=lambda sides: sides[0] * sides[1])
        frame_bytes = max(frame_bytes, round(largest[0] * largest[1] * sequence.pixel_bytes))
    if not frame_count:
        raise ValueError("the AVIF has no frame")
    return FrameSize(size, frame_bytes * min(frame_count, _MAX_HELD_FRAMES))


def _iterate_units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the content of each unit."""
    offset = 0
    for _ in range(MAX_UNITS):
        if offset >= len(data):
            return
        head = data[offset]
        offset += 2 if head & 4 else 1  # with an extension
        length = len(data) - offset
        if head & 2:
            length, offset = _read_leb128(data, offset)
        if head & 0x80 or offset + length > len(data):
            raise ValueError("a unit of the AVIF is damaged")
        yield head >> 3 & 15, data[offset : offset + length]
        offset += length
    raise ValueError("the AVIF has too many units")


def _read_leb128(data: bytes, offset: int) -> tuple[int, int]:
    """Return a number of which each byte has seven bits, and the offset of its end."""
    number = 0
    for index, byte in enumerate(data[offset : offset + 8]):
        number |= (byte & 127) << 7 * index
        if byte < 128:
            return number, offset + index + 1
    raise ValueError("a unit of the AVIF has no length")


class _Bits:
    """Reads numbers of some bits."""

    def __init__(self, content: bytes) -> None:
        self._number, self._left = int.from_bytes(content[:256], "big"), 8 * len(content[:256])

    def read(self, count: int = 1) -> int:
        if count > self._left:
            raise ValueError("a header of the AVIF is cut short")
        self._left -= count
        return self._number >> self._left & ((1 << count) - 1)


class _Sequence:
    """The header of a sequence: what its frames have in common."""

    def __init__(self, bits: _Bits) -> None:
        """Read it. Raises `ValueError` for a header that only videos have."""
        profile = bits.read(3)
        bits.read()  # whether it is a still picture
        self._is_reduced = bool(bits.read())
        self._skip_operating_points(bits)
        width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
        self.size = bits.read(width_bits) + 1, bits.read(height_bits) + 1
        self.max_size = 1 << width_bits, 1 << height_bits  # of a frame that has a size of its own
        self._has_frame_ids = not self._is_reduced and bool(bits.read())
        bits.read((7 if self._has_frame_ids else 0) + 3)
        self._screen_tools = self._integer_vectors = _SELECT
        if not self._is_reduced:
            self._read_tools(bits)
        bits.read(3)
        self.pixel_bytes = _CHROMA_SHARE.get(profile, 3) * (1 + bits.read())  # of 8 or more bits

    def _skip_operating_points(self, bits: _Bits) -> None:
        if self._is_reduced:
            bits.read(5)
            return
        if bits.read():
            raise ValueError("the AVIF has the timing of a video")
        has_delay = bits.read()
        for _ in range(bits.read(5) + 1):
            bits.read(12)
            bits.read(bits.read(5) > 7)
            bits.read(4 if has_delay and bits.read() else 0)

    def _read_tools(self, bits: _Bits) -> None:
        bits.read(4)
        has_order = bits.read()
        bits.read(2 if has_order else 0)
        self._screen_tools = _SELECT if bits.read() else bits.read()
        if self._screen_tools:
            self._integer_vectors = _SELECT if bits.read() else bits.read()
        bits.read(3 if has_order else 0)

    def has_same_size(self, bits: _Bits) -> bool:
        """Whether a frame is as large as its sequence says, as far as its header can be read without much ado."""
        if self._is_reduced or bits.read():  # or a frame that came already is shown
            return True
        frame_type, is_shown = bits.read(2), bits.read()
        bits.read(0 if is_shown else 1)
        if not (frame_type == _SWITCH_FRAME or (frame_type == _KEY_FRAME and is_shown)):
            bits.read()
        bits.read()
        if bits.read() if self._screen_tools == _SELECT else self._screen_tools:
            bits.read(1 if self._integer_vectors == _SELECT else 0)
        return frame_type != _SWITCH_FRAME and not self._has_frame_ids and not bits.read()
