"""Images whose base64 was split over several parts or events, put together again.

A piece continues an image if that has no end yet and the piece is base64 of nothing that has a beginning of its own.
What is joined is a copy, so its size is limited. This module does not know where the pieces stand.
"""

from __future__ import annotations

import re
from typing import Any

import pybase64

from cometmagic.gemini.coerce import coerce_object
from cometmagic.gemini.file_kinds import HEAD_BYTES, find_file_kind
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.base64_sniffer import is_base64_image

MAX_JOINED_BYTES = 64 * 2**20  # of base64
MIN_CUT_CHARACTERS = 200  # of the first piece; fewer are a damaged image
MIN_PIECE_CHARACTERS = 16  # of a further piece, unlike a word
_PURE_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_HEAD_CHARACTERS = HEAD_BYTES // 3 * 4
_TAIL_CHARACTERS = 4000
_ENDS = (b"IEND", b"\xff\xd9", b"\x00\x3b")  # of PNG, JPEG and GIF


def join_split_images(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return parts in which each split image is whole, in the first of its parts."""
    result: list[dict[str, Any]] = []
    for node in parts:
        data = coerce_object(node.get("inlineData")).get("data")
        previous = coerce_object(result[-1].get("inlineData")) if result else {}
        joined = join_pieces(previous.get("data"), data)
        if joined is None:
            result.append(node)
        else:
            result[-1] = result[-1] | {"inlineData": previous | {"data": joined}}
    return result


def join_pieces(first: Any, second: Any) -> JSONString | None:
    """Return the base64 of an image whose pieces these are, None when the second does not continue the first."""
    if not (isinstance(first, str | JSONString) and isinstance(second, str | JSONString)):
        return None
    pieces = [_get_view(first), _get_view(second)]
    if (
        sum(map(len, pieces)) > MAX_JOINED_BYTES
        or not _is_cut(first, pieces[0])
        or not _is_continuation(second, pieces[1])
    ):
        return None
    return JSONString(
        memoryview(b"".join(pieces)), is_complete=not isinstance(second, JSONString) or second.is_complete
    )


def _get_view(data: str | JSONString) -> memoryview:
    return data.view if isinstance(data, JSONString) else memoryview(data.encode("utf-8", "replace"))


def _is_cut(data: str | JSONString, view: memoryview) -> bool:
    """Whether an image in base64 has no end."""
    if len(view) < MIN_CUT_CHARACTERS or not is_base64_image(data) or not _PURE_BASE64.fullmatch(view):
        return False
    start = max(0, len(view) - _TAIL_CHARACTERS) // 4 * 4
    tail = _decode(bytes(view[start:]))
    if bytes(view[:4]) == b"UklG":  # RIFF, which says how long it is
        size = int.from_bytes(pybase64.b64decode(view[:16])[4:8], "little") + 8
        return len(view) * 3 // 4 < size
    return not any(end in tail for end in _ENDS)


def _is_continuation(data: str | JSONString, view: memoryview) -> bool:
    """Whether a text is base64 without a beginning that a file of any kind has."""
    if len(view) < MIN_PIECE_CHARACTERS or not _PURE_BASE64.fullmatch(view) or is_base64_image(data):
        return False
    return not find_file_kind(_decode(bytes(view[:_HEAD_CHARACTERS]))).suffix


def _decode(letters: bytes) -> bytes:
    """Return the bytes of base64 that may end anywhere."""
    letters = letters.rstrip(b"=")
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return pybase64.b64decode(letters + b"=" * (-len(letters) % 4))
