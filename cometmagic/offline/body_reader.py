"""Reads the body of an HTTP request, which the standard library's server leaves to its users.

Bodies have a Content-Length or are chunked, never both, and their size is limited. A body that is too large is read
on for a while and dropped: a client whose connection breaks while it sends never sees the error. This module does not
know what a body means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedIOBase

from cometmagic.offline.request_head import MAX_HEADERS, ProtocolError, RequestHead, read_line

MAX_BODY_BYTES = 20 * 2**20  # what Google has always accepted; CometAPI's own limit is not known
_MAX_DISCARDED_BYTES = 2**28  # after this much of a body that is too large, the connection is closed
_BLOCK_BYTES = 2**20
_CONTENT_LENGTH_PATTERN = re.compile(r"[0-9]{1,15}")
_CHUNK_HEAD_PATTERN = re.compile(rb"([0-9a-fA-F]{1,12})[ \t]*(?:;[\t -~\x80-\xff]*)?")


def read_body(head: RequestHead, file: BufferedIOBase) -> bytes:
    """Return the body that follows this head. Raises `ProtocolError`; close the connection after it."""
    length = measure_body(head)
    content, size = bytearray(), 0
    for block in _read_chunks(file) if length is None else _read_blocks(file, length):
        size += len(block)
        if size <= MAX_BODY_BYTES:
            content += block
        elif size > _MAX_DISCARDED_BYTES:
            break
    if size > MAX_BODY_BYTES:
        raise build_size_error()
    return bytes(content)


def measure_body(head: RequestHead) -> int | None:
    """Return the length of the body in bytes, None for a chunked one. Raises `ProtocolError`."""
    encoding, length = head.headers.get("transfer-encoding"), head.headers.get("content-length")
    if encoding is None:
        if not _CONTENT_LENGTH_PATTERN.fullmatch("0" if length is None else length):
            raise ProtocolError("Content-Length is not a number.")
        return int(length or 0)
    if length is not None:
        raise ProtocolError("There are both Content-Length and Transfer-Encoding.")
    if encoding.lower() != "chunked" or head.version == "1.0":
        raise ProtocolError("The Transfer-Encoding is not supported.")
    return None


def build_size_error() -> ProtocolError:
    """Return the error for a body that is too large."""
    return ProtocolError(f"Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes.", 413)


def _read_blocks(file: BufferedIOBase, length: int) -> Iterator[bytes]:
    """Yield the next `length` bytes. Raises `ProtocolError` at once when they are more than are dropped."""
    if length > _MAX_DISCARDED_BYTES:
        raise build_size_error()
    while length:
        block = file.read(min(length, _BLOCK_BYTES))
        if not block:
            raise ProtocolError("The body ends too soon.")
        length -= len(block)
        yield block


def _read_chunks(file: BufferedIOBase) -> Iterator[bytes]:
    """Yield the data of the chunks and skip the trailers."""
    while size := _read_chunk_size(file):
        yield from _read_blocks(file, size)
        if read_line(file) != b"":
            raise ProtocolError("A chunk is longer than its size.")
    for _ in range(MAX_HEADERS):
        if not read_line(file):
            return
    raise ProtocolError(f"There are more than {MAX_HEADERS} trailers.", 431)


def _read_chunk_size(file: BufferedIOBase) -> int:
    match = _CHUNK_HEAD_PATTERN.fullmatch(read_line(file) or b"")
    if not match:
        raise ProtocolError("A chunk has no size.")
    return int(match[1], 16)
