"""An AVIF is as large as the frames in it, whatever its boxes say."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Callable
from itertools import accumulate, pairwise

import pytest
from PIL import Image

from cometmagic.images.decoding import avif_header, opener
from cometmagic.images.decoding.av1_header import read_frame_size
from cometmagic.images.decoding.decoder_errors import ImageFileError, PixelLimitError
from cometmagic.images.decoding.opener import load_image, open_image
from tests.images.decoding.image_bombs import avif, lying_avif

SIDE = 480
SIZE = (SIDE, SIDE)
Tree = list[tuple[bytes, "bytes | Tree"]]


def use_as_reference(content: bytes) -> None:
    with open_image(content, opener.REFERENCE_FORMATS):
        pass


USES: dict[str, Callable[[bytes], object]] = {"reference": use_as_reference, "whole": load_image}
HONEST: dict[str, Callable[[], bytes]] = {
    "colours": lambda: avif(SIZE),
    "transparent": lambda: avif(SIZE, "RGBA"),
    "grey": lambda: avif(SIZE, "L"),
    "sequence": lambda: avif(SIZE, frames=3),
    "transparent-sequence": lambda: avif(SIZE, "RGBA", frames=3),
}
LYING: dict[str, Callable[[], bytes]] = {
    "colours": lambda: lying_avif(SIZE),
    "transparent": lambda: lying_avif(SIZE, "RGBA"),
    "transparency-only": lambda: with_transparency(SIZE),
    "sequence": lambda: lying_avif(SIZE, frames=3),
    "transparent-sequence": lambda: lying_avif(SIZE, "RGBA", frames=3),
    "in-idat": lambda: moved_to_idat(lying_avif(SIZE)),
    "in-pieces": lambda: in_pieces(lying_avif(SIZE)),
    "of-unknown-length": lambda: rebuilt(lying_avif(SIZE), last_length=0),
    "with-long-lengths": lambda: rebuilt(lying_avif(SIZE), last_length=1),
    "grid": lambda: grid(SIZE),
}


@pytest.mark.parametrize("name", HONEST)
def test_the_size_is_that_of_the_frames(name: str) -> None:
    header = avif_header.read_header(io.BytesIO(HONEST[name]()))

    assert header.size == SIZE
    with open_image(HONEST[name](), opener.REFERENCE_FORMATS) as opened:
        assert opened.picture.resize((1, 1)).size == (1, 1)


@pytest.mark.parametrize("name", LYING)
@pytest.mark.parametrize("use", USES)
def test_a_size_that_is_not_true_does_not_count(name: str, use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETMAGIC_MAX_MEGAPIXELS", "1")  # of which an AVIF may have a fifth
    content = LYING[name]()

    with pytest.raises(PixelLimitError):
        USES[use](content)


def test_as_many_pixels_as_are_allowed_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETMAGIC_MAX_MEGAPIXELS", "1")

    with open_image(avif((440, 440), "RGBA"), opener.REFERENCE_FORMATS) as opened:
        assert opened.size == (440, 440)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
@pytest.mark.parametrize("name", ["transparent", "sequence"])
def test_a_damaged_container_is_an_error_of_its_own_kind(name: str, share: float) -> None:
    content = bytearray(HONEST[name]())
    for offset in range(int(len(content) * share), len(content), 7):
        damaged = bytearray(content)
        damaged[offset] ^= 0xFF
        with contextlib.suppress(ValueError):  # and nothing else
            assert avif_header.read_header(io.BytesIO(damaged)).size


# What follows takes an AVIF of Pillow's apart, and puts it together in other ways.


def box(name: bytes, content: bytes, *, length: int | None = None) -> bytes:
    if length == 1:
        return struct.pack(">I4sQ", 1, name, len(content) + 16) + content
    return struct.pack(">I4s", len(content) + 8 if length is None else length, name) + content


def take_apart(content: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the first box, what is in `meta`, and what is in `mdat`."""
    sizes = [0, *accumulate(_iter_lengths(content))]
    boxes = {content[start + 4 : start + 8]: content[start:end] for start, end in pairwise(sizes)}
    return boxes[b"ftyp"], boxes[b"meta"][8:], boxes[b"mdat"][8:]


def _iter_lengths(content: bytes) -> list[int]:
    lengths = []
    while content:
        lengths.append(struct.unpack_from(">I", content)[0])
        content = content[lengths[-1] :]
    return lengths


def locations(items: dict[int, list[tuple[int, int, int]]]) -> bytes:
    """Return the box that says where items are: pieces of (place, offset, length)."""
    rows = b"".join(
        struct.pack(">HHHH", number, pieces[0][0], 0, len(pieces))
        + b"".join(struct.pack(">II", offset, length) for _, offset, length in pieces)
        for number, pieces in items.items()
    )
    return box(b"iloc", b"\1\0\0\0\x44\0" + struct.pack(">H", len(items)) + rows)


def with_locations(meta: bytes, items: dict[int, list[tuple[int, int, int]]], more: bytes = b"") -> bytes:
    start = meta.index(b"iloc") - 4
    (length,) = struct.unpack_from(">I", meta, start)
    return meta[:start] + locations(items) + meta[start + length :] + more


def moved_to_idat(content: bytes) -> bytes:
    first, meta, data = take_apart(content)
    return first + box(b"meta", with_locations(meta, {1: [(1, 0, len(data))]}, box(b"idat", data)))


def in_pieces(content: bytes) -> bytes:
    """Cut the data in the middle of the header of its sequence, and store the end first."""
    first, meta, data = take_apart(content)
    cut = 8
    meta = with_locations(meta, {1: [(0, 0, 0)] * 2})
    start = len(first) + len(meta) + 16
    pieces = [(0, start + len(data) - cut, cut), (0, start, len(data) - cut)]
    meta = with_locations(meta, {1: pieces})
    return first + box(b"meta", meta) + box(b"mdat", data[cut:] + data[:cut])


def rebuilt(content: bytes, last_length: int) -> bytes:
    first, meta, data = take_apart(content)
    start = len(first) + len(meta) + 8 + (16 if last_length else 8)
    meta = with_locations(meta, {1: [(0, start, len(data))]})
    start += len(first) + len(meta) + 8 + (16 if last_length else 8) - start
    meta = with_locations(meta, {1: [(0, start, len(data))]})
    return first + box(b"meta", meta) + box(b"mdat", data, length=last_length)


def with_transparency(size: tuple[int, int]) -> bytes:
    """Return a small picture with transparency of another size."""
    small, data = take_apart(avif((16, 16)))[2], take_apart(avif(size, "L"))[2]
    first, meta, _ = take_apart(lying_avif(SIZE, "RGBA"))
    start = len(first) + 8 + len(with_locations(meta, {1: [(0, 0, 0)], 2: [(0, 0, 0)]})) + 8
    items = {1: [(0, start + len(data), len(small))], 2: [(0, start, len(data))]}
    return first + box(b"meta", with_locations(meta, items)) + box(b"mdat", data + small)


def grid(size: tuple[int, int]) -> bytes:
    """Return a picture of tiny tiles that says it is large."""
    first, meta, data = take_apart(avif((16, 16)))
    entries = b"".join(
        box(b"infe", struct.pack(">BxxxHH4sx", 2, number, 0, kind)) for number, kind in ((1, b"grid"), (2, b"av01"))
    )
    start = meta.index(b"iinf") - 4
    (length,) = struct.unpack_from(">I", meta, start)
    meta = meta[:start] + box(b"iinf", struct.pack(">4xH", 2) + entries) + meta[start + length :]
    payload = struct.pack(">BBBBHH", 0, 0, 0, 0, *size)
    offset = len(first) + 8 + len(with_locations(meta, {1: [(0, 0, 0)], 2: [(0, 0, 0)]})) + 8
    items = {1: [(0, offset + len(data), len(payload))], 2: [(0, offset, len(data))]}
    return first + box(b"meta", with_locations(meta, items)) + box(b"mdat", data + payload)


# The streams that Pillow does not write, bit by bit.


def unit(unit_type: int, bits: str, *, has_length: bool = True) -> bytes:
    content = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    return bytes([unit_type << 3 | (2 if has_length else 0)]) + (bytes([len(content)]) if has_length else b"") + content


def sequence(size: tuple[int, int], *, profile: int = 0, deep: int = 0) -> bytes:
    """Return the header of a sequence that is not reduced; its frames may have up to 65,536 pixels a side."""
    sides = "".join(f"{side - 1:016b}" for side in size)
    points = f"{0:02b}{0:05b}{0:012b}{0:05b}"  # no timing, no delay, one operating point
    return unit(1, f"{profile:03b}00{points}11111111{sides}0000" + "0000" + "0" + "11" + "000" + f"{deep}" + "0" * 16)


FRAME = unit(6, "0001" + "0" + "0" + "0" + "0" * 16)  # a key frame that is shown, as large as its sequence says
OWN_SIZE = unit(6, "0001" + "0" + "0" + "1" + "0" * 16)
UNENDED = unit(6, "0001" + "0" + "0" + "0" + "0" * 16, has_length=False)

STREAMS: dict[str, tuple[bytes, tuple[int, int]]] = {
    "one": (sequence((30, 20)) + FRAME, (30, 20)),
    "without-a-length": (sequence((30, 20)) + UNENDED, (30, 20)),
    "a-second-sequence": (sequence((30, 20)) + FRAME + sequence((3000, 2000)) + FRAME, (3000, 2000)),
    "a-sequence-without-frames": (sequence((3000, 2000)) + sequence((30, 20)) + FRAME, (3000, 2000)),
    "a-frame-with-its-own-size": (sequence((30, 20)) + OWN_SIZE, (65_536, 65_536)),
}


@pytest.mark.parametrize("name", STREAMS)
def test_the_largest_frame_of_a_stream_counts(name: str) -> None:
    stream, size = STREAMS[name]

    assert read_frame_size(stream).size == size


@pytest.mark.parametrize(
    ("stream", "bytes_"),
    [(sequence((30, 20)) + FRAME, 900), (sequence((30, 20), deep=1) + FRAME, 1800),
     (sequence((30, 20), profile=1, deep=1) + FRAME, 3600), (sequence((30, 20)) + FRAME * 4, 3600),
     (sequence((30, 20)) + FRAME * 50, 9000)],
)  # fmt: skip
def test_depth_colours_and_frames_count(stream: bytes, bytes_: int) -> None:
    assert read_frame_size(stream).byte_count == bytes_


@pytest.mark.parametrize(
    "stream",
    [b"", FRAME, sequence((30, 20)), sequence((30, 20))[:6], sequence((30, 20)) + FRAME[:-1], b"\x0a\xff\xff",
     b"\x80" + FRAME, sequence((30, 20)) + unit(2, "0" * 8) * 2000],
)  # fmt: skip
def test_what_cannot_be_told_is_an_error(stream: bytes) -> None:
    with pytest.raises(ValueError, match="AVIF"):
        read_frame_size(stream)


def test_pillow_reads_what_is_put_together_here() -> None:
    """The control: these are no files that Pillow would refuse anyway."""
    for name in (
        "colours",
        "transparent",
        "transparency-only",
        "sequence",
        "in-idat",
        "in-pieces",
        "of-unknown-length",
    ):
        with Image.open(io.BytesIO(LYING[name]())) as picture:
            picture.load()
            assert max(picture.size) <= 16
    with pytest.raises(ImageFileError), open_image(b"\0\0\0\x0cftypavif", opener.REFERENCE_FORMATS):
        pass
