"""Joins a picture in base64 that is split over several strings: events of a stream, deltas, parts, items of a list.

The pieces stand at the same place of their documents, one after the other. The first one begins as a picture does, and
the others are nothing but base64. A piece that begins as a picture is another picture. This module knows no formats of
answers, only the few fields that tell strings of the same place apart.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pybase64

from cometmagic.gemini.coerce import coerce_string
from cometmagic.gemini.file_kinds import find_file_kind
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.base64_repair import count_base64_characters
from cometmagic.gemini.tolerant.base64_sniffer import is_base64_image
from cometmagic.gemini.tolerant.nested_documents import OPAQUE_FIELDS
from cometmagic.gemini.tolerant.picture_end import TAIL_CHARACTERS, PictureEnd

_MAX_STARTS = 1000  # of pictures that are tried; each try reads no more than the head
_HEAD_BYTES = 400
_LANE_FIELDS = ("itemId", "outputIndex", "contentIndex", "thought")  # strings that differ in them belong apart
_KIND_CHARACTERS = 64  # of base64, which tell another kind of file
_AMBIGUOUS_SUFFIXES = ("", ".mp3", ".jxl")  # those of two bytes also begin pieces of a picture
_LISTS_OF_ANSWERS = ("choices", "candidates")  # their items have an index
_PREFIX = re.compile(rb"\s*(?:data:[^,]{0,200};base64,|base64(?:,|://))", re.IGNORECASE)
_START = re.compile(  # of what may begin a picture; the piece may be shorter than that
    rb"\s*(?:data:|base64|iVB|(?:\\?/|_)9j|Ukl|R0l|AAA|(?:iV?|\\?/9?|_9?|Uk?|R0?|AA?)\Z)"
)
_PIECE = re.compile(rb"(?:[A-Za-z0-9+/_\-\r\n]++|\\[/nr])*+={0,2}(?:[\r\n]|\\[nr])*+")
_PADDING = re.compile(rb"[=\s]+")
_LINE_ESCAPES = re.compile(rb"\\[nr]|[\s\\]")
_URLSAFE_TABLE = bytes.maketrans(b"-_", b"+/")

_Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A string of a tree: its container, the key that holds it, and the type that is declared for it."""

    container: Any
    key: Any
    mime_type: str

    def read(self) -> memoryview:
        return _read_view(self.container[self.key])

    def read_head(self) -> bytes:
        return _read_head(self.container[self.key])

    def is_complete(self) -> bool:
        """Whether the body does not end in the string."""
        value = self.container[self.key]
        return not isinstance(value, JSONString) or value.is_complete


def join_split_pictures(documents: list[Any]) -> None:
    """Join the pieces of each picture in the first of them; the others become None."""
    groups: dict[_Key, list[_Place]] = {}
    for key, place in _iter_places(documents, (), ""):
        groups.setdefault(key, []).append(place)
    tries = iter(range(_MAX_STARTS))
    for places in groups.values():
        index = 0
        while index < len(places) - 1:
            stop = index + 1
            if _START.match(places[index].read_head()) and next(tries, None) is not None:
                stop = _find_stop(places, index)
                if stop > index + 1:
                    _join(places[index:stop])
            index = stop


def _iter_places(value: Any, key: _Key, mime_type: str) -> Iterator[tuple[_Key, _Place]]:
    """Yield each string with the fields that lead to it; the items of a list stand at the same place."""
    items: Iterator[tuple[Any, Any]] = enumerate(value)
    if isinstance(value, dict):
        lanes = [*_LANE_FIELDS, *(["index"] if key and key[-1] in _LISTS_OF_ANSWERS else [])]
        key += tuple(f"{name}={value[name]}" for name in lanes if isinstance(value.get(name), str | int))
        mime_type = coerce_string(value.get("mimeType"), _HEAD_BYTES)
        items = iter(value.items())
    for name, item in items:
        item_key = (*key, name) if isinstance(name, str) else key
        if isinstance(item, str | JSONString):
            yield item_key, _Place(value, name, mime_type)
        elif isinstance(item, dict | list) and name not in OPAQUE_FIELDS:
            yield from _iter_places(item, item_key, mime_type)


def _find_stop(places: list[_Place], index: int) -> int:
    """Return the index behind the last piece of the picture that begins at `index`; without an end, of all pieces."""
    head = _read_picture_head(places, index)
    if not head:
        return index + 1
    end, stop, position = _PictureReader(head), 0, index
    for position, place in enumerate(itertools.islice(places, index, None), start=index):
        view = place.read()
        view = _skip_prefix(view) if position == index else view
        if not _PIECE.fullmatch(view) or (position > index and not _continues(place, places[index])):
            break
        if stop and end.is_sure and not _PADDING.fullmatch(view):
            break
        is_end = end.read(view)
        stop = position + 1 if is_end or (stop and end.is_sure) else stop
    else:
        position += 1
    return max(stop or position, index + 1)


def _continues(place: _Place, first: _Place) -> bool:
    """Whether a piece belongs to the picture of the first one: it is declared as no other type, and no beginning."""
    is_other_type = bool(place.mime_type) and bool(first.mime_type) and place.mime_type != first.mime_type
    if is_other_type or is_base64_image(place.container[place.key]):
        return False
    letters = _clean(place.read_head()[:_KIND_CHARACTERS]).rstrip(b"=")
    content = pybase64.b64decode(letters[: len(letters) // 4 * 4])
    return find_file_kind(content).suffix in _AMBIGUOUS_SUFFIXES


def _read_picture_head(places: list[_Place], index: int) -> bytes:
    """Return the first letters of the picture that begins at `index`, b"" when none begins there."""
    head = b""
    for place in itertools.islice(places, index, None):
        head += place.read_head()
        if len(head) >= _HEAD_BYTES:
            break
    if not is_base64_image(JSONString(memoryview(head))):
        return b""
    return _clean(_PREFIX.sub(b"", head, count=1))


def starts_with_data_uri(text: JSONString | str) -> bool:
    """Whether a text begins with a data URI, and not in the middle of one."""
    return _PREFIX.match(_read_head(text)) is not None


def is_whole_picture(text: JSONString | str) -> bool:
    """Whether a text is one picture and nothing else, up to its end."""
    if not is_base64_image(text):
        return False
    view = _skip_prefix(_read_view(text))
    return _PIECE.fullmatch(view) is not None and _PictureReader(_clean(bytes(view[:_HEAD_BYTES]))).read(view)


def _read_view(text: JSONString | str) -> memoryview:
    """Return the inside of the JSON string."""
    return text.view if isinstance(text, JSONString) else memoryview(json.dumps(text)[1:-1].encode())


def _read_head(text: JSONString | str) -> bytes:
    """Return the beginning of a text, which may end within an escape."""
    if isinstance(text, JSONString):
        return bytes(text.view[:_HEAD_BYTES])
    return text[:_HEAD_BYTES].encode("utf-8", "replace")


def _skip_prefix(view: memoryview) -> memoryview:
    prefix = _PREFIX.match(view)
    return view[prefix.end() :] if prefix else view


def _clean(letters: bytes) -> bytes:
    return _LINE_ESCAPES.sub(b"", letters).translate(_URLSAFE_TABLE)


class _PictureReader:
    """Reads the pieces of a picture one after the other, up to its end."""

    def __init__(self, head: bytes) -> None:
        self._end = PictureEnd(head)
        self._tail, self._letter_count = b"", 0
        self.is_sure = self._end.is_sure

    def read(self, view: memoryview) -> bool:
        """Read one piece, and return whether the picture may end with it."""
        self._tail = (self._tail + _clean(bytes(view[-TAIL_CHARACTERS:])))[-TAIL_CHARACTERS:]
        if self._end.has_length:
            self._letter_count += count_base64_characters(view) - bytes(view[-4:]).count(b"=")
        return self._end.is_at(self._tail, self._letter_count)


def _join(places: list[_Place]) -> None:
    content = b"".join(place.read() for place in places)
    joined = JSONString(memoryview(content), is_complete=places[-1].is_complete())
    for place in places:
        place.container[place.key] = None
    places[0].container[places[0].key] = joined
