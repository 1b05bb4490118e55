"""Labels that can be drawn: a font that has their letters, and lines that fit.

Pillow's own font has little more than ASCII. When the texts need more, a system font is used if there is one;
letters that no font has lose their accents or are left out. This module knows nothing about contact sheets.
"""

from __future__ import annotations

import bisect
import contextlib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from PIL import ImageDraw, ImageFont

from cometmagic.system.sanitize import clean_line

MAX_DRAWN_LENGTH = 240  # characters
ELLIPSIS = "…"
VALUE_SEPARATOR = " · "  # between the values of two options in a label
UNMAPPED_CHARACTER = "\uffff"  # no font has a letter here
# Fonts with many letters: on most Linux systems, on Windows, on macOS, and two for Chinese, Japanese and Korean.
FONT_FILES = ("DejaVuSans.ttf", "segoeui.ttf", "Arial Unicode.ttf", "NotoSansCJK-Regular.ttc", "msyh.ttc")

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class LabelFont:
    """A font, and the letters that it lacks."""

    font: Font
    missing_letters: frozenset[str]

    @cached_property
    def line_height(self) -> int:
        """Height of a line in pixels."""
        _, top, _, bottom = self.font.getbbox("Ågjy|")
        return round((bottom - top) * 1.3)

    def replace_missing_letters(self, text: str, number: int) -> str:
        """Return a text that can be drawn; if letters are lost, it begins with `#` and `number` to identify it."""
        letters = [letter if letter not in self.missing_letters else self._strip_accents(letter) for letter in text]
        drawable = " ".join("".join(letters).split())
        return drawable if all(letters) else f"#{number} {drawable}".rstrip()

    def _strip_accents(self, letter: str) -> str:
        """Return a letter without its accents, or "" when no ASCII letter remains."""
        base = "".join(
            character for character in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(character)
        )
        return base if base != letter and base.isascii() else ""

    def fit(self, text: str, width: float, max_lines: int) -> list[str]:
        """Return a text in at most `max_lines` lines of `width` pixels; if it is too long, its middle is left out."""
        lines = self._wrap(text, width)
        if len(lines) <= max_lines:
            return lines

        def is_too_long(length: int) -> bool:
            return len(self._wrap(_elide_middle(text, length), width)) > max_lines

        # The index of the first length that is too long is the last length that fits.
        length = bisect.bisect_left(range(1, len(text)), True, key=is_too_long)
        return self._wrap(_elide_middle(text, length), width)[:max_lines]

    def _wrap(self, text: str, width: float) -> list[str]:
        """Return a text in lines of `width` pixels; a wider word is broken."""
        lines = [""]
        for word in text.split():
            line = f"{lines[-1]} {word}".lstrip()
            if self.font.getlength(line) <= width:
                lines[-1] = line
                continue
            *pieces, remainder = self._break_word(word, width)
            lines += [*pieces, remainder]
        # The separator of two values is not needed at a line break.
        return [stripped for line in lines if (stripped := line.strip(VALUE_SEPARATOR))]

    def _break_word(self, word: str, width: float) -> Iterator[str]:
        while len(word) > 1 and self.font.getlength(word) > width:
            lengths = range(1, len(word))
            length = max(1, bisect.bisect_right(lengths, width, key=lambda length: self.font.getlength(word[:length])))
            yield word[:length]
            word = word[length:]
        yield word

    def draw_lines(self, draw: ImageDraw.ImageDraw, x: float, y: float, lines: Iterable[str], colour: str) -> None:
        """Draw lines below each other, each centred at `x`; the first begins at `y`."""
        for number, line in enumerate(lines):
            left = x - self.font.getlength(line) / 2
            draw.text((round(left), round(y + number * self.line_height)), line, fill=colour, font=self.font)


def load_label_font(texts: Iterable[str], size: int) -> LabelFont:
    """Return the font, `size` pixels high, that lacks the fewest letters of some texts."""
    letters = {letter for text in texts for letter in text if not letter.isspace()}
    best_font = _build_label_font(ImageFont.load_default(size), letters)
    for name in FONT_FILES:
        if not best_font.missing_letters:
            break
        with contextlib.suppress(OSError):  # not installed
            best_font = min(
                best_font,
                _build_label_font(ImageFont.truetype(name, size), letters),
                key=lambda label_font: len(label_font.missing_letters),
            )
    return best_font


def _build_label_font(font: Font, letters: set[str]) -> LabelFont:
    placeholder = bytes(font.getmask(UNMAPPED_CHARACTER))
    return LabelFont(font, frozenset(letter for letter in letters if bytes(font.getmask(letter)) in (placeholder, b"")))


def format_label(text: str) -> str:
    """Return an untrusted text as one line that can be drawn."""
    label = clean_line(text, 20 * MAX_DRAWN_LENGTH)
    return label if len(label) <= MAX_DRAWN_LENGTH else _elide_middle(label, MAX_DRAWN_LENGTH)


def _elide_middle(text: str, length: int) -> str:
    """Return `length` characters of a text: more from the start, fewer from the end, where a number may be."""
    tail_length = length // 3
    return f"{text[: length - tail_length].rstrip()}{ELLIPSIS}{text[len(text) - tail_length :].lstrip()}"
