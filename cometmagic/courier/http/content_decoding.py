"""Strict decompression of a body as it arrives, by its first bytes as much as by its Content-Encoding.

Gateways leave the header out, name another encoding, or pack twice. httpx's own decoder accepts a truncated gzip
stream as complete. Here the end of the stream and its checksum are required, every member is read, and the output
comes in small steps that the caller can stop: a few hundred kilobytes can unpack to hundreds of megabytes. This module
knows no HTTP beyond the names of encodings.
"""

from __future__ import annotations

import contextlib
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

MAX_STEP_BYTES = 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
MAX_LAYERS = 3  # of packed bodies in one another
_HEAD_BYTES = 2  # that tell how a body is packed
_TEXT = re.compile(rb"[{\[<:d \r\n][\t\r\n -~]|\xef\xbb")  # how JSON, events and pages begin


class InflateError(ValueError):
    """The bytes are not valid gzip, or they unpack to too much."""


class PackedError(InflateError):
    """The bytes are packed in a way that is not read here."""


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
        raise PackedError(f"the answer is packed in {self.encoding[:40]!r}, which was not asked for")


class ZlibDecoder:
    """A body in gzip, which may have several members, or in zlib's own format."""

    def __init__(self, wbits: int) -> None:
        """`wbits` is the format, as zlib counts them: 31 for gzip, 15 for zlib's, -15 for the bare one."""
        self._wbits = wbits
        self._decompressor = zlib.decompressobj(wbits=wbits)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` unpacks to, at most `MAX_STEP_BYTES` at a time; stop at the first damaged byte."""
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
                    self._decompressor = zlib.decompressobj(wbits=self._wbits)

    def finish(self) -> None:
        """Raise `InflateError` when the stream is cut short."""
        if not self._decompressor.eof:
            raise InflateError("the packed answer is cut short")


class BodyDecoder:
    """A body that its first bytes show to be packed or not; what it unpacks to may be packed again."""

    def __init__(self, encodings: Sequence[str], layer: int = 0) -> None:
        """Start before the first byte; `encodings` are those of the header, `layer` counts the packed bodies around."""
        self._encodings = encodings
        self._layer = layer
        self._head: bytes | None = b""  # the first bytes, until they show how the body is packed
        self._decoder: IdentityDecoder | ZlibDecoder = IdentityDecoder()
        self._inner: BodyDecoder | None = None  # of what the decoder yields

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what `chunk` unpacks to. Raises `InflateError`."""
        if self._head is not None:
            self._head += chunk
            if len(self._head) < _HEAD_BYTES:
                return
            chunk = self._start()
        yield from self._decode(chunk)

    def _start(self) -> bytes:
        """Choose the decoder by the first bytes, and return them."""
        head, self._head = self._head or b"", None
        self._decoder = _choose_decoder(head, self._encodings)
        if isinstance(self._decoder, ZlibDecoder) and self._layer < MAX_LAYERS - 1:
            self._inner = BodyDecoder((), self._layer + 1)
        return head

    def _decode(self, chunk: bytes) -> Iterator[bytes]:
        for piece in self._decoder.feed(chunk):
            yield from (piece,) if self._inner is None else self._inner.feed(piece)

    def finish(self) -> Iterator[bytes]:
        """Yield the rest. Raises `InflateError` when the body is cut short or packed in an unknown way."""
        if self._head:
            yield from self._decode(self._start())
        elif self._head is not None and "gzip" in self._encodings:
            raise InflateError("the packed answer is cut short")
        if self._inner is not None:
            yield from self._inner.finish()
        self._decoder.finish()


def _choose_decoder(head: bytes, encodings: Sequence[str]) -> IdentityDecoder | ZlibDecoder:
    if head.startswith(GZIP_MAGIC):
        return ZlibDecoder(31)
    if "deflate" in encodings:
        is_zlib = head[0] & 15 == 8 and int.from_bytes(head[:2], "big") % 31 == 0
        return ZlibDecoder(15 if is_zlib else -15)
    unknown = [name for name in encodings if name not in ("identity", "gzip", "x-gzip")]
    return UnsupportedDecoder(", ".join(unknown)) if unknown and not _TEXT.match(head) else IdentityDecoder()


def _decompress_bytewise(decompressor: Any, chunk: bytes) -> Iterator[bytes]:
    """Yield what unpacks before the damage, byte by byte, as zlib returns nothing of a step that fails."""
    with contextlib.suppress(zlib.error):
        for index in range(len(chunk)):
            yield decompressor.decompress(chunk[index : index + 1])


def build_decoder(encoding: str) -> BodyDecoder:
    """Return the decoder for a Content-Encoding, which may be wrong."""
    return BodyDecoder([name for part in encoding.split(",") if (name := part.strip().lower())])
