"""A request's body off the socket, which the standard library's HTTP server leaves to others.

Content-Length or chunked, and bounded: what is too large is read to its end and dropped, because a
client that is cut off while it sends never sees why. This module knows nothing of what a body means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase

MAX_BODY_BYTES = 128 * 2**20
_MAX_DISCARDED_BYTES = 2**30  # bytes that are dropped before the connection is
_BLOCK_BYTES = 2**20
_MAX_LINE_BYTES = 1024  # bytes of a chunk's head or of a trailer
_CONTENT_LENGTH_PATTERN = re.compile(r"[0-9]{1,15}")
_CHUNK_SIZE_PATTERN = re.compile(rb"[0-9a-fA-F]{1,12}")


class MalformedBodyError(ValueError):
    """The body is not framed as HTTP wants it."""


class BodyTooLargeError(ValueError):
    """The body is larger than `LIMIT`."""


def read_body(headers: Message, file: BufferedIOBase) -> bytes:
    """Return the body that follows these headers.

    Raises `BadBodyError` and `TooLargeError`; after either the connection is of no more use.
    """
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        return _join_blocks(_read_chunks(file))
    length = headers.get("Content-Length") or "0"
    if not _CONTENT_LENGTH_PATTERN.fullmatch(length):
        raise MalformedBodyError("Content-Length is not a number")
    return _join_blocks(_read_blocks(file, int(length)))


def _join_blocks(blocks: Iterator[bytes]) -> bytes:
    kept, size = [], 0
    for piece in blocks:
        size += len(piece)
        if size <= MAX_BODY_BYTES:
            kept.append(piece)
        elif size > _MAX_DISCARDED_BYTES:
            break
        else:
            kept.clear()
    if size > MAX_BODY_BYTES:
        raise BodyTooLargeError(f"Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes.")
    return b"".join(kept)


def _read_blocks(file: BufferedIOBase, length: int) -> Iterator[bytes]:
    """Yield the next `length` bytes."""
    while length:
        piece = file.read(min(length, _BLOCK_BYTES))
        if not piece:
            raise MalformedBodyError("The body ended before its Content-Length")
        length -= len(piece)
        yield piece


def _read_chunks(file: BufferedIOBase) -> Iterator[bytes]:
    """Yield the contents of the chunks, and skip the trailers."""
    while True:
        size = file.readline(_MAX_LINE_BYTES).partition(b";")[0].strip()
        if not _CHUNK_SIZE_PATTERN.fullmatch(size):
            raise MalformedBodyError("A chunk has no size")
        if int(size, 16) == 0:
            break
        yield from _read_blocks(file, int(size, 16))
        if file.readline(_MAX_LINE_BYTES) not in (b"\r\n", b"\n"):
            raise MalformedBodyError("A chunk is longer than its size")
    while file.readline(_MAX_LINE_BYTES) not in (b"\r\n", b"\n", b""):
        pass
