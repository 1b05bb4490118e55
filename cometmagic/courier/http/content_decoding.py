"""Strict decompression of gzip as it arrives.

httpx's own decoder accepts a truncated gzip stream as complete. Here the end of the stream and its checksum are
required, every member is read, and the output comes in small steps that the caller can stop: a few hundred
kilobytes can unpack to hundreds of megabytes. This module knows no HTTP beyond the name of the encoding.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from typing import Any

MAX_STEP_BYTES = 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"


class InflateError(ValueError):
    """The bytes are not valid gzip, or they unpack to too much."""


class DamagedError(InflateError):
    """Some of the bytes were damaged on the way."""


class IdentityDecoder:
    """A body that is not compressed."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the chunk as it is."""
        yield chunk

    def finish(self) -> None:
        """Do nothing: HTTP itself reports a body that is cut short."""


class UnsupportedDecoder(IdentityDecoder):
    """A body in an encoding that was not requested: it is saved as it is, and counts as an error."""

    def __init__(self, encoding: str) -> None:
        """Store `encoding` for the error."""
        self.encoding = encoding

    def finish(self) -> None:
        """Raise `InflateError`."""
        raise InflateError(f"the answer is packed in {self.encoding[:40]!r}, which was not asked for")


class GzipDecoder:
    """A gzip body, or a plain one that is only labelled so."""

    def __init__(self) -> None:
        """Start before the first member."""
        self._decompressor = zlib.decompressobj(wbits=31)
        self._prefix: bytes | None = b""  # the first bytes, until they show whether this is gzip
        self._is_plain = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` unpacks to, at most `MAX_STEP_BYTES` at a time; stop at the first damaged byte."""
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
            backup = self._decompressor.copy()
            try:
                yield self._decompressor.decompress(chunk, MAX_STEP_BYTES)
            except zlib.error as error:
                yield from _decompress_bytewise(backup, chunk)
                raise DamagedError(f"the packed answer is damaged ({error})") from None
            chunk = self._decompressor.unconsumed_tail
            if self._decompressor.eof:
                chunk = self._decompressor.unused_data.lstrip(b"\0")
                if chunk:
                    self._decompressor = zlib.decompressobj(wbits=31)

    def finish(self) -> None:
        """Raise `InflateError` when the stream is cut short."""
        if not self._is_plain and not self._decompressor.eof:
            raise InflateError("the packed answer is cut short")


def _decompress_bytewise(decompressor: Any, chunk: bytes) -> Iterator[bytes]:
    """Yield what unpacks before the damage, byte by byte, as zlib returns nothing of a step that fails."""
    with contextlib.suppress(zlib.error):
        for index in range(len(chunk)):
            yield decompressor.decompress(chunk[index : index + 1])


def build_decoder(encoding: str) -> IdentityDecoder | GzipDecoder:
    """Return the decoder for a Content-Encoding."""
    match encoding.strip().lower():
        case "" | "identity":
            return IdentityDecoder()
        case "gzip" | "x-gzip":
            return GzipDecoder()
        case name:
            return UnsupportedDecoder(name)
