"""The words that the painter knows: tables and nothing else."""

from __future__ import annotations

from cometmagic.offline.painter.colour import Colour

COLOUR_WORDS: dict[str, Colour] = {
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


def _parse_word_table(text: str) -> dict[str, str]:
    """Return {word: name} of lines "name: word word"; every name is also a word."""
    rows = (line.split(":") for line in text.strip().splitlines())
    return {word: name.strip() for name, words in rows for word in (name.strip(), *words.split())}


PHRASES = {
    "hot air balloon": "airballoon", "hot-air balloon": "airballoon", "pop art": "popart", "pop-art": "popart",
    "space suit": "spacesuit", "space ship": "rocket", "water colour": "watercolour", "golden hour": "sunset",
    "comic book": "comic", "light house": "lighthouse", "tea pot": "teapot", "motor car": "car", "pixel art": "pixel",
    "line art": "sketch", "coffee shop": "room", "coffee cup": "cup", "cup of coffee": "cup", "cup of tea": "cup",
    "sail boat": "boat", "outer space": "space", "top hat": "hat", "christmas tree": "pine", "palm tree": "palm",
}  # fmt: skip


# The usual spelling of the names that `PHRASES` introduces.
DISPLAY_NAMES = {
    "airballoon": "hot air balloon",
    "popart": "pop art",
    "spacesuit": "space suit",
    "orangefruit": "orange",
}

SUBJECT_WORDS = _parse_word_table("""
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


PLACE_WORDS = _parse_word_table("""
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


TIME_WORDS = _parse_word_table("""
dawn: sunrise morning daybreak
noon: day midday sunny sunlit bright daylight
sunset: dusk evening twilight sundown
night: midnight moonlit nocturnal starry moonlight
fog: foggy mist misty haze hazy
rain: rainy storm stormy drizzle
""")


STYLE_WORDS = _parse_word_table("""
watercolour: watercolor aquarelle
sketch: pencil drawing charcoal etching doodle
parchment: vintage antique anatomical sepia engraving
blueprint: technical schematic diagram
popart: comic cartoon warhol
minimal: minimalist simple minimalistic
pixel: 8-bit 8bit pixelated
neon: cyberpunk synthwave glowing
""")


SEASON_COLOURS: dict[str, Colour] = {
    "autumn": (214, 120, 48), "fall": (214, 120, 48), "autumnal": (214, 120, 48), "spring": (240, 172, 190),
    "cherry": (240, 172, 190), "summer": (104, 164, 82),
}  # fmt: skip


PASTEL_WORDS = {"pastel", "pastels", "soft", "pale"}
NUMBER_WORDS = {"two": 2, "pair": 2, "couple": 2, "three": 3, "four": 4, "five": 5, "several": 4, "many": 5, "some": 3}


NUMBER_WORDS |= {str(n): n for n in range(2, 6)}


MAX_COUNT = 5


# Before "orange", these words show that it is the fruit: "an orange and a cup".
ARTICLES = {"a", "an", "the", "one", "ripe", "juicy", "fresh", "sliced"}


# A colour applies across adjectives ("a red shiny bicycle") but not across these.
STOP_WORDS = {
    "and",
    "on",
    "in",
    "with",
    "at",
    "of",
    "by",
    "near",
    "over",
    "under",
    "against",
    "for",
    "to",
    ",",
    ".",
    ";",
}


HEADGEAR = {"hat", "spacesuit", "helmet"}
HEADGEAR_WEARERS = {
    "cat",
    "dog",
    "fox",
    "rabbit",
    "bird",
    "owl",
    "robot",
    "banana",
    "person",
    "fish",
    "teapot",
    "mushroom",
}
