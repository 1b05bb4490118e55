"""An answer's bytes as a small tree, whatever its size and however odd.

An image answer is a few hundred bytes of JSON around megabytes of base64. `carve` jumps from quote to
quote, cuts every long string out as a view on the (memory-mapped) body, and parses only what is left:
milliseconds for a 4K picture, and no Python string ever holds it. Because what is left is small, it
can be read patiently (`patient`). This module knows nothing of what the JSON means.
"""

from __future__ import annotations

import codecs
import json
import mmap
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cometmagic.wire.patient import DEEPEST, documents_in, events_in

Buffer = bytes | mmap.mmap

LONG = 4096  # characters from which a string is cut out
LARGEST = 4 * 2**20  # bytes of JSON around the long strings; answers have a few hundred
MOST = 100_000  # short strings; answers have a few dozen
_UTF_16 = re.compile(rb"(?P<bom>\xff\xfe|\xfe\xff)|(?P<little>[^\0]\0[^\0]\0)|\0[^\0]\0[^\0]", re.DOTALL)
_STRING = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_INSIDE = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)  # of a string, up to its closing quote
_PIECE = 2**20
_HALF_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?$")


class MalformedError(ValueError):
    """The bytes are not JSON, and nothing in them can be read as such."""


@dataclass(frozen=True, eq=False)
class Blob:
    """A long JSON string as it stands in the body; `whole` is False when the body ends inside it."""

    view: memoryview
    whole: bool = True

    def text(self, most: int | None = None) -> str:
        """Return the string it stands for, or that of its first `most` bytes."""
        view = self.view if most is None else self.view[:most]
        raw = str(view, "utf-8", "replace")
        if not self.whole or len(view) < len(self.view):
            raw = _HALF_ESCAPE.sub(r"\1", raw)
        try:
            return str(json.loads(f'"{raw}"', strict=False)) if "\\" in raw or '"' in raw else raw
        except ValueError:
            return raw

    def holds(self, words: bytes) -> bool:
        """Whether some plain words stand in it, found without making a string of it."""
        return re.search(re.escape(words), self.view) is not None

    def token(self) -> Iterator[bytes | memoryview]:
        """Yield the JSON string as it stood, quotes included, or one that is JSON if it was none."""
        if _STRING.fullmatch(self.view) and _is_utf_8(self.view):
            yield from (b'"', self.view, b'"')
        else:
            yield json.dumps(self.text()).encode()


def _is_utf_8(view: memoryview) -> bool:
    """Whether bytes are UTF-8, looked at in pieces: a string of all of them would be as large again."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(view), _PIECE):
            decoder.decode(view[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True)
class Carved:
    """The documents of a body, whether it was cut short, and whether it is a stream of events."""

    documents: list[Any]
    cut: bool
    streamed: bool


def carve(buffer: Buffer) -> Carved:
    """Return the JSON documents in `buffer`, long strings as `Blob`.

    Raises `MalformedError` when there is no JSON in it.
    """
    mark = f"blob-{secrets.token_hex(8)}-"  # that no foreign text can guess
    skeleton, blobs = _cut_out(_utf_8(buffer), mark)
    text = skeleton.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    events = events_in(text)
    documents: list[Any] = []
    cut = any(not blob.whole for blob in blobs)
    for piece in [text] if events is None else events:
        found, complete = documents_in(piece)
        for document in _resolved(found, mark, blobs):
            documents += document if isinstance(document, list) else [document]
        cut = cut or not complete
    if not documents:
        raise MalformedError("the answer is not JSON")
    return Carved(documents, cut, streamed=events is not None)


def _utf_8(buffer: Buffer) -> Buffer:
    found = _UTF_16.match(bytes(buffer[:4]))
    if found is None:
        return buffer
    encoding = "utf-16" if found["bom"] else "utf-16-le" if found["little"] else "utf-16-be"
    return bytes(buffer[:]).decode(encoding, "replace").encode()


def _cut_out(buffer: Buffer, mark: str) -> tuple[bytes, list[Blob]]:
    """Return the body with a mark in place of every long string, and those strings."""
    view = memoryview(buffer)
    kept: list[bytes | memoryview] = []
    blobs: list[Blob] = []
    copied, cut, short, opened = 0, 0, 0, buffer.find(b'"')
    while opened >= 0 and short < MOST and opened - cut <= LARGEST:
        closed = _closing_quote(buffer, opened + 1)
        end = closed if closed >= 0 else len(buffer)
        if end - opened > LONG:
            kept += [view[copied : opened + 1], f"{mark}{len(blobs)}".encode()]
            blobs.append(Blob(view[opened + 1 : end], whole=closed >= 0))
            copied, cut = end, cut + end - opened
            if closed < 0:
                kept.append(b'"')
        else:
            short += 1
        opened = buffer.find(b'"', closed + 1) if closed >= 0 else -1
    kept.append(view[copied:])
    if short == MOST or sum(map(len, kept)) > LARGEST:
        raise MalformedError("the answer is too large to be JSON around images")
    return b"".join(kept), blobs


def _closing_quote(buffer: Buffer, start: int) -> int:
    """Return where the string that begins at `start` ends, or -1."""
    quote = buffer.find(b'"', start)
    if quote <= start or buffer[quote - 1 : quote] != b"\\":
        return quote  # as in base64 of any length
    inside = _INSIDE.match(buffer, start)
    end = inside.end() if inside else start
    return end if buffer[end : end + 1] == b'"' else -1


def _resolved(value: Any, mark: str, blobs: list[Blob], level: int = 0) -> Any:
    """Return a tree with the blobs in place of their marks, and nothing below the deepest level."""
    if level > DEEPEST:
        return None
    if isinstance(value, str) and value.startswith(mark):
        return blobs[int(value[len(mark) :])]
    if isinstance(value, list):
        return [_resolved(item, mark, blobs, level + 1) for item in value]
    if isinstance(value, dict):
        return {name: _resolved(item, mark, blobs, level + 1) for name, item in value.items()}
    return value
