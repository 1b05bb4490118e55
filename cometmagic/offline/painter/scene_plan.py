"""The plan of a picture: its place, light and palette.

It is decided once, from the words and the seed, before anything is drawn and for every size.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from cometmagic.offline.painter.colour import WHITE, lighten, mix
from cometmagic.offline.painter.daylight import DAYLIGHTS, LANDS, Daylight
from cometmagic.offline.painter.pen import Finish, Pen
from cometmagic.offline.painter.prompt_parser import ParsedPrompt
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.subjects.subject_table import SUBJECTS

if TYPE_CHECKING:
    from PIL import Image

_SCENIC_PLACES = ("hills", "mountains", "sea", "lake", "desert", "forest", "garden", "beach", "snow", "sky")
_TIMES_OF_DAY = ("noon", "golden", "dawn", "sunset", "night")
SKY_SUBJECTS = {"sun", "moon", "star"}


class ScenePlan:
    """The place, the light and the palette for a prompt, with its subjects."""

    def __init__(self, parsed_prompt: ParsedPrompt, seed: str) -> None:
        self.parsed_prompt, self.seed = parsed_prompt, seed
        rng = random.Random(seed)
        names = [item.name for item in parsed_prompt.items]
        self.place = self._choose_place(rng, names)
        self.daylight = self._choose_daylight(rng, names)
        self.land = rng.choice(LANDS)
        self.foliage = parsed_prompt.season_colour or rng.choice(
            ((92, 142, 88), (84, 136, 102), (110, 146, 80), (70, 124, 96))
        )
        self._apply_tints(parsed_prompt)

    def _choose_place(self, rng: random.Random, names: list[str]) -> str:
        place, first_name = self.parsed_prompt.place, names[0] if names else ""
        if "fish" in names and place in {"", "sea", "lake"} and len(names) == 1:
            return "underwater"
        if place:
            return place
        if first_name:
            if any(item.headgear == "spacesuit" for item in self.parsed_prompt.items):
                return "space"
            name = next((name for name in names if name not in SKY_SUBJECTS), first_name)
            return rng.choice(SUBJECTS[name].places)
        return "forest" if self.parsed_prompt.season_colour else rng.choice(_SCENIC_PLACES)

    def _choose_daylight(self, rng: random.Random, names: list[str]) -> Daylight:
        name = self.parsed_prompt.time
        if not name and ({"moon", "star"} & set(names) or self.place == "space" or "neon" in self.parsed_prompt.styles):
            name = "night"
        if not name:
            name = rng.choice(("noon", "golden", "dawn") if names else _TIMES_OF_DAY)
        if self.place == "space":
            name = "night"
        if self.place == "wall" and self.parsed_prompt.time == "noon":
            name = "golden"
        return rng.choice(DAYLIGHTS[name])

    def _apply_tints(self, parsed_prompt: ParsedPrompt) -> None:
        """Apply colours without a noun, the season and "pastel" to the palette."""
        for index, tint in enumerate(parsed_prompt.tints[:2]):
            share = (0.62, 0.3)[index]
            sky = tuple(
                mix(colour, lighten(tint, 0.12 * depth), share) for depth, colour in enumerate(self.daylight.sky)
            )
            self.daylight = replace(
                self.daylight, sky=sky, ambient=mix(self.daylight.ambient, lighten(tint, 0.5), share * 0.6)
            )
            self.land = tuple(mix(colour, tint, 0.5) for colour in self.land)
        if parsed_prompt.season_colour:
            self.land = tuple(mix(colour, parsed_prompt.season_colour, 0.42) for colour in self.land)
        if parsed_prompt.is_pastel:
            self.daylight = replace(
                self.daylight,
                sky=tuple(mix(colour, WHITE, 0.45) for colour in self.daylight.sky),
                clouds=self.daylight.clouds + 2,
            )
            self.land = tuple(mix(colour, (250, 236, 240), 0.5) for colour in self.land)

    def create_scene(self, canvas: Image.Image, finish: Finish) -> Scene:
        """Return an empty scene on `canvas`."""
        pen = Pen(canvas, finish, float(min(canvas.size)))
        has_celestial_body = not SKY_SUBJECTS & {item.name for item in self.parsed_prompt.items}
        accent = self.parsed_prompt.place_colour or next(reversed(self.parsed_prompt.tints), None)
        return Scene(
            pen, self.daylight, self.land, self.seed, accent, self.foliage, has_celestial_body=has_celestial_body
        )
