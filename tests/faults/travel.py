"""How an answer travels, and what of it a careful reader could have at any point.

`readable` is the campaign's own reading of HTTP and gzip, kept apart from the package's on purpose: it
decides which pictures had arrived, and so which must be on disk.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from random import Random

FRAMINGS = ("length", "chunked", "close")
PACKINGS = ("plain", "gzip", "members")
PACES = ("at-once", "sliced", "drip")


@dataclass(frozen=True)
class Travel:
    """One way over the wire."""

    framing: str
    packing: str
    pace: str

    def __str__(self) -> str:
        return f"{self.framing}-{self.packing}-{self.pace}"


TRAVELS = tuple(Travel(*ways) for ways in product(FRAMINGS, PACKINGS, PACES))


@dataclass(frozen=True)
class Pace:
    """Slices of `size` bytes with a pause of some seconds after each."""

    size: int
    pause: float = 0.0


def pace(rng: Random, kind: str, length: int) -> Pace:
    """Return slices for an answer of `length` bytes; a drip is short, so that a run is."""
    if kind == "at-once":
        return Pace(max(length, 1))
    if kind == "sliced":
        return Pace(rng.randint(61, 1999))
    return Pace(max(1, length // rng.randint(8, 30)), 0.002)


def packed(rng: Random, content: bytes, packing: str) -> bytes:
    """Return the content in gzip, of one member or several, or as it is."""
    if packing == "plain":
        return content
    ends = sorted(rng.randrange(len(content) + 1) for _ in range(3 if packing == "members" else 0))
    pieces = (content[start:end] for start, end in zip([0, *ends], [*ends, len(content)], strict=True))
    return b"".join(gzip.compress(piece, rng.choice((1, 6)), mtime=0) for piece in pieces)


def chunks(rng: Random, content: bytes) -> Iterator[bytes]:
    """Yield the content in HTTP's chunks of odd sizes, and the last chunk."""
    start, largest = 0, rng.choice((7, 113, 4099)) if len(content) < 20_000 else 4099
    while start < len(content):
        piece = content[start : start + rng.randint(1, largest)]
        yield b"%x%s\r\n%s\r\n" % (len(piece), rng.choice((b"", b"", b";x=1")), piece)
        start += len(piece)
    yield b"0\r\n\r\n"


def framed(rng: Random, content: bytes, framing: str) -> bytes:
    """Return a packed body as it goes over the wire."""
    return b"".join(chunks(rng, content)) if framing == "chunked" else content


def head(travel: Travel, length: int, status: str = "200 OK") -> bytes:
    """Return the head of an answer whose packed body has `length` bytes."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json"]
    lines += {"length": [f"Content-Length: {length}"], "chunked": ["Transfer-Encoding: chunked"]}.get(
        travel.framing, []
    )
    lines += ["Content-Encoding: gzip"] * (travel.packing != "plain")
    return "\r\n".join([*lines, "", ""]).encode()


def readable(sent: bytes) -> bytes:
    """Return what the first bytes of an answer stand for: nothing before its head is whole."""
    lines, ended, content = sent.partition(b"\r\n\r\n")
    if not ended or not re.match(rb"HTTP/1\.1 2\d\d ", lines):
        return b""
    names = dict(line.lower().split(b": ", 1) for line in lines.split(b"\r\n")[1:])
    if b"transfer-encoding" in names:
        content = b"".join(_unchunked(content))
    elif b"content-length" in names:
        content = content[: int(names[b"content-length"])]
    return _unpacked(content) if b"content-encoding" in names else content


def _unchunked(content: bytes) -> Iterator[bytes]:
    while True:
        size, ended, content = content.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            return
        if not ended or not length:
            return
        yield content[:length]
        content = content[length + 2 :]


def _unpacked(content: bytes) -> bytes:
    """Return what gzip gives up to its end or the first damage."""
    out = bytearray()
    while content:
        inner = zlib.decompressobj(wbits=31)
        try:
            out += inner.decompress(content)
        except zlib.error:
            return bytes(out) + _before_damage(content)
        content = inner.unused_data
    return bytes(out)


def _before_damage(content: bytes) -> bytes:
    """Return what one damaged member gives byte by byte."""
    out, inner = bytearray(), zlib.decompressobj(wbits=31)
    with contextlib.suppress(zlib.error):
        for start in range(len(content)):
            out += inner.decompress(content[start : start + 1])
    return bytes(out)
