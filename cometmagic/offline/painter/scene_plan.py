"""The plan of a picture: which place, hour, palette and manner a prompt asks for.

Decided once, from the words and the seed, before anything is drawn and whatever the size.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from cometmagic.offline.painter.colour import WHITE, light, mix
from cometmagic.offline.painter.daylight import HOURS, LANDS, Hour
from cometmagic.offline.painter.pen import Finish, Pen
from cometmagic.offline.painter.prompt_parser import Reading
from cometmagic.offline.painter.scene import Stage
from cometmagic.offline.painter.subjects import ROLES

if TYPE_CHECKING:
    from PIL import Image

_SCENIC = ("hills", "mountains", "sea", "lake", "desert", "forest", "garden", "beach", "snow", "sky")


_HOURS = ("noon", "golden", "dawn", "sunset", "night")


SKY_ITEMS = {"sun", "moon", "star"}


class Plan:
    """What a prompt comes to: place, hour, palette and cast."""

    def __init__(self, reading: Reading, seed: str) -> None:
        self.reading, self.seed = reading, seed
        dice = random.Random(seed)
        names = [item.name for item in reading.items]
        self.place = self._place(dice, names)
        self.hour = self._hour(dice, names)
        self.land = dice.choice(LANDS)
        self.foliage = reading.season or dice.choice(((92, 142, 88), (84, 136, 102), (110, 146, 80), (70, 124, 96)))
        self._tint(reading)

    def _place(self, dice: random.Random, names: list[str]) -> str:
        asked, first = self.reading.setting, names[0] if names else ""
        if "fish" in names and asked in {"", "sea", "lake"} and len(names) == 1:
            return "underwater"
        if asked:
            return asked
        if first:
            homes = next((ROLES[name].home for name in names if name not in SKY_ITEMS), ROLES[first].home)
            return "space" if any(item.wears == "spacesuit" for item in self.reading.items) else dice.choice(homes)
        return "forest" if self.reading.season else dice.choice(_SCENIC)

    def _hour(self, dice: random.Random, names: list[str]) -> Hour:
        name = self.reading.time
        if not name and ({"moon", "star"} & set(names) or self.place == "space" or "neon" in self.reading.styles):
            name = "night"
        if not name:
            name = dice.choice(("noon", "golden", "dawn") if names else _HOURS)
        if self.place == "space":
            name = "night"
        if self.place == "wall" and self.reading.time == "noon":
            name = "golden"
        return dice.choice(HOURS[name])

    def _tint(self, reading: Reading) -> None:
        """Let colours that belong to no thing, seasons and "pastel" set the palette."""
        for index, tint in enumerate(reading.tints[:2]):
            share = (0.62, 0.3)[index]
            sky = tuple(mix(colour, light(tint, 0.12 * depth), share) for depth, colour in enumerate(self.hour.sky))
            self.hour = replace(self.hour, sky=sky, ambient=mix(self.hour.ambient, light(tint, 0.5), share * 0.6))
            self.land = tuple(mix(colour, tint, 0.5) for colour in self.land)
        if reading.season:
            self.land = tuple(mix(colour, reading.season, 0.42) for colour in self.land)
        if reading.pastel:
            self.hour = replace(
                self.hour, sky=tuple(mix(colour, WHITE, 0.45) for colour in self.hour.sky), clouds=self.hour.clouds + 2
            )
            self.land = tuple(mix(colour, (250, 236, 240), 0.5) for colour in self.land)

    def stage(self, canvas: Image.Image, finish: Finish) -> Stage:
        """Return a stage on `canvas`, not yet set."""
        pen = Pen(canvas, finish, float(min(canvas.size)))
        celestial = not SKY_ITEMS & {item.name for item in self.reading.items}
        accent = self.reading.setting_colour or next(reversed(self.reading.tints), None)
        return Stage(pen, self.hour, self.land, self.seed, accent, self.foliage, celestial=celestial)
