"""How a prompt is read: what to show, where, when and in which manner.

`read` turns a text into a `Reading` with the tables of `vocabulary`. It knows nothing of drawing: a name in
a `Reading` is only a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cometmagic.offline.painter.colour import Colour
from cometmagic.offline.painter.vocabulary import (
    ARTICLES,
    COLOURS,
    HEADED,
    HEADGEAR,
    MOST,
    NUMBERS,
    PHRASES,
    SEASONS,
    SETTINGS,
    SPOKEN,
    STOPS,
    STYLES,
    SUBJECTS,
    TIMES,
)


@dataclass(frozen=True)
class Item:
    """One kind of thing to show."""

    name: str
    colour: Colour | None = None
    count: int = 1
    wears: str = ""
    wears_colour: Colour | None = None


@dataclass
class Reading:
    """What a prompt asks for; empty where it says nothing."""

    items: list[Item] = field(default_factory=list)
    setting: str = ""
    setting_colour: Colour | None = None
    time: str = ""
    styles: list[str] = field(default_factory=list)
    season: Colour | None = None
    tints: list[Colour] = field(default_factory=list)
    pastel: bool = False
    words: list[str] = field(default_factory=list)


def read(prompt: str) -> Reading:
    """Return what `prompt` asks for."""
    text = prompt.lower()
    for phrase, word in PHRASES.items():
        text = re.sub(rf"\b{phrase}(s|es)?\b", rf"{word}\1", text)
    return _Reader(re.findall(r"[^\W_]+(?:[-'][^\W_]+)*|[,.;]", text)).run()


def singular(word: str) -> list[str]:
    """Return the forms `word` may stand for, itself first."""
    forms = [word]
    for ending, stem in (("ies", "y"), ("ses", "se"), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            forms.append(word[: -len(ending)] + stem)
    return forms


def spoken(word: str) -> str:
    """Return `word` as a person writes it."""
    return next((SPOKEN[form] for form in singular(word) if form in SPOKEN), word)


def lookup(table: dict[str, str], word: str) -> str:
    """Return the name `word` has in `table`, or an empty string."""
    return next((table[form] for form in singular(word) if form in table), "")


class _Reader:
    """Reads words from left to right, carrying a colour and a number to the noun that follows."""

    def __init__(self, words: list[str]) -> None:
        self.all = words
        self.out = Reading()
        self.colour: Colour | None = None
        self.count = 0
        self.wearing = False

    def run(self) -> Reading:
        for index, word in enumerate(self.all):
            if self._take(index, word) and (told := spoken(word)) not in self.out.words:
                self.out.words.append(told)
        self._drop_colour()
        return self.out

    def _take(self, index: int, word: str) -> bool:
        """Use one word; return whether it was understood."""
        if word in STOPS:
            self._drop_colour()
            self.wearing = word in {"in", "with"}
            return False
        if word in {"wearing", "wears"}:
            self.wearing = True
            return False
        if word in NUMBERS:
            self.count = NUMBERS[word]
            return True
        if word in COLOURS and not self._is_fruit(index):
            self._drop_colour()
            self.colour = COLOURS[word]
            return True
        return self._subject(index, word) or self._surroundings(word)

    def _subject(self, index: int, word: str) -> bool:
        name = "orangefruit" if self._is_fruit(index) else lookup(SUBJECTS, word)
        worn = name or (word if word in HEADGEAR else "")
        wearer = self.out.items[-1] if self.out.items else None
        if worn in HEADGEAR and self.wearing and wearer and wearer.name in HEADED:
            self.out.items[-1] = Item(wearer.name, wearer.colour, wearer.count, worn, self.colour)
        elif not name:
            return False
        else:
            self._add(name, word)
        self.colour, self.count, self.wearing = None, 0, False
        return True

    def _add(self, name: str, word: str) -> None:
        many = self.count or (3 if word.endswith("s") and word != "people" and word not in SUBJECTS else 1)
        many = self.count or (2 if word == "people" else many)
        known = [item.name for item in self.out.items]
        if name in known:  # "a monarch butterfly" is one thing said twice
            at = known.index(name)
            old = self.out.items[at]
            self.out.items[at] = Item(name, self.colour or old.colour, max(many, old.count), old.wears)
        else:
            self.out.items.append(Item(name, self.colour, min(many, MOST)))

    def _surroundings(self, word: str) -> bool:
        setting, time, style = lookup(SETTINGS, word), lookup(TIMES, word), lookup(STYLES, word)
        if setting and (not self.out.setting or self.out.setting == "sky"):
            self.out.setting, self.out.setting_colour, self.colour = setting, self.colour, None
        if time and not self.out.time:
            self.out.time = time
        if style and style not in self.out.styles:
            self.out.styles.append(style)
        if word in SEASONS:
            self.out.season = SEASONS[word]
        self.out.pastel |= word in {"pastel", "pastels", "soft", "pale"}
        return bool(setting or time or style or word in SEASONS or word in {"pastel", "pastels", "soft", "pale"})

    def _is_fruit(self, index: int) -> bool:
        """Return whether the word is "orange" (or "oranges") used as a noun."""
        word = self.all[index]
        if word == "oranges":
            return True
        rest = [w for w in self.all[index + 1 : index + 3] if w not in STOPS]
        noun = any(lookup(SUBJECTS, w) or lookup(SETTINGS, w) for w in rest)
        return word == "orange" and index > 0 and self.all[index - 1] in ARTICLES and not noun

    def _drop_colour(self) -> None:
        """Keep a colour that no noun took as a tint of the whole."""
        if self.colour:
            self.out.tints.append(self.colour)
        self.colour = None
