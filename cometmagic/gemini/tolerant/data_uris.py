"""Images that some relays hide in texts: `data:` URIs, alone, in Markdown or in HTML, in one line or in many.

A text is looked at as it stands in the body, with JSON's escapes, because it may be as large as a picture;
what is found are views on it. This module knows nothing of the rest of an answer.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from cometmagic.gemini.json_string import Blob
from cometmagic.gemini.tolerant.base64_repair import letters_in

MOST = 1000  # places in a text where an image may begin; what stands after them stays text
_OPENING = 100  # bytes in which the parenthesis before an image stands
_LABEL = 2**16  # bytes in which Markdown's ![words] before that stand
_WIDEST = 1000  # characters of a line that may be wrapped base64
_SHORT = {"\n": "n", "\r": "r", "\t": "t", '"': '"', "/": "/"}  # JSON's short escapes of what is looked for


def _one_of(marks: str, letters: str = "", run: str = "") -> str:
    """Return a pattern of one of some marks, plain or as an escape, or of a letter; `run` repeats plain ones."""
    codes = [_SHORT[mark] for mark in marks if mark in _SHORT] + [f"u00(?i:{ord(mark):02x})" for mark in marks]
    return rf"(?:[{letters}{re.escape(marks)}]{run}|\\(?:{'|'.join(codes)}))"


def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode(), re.DOTALL)


_SPACE, _QUOTE, _PAD = map(_one_of, (" \t\r\n", '"', "="))
_LETTER = _one_of("+/_-", "A-Za-z0-9")
_LETTERS = _one_of("+/_-", "A-Za-z0-9", run="++") + "++"
_BLANK = _one_of(" \t") + "*+"
_BREAK = _BLANK + _one_of("\r") + "?+" + _one_of("\n") + _BLANK
_END = f"(?={_BLANK}(?:" + _one_of("\r\n\"'<>()]`=") + r"|\Z))"
# In Markdown's parentheses base64 may be wrapped anyhow. Elsewhere further lines are taken that are too long
# for words (most without an escape, which is quick to see), and a short last one.
_LONG_LINE = rf"{_BREAK}(?=[A-Za-z0-9+/_\-]{{32}}|{_LETTER}{{32}}){_LETTERS}{_END}"
_TITLE = rf"{_QUOTE}(?:(?!{_QUOTE})(?:[^\\]|\\.)){{0,1000}}+{_QUOTE}{_SPACE}*+"

_HEAD = _compiled(
    "data:image"
    + _one_of("/")
    + r"(?:[^,\s\\:;]++|;(?!base64,)|"
    + _one_of('"+/=')
    + rf")*+;base64,(?={_SPACE}{{0,100}}+{_LETTER})"
)
_OPENED = _compiled(rf"\({_SPACE}*+\Z")
_WRAPPED = _compiled("(?P<data>" + _one_of("+/_-= \t\r\n", "A-Za-z0-9", run="++") + rf"++)(?:{_TITLE})?+\)")
_PLAIN = _compiled(rf"(?:{_LETTERS}|(?={_LONG_LINE}))(?:{_LONG_LINE})*+(?P<pad>{_PAD}{{0,2}})")
_FIRST_LINE = _compiled(rf"(?:{_BREAK})?+{_LETTERS}")
_SHORT_LINE = _compiled(rf"{_BREAK}(?P<letters>{_LETTER}{{1,31}}+(?:{_PAD}{{1,2}}|{_END}))")
_GOES_ON = _compiled(  # in a text that was cut: the next line is not long enough yet, or an escape not whole
    _BLANK + _one_of("\r") + "?+" + _one_of("\n") + rf"?+{_BLANK}(?:{_LETTERS})?+(?:\\(?:u[0-9a-fA-F]{{0,3}})?)?\Z"
)
_WORD = re.compile(rb"[A-Za-z][a-z]*|[A-Z]+")


def pieces(text: Blob) -> Iterator[tuple[Blob, bool]]:
    """Yield what a text is made of, in order: words, and base64 of an image where the flag says so."""
    view, start = text.view, 0
    for head in itertools.islice(_HEAD.finditer(view), MOST):
        found = _image(text, start, head) if head.start() >= start else None
        if found:
            before, image, after = found
            yield Blob(view[start:before]), False
            yield image, True
            start = after
    yield Blob(view[start:], whole=text.whole), False


def _image(text: Blob, start: int, head: re.Match[bytes]) -> tuple[int, Blob, int] | None:
    """Return an image, with where the words before it end and those after it begin."""
    view = text.view
    opened = _OPENED.search(view, max(start, head.start() - _OPENING), head.start())
    if opened and (found := _WRAPPED.match(view, head.end())):
        first, last = found.span("data")
        return _label(view, start, opened.start()), Blob(view[first:last]), found.end()
    if found := _PLAIN.match(view, head.end()):
        end = _short_line(view, found)
        may_go_on = not text.whole and not found["pad"] and _GOES_ON.match(view, end)
        return head.start(), Blob(view[found.start() : end], whole=not may_go_on), end
    return None


def _label(view: memoryview, start: int, opened: int) -> int:
    """Return where Markdown's `![words](` begins, or its parenthesis without them."""
    near = bytes(view[max(start, opened - _LABEL) : opened])
    at = near.rfind(b"![") if near.endswith(b"]") else -1
    return opened - len(near) + at if at >= 0 else opened


def _short_line(view: memoryview, found: re.Match[bytes]) -> int:
    """Return where base64 ends: after one more line, when that is the rest of it and no words."""
    line, start = _SHORT_LINE.match(view, found.end()), found.start()
    if line is None or found["pad"] or _WORD.fullmatch(line["letters"]):
        return found.end()
    first = _FIRST_LINE.match(view, start, start + 2 * _WIDEST)
    if first is None or first.end() > start + _WIDEST or letters_in(view[start : line.end()]) % 4:
        return found.end()
    return line.end()
