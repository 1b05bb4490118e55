"""A request's body off the socket, which the standard library's HTTP server leaves to others.

Content-Length or chunked, and bounded: what is too large is read to its end and dropped, because a
client that is cut off while it sends never sees why. This module knows nothing of what a body means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase

LIMIT = 128 * 2**20
_PATIENCE = 2**30  # bytes that are dropped before the connection is
_PIECE = 2**20
_LINE = 1024  # bytes of a chunk's head or of a trailer
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,12}")


class BadBodyError(ValueError):
    """The body is not framed as HTTP wants it."""


class TooLargeError(ValueError):
    """The body is larger than `LIMIT`."""


def receive(headers: Message, file: BufferedIOBase) -> bytes:
    """Return the body that follows these headers.

    Raises `BadBodyError` and `TooLargeError`; after either the connection is of no more use.
    """
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        return _gathered(_chunks(file))
    length = headers.get("Content-Length") or "0"
    if not _LENGTH.fullmatch(length):
        raise BadBodyError("Content-Length is not a number")
    return _gathered(_pieces(file, int(length)))


def _gathered(pieces: Iterator[bytes]) -> bytes:
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size <= LIMIT:
            kept.append(piece)
        elif size > _PATIENCE:
            break
        else:
            kept.clear()
    if size > LIMIT:
        raise TooLargeError(f"Request payload size exceeds the limit: {LIMIT} bytes.")
    return b"".join(kept)


def _pieces(file: BufferedIOBase, length: int) -> Iterator[bytes]:
    """Yield the next `length` bytes."""
    while length:
        piece = file.read(min(length, _PIECE))
        if not piece:
            raise BadBodyError("The body ended before its Content-Length")
        length -= len(piece)
        yield piece


def _chunks(file: BufferedIOBase) -> Iterator[bytes]:
    """Yield the contents of the chunks, and skip the trailers."""
    while True:
        size = file.readline(_LINE).partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(size):
            raise BadBodyError("A chunk has no size")
        if int(size, 16) == 0:
            break
        yield from _pieces(file, int(size, 16))
        if file.readline(_LINE) not in (b"\r\n", b"\n"):
            raise BadBodyError("A chunk is longer than its size")
    while file.readline(_LINE) not in (b"\r\n", b"\n", b""):
        pass
