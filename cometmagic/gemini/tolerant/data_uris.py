"""Images that some relays hide in texts: `data:` URIs, alone, in Markdown or in HTML, in one line or in many.

A text is looked at as it stands in the body, with JSON's escapes, because it may be as large as a picture;
what is found are views on it. This module knows nothing of the rest of an answer.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.tolerant.base64_repair import count_base64_characters

MAX_URIS = 1000  # places in a text where an image may begin; what stands after them stays text
_MAX_OPENING_BYTES = 100  # bytes in which the parenthesis before an image stands
_MAX_LABEL_BYTES = 2**16  # bytes in which Markdown's ![words] before that stand
_MAX_LINE_CHARACTERS = 1000  # characters of a line that may be wrapped base64
_SHORT_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", '"': '"', "/": "/"}  # JSON's short escapes of what is looked for


def _build_character_pattern(characters: str, ranges: str = "", quantifier: str = "") -> str:
    """Return a pattern of one of some marks, plain or as an escape, or of a letter; `run` repeats plain ones."""
    codes = [_SHORT_ESCAPES[mark] for mark in characters if mark in _SHORT_ESCAPES] + [
        f"u00(?i:{ord(mark):02x})" for mark in characters
    ]
    return rf"(?:[{ranges}{re.escape(characters)}]{quantifier}|\\(?:{'|'.join(codes)}))"


def _compile(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode(), re.DOTALL)


_SPACE, _QUOTE, _PAD = map(_build_character_pattern, (" \t\r\n", '"', "="))
_BASE64_CHARACTER = _build_character_pattern("+/_-", "A-Za-z0-9")
_BASE64_RUN = _build_character_pattern("+/_-", "A-Za-z0-9", quantifier="++") + "++"
_BLANK = _build_character_pattern(" \t") + "*+"
_LINE_BREAK = _BLANK + _build_character_pattern("\r") + "?+" + _build_character_pattern("\n") + _BLANK
_DATA_END = f"(?={_BLANK}(?:" + _build_character_pattern("\r\n\"'<>()]`=") + r"|\Z))"
# In Markdown's parentheses base64 may be wrapped anyhow. Elsewhere further lines are taken that are too long
# for words (most without an escape, which is quick to see), and a short last one.
_LONG_LINE = rf"{_LINE_BREAK}(?=[A-Za-z0-9+/_\-]{{32}}|{_BASE64_CHARACTER}{{32}}){_BASE64_RUN}{_DATA_END}"
_LINK_TITLE = rf"{_QUOTE}(?:(?!{_QUOTE})(?:[^\\]|\\.)){{0,1000}}+{_QUOTE}{_SPACE}*+"

_URI_PREFIX = _compile(
    "data:image"
    + _build_character_pattern("/")
    + r"(?:[^,\s\\:;]++|;(?!base64,)|"
    + _build_character_pattern('"+/=')
    + rf")*+;base64,(?={_SPACE}{{0,100}}+{_BASE64_CHARACTER})"
)
_OPENING_PARENTHESIS = _compile(rf"\({_SPACE}*+\Z")
_MARKDOWN_DATA = _compile(
    "(?P<data>" + _build_character_pattern("+/_-= \t\r\n", "A-Za-z0-9", quantifier="++") + rf"++)(?:{_LINK_TITLE})?+\)"
)
_PLAIN_DATA = _compile(rf"(?:{_BASE64_RUN}|(?={_LONG_LINE}))(?:{_LONG_LINE})*+(?P<pad>{_PAD}{{0,2}})")
_FIRST_LINE = _compile(rf"(?:{_LINE_BREAK})?+{_BASE64_RUN}")
_SHORT_LINE = _compile(rf"{_LINE_BREAK}(?P<letters>{_BASE64_CHARACTER}{{1,31}}+(?:{_PAD}{{1,2}}|{_DATA_END}))")
_CONTINUATION = _compile(  # in a text that was cut: the next line is not long enough yet, or an escape not whole
    _BLANK
    + _build_character_pattern("\r")
    + "?+"
    + _build_character_pattern("\n")
    + rf"?+{_BLANK}(?:{_BASE64_RUN})?+(?:\\(?:u[0-9a-fA-F]{{0,3}})?)?\Z"
)
_WORD = re.compile(rb"[A-Za-z][a-z]*|[A-Z]+")


def split_data_uris(text: JSONString) -> Iterator[tuple[JSONString, bool]]:
    """Yield what a text is made of, in order: words, and base64 of an image where the flag says so."""
    view, start = text.view, 0
    for head in itertools.islice(_URI_PREFIX.finditer(view), MAX_URIS):
        found = _parse_image(text, start, head) if head.start() >= start else None
        if found:
            before, image, after = found
            yield JSONString(view[start:before]), False
            yield image, True
            start = after
    yield JSONString(view[start:], is_complete=text.is_complete), False


def _parse_image(text: JSONString, start: int, prefix: re.Match[bytes]) -> tuple[int, JSONString, int] | None:
    """Return an image, with where the words before it end and those after it begin."""
    view = text.view
    opened = _OPENING_PARENTHESIS.search(view, max(start, prefix.start() - _MAX_OPENING_BYTES), prefix.start())
    if opened and (found := _MARKDOWN_DATA.match(view, prefix.end())):
        first, last = found.span("data")
        return _find_label_start(view, start, opened.start()), JSONString(view[first:last]), found.end()
    if found := _PLAIN_DATA.match(view, prefix.end()):
        end = _find_data_end(view, found)
        may_go_on = not text.is_complete and not found["pad"] and _CONTINUATION.match(view, end)
        return prefix.start(), JSONString(view[found.start() : end], is_complete=not may_go_on), end
    return None


def _find_label_start(view: memoryview, start: int, parenthesis_start: int) -> int:
    """Return where Markdown's `![words](` begins, or its parenthesis without them."""
    near = bytes(view[max(start, parenthesis_start - _MAX_LABEL_BYTES) : parenthesis_start])
    at = near.rfind(b"![") if near.endswith(b"]") else -1
    return parenthesis_start - len(near) + at if at >= 0 else parenthesis_start


def _find_data_end(view: memoryview, match: re.Match[bytes]) -> int:
    """Return where base64 ends: after one more line, when that is the rest of it and no words."""
    line, start = _SHORT_LINE.match(view, match.end()), match.start()
    if line is None or match["pad"] or _WORD.fullmatch(line["letters"]):
        return match.end()
    first = _FIRST_LINE.match(view, start, start + 2 * _MAX_LINE_CHARACTERS)
    if (
        first is None
        or first.end() > start + _MAX_LINE_CHARACTERS
        or count_base64_characters(view[start : line.end()]) % 4
    ):
        return match.end()
    return line.end()
