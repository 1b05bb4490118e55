"""Finds images in texts: `data:` URIs, alone, in Markdown or in HTML, on one line or several.

A text may be as large as an image, so it is searched in its JSON form, with escapes, and the results
are views of it. This module knows nothing about the rest of a response.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.base64_repair import count_base64_characters
from cometmagic.gemini.tolerant.percent_encoding import decode_escapes, has_encoded_prefix, has_escapes

MAX_URIS = 1000  # the prefixes that are tried; the rest of the text stays text
_MAX_OPENING_BYTES = 100  # how far before an image its parenthesis may be
_MAX_LABEL_BYTES = 2**16  # how long Markdown's ![label] before it may be
_MAX_LINE_CHARACTERS = 1000  # the longest line of wrapped base64
_SHORT_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", '"': '"', "/": "/"}  # of the characters below


def _build_character_pattern(characters: str, ranges: str = "", quantifier: str = "") -> str:
    """Return a pattern for one of `characters`, plain or as a JSON escape, or for a plain character in `ranges`.

    `quantifier` applies to the plain characters only.
    """
    short_escapes = [_SHORT_ESCAPES[character] for character in characters if character in _SHORT_ESCAPES]
    unicode_escapes = [f"u00(?i:{ord(character):02x})" for character in characters]
    escapes = "|".join(short_escapes + unicode_escapes)
    return rf"(?:[{ranges}{re.escape(characters)}]{quantifier}|\\(?:{escapes}))"


def _compile_pattern(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode(), re.DOTALL)


_SPACE, _QUOTE, _PAD = map(_build_character_pattern, (" \t\r\n", '"', "="))
_BASE64_CHARACTER = _build_character_pattern("+/_-", "A-Za-z0-9")
_BASE64_RUN = _build_character_pattern("+/_-", "A-Za-z0-9", quantifier="++") + "++"
_BLANK = _build_character_pattern(" \t") + "*+"
_LINE_BREAK = _BLANK + _build_character_pattern("\r") + "?+" + _build_character_pattern("\n") + _BLANK
_DATA_END = f"(?={_BLANK}(?:" + _build_character_pattern("\r\n\"'<>()]`=") + r"|\Z))"
# In Markdown's parentheses base64 may be wrapped in any way. Elsewhere further lines belong to it if they are too
# long to be words (the first alternative has no escapes and is faster), and so may a short last line.
_LONG_LINE = rf"{_LINE_BREAK}(?=[A-Za-z0-9+/_\-]{{32}}|{_BASE64_CHARACTER}{{32}}){_BASE64_RUN}{_DATA_END}"
_LINK_TITLE = rf"{_QUOTE}(?:(?!{_QUOTE})(?:[^\\]|\\.)){{0,1000}}+{_QUOTE}{_SPACE}*+"

_URI_PREFIX = _compile_pattern(
    "data:image"
    + _build_character_pattern("/")
    + r"(?:[^,\s\\:;]++|;(?!base64,)|"
    + _build_character_pattern('"+/=')
    + rf")*+;base64,(?={_SPACE}{{0,100}}+{_BASE64_CHARACTER})"
)
_OPENING_PARENTHESIS = _compile_pattern(rf"\({_SPACE}*+\Z")
_MARKDOWN_DATA = _compile_pattern(
    "(?P<data>" + _build_character_pattern("+/_-= \t\r\n", "A-Za-z0-9", quantifier="++") + rf"++)(?:{_LINK_TITLE})?+\)"
)
_PLAIN_DATA = _compile_pattern(rf"(?:{_BASE64_RUN}|(?={_LONG_LINE}))(?:{_LONG_LINE})*+(?P<pad>{_PAD}{{0,2}})")
_FIRST_LINE = _compile_pattern(rf"(?:{_LINE_BREAK})?+{_BASE64_RUN}")
_SHORT_LINE = _compile_pattern(rf"{_LINE_BREAK}(?P<letters>{_BASE64_CHARACTER}{{1,31}}+(?:{_PAD}{{1,2}}|{_DATA_END}))")
_CONTINUATION = _compile_pattern(  # in a truncated text: a line that is still too short, or a partial escape
    _BLANK
    + _build_character_pattern("\r")
    + "?+"
    + _build_character_pattern("\n")
    + rf"?+{_BLANK}(?:{_BASE64_RUN})?+(?:\\(?:u[0-9a-fA-F]{{0,3}})?)?\Z"
)
_IMAGE_PREFIX = re.compile(r"data(?::|%3[aA])image")
_WORD = re.compile(rb"[A-Za-z][a-z]*|[A-Z]+")


def find_image_text(value: Any) -> JSONString | None:
    """Return a value as text that may contain images, or None when it is none."""
    if isinstance(value, str) and _IMAGE_PREFIX.search(value):
        value = JSONString(memoryview(json.dumps(value)[1:-1].encode()))
    if not isinstance(value, JSONString):
        return None
    if has_escapes(value.view) and has_encoded_prefix(value.view):
        return JSONString(memoryview(decode_escapes(value.view)), is_complete=value.is_complete)
    return value if value.has_substring(b"data:image") else None


def split_data_uris(text: JSONString) -> Iterator[tuple[JSONString, bool]]:
    """Yield the pieces of a text in order, each with whether it is an image in base64."""
    view, start = text.view, 0
    for prefix in itertools.islice(_URI_PREFIX.finditer(view), MAX_URIS):
        match = _parse_image(text, start, prefix) if prefix.start() >= start else None
        if match:
            image_start, image, image_end = match
            yield JSONString(view[start:image_start]), False
            yield image, True
            start = image_end
    yield JSONString(view[start:], is_complete=text.is_complete), False


def _parse_image(text: JSONString, start: int, prefix: re.Match[bytes]) -> tuple[int, JSONString, int] | None:
    """Return an image's base64 between its start and end in the text, markup included, or None."""
    view = text.view
    parenthesis = _OPENING_PARENTHESIS.search(view, max(start, prefix.start() - _MAX_OPENING_BYTES), prefix.start())
    if parenthesis and (match := _MARKDOWN_DATA.match(view, prefix.end())):
        data_start, data_end = match.span("data")
        return _find_label_start(view, start, parenthesis.start()), JSONString(view[data_start:data_end]), match.end()
    if match := _PLAIN_DATA.match(view, prefix.end()):
        end = _find_data_end(view, match)
        may_continue = not text.is_complete and not match["pad"] and _CONTINUATION.match(view, end)
        return prefix.start(), JSONString(view[match.start() : end], is_complete=not may_continue), end
    return None


def _find_label_start(view: memoryview, start: int, parenthesis_start: int) -> int:
    """Return where Markdown's `![label](` begins, or where its parenthesis is if there is no label."""
    text = bytes(view[max(start, parenthesis_start - _MAX_LABEL_BYTES) : parenthesis_start])
    offset = text.rfind(b"![") if text.endswith(b"]") else -1
    return parenthesis_start - len(text) + offset if offset >= 0 else parenthesis_start


def _find_data_end(view: memoryview, match: re.Match[bytes]) -> int:
    """Return where base64 ends: after one more, short line if that belongs to it and is not a word."""
    line, start = _SHORT_LINE.match(view, match.end()), match.start()
    if line is None or match["pad"] or _WORD.fullmatch(line["letters"]):
        return match.end()
    first_line = _FIRST_LINE.match(view, start, start + 2 * _MAX_LINE_CHARACTERS)
    if (
        first_line is None
        or first_line.end() > start + _MAX_LINE_CHARACTERS
        or count_base64_characters(view[start : line.end()]) % 4
    ):
        return match.end()
    return line.end()
