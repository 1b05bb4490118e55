"""Reads a prompt: what to show, where, at what time of day and in which style.

`parse_prompt` turns a text into a `ParsedPrompt` with the tables of `vocabulary`. It knows nothing about
drawing: a name in a `ParsedPrompt` is only a name.
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
    PASTEL_WORDS,
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
    """What a prompt asks for; a field is empty when the prompt does not mention it."""

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
    """Return the base forms that `word` may have, itself first."""
    forms = [word]
    for ending, stem in (("ies", "y"), ("ses", "se"), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            forms.append(word[: -len(ending)] + stem)
    return forms


def format_word(word: str) -> str:
    """Return `word` in its usual spelling."""
    return next((DISPLAY_NAMES[form] for form in list_forms(word) if form in DISPLAY_NAMES), word)


def find_name(table: dict[str, str], word: str) -> str:
    """Return the name `word` has in `table`, or an empty string."""
    return next((table[form] for form in list_forms(word) if form in table), "")


class _PromptParser:
    """Reads words from left to right and applies a colour and a number to the next noun."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.parsed_prompt = ParsedPrompt()
        self.colour: Colour | None = None
        self.count = 0
        self.is_headgear_next = False

    def parse(self) -> ParsedPrompt:
        for index, word in enumerate(self.words):
            if self._parse_word(index, word) and (display_name := format_word(word)) not in self.parsed_prompt.words:
                self.parsed_prompt.words.append(display_name)
        self._flush_colour()
        return self.parsed_prompt

    def _parse_word(self, index: int, word: str) -> bool:
        """Read one word; return whether the painter knows it."""
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
        headgear = name or (word if word in HEADGEAR else "")
        wearer = self.parsed_prompt.items[-1] if self.parsed_prompt.items else None
        if headgear in HEADGEAR and self.is_headgear_next and wearer and wearer.name in HEADGEAR_WEARERS:
            self.parsed_prompt.items[-1] = Item(wearer.name, wearer.colour, wearer.count, headgear, self.colour)
        elif not name:
            return False
        else:
            self._add_item(name, word)
        self.colour, self.count, self.is_headgear_next = None, 0, False
        return True

    def _add_item(self, name: str, word: str) -> None:
        count = self.count or (3 if word.endswith("s") and word != "people" and word not in SUBJECT_WORDS else 1)
        count = self.count or (2 if word == "people" else count)
        names = [item.name for item in self.parsed_prompt.items]
        if name in names:  # "a monarch butterfly" names one subject twice
            index = names.index(name)
            previous_item = self.parsed_prompt.items[index]
            colour, count = self.colour or previous_item.colour, max(count, previous_item.count)
            self.parsed_prompt.items[index] = Item(name, colour, count, previous_item.headgear)
        else:
            self.parsed_prompt.items.append(Item(name, self.colour, min(count, MAX_COUNT)))

    def _parse_surroundings(self, word: str) -> bool:
        place, time, style = find_name(PLACE_WORDS, word), find_name(TIME_WORDS, word), find_name(STYLE_WORDS, word)
        if place and (not self.parsed_prompt.place or self.parsed_prompt.place == "sky"):
            self.parsed_prompt.place, self.parsed_prompt.place_colour, self.colour = place, self.colour, None
        if time and not self.parsed_prompt.time:
            self.parsed_prompt.time = time
        if style and style not in self.parsed_prompt.styles:
            self.parsed_prompt.styles.append(style)
        if word in SEASON_COLOURS:
            self.parsed_prompt.season_colour = SEASON_COLOURS[word]
        self.parsed_prompt.is_pastel |= word in PASTEL_WORDS
        return bool(place or time or style or word in SEASON_COLOURS or word in PASTEL_WORDS)

    def _is_fruit(self, index: int) -> bool:
        """Return whether the word is "orange" (or "oranges") used as a noun."""
        word = self.words[index]
        if word == "oranges":
            return True
        next_words = [w for w in self.words[index + 1 : index + 3] if w not in STOP_WORDS]
        is_adjective = any(find_name(SUBJECT_WORDS, w) or find_name(PLACE_WORDS, w) for w in next_words)
        return word == "orange" and index > 0 and self.words[index - 1] in ARTICLES and not is_adjective

    def _flush_colour(self) -> None:
        """Add a colour without a noun to the tints of the picture."""
        if self.colour:
            self.parsed_prompt.tints.append(self.colour)
        self.colour = None
