"""Answers that grow when they are read: what a server must send for each, made block by block."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat

from tests.faults.leaks import KEY
from tests.faults.server import Connection, Step
from tests.gemini.answers import picture, png_chunk

MEGA = 1024 * 1024
WITHOUT_END = 1_000_000  # blocks; the client leaves long before
GZIP = "Content-Encoding: gzip\r\n"
PARTS = b'{"candidates": [{"content": {"parts": ['
ENDS = b']}, "finishReason": "STOP"}]}'
URI = b"data:image/png;base64,"
NOISE = base64.b64encode(hashlib.shake_128(b"noise").digest(15_000))  # of no picture


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


def pack(block: bytes, count: int) -> bytes:
    """Return a block so many times, as one member of gzip; it is compressed once: after a flush all are the same."""
    packer, checksum = zlib.compressobj(9, wbits=-zlib.MAX_WBITS), 0
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(count):
        checksum = zlib.crc32(block, checksum)
    header = b"\x1f\x8b\x08\0\0\0\0\0\2\xff"
    return header + packed * count + packer.flush() + struct.pack("<II", checksum, len(block) * count)


@functools.cache
def zeros(megabytes: int) -> bytes:
    """Return so many MB of zeros in gzip: a thousandth of their size."""
    return pack(bytes(MEGA), megabytes)


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


def _beside(part: bytes, count: int, *, rare: bool = False) -> Bomb:
    """Return an answer of so many parts and one image that takes up the rest."""
    image, parts = b'{"inlineData": {"data": "', (part + b",") * count
    return Bomb(lambda cap: _filled(cap - len(parts), b"AAAA", PARTS + parts + image, b'"}}' + ENDS), rare=rare)


def _picture(kind: str, unit: bytes) -> Bomb:
    """Return an answer with one picture, among whose first bytes something is repeated until it is large."""
    content = picture(kind)
    at = {"PNG": 33, "JPEG": 2}[kind]
    head, tail = content[:at], content[at:]

    def blocks(cap: int) -> Iterator[bytes]:
        count = (cap * 3 // 4 - 2 * MEGA) // len(unit)
        yield PARTS + b'{"inlineData": {"data": "'
        yield base64.b64encode(head + unit * count + tail)
        yield b'"}, "thought": true}' + ENDS

    return Bomb(blocks, rare=True)


BOMBS: dict[str, Bomb] = {
    "gzip-of-300-MB-of-zeros": Bomb(lambda _: iter([zeros(300)]), GZIP),
    "gzip-in-gzip": Bomb(lambda _: iter([gzip.compress(zeros(300))]), GZIP, rare=True),
    "gzip-of-many-members": Bomb(lambda _: repeat(zeros(4), 1000), GZIP),
    "gzip-of-empty-members-without-end": Bomb(lambda _: repeat(gzip.compress(b"") * 500, WITHOUT_END), GZIP),
    "plain-body-without-end": Bomb(lambda _: repeat(b" " * MEGA, WITHOUT_END)),
    "error-body-without-end": Bomb(lambda _: repeat(b"x" * MEGA, WITHOUT_END), status="400 Bad"),
    "error-body-of-zeros": Bomb(lambda _: iter([zeros(300)]), GZIP, status="400 Bad", rare=True),
    "deep-json": Bomb(lambda cap: _filled(cap, b"[")),
    "one-string": _string(b"word "),
    "one-string-of-escapes": _string(b"\\u4e00", rare=True),
    "one-string-of-quotes": _string(b'\\"', rare=True),
    "one-string-of-controls": _string(b"words\n\0", rare=True),
    "one-string-of-wrong-escapes": _string(b"\\x words", rare=True),
    "one-string-that-is-no-utf-8": _string("😀".encode() + b"\xff", rare=True),
    "one-signature": _string(b"AAAA", of=b'{"thought_signature": "', rare=True),
    "one-address": _string(b"word/", of=b'{"fileData": {"fileUri": "https://', rare=True),
    "one-name": Bomb(lambda cap: _filled(cap, b"a_b", PARTS + b'{"', b'": 1}' + ENDS), rare=True),
    "one-error": Bomb(lambda cap: _filled(cap, b"[", b'{"error": {"message": "{', b'"}}'), rare=True),
    "one-key-that-is-echoed": _string(b"\\u%04x%s" % (KEY.encode()[0], KEY.encode()[1:]), rare=True),
    "one-picture-in-a-text": _string(b"AAAA", of=b'{"text": "' + URI),
    "one-picture-in-lines-of-a-text": _string(b"AA\\//" * 15 + b"\\n", of=b'{"text": "' + URI, rare=True),
    "one-picture-in-an-address": _string(b"AAAA", of=b'{"fileData": {"fileUri": "' + URI, rare=True),
    "one-picture-that-is-none": _string(b"\\u0041?", of=b'{"inlineData": {"data": "', rare=True),
    "one-picture-of-zeros": _string(b"AAAA", of=b'{"inlineData": {"data": "', rare=True),
    "one-picture-with-a-long-description": _picture("JPEG", b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527)),
    "one-picture-with-thousands-of-texts": _picture("PNG", png_chunk(b"tEXt", b"a\0" + bytes(MEGA))),
    "thousands-of-pictures-in-a-text": _string(URI + NOISE + b" ", rare=True),
    "millions-of-pictures-in-markdown": _string(b"![a](%sAAAA) " % URI, rare=True),
    "millions-of-beginnings-of-pictures": _string(b"(%s\\n" % URI, rare=True),
    "utf-16": Bomb(lambda cap: _filled(cap, "words ".encode("utf-16-le"), b"\xff\xfe")),
    "utf-16-that-grows": Bomb(
        lambda cap: _filled(cap, "字".encode("utf-16-be"), '{"text": "'.encode("utf-16")), rare=True
    ),
    "events": Bomb(lambda cap: _filled(cap, b'data: {"candidates": []}\n\n'), rare=True),
    "events-of-nothing": Bomb(lambda _: iter([b"data: \n" * 500_000]), rare=True),
    "events-of-texts": Bomb(lambda cap: _filled(cap, b'data: {"text": "%s"}\n\n' % (b"words " * 800)), rare=True),
    "millions-of-parts": _parts(b'{"text": "a"}'),
    "millions-of-lists-beside-a-picture": _beside(b"[]", 1_300_000),
    "as-many-parts-as-are-read": _beside(b'{"text": "a"}', 49_000, rare=True),
    "as-many-images-as-are-read": _beside(b'{"inlineData": {"data": "AAAA"}}', 30_000),
    "thousands-of-texts": _parts(b'{"text": "%s"}' % (b"words " * 800)),
    "thousands-of-names": _parts(b'{"%s": 1}' % (b"words_" * 800), rare=True),
    "thousands-of-candidates": Bomb(
        lambda cap: _filled(
            cap, b'{"content": {"parts": {"text": "%s"}}},' % (b"words " * 1200), b'{"candidates": [', b"null]}"
        ),
        rare=True,
    ),
    "thousands-of-pages": Bomb(
        lambda cap: _filled(
            cap,
            b'{"web": {"uri": "%s"}},' % (b"words/" * 1500),
            b'{"candidates": [{"groundingMetadata": {"groundingChunks": [',
            b"null]}}]}",
        ),
        rare=True,
    ),
}
