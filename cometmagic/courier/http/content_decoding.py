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

MAX_STEP_BYTES = 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"


class InflateError(ValueError):
    """The bytes are not the gzip they claim to be, or they unpack to too much."""


class DamagedError(InflateError):
    """Some of the bytes are not those that were sent."""


class IdentityDecoder:
    """A body that is not packed."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the chunk as it is."""
        yield chunk

    def finish(self) -> None:
        """Nothing can be missing that HTTP did not notice."""


class UnsupportedDecoder(IdentityDecoder):
    """A body packed in a way that was not asked for: it is kept as it comes, and is no answer."""

    def __init__(self, encoding: str) -> None:
        """Keep the name for the message."""
        self.encoding = encoding

    def finish(self) -> None:
        """Raise `InflateError`."""
        raise InflateError(f"the answer is packed in {self.encoding[:40]!r}, which was not asked for")


class GzipDecoder:
    """A body packed with gzip, or one that only says so."""

    def __init__(self) -> None:
        """Begin before the first member."""
        self._decompressor = zlib.decompressobj(wbits=31)
        self._prefix: bytes | None = b""  # until it is known whether this is gzip at all
        self._is_plain = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` unpacks to, at most `STEP` bytes at a time; of a damaged one, what came before."""
        if self._prefix is not None:
            chunk, self._prefix = self._prefix + chunk, None
            if len(chunk) < len(GZIP_MAGIC):
                self._prefix = chunk
                return
            self._is_plain = not chunk.startswith(GZIP_MAGIC)
        if self._is_plain:
            yield chunk
            return
        while chunk:
            before = self._decompressor.copy()
            try:
                yield self._decompressor.decompress(chunk, MAX_STEP_BYTES)
            except zlib.error as error:
                yield from _decompress_bytewise(before, chunk)
                raise DamagedError(f"the packed answer is damaged ({error})") from None
            chunk = self._decompressor.unconsumed_tail
            if self._decompressor.eof:
                chunk = self._decompressor.unused_data.lstrip(b"\0")
                if chunk:
                    self._decompressor = zlib.decompressobj(wbits=31)

    def finish(self) -> None:
        """Raise `InflateError` when the stream's end has not come."""
        if not self._is_plain and not self._decompressor.eof:
            raise InflateError("the packed answer is cut short")


def _decompress_bytewise(decompressor: Any, chunk: bytes) -> Iterator[bytes]:
    """Yield what unpacks before the damage, byte by byte: zlib gives back nothing of a step that fails."""
    with contextlib.suppress(zlib.error):
        for index in range(len(chunk)):
            yield decompressor.decompress(chunk[index : index + 1])


def build_decoder(encoding: str) -> IdentityDecoder | GzipDecoder:
    """Return what undoes a Content-Encoding."""
    match encoding.strip().lower():
        case "" | "identity":
            return IdentityDecoder()
        case "gzip" | "x-gzip":
            return GzipDecoder()
        case other:
            return UnsupportedDecoder(other)
