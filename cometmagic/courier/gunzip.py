"""gzip undone strictly as it arrives.

httpx's own decoder takes a truncated gzip for a whole one. Here the end of the stream and its checksum
must come, every member is read, and what comes out is bounded: a few hundred kilobytes can unpack to
hundreds of megabytes.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from typing import Any

STEP = 1024 * 1024
MAGIC = b"\x1f\x8b"


class InflateError(ValueError):
    """The bytes are not the gzip they claim to be, or they unpack to too much."""


class DamagedError(InflateError):
    """Some of the bytes are not those that were sent."""


class Plain:
    """A body that is not packed."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the chunk as it is."""
        yield chunk

    def finish(self) -> None:
        """Nothing can be missing that HTTP did not notice."""


class Unasked(Plain):
    """A body packed in a way that was not asked for: it is kept as it comes, and is no answer."""

    def __init__(self, encoding: str) -> None:
        """Keep the name for the message."""
        self.encoding = encoding

    def finish(self) -> None:
        """Raise `InflateError`."""
        raise InflateError(f"the answer is packed in {self.encoding[:40]!r}, which was not asked for")


class Gunzip:
    """A body packed with gzip, or one that only says so."""

    def __init__(self) -> None:
        """Begin before the first member."""
        self._inner = zlib.decompressobj(wbits=31)
        self._head: bytes | None = b""  # until it is known whether this is gzip at all
        self._plain = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` unpacks to, at most `STEP` bytes at a time; of a damaged one, what came before."""
        if self._head is not None:
            chunk, self._head = self._head + chunk, None
            if len(chunk) < len(MAGIC):
                self._head = chunk
                return
            self._plain = not chunk.startswith(MAGIC)
        if self._plain:
            yield chunk
            return
        while chunk:
            before = self._inner.copy()
            try:
                yield self._inner.decompress(chunk, STEP)
            except zlib.error as error:
                yield from _as_far_as_it_goes(before, chunk)
                raise DamagedError(f"the packed answer is damaged ({error})") from None
            chunk = self._inner.unconsumed_tail
            if self._inner.eof:
                chunk = self._inner.unused_data.lstrip(b"\0")
                if chunk:
                    self._inner = zlib.decompressobj(wbits=31)

    def finish(self) -> None:
        """Raise `InflateError` when the stream's end has not come."""
        if not self._plain and not self._inner.eof:
            raise InflateError("the packed answer is cut short")


def _as_far_as_it_goes(inner: Any, chunk: bytes) -> Iterator[bytes]:
    """Yield what unpacks before the damage, byte by byte: zlib gives back nothing of a step that fails."""
    with contextlib.suppress(zlib.error):
        for index in range(len(chunk)):
            yield inner.decompress(chunk[index : index + 1])


def inflater(encoding: str) -> Plain | Gunzip:
    """Return what undoes a Content-Encoding."""
    match encoding.strip().lower():
        case "" | "identity":
            return Plain()
        case "gzip" | "x-gzip":
            return Gunzip()
        case other:
            return Unasked(other)
