"""gzip undone strictly as it arrives.

httpx's own decoder takes a truncated gzip for a whole one. Here the end of the stream and its checksum
must come, every member is read, and what comes out is bounded: a few hundred kilobytes can unpack to
hundreds of megabytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

STEP = 1024 * 1024


class InflateError(ValueError):
    """The bytes are not the gzip they claim to be, or they unpack to too much."""


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
    """A body packed with gzip."""

    def __init__(self) -> None:
        """Begin before the first member."""
        self._inner = zlib.decompressobj(wbits=31)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` unpacks to, at most `STEP` bytes at a time."""
        while chunk:
            try:
                yield self._inner.decompress(chunk, STEP)
            except zlib.error as error:
                raise InflateError(f"the packed answer is damaged ({error})") from None
            chunk = self._inner.unconsumed_tail
            if self._inner.eof:
                chunk = self._inner.unused_data.lstrip(b"\0")
                if chunk:
                    self._inner = zlib.decompressobj(wbits=31)

    def finish(self) -> None:
        """Raise `InflateError` when the stream's end has not come."""
        if not self._inner.eof:
            raise InflateError("the packed answer is cut short")


def inflater(encoding: str) -> Plain | Gunzip:
    """Return what undoes a Content-Encoding."""
    match encoding.strip().lower():
        case "" | "identity":
            return Plain()
        case "gzip" | "x-gzip":
            return Gunzip()
        case other:
            return Unasked(other)
