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
    COLOUR_WORDS,
    DISPLAY_NAMES,
    HEADGEAR,
    HEADGEAR_WEARERS,
    MAX_COUNT,
    NUMBER_WORDS,
    PHRASES,
    PLACE_WORDS,
    SEASON_COLOURS,
    STOP_WORDS,
    STYLE_WORDS,
    SUBJECT_WORDS,
    TIME_WORDS,
)


@dataclass(frozen=True)
class Item:
    """One kind of thing to show."""

    name: str
    colour: Colour | None = None
    count: int = 1
    headgear: str = ""
    headgear_colour: Colour | None = None


@dataclass
class ParsedPrompt:
    """What a prompt asks for; empty where it says nothing."""

    items: list[Item] = field(default_factory=list)
    place: str = ""
    place_colour: Colour | None = None
    time: str = ""
    styles: list[str] = field(default_factory=list)
    season_colour: Colour | None = None
    tints: list[Colour] = field(default_factory=list)
    is_pastel: bool = False
    words: list[str] = field(default_factory=list)


def parse_prompt(prompt: str) -> ParsedPrompt:
    """Return what `prompt` asks for."""
    text = prompt.lower()
    for phrase, word in PHRASES.items():
        text = re.sub(rf"\b{phrase}(s|es)?\b", rf"{word}\1", text)
    return _PromptParser(re.findall(r"[^\W_]+(?:[-'][^\W_]+)*|[,.;]", text)).parse()


def list_forms(word: str) -> list[str]:
    """Return the forms `word` may stand for, itself first."""
    forms = [word]
    for ending, stem in (("ies", "y"), ("ses", "se"), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            forms.append(word[: -len(ending)] + stem)
    return forms


def format_word(word: str) -> str:
    """Return `word` as a person writes it."""
    return next((DISPLAY_NAMES[form] for form in list_forms(word) if form in DISPLAY_NAMES), word)


def find_name(table: dict[str, str], word: str) -> str:
    """Return the name `word` has in `table`, or an empty string."""
    return next((table[form] for form in list_forms(word) if form in table), "")


class _PromptParser:
    """Reads words from left to right, carrying a colour and a number to the noun that follows."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.parsed_prompt = ParsedPrompt()
        self.colour: Colour | None = None
        self.count = 0
        self.is_headgear_next = False

    def parse(self) -> ParsedPrompt:
        for index, word in enumerate(self.words):
            if self._parse_word(index, word) and (told := format_word(word)) not in self.parsed_prompt.words:
                self.parsed_prompt.words.append(told)
        self._flush_colour()
        return self.parsed_prompt

    def _parse_word(self, index: int, word: str) -> bool:
        """Use one word; return whether it was understood."""
        if word in STOP_WORDS:
            self._flush_colour()
            self.is_headgear_next = word in {"in", "with"}
            return False
        if word in {"wearing", "wears"}:
            self.is_headgear_next = True
            return False
        if word in NUMBER_WORDS:
            self.count = NUMBER_WORDS[word]
            return True
        if word in COLOUR_WORDS and not self._is_fruit(index):
            self._flush_colour()
            self.colour = COLOUR_WORDS[word]
            return True
        return self._parse_subject(index, word) or self._parse_surroundings(word)

    def _parse_subject(self, index: int, word: str) -> bool:
        name = "orangefruit" if self._is_fruit(index) else find_name(SUBJECT_WORDS, word)
        worn = name or (word if word in HEADGEAR else "")
        wearer = self.parsed_prompt.items[-1] if self.parsed_prompt.items else None
        if worn in HEADGEAR and self.is_headgear_next and wearer and wearer.name in HEADGEAR_WEARERS:
            self.parsed_prompt.items[-1] = Item(wearer.name, wearer.colour, wearer.count, worn, self.colour)
        elif not name:
            return False
        else:
            self._add_item(name, word)
        self.colour, self.count, self.is_headgear_next = None, 0, False
        return True

    def _add_item(self, name: str, word: str) -> None:
        many = self.count or (3 if word.endswith("s") and word != "people" and word not in SUBJECT_WORDS else 1)
        many = self.count or (2 if word == "people" else many)
        known = [item.name for item in self.parsed_prompt.items]
        if name in known:  # "a monarch butterfly" is one thing said twice
            at = known.index(name)
            old = self.parsed_prompt.items[at]
            self.parsed_prompt.items[at] = Item(name, self.colour or old.colour, max(many, old.count), old.headgear)
        else:
            self.parsed_prompt.items.append(Item(name, self.colour, min(many, MAX_COUNT)))

    def _parse_surroundings(self, word: str) -> bool:
        setting, time, style = find_name(PLACE_WORDS, word), find_name(TIME_WORDS, word), find_name(STYLE_WORDS, word)
        if setting and (not self.parsed_prompt.place or self.parsed_prompt.place == "sky"):
            self.parsed_prompt.place, self.parsed_prompt.place_colour, self.colour = setting, self.colour, None
        if time and not self.parsed_prompt.time:
            self.parsed_prompt.time = time
        if style and style not in self.parsed_prompt.styles:
            self.parsed_prompt.styles.append(style)
        if word in SEASON_COLOURS:
            self.parsed_prompt.season_colour = SEASON_COLOURS[word]
        self.parsed_prompt.is_pastel |= word in {"pastel", "pastels", "soft", "pale"}
        return bool(setting or time or style or word in SEASON_COLOURS or word in {"pastel", "pastels", "soft", "pale"})

    def _is_fruit(self, index: int) -> bool:
        """Return whether the word is "orange" (or "oranges") used as a noun."""
        word = self.words[index]
        if word == "oranges":
            return True
        rest = [w for w in self.words[index + 1 : index + 3] if w not in STOP_WORDS]
        noun = any(find_name(SUBJECT_WORDS, w) or find_name(PLACE_WORDS, w) for w in rest)
        return word == "orange" and index > 0 and self.words[index - 1] in ARTICLES and not noun

    def _flush_colour(self) -> None:
        """Keep a colour that no noun took as a tint of the whole."""
        if self.colour:
            self.parsed_prompt.tints.append(self.colour)
        self.colour = None
