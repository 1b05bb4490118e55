"""Answers that grow when they are read: what a server must send for each, made block by block."""

from __future__ import annotations

import functools
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat

from tests.faults.server import Connection, Step

MEGA = 1024 * 1024
WITHOUT_END = 1_000_000  # blocks; the client leaves long before
GZIP = "Content-Encoding: gzip\r\n"
PARTS = b'{"candidates": [{"content": {"parts": ['
ENDS = b']}, "finishReason": "STOP"}]}'


@dataclass(frozen=True)
class Bomb:
    """`blocks` gives the body, for a limit of so many bytes; `rare` ones are left to the full campaign."""

    blocks: Callable[[int], Iterator[bytes]]
    headers: str = ""
    status: str = "200 OK"
    rare: bool = False

    def step(self, cap: int) -> Step:
        """Return what sends it, until its end or until the client has had enough."""

        def send(connection: Connection) -> None:
            connection.send(f"HTTP/1.1 {self.status}\r\nConnection: close\r\n{self.headers}\r\n".encode())
            for block in self.blocks(cap):
                connection.send(block)

        return send


@functools.cache
def zeros(size: int) -> bytes:
    """Return so many zeros in gzip: a thousandth of their size."""
    return gzip.compress(bytes(size), 9, mtime=0)


def _filled(cap: int, unit: bytes, before: bytes = b"", after: bytes = b"") -> Iterator[bytes]:
    """Repeat a short piece until nearly as much is sent as is taken."""
    block = unit * max(1, MEGA // len(unit))
    yield before
    yield from repeat(block, max(1, (cap - 2 * MEGA) // len(block)))
    yield after


def _string(unit: bytes, *, of: bytes = b'{"text": "', rare: bool = False) -> Bomb:
    """Return an answer of one part whose string takes up everything."""
    closing = b'"}' + b"}" * of.count(b": {") + ENDS
    return Bomb(lambda cap: _filled(cap, unit, PARTS + of, closing), rare=rare)


def _parts(part: bytes, *, rare: bool = False) -> Bomb:
    return Bomb(lambda cap: _filled(cap, part + b",", PARTS, part + ENDS), rare=rare)


BOMBS: dict[str, Bomb] = {
    "gzip-of-300-MB-of-zeros": Bomb(lambda _: iter([zeros(300 * MEGA)]), GZIP),
    "gzip-in-gzip": Bomb(lambda _: iter([gzip.compress(zeros(300 * MEGA))]), GZIP, rare=True),
    "gzip-of-many-members": Bomb(lambda _: repeat(zeros(4 * MEGA), 1000), GZIP),
    "gzip-of-empty-members-without-end": Bomb(lambda _: repeat(gzip.compress(b"") * 500, WITHOUT_END), GZIP),
    "plain-body-without-end": Bomb(lambda _: repeat(b" " * MEGA, WITHOUT_END)),
    "error-body-without-end": Bomb(lambda _: repeat(b"x" * MEGA, WITHOUT_END), status="400 Bad"),
    "error-body-of-zeros": Bomb(lambda _: iter([zeros(300 * MEGA)]), GZIP, status="400 Bad", rare=True),
    "deep-json": Bomb(lambda cap: _filled(cap, b"[")),
    "one-string": _string(b"word "),
    "one-string-of-escapes": _string(b"\\u4e00", rare=True),
    "one-string-of-quotes": _string(b'\\"', rare=True),
    "one-picture-in-a-text": _string(b"AAAA", of=b'{"text": "data:image/png;base64,', rare=True),
    "one-picture-that-is-none": _string(b"\\u0041?", of=b'{"inlineData": {"data": "', rare=True),
    "one-picture-of-zeros": _string(b"AAAA", of=b'{"inlineData": {"data": "', rare=True),
    "utf-16": Bomb(lambda cap: _filled(cap, "words ".encode("utf-16-le"), b"\xff\xfe"), rare=True),
    "events": Bomb(lambda cap: _filled(cap, b'data: {"candidates": []}\n\n'), rare=True),
    "millions-of-parts": _parts(b'{"text": "a"}'),
    "thousands-of-texts": _parts(b'{"text": "%s"}' % (b"words " * 800), rare=True),
}
