"""The words the painter understands, and how a prompt is read.

Tables of words, and `read`, which turns a prompt into a `Reading`: what to show, where, when and in
which manner. It knows nothing of drawing: a name in a `Reading` is only a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "red": (206, 54, 48), "crimson": (176, 28, 58), "scarlet": (222, 58, 36), "maroon": (112, 32, 44),
    "pink": (240, 150, 172), "magenta": (204, 48, 132), "coral": (244, 124, 98), "peach": (250, 190, 150),
    "orange": (238, 130, 44), "ochre": (204, 146, 54), "amber": (244, 172, 50), "gold": (222, 176, 66),
    "golden": (226, 178, 68), "yellow": (246, 206, 72), "lemon": (248, 226, 106), "cream": (246, 234, 206),
    "lime": (166, 206, 72), "green": (72, 148, 88), "emerald": (28, 140, 104), "olive": (130, 134, 64),
    "mint": (158, 218, 186), "sage": (150, 172, 140), "teal": (30, 132, 136), "turquoise": (62, 190, 188),
    "cyan": (76, 196, 222), "aqua": (110, 206, 212), "blue": (52, 108, 186), "navy": (32, 50, 104),
    "azure": (78, 152, 226), "indigo": (68, 62, 146), "violet": (122, 82, 176), "purple": (122, 66, 152),
    "lavender": (184, 168, 222), "lilac": (202, 168, 214), "brown": (130, 86, 58), "tan": (208, 174, 132),
    "beige": (226, 208, 178), "black": (46, 44, 54), "white": (246, 244, 238), "grey": (146, 150, 156),
    "gray": (146, 150, 156), "silver": (190, 198, 206), "copper": (184, 106, 68),
}  # fmt: skip


def _table(text: str) -> dict[str, str]:
    """Return {word: name} of lines "name: word word"; every name is a word for itself."""
    rows = (line.split(":") for line in text.strip().splitlines())
    return {word: name.strip() for name, words in rows for word in (name.strip(), *words.split())}


PHRASES = {
    "hot air balloon": "airballoon", "hot-air balloon": "airballoon", "pop art": "popart", "pop-art": "popart",
    "space suit": "spacesuit", "space ship": "rocket", "water colour": "watercolour", "golden hour": "sunset",
    "comic book": "comic", "light house": "lighthouse", "tea pot": "teapot", "motor car": "car", "pixel art": "pixel",
    "line art": "sketch", "coffee shop": "room", "coffee cup": "cup", "cup of coffee": "cup", "cup of tea": "cup",
    "sail boat": "boat", "outer space": "space", "top hat": "hat", "christmas tree": "pine", "palm tree": "palm",
}  # fmt: skip

SUBJECTS = _table("""
bicycle: bike cycle
cat: kitten kitty tabby
dog: puppy hound terrier
fox: vixen
rabbit: bunny hare
bird: robin sparrow songbird parrot finch canary
owl: owlet
fish: goldfish koi
butterfly: monarch moth
flower: daisy poppy sunflower blossom bouquet
rose:
tulip:
tree: oak birch willow
pine: fir spruce
palm: coconut
house: cottage cabin hut farmhouse barn
castle: palace fortress fort
boat: sailboat yacht sloop ship dinghy
hat: cap fedora
car: automobile taxi
balloon:
airballoon: dirigible
lighthouse:
cup: coffee mug tea latte espresso
book: novel textbook notebook
robot: android
rocket: spaceship spacecraft
person: man woman girl boy child student teacher people traveller wanderer figure
astronaut: cosmonaut
star:
moon: crescent
sun: sunshine
apple:
banana:
orangefruit: tangerine clementine
teapot: kettle
mushroom: toadstool
heart: love valentine
umbrella: parasol
""")

SETTINGS = _table("""
wall: brick
sea: ocean water waves harbour harbor bay sailing
lake: river pond lagoon
beach: coast shore island seaside
forest: woods woodland jungle
desert: dune sahara savanna canyon
city: street town skyline urban downtown rooftop
snow: winter arctic snowy iceberg
room: table kitchen desk studio library indoors shelf windowsill classroom
space: galaxy planet orbit cosmos nebula universe
garden: park meadow lawn grass field
hills: hill countryside landscape valley village
mountains: mountain alps peak summit volcano
underwater: reef aquarium coral-reef
sky: cloud flying
""")

TIMES = _table("""
dawn: sunrise morning daybreak
noon: day midday sunny sunlit bright daylight
sunset: dusk evening twilight sundown
night: midnight moonlit nocturnal starry moonlight
fog: foggy mist misty haze hazy
rain: rainy storm stormy drizzle
""")

STYLES = _table("""
watercolour: watercolor aquarelle
sketch: pencil drawing charcoal etching doodle
parchment: vintage antique anatomical sepia engraving
blueprint: technical schematic diagram
popart: comic cartoon warhol
minimal: minimalist simple minimalistic
pixel: 8-bit 8bit pixelated
neon: cyberpunk synthwave glowing
""")

SEASONS: dict[str, Colour] = {
    "autumn": (214, 120, 48), "fall": (214, 120, 48), "autumnal": (214, 120, 48), "spring": (240, 172, 190),
    "cherry": (240, 172, 190), "summer": (104, 164, 82),
}  # fmt: skip

NUMBERS = {"two": 2, "pair": 2, "couple": 2, "three": 3, "four": 4, "five": 5, "several": 4, "many": 5, "some": 3}
NUMBERS |= {str(n): n for n in range(2, 6)}
MOST = 5

# Words that make clear that "orange" stands for the fruit: "an orange and a cup".
ARTICLES = {"a", "an", "the", "one", "ripe", "juicy", "fresh", "sliced"}
# A colour reaches over adjectives ("a red shiny bicycle") but not over these.
STOPS = {"and", "on", "in", "with", "at", "of", "by", "near", "over", "under", "against", "for", "to", ",", ".", ";"}
HEADGEAR = {"hat", "spacesuit", "helmet"}
HEADED = {"cat", "dog", "fox", "rabbit", "bird", "owl", "robot", "banana", "person", "fish", "teapot", "mushroom"}


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
            if self._take(index, word) and word not in self.out.words:
                self.out.words.append(word)
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
        many = self.count or (3 if word.endswith("s") and word not in {"people"} and word not in SUBJECTS else 1)
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
