"""One shape out of the many an answer comes in: one document, one candidate, its parts in order.

Missing or null containers, snake_case names, one object where a list should be, several documents of a
stream, images hidden in texts and addresses: afterwards everything stands where Google documents it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cometmagic.wire.carve import Blob

_SNAKE = re.compile(r"_([a-z])")
# In Markdown's parentheses base64 may be wrapped anyhow; elsewhere further lines are taken that are too long
# for words, and a short last one (`_short_line`).
_LETTER, _BREAK, _END = r"[A-Za-z0-9+/_\-]", r"[ \t]*\r?\n[ \t]*", r"(?=[ \t]*(?:[\r\n\"'<>()\]`=]|\Z))"
_LONG_LINE = rf"{_BREAK}{_LETTER}{{32,}}+{_END}"
_DATA_URI = re.compile(
    r"\(\s*data:image/[^,\s]{0,100};base64,(?P<wrapped>[A-Za-z0-9+/=_\-\s]+)(?:\"[^\"]*\"\s*)?\)"
    rf"|data:image/[^,\s]{{0,100}};base64,(?P<plain>(?:{_LETTER}++|(?={_LONG_LINE}))(?:{_LONG_LINE})*+={{0,2}})"
)
_SHORT_LINE = re.compile(rf"{_BREAK}({_LETTER}{{1,31}}+(?:={{1,2}}|{_END}))")
_WORD = re.compile(r"[A-Za-z][a-z]*|[A-Z]+")
_WIDEST = 1000  # characters of a line that may be wrapped base64


def shaped(documents: list[Any]) -> dict[str, Any]:
    """Return one document with one candidate that holds the parts of all, later fields winning."""
    whole: dict[str, Any] = {}
    candidate: dict[str, Any] = {}
    parts: list[dict[str, Any]] = []
    content: dict[str, Any] = {}
    for document in objects([_camel(found) for found in documents]):
        whole |= _given(document)
        for one in objects(document.get("candidates")):
            candidate |= _given(one)
            content |= object_(one.get("content"))
            parts += [plain for node in objects(object_(one.get("content")).get("parts")) for plain in _plain(node)]
    candidate["content"] = content | {"parts": parts}
    whole["candidates"] = [candidate]
    return whole


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in what should be a list of objects."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def object_(value: Any) -> dict[str, Any]:
    """Return what should be an object, or an empty one."""
    return value if isinstance(value, dict) else {}


def string(value: Any, most: int | None = None) -> str:
    """Return what should be a string, or an empty one; of a long one at least the first `most` bytes."""
    return value.text(most) if isinstance(value, Blob) else value if isinstance(value, str) else ""


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _camel(value: Any) -> Any:
    """Return a tree with camelCase names: some relays answer in snake_case."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for name, item in value.items():
        camel = _SNAKE.sub(lambda found: found[1].upper(), name)
        if out.get(camel) is None:  # a field in both spellings: the one that says something
            out[camel] = _camel(item)
    return out


def _plain(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a part with the images that some relays hide in texts and addresses as plain inlineData."""
    filed, text = object_(node.get("fileData")), _text_with_images(node.get("text"))
    uri, thought = string(filed.get("fileUri")), {"thought": node.get("thought")}
    if uri.startswith("data:"):
        node = {name: value for name, value in node.items() if name != "fileData"}
        image = {"inlineData": {"mimeType": filed.get("mimeType"), "data": uri}}
        yield from [node, thought | image] if node.get("text") or "inlineData" in node else [node | image]
    elif text:
        for piece in _pieces(text):
            yield thought | piece
        yield {name: value for name, value in node.items() if name != "text"}
    else:
        yield node


def _text_with_images(value: Any) -> str:
    """Return a text that has images in it, or an empty one."""
    if isinstance(value, Blob) and not value.holds(b"data:image"):
        return ""
    text = string(value)
    return text if "data:image/" in text else ""


def _pieces(text: str) -> Iterator[dict[str, Any]]:
    """Yield the texts and images of a text with data URIs."""
    start = 0
    for found in _DATA_URI.finditer(text):
        before = text[start : found.start()]
        if found["wrapped"] and before.endswith("]"):  # the rest of Markdown's ![alt](…)
            before = before.rpartition("![")[0]
        yield {"text": before}
        last = "" if found["wrapped"] else _short_line(text, found)
        yield {"inlineData": {"data": (found["wrapped"] or found["plain"]) + last}}
        start = found.end() + len(last)
    yield {"text": text[start:]}


def _short_line(text: str, found: re.Match[str]) -> str:
    """Return the line after a data URI when it is the rest of its base64 and no words."""
    line, lines = _SHORT_LINE.match(text, found.end()), found["plain"].split()
    if line is None or lines[-1].endswith("=") or len(lines[0]) > _WIDEST or _WORD.fullmatch(line[1]):
        return ""
    return line[0] if sum(map(len, [*lines, line[1]])) % 4 == 0 else ""
