"""An answer's bytes as a small tree, whatever its size and however odd.

An image answer is a few hundred bytes of JSON around megabytes of base64. `carve` jumps from quote to
quote, cuts every long string out as a view on the (memory-mapped) body, and parses only what is left:
milliseconds for a 4K picture, and no Python string ever holds it. Because what is left is small, it
can be read patiently: byte order marks, UTF-16, server-sent events, lists of answers, NaN, invalid
UTF-8, doubled keys and bodies that were cut short. This module knows nothing of what the JSON means.
"""

from __future__ import annotations

import json
import mmap
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Buffer = bytes | mmap.mmap

LONG = 4096  # characters from which a string is cut out
_UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+|"', re.DOTALL)
_LITERAL = re.compile(r"(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=[\s,}\]])")
_CLOSER = {"{": "}", "[": "]"}


class MalformedError(ValueError):
    """The bytes are not JSON, and nothing in them can be read as such."""


@dataclass(frozen=True, eq=False)
class Blob:
    """A long JSON string as it stands in the body; `whole` is False when the body ends inside it."""

    view: memoryview
    whole: bool = True

    def text(self) -> str:
        """Return the string it stands for."""
        raw = bytes(self.view).decode("utf-8", "replace")
        try:
            return str(json.loads(f'"{raw}"', strict=False))
        except ValueError:
            return raw

    def token(self) -> bytes:
        """Return the JSON string it was, quotes included."""
        return b'"' + bytes(self.view) + b'"'


@dataclass(frozen=True)
class Carved:
    """The documents of a body, and whether it was cut short."""

    documents: list[Any]
    cut: bool


def carve(buffer: Buffer) -> Carved:
    """Return the JSON documents in `buffer`, long strings as `Blob`.

    Raises `MalformedError` when there is no JSON in it.
    """
    if bytes(buffer[:2]) in _UTF_16 or b"\0" in bytes(buffer[:4]):
        encoding = _UTF_16.get(bytes(buffer[:2]), "utf-16-be" if buffer[:1] == b"\0" else "utf-16-le")
        buffer = bytes(buffer[:]).decode(encoding, "replace").encode()
    mark = f"blob-{secrets.token_hex(8)}-"
    skeleton, blobs = _cut_out(buffer, mark)
    text = skeleton.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    documents: list[Any] = []
    cut = any(not blob.whole for blob in blobs)
    for piece in _events(text) if text.startswith(("data:", "event:", ":", "id:", "retry:")) else [text]:
        document, closed = _parse(piece, mark, blobs)
        documents += document if isinstance(document, list) else [document]
        cut = cut or not closed
    return Carved(documents, cut)


def _cut_out(buffer: Buffer, mark: str) -> tuple[bytes, list[Blob]]:
    """Return the body with a mark in place of every long string, and those strings."""
    view, blobs, kept = memoryview(buffer), [], []
    copied, opened = 0, buffer.find(b'"')
    while opened >= 0:
        closed = _closing_quote(buffer, opened + 1)
        end = closed if closed >= 0 else len(buffer)
        if end - opened > LONG:
            kept += [view[copied : opened + 1], f"{mark}{len(blobs)}".encode()]
            blobs.append(Blob(view[opened + 1 : end], whole=closed >= 0))
            copied = end
            if closed < 0:
                kept.append(b'"')
        opened = buffer.find(b'"', closed + 1) if closed >= 0 else -1
    return b"".join([*kept, view[copied:]]), blobs


def _closing_quote(buffer: Buffer, start: int) -> int:
    """Return where the string that begins at `start` ends, or -1."""
    quote = buffer.find(b'"', start)
    while quote > 0 and buffer[quote - 1 : quote] == b"\\":
        first = quote - 1
        while first > start and buffer[first - 1 : first] == b"\\":
            first -= 1
        if (quote - first) % 2 == 0 or first < start:
            return quote
        quote = buffer.find(b'"', quote + 1)
    return quote


def _events(text: str) -> Iterator[str]:
    """Yield the data of each server-sent event."""
    for event in re.split(r"\r?\n\r?\n", text):
        lines = [line[5:].strip() for line in event.splitlines() if line.startswith("data:")]
        data = "\n".join(lines)
        if data and data != "[DONE]":
            yield data


def _parse(text: str, mark: str, blobs: list[Blob]) -> tuple[Any, bool]:
    """Return the document in `text`, and whether it was complete."""

    def blob_or(value: Any) -> Any:
        if isinstance(value, str) and value.startswith(mark):
            return blobs[int(value[len(mark) :])]
        return [blob_or(item) for item in value] if isinstance(value, list) else value

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in pairs:
            fresh, old = blob_or(value), made.get(name)
            # A doubled key: keep what both lists hold, so that no image is dropped.
            made[name] = old + fresh if isinstance(old, list) and isinstance(fresh, list) else fresh
        return made

    def load(candidate: str) -> Any:
        return blob_or(
            json.loads(
                candidate,
                strict=False,
                object_pairs_hook=members,
                parse_constant=lambda _: None,
                parse_int=lambda digits: int(digits) if len(digits) < 20 else None,
            )
        )

    for complete, candidate in ((True, text), (False, _closed(text))):
        try:
            return load(candidate), complete
        except (ValueError, RecursionError):
            continue
    raise MalformedError("the answer is not JSON")


def _closed(text: str) -> str:
    """Return `text` up to its last complete value, with what is open closed."""
    open_, best, last = [], "", ""
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in _CLOSER:
            open_.append(word)
        elif word in ("}", "]"):
            if not open_ or _CLOSER[open_.pop()] != word:
                break
        elif word == '"':  # a string the body ends in
            break
        is_string = word[0] == '"' and (last == ":" or open_[-1:] == ["["])
        if word in ("}", "]") or is_string or _LITERAL.match(text, token.start()):
            best = text[: token.end()] + "".join(_CLOSER[opened] for opened in reversed(open_))
            if not open_:
                break
        last = word
    return best
