"""Where HTML and Markdown show pictures that may be replaced by smaller ones, without harm to the page.

Those are the pictures of plain `<img>` elements, of Markdown's `![…](…)` and the frames of matplotlib's animations.
Everything else in which an address can stand is left alone: links, styles, scripts, maps and canvases. This module
does not read the addresses. Source: the HTML standard, and matplotlib's `HTMLWriter`.
"""

from __future__ import annotations

import bisect
import re
from html.parser import HTMLParser
from itertools import accumulate

from cometmagic.images.page_rules import PageRules

Span = tuple[int, int]  # of characters
_VOID_TAGS = {*("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")}
_FIXING_TAGS = {
    *("script", "style", "svg", "math", "template", "noscript", "iframe", "object", "canvas", "picture", "video"),
    *("audio", "textarea", "title", "map", "xmp", "select"),
}
_MAX_DEPTH = 100  # elements that one end tag may close
_SOURCE = re.compile(r"""\ssrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_MARKDOWN_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?([^\s()<>]+)")
_MARKDOWN_CODE = re.compile(
    r"^ {0,3}(```+|~~~+).*?(?:^ {0,3}\1|\Z)|(?<!`)(`+)(?!`).{1,2000}?(?<!`)\2(?!`)", re.DOTALL | re.MULTILINE
)
_ANIMATION = re.compile(r"\bnew Animation\(\s*frames\b")
_ANIMATION_FRAME = re.compile(r'^\s*frames\[\d+\]\s*=\s*"([^"]*)"\s*;?\s*$', re.MULTILINE)


def find_pictures(text: str, rules: PageRules, *, is_markdown: bool = False) -> list[Span]:
    """Return where the addresses of pictures stand that may be replaced, in order."""
    if is_markdown:
        text = _MARKDOWN_CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    finder = _ImageFinder(text, rules)
    spans = finder.spans
    if is_markdown:
        images = (match.span(1) for match in _MARKDOWN_IMAGE.finditer(text))
        spans += [span for span in images if not finder.is_fixed_at(span[0])]
    if _ANIMATION.search(text):
        spans += [match.span(1) for match in _ANIMATION_FRAME.finditer(text)]
    return sorted(spans)


class _ImageFinder(HTMLParser):
    """Finds the addresses of the `<img>` elements that nothing places, reads or links."""

    def __init__(self, text: str, rules: PageRules) -> None:
        super().__init__(convert_charrefs=False)
        self.spans: list[Span] = []
        self._rules = rules
        self._line_starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        self._open_tags: list[tuple[str, bool]] = []  # each with whether it or one around it fixes what it holds
        self._has_script = "<script" in text.lower()
        self._changes: list[tuple[int, bool]] = [(0, False)]  # where what follows becomes fixed, or free again
        self.feed(text)
        self.close()

    def is_fixed_at(self, position: int) -> bool:
        """Whether an element around a position fixes what it holds."""
        return self._changes[bisect.bisect(self._changes, (position, True)) - 1][1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        is_fixed = self._is_inside_fixed() or tag in _FIXING_TAGS or self._rules.is_fixed(tag, dict(attrs))
        if tag == "img":
            if not (is_fixed or self._has_script):
                self._add_source()
        elif tag not in _VOID_TAGS:
            self._open_tags.append((tag, is_fixed))
            self._note_change()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """HTML takes `<div/>` for the start of an element."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close an element and those in it, unless one of them fixes what it holds and was not closed itself."""
        for depth, (open_tag, is_fixed) in enumerate(reversed(self._open_tags[-_MAX_DEPTH:]), 1):
            if open_tag == tag:
                if is_fixed == self._is_inside_fixed():
                    del self._open_tags[-depth:]
                    self._note_change()
                return

    def _is_inside_fixed(self) -> bool:
        return bool(self._open_tags) and self._open_tags[-1][1]

    def _note_change(self) -> None:
        self._changes.append((self._position, self._is_inside_fixed()))

    @property
    def _position(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column

    def _add_source(self) -> None:
        if match := _SOURCE.search(self.get_starttag_text() or ""):
            start, end = match.span(match.lastindex or 0)
            self.spans.append((self._position + start, self._position + end))
