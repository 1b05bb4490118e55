"""Reads the body of an HTTP request, which the standard library's server leaves to its users.

Bodies have a Content-Length or are chunked, and their size is limited. A body that is too large is read to
its end and dropped: a client whose connection breaks while it sends never sees the error. This module does
not know what a body means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase

MAX_BODY_BYTES = 128 * 2**20
_MAX_DISCARDED_BYTES = 2**30  # after this much of a body that is too large, the connection is closed
_BLOCK_BYTES = 2**20
_MAX_LINE_BYTES = 1024  # of a chunk's header or a trailer
_CONTENT_LENGTH_PATTERN = re.compile(r"[0-9]{1,15}")
_CHUNK_SIZE_PATTERN = re.compile(rb"[0-9a-fA-F]{1,12}")


class MalformedBodyError(ValueError):
    """The framing of the body breaks the rules of HTTP."""


class BodyTooLargeError(ValueError):
    """The body is larger than `MAX_BODY_BYTES`."""


def read_body(headers: Message, file: BufferedIOBase) -> bytes:
    """Return the body that follows these headers.

    Raises `MalformedBodyError` or `BodyTooLargeError`; close the connection after either.
    """
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        return _join_blocks(_read_chunks(file))
    length = headers.get("Content-Length") or "0"
    if not _CONTENT_LENGTH_PATTERN.fullmatch(length):
        raise MalformedBodyError("Content-Length is not a number")
    return _join_blocks(_read_blocks(file, int(length)))


def _join_blocks(blocks: Iterator[bytes]) -> bytes:
    blocks_read, size = [], 0
    for block in blocks:
        size += len(block)
        if size <= MAX_BODY_BYTES:
            blocks_read.append(block)
        elif size > _MAX_DISCARDED_BYTES:
            break
        else:
            blocks_read.clear()
    if size > MAX_BODY_BYTES:
        raise BodyTooLargeError(f"Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes.")
    return b"".join(blocks_read)


def _read_blocks(file: BufferedIOBase, length: int) -> Iterator[bytes]:
    """Yield the next `length` bytes."""
    while length:
        block = file.read(min(length, _BLOCK_BYTES))
        if not block:
            raise MalformedBodyError("The body ended before its Content-Length")
        length -= len(block)
        yield block


def _read_chunks(file: BufferedIOBase) -> Iterator[bytes]:
    """Yield the data of the chunks and skip the trailers."""
    while True:
        size_line = file.readline(_MAX_LINE_BYTES).partition(b";")[0].strip()
        if not _CHUNK_SIZE_PATTERN.fullmatch(size_line):
            raise MalformedBodyError("A chunk has no size")
        if int(size_line, 16) == 0:
            break
        yield from _read_blocks(file, int(size_line, 16))
        if file.readline(_MAX_LINE_BYTES) not in (b"\r\n", b"\n"):
            raise MalformedBodyError("A chunk is longer than its size")
    while file.readline(_MAX_LINE_BYTES) not in (b"\r\n", b"\n", b""):
        pass
