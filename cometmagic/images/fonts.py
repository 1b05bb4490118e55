"""What is written on a contact sheet: letters that can be drawn, and lines that fit.

Pillow brings a font of its own, which has little more than ASCII. A font of the system is taken when the texts
need one and it is there; what no font has is spelled without accents, or left out. This module knows nothing of
sheets.
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

MAX_DRAWN_LENGTH = 240  # characters of a text that are looked at
ELLIPSIS = "…"
VALUE_SEPARATOR = " · "  # what stands in a label between the values of two options
UNMAPPED_CHARACTER = "\uffff"  # no font has a letter here
# Fonts with many letters: of most Linux systems, of Windows, of macOS, and two for Chinese, Japanese and Korean.
FONT_FILES = ("DejaVuSans.ttf", "segoeui.ttf", "Arial Unicode.ttf", "NotoSansCJK-Regular.ttc", "msyh.ttc")

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class LabelFont:
    """A font, and the letters that it lacks."""

    font: Font
    missing_letters: frozenset[str]

    @cached_property
    def line_height(self) -> int:
        """The height of a line in pixels."""
        _, top, _, bottom = self.font.getbbox("Ågjy|")
        return round((bottom - top) * 1.3)

    def replace_missing_letters(self, text: str, number: int) -> str:
        """Return a text as it can be drawn; where letters are lost, `number` leads to the whole of it elsewhere."""
        kept = [letter if letter not in self.missing_letters else self._strip_accents(letter) for letter in text]
        spelled = " ".join("".join(kept).split())
        return spelled if all(kept) else f"#{number} {spelled}".rstrip()

    def _strip_accents(self, letter: str) -> str:
        """Return a letter without its accents, or nothing."""
        bare = "".join(one for one in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(one))
        return bare if bare != letter and bare.isascii() else ""

    def fit(self, text: str, width: float, max_lines: int) -> list[str]:
        """Return a text in at most `most` lines of `width` pixels; where it is too long, its middle is left out."""
        lines = self._wrap(text, width)
        if len(lines) <= max_lines:
            return lines

        def is_too_long(kept: int) -> bool:
            return len(self._wrap(_elide_middle(text, kept), width)) > max_lines

        kept = bisect.bisect_left(
            range(1, len(text)), True, key=is_too_long
        )  # of so many letters and one, one too many
        return self._wrap(_elide_middle(text, kept), width)[:max_lines]

    def _wrap(self, text: str, width: float) -> list[str]:
        """Return a text in lines of `width` pixels; a word that is wider is broken."""
        lines = [""]
        for word in text.split():
            joined = f"{lines[-1]} {word}".lstrip()
            if self.font.getlength(joined) <= width:
                lines[-1] = joined
                continue
            *whole, rest = self._break_word(word, width)
            lines += [*whole, rest]
        # What stands between two values is not needed between two lines.
        return [told for one in lines if (told := one.strip(VALUE_SEPARATOR))]

    def _break_word(self, word: str, width: float) -> Iterator[str]:
        while len(word) > 1 and self.font.getlength(word) > width:
            fits = next((size for size in range(len(word) - 1, 0, -1) if self.font.getlength(word[:size]) <= width), 1)
            yield word[:fits]
            word = word[fits:]
        yield word

    def draw_lines(
        self, draw: ImageDraw.ImageDraw, middle: float, top: float, lines: Iterable[str], colour: str
    ) -> None:
        """Draw lines one below the other, each around `middle`."""
        for number, one in enumerate(lines):
            left = middle - self.font.getlength(one) / 2
            draw.text((round(left), round(top + number * self.line_height)), one, fill=colour, font=self.font)


def load_label_font(texts: Iterable[str], size: int) -> LabelFont:
    """Return the lettering, `size` pixels high, that lacks the fewest letters of some texts."""
    letters = {letter for text in texts for letter in text if not letter.isspace()}
    best = _build_label_font(ImageFont.load_default(size), letters)
    for name in FONT_FILES:
        if not best.missing_letters:
            break
        with contextlib.suppress(OSError):  # it is not here
            best = min(
                best,
                _build_label_font(ImageFont.truetype(name, size), letters),
                key=lambda one: len(one.missing_letters),
            )
    return best


def _build_label_font(font: Font, letters: set[str]) -> LabelFont:
    nothing = bytes(font.getmask(UNMAPPED_CHARACTER))
    return LabelFont(font, frozenset(letter for letter in letters if bytes(font.getmask(letter)) in (nothing, b"")))


def format_label(text: str) -> str:
    """Return a foreign text as one line that may be drawn."""
    told = clean_line(text, 20 * MAX_DRAWN_LENGTH)
    return told if len(told) <= MAX_DRAWN_LENGTH else _elide_middle(told, MAX_DRAWN_LENGTH)


def _elide_middle(text: str, length: int) -> str:
    """Return a text with `kept` of its letters: more of its beginning than of its end, where a number may stand."""
    tail = length // 3
    return f"{text[: length - tail].rstrip()}{ELLIPSIS}{text[len(text) - tail :].lstrip()}"
