"""A scene: a canvas with its light and palette, and the sky, ridges, water and mist that places are built from.

The functions in `places` paint a place with these methods. All lengths derive from the short side of the canvas,
and every random generator has a name, so that a prompt gives the same composition at any aspect ratio.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from PIL import Image

from cometmagic.offline.painter.colour import WHITE, Colour, Gradient, Paint, darken, lighten, mix
from cometmagic.offline.painter.daylight import Daylight
from cometmagic.offline.painter.pen import DrawFunction, Pen
from cometmagic.offline.painter.subjects import celestial

_OVERCAST_CLOUDS = 7  # with so many clouds the sun is hidden


@dataclass
class Scene:
    """One canvas with its light and palette."""

    pen: Pen
    daylight: Daylight
    land: tuple[Colour, ...]
    seed: str
    accent: Colour | None = None  # colour of the place: "a blue wall"
    foliage: Colour = (92, 142, 88)
    has_celestial_body: bool = True  # whether the sky has a sun or moon
    sun_position: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        self.width, self.height = self.pen.canvas.size
        self.unit = self.pen.unit
        self.height_factor: float = (self.height / self.unit) ** 0.6
        self.pen = replace(self.pen, ambient=self.daylight.ambient, is_night=self.daylight.is_night)
        # Distant land already has the colours of the air, so its pen must not tint it again.
        self.untinted_pen = replace(self.pen, ambient=WHITE)

    @property
    def haze(self) -> Colour:
        """The colour of distant air: the horizon with some of the sky above it."""
        return mix(self.daylight.horizon, self.daylight.sky[2], 0.55)

    @property
    def is_painted(self) -> bool:
        """Whether the finish has light and air, unlike that of a drawing or a draft."""
        return bool(self.pen.finish.shading) and not self.pen.finish.paper

    def create_rng(self, name: str) -> random.Random:
        """Return a random generator for one purpose, the same in every process and at every size."""
        return random.Random(f"{self.seed}/{name}")

    def compute_horizon(self, share: float = 0.42) -> float:
        """Return the y of the horizon when the ground takes `share` of a square canvas."""
        return self.height - self.unit * share * self.height_factor

    def apply_haze(self, colour: Colour, distance: float) -> Colour:
        """Return `colour` seen through `distance` (0 to 1) of air."""
        return mix(self.pen.tint(colour), self.haze, min(0.9, distance * self.daylight.mist * 1.25))

    def create_pen(self, opacity: float) -> Pen:
        """Return a pen with this opacity that is not tinted by the ambient light."""
        return replace(self.untinted_pen, opacity=opacity)

    # Sky

    def draw_sky(self, horizon: float) -> None:
        """Draw the sky down to `horizon`, with sun or moon, stars and clouds."""
        finish, canvas = self.pen.finish, self.pen.canvas
        if finish.paper:
            canvas.paste(finish.paper, (0, 0, self.width, self.height))
        else:
            column = Image.new("RGB", (1, len(self.daylight.sky)))
            column.putdata([finish.convert_colour(colour) for colour in self.daylight.sky])
            sampling = Image.Resampling.BICUBIC if finish.shading else Image.Resampling.NEAREST
            sky_bottom = min(self.height, math.ceil(horizon) + 2)
            canvas.paste(column.resize((self.width, max(1, sky_bottom)), sampling), (0, 0))
            canvas.paste(finish.convert_colour(self.daylight.horizon), (0, sky_bottom, self.width, self.height))
        if self.daylight.is_night:
            self.draw_stars(horizon)
        if self.has_celestial_body:
            self._draw_sun(horizon)
        self.draw_clouds(horizon)

    def _draw_sun(self, horizon: float) -> None:
        rng = self.create_rng("sun")
        offset = rng.choice((-1, 1)) * rng.uniform(0.2, 0.34)
        reach = min(self.width * 0.5, self.unit * 0.9)
        x = self.width / 2 + offset * 2 * reach * 0.62
        y = horizon - max(self.daylight.altitude * min(horizon, self.unit * 1.1), self.unit * 0.02)
        self.sun_position = (x, y)
        size = self.unit * (0.062 if self.daylight.is_night else 0.075)
        if self.daylight.clouds >= _OVERCAST_CLOUDS:
            return
        self.untinted_pen.glow(self.daylight.sun, x, y, size * 11, 0.45)
        self.untinted_pen.glow(lighten(self.daylight.sun, 0.5), x, y, size * 3.2, 0.75)
        if self.daylight.is_night:
            celestial.moon(self.untinted_pen.transform(x, y + size * 1.2, size / 42), self.daylight.sun)
        else:
            self.untinted_pen.oval(Gradient(lighten(self.daylight.sun, 0.4), self.daylight.sun), x, y, size)

    def draw_stars(self, horizon: float, density: float = 150) -> None:
        """Draw stars, a few of them with a glow."""
        rng = self.create_rng("stars")
        for index in range(round(density * (self.width * horizon / self.unit**2) ** 0.8)):
            x, y = rng.uniform(0, self.width), horizon * rng.random() ** 1.4
            size = self.unit * rng.choice((0.0008, 0.0010, 0.0014, 0.0021))
            self.create_pen(rng.uniform(0.5, 1.0)).oval((255, 248, 226), x, y, size)
            if index % 24 == 0:
                self.untinted_pen.glow((214, 226, 255), x, y, self.unit * 0.016, 0.8)

    def draw_clouds(self, horizon: float) -> None:
        """Draw clouds, smaller towards the horizon."""
        rng = self.create_rng("clouds")
        area = max(1.0, self.width * horizon / self.unit**2)
        for _ in range(round(self.daylight.clouds * area**0.8)):
            height_share = rng.uniform(0.1, 0.86)
            x, y = rng.uniform(-0.05, 1.05) * self.width, horizon * height_share
            size = self.unit * (0.15 - 0.09 * height_share) * rng.uniform(0.7, 1.25) / 60
            lit_colour = mix(self.daylight.horizon, WHITE, 0.1 if self.daylight.is_night else 0.55)
            shaded_colour = mix(self.daylight.sky[min(3, int(height_share * 5))], lit_colour, 0.42)
            opacity = 0.35 if self.daylight.is_night else 0.8
            pen = replace(self.create_pen(opacity), frame=complex(size, 0), origin=complex(x, y))
            celestial.cloud(pen, mix(shaded_colour, lit_colour, 0.3))

    # Land

    def draw_ridge(
        self, base: float, rise: float, wavelength: float, paint: Paint, name: str, *, has_peaks: bool = False
    ) -> list[float]:
        """Draw a range of hills (or peaks) and return its heights, one for each `ridge_step`."""
        rng = self.create_rng(name)
        waves = [(rng.uniform(0, math.tau), rng.uniform(0.8, 1.2) * factor) for factor in (1.0, 2.1, 4.3, 9.1)]
        weights = (0.5, 0.28, 0.15, 0.07) if has_peaks else (0.66, 0.25, 0.08, 0.01)
        wave = _triangle_wave if has_peaks else math.sin
        heights, step = [], self.ridge_step
        for index in range(math.ceil(self.width / step) + 2):
            angle = (index * step - self.width / 2) / (wavelength * self.unit) * math.tau
            terms = zip(weights, waves, strict=True)
            total = sum(weight * wave(angle * frequency + phase) for weight, (phase, frequency) in terms)
            heights.append(base - rise * self.unit * (0.5 + 0.5 * total))
        outline = [(index * step, y) for index, y in enumerate(heights)]
        self.untinted_pen.fill([[*outline, (outline[-1][0], self.height + 2), (0, self.height + 2)]], paint)
        return heights

    @property
    def ridge_step(self) -> float:
        """The distance between two heights of a ridge, in pixels."""
        return self.unit / 110

    def plant(
        self, draw: DrawFunction, colour: Colour, heights: list[float], size: float, count: float, name: str
    ) -> None:
        """Draw `count` things (per unit of width) along a ridge."""
        rng = self.create_rng(name)
        for _ in range(round(count * self.width / self.unit)):
            index = rng.randrange(len(heights))
            scale = self.unit * size * rng.uniform(0.65, 1.25) / 100
            draw(self.untinted_pen.transform(index * self.ridge_step, heights[index] + scale * 4, scale), colour)

    def draw_mist(self, y: float, depth: float, strength: float = 0.6) -> None:
        """Draw a bank of mist around the height `y`."""
        if not self.is_painted:
            return
        top, bottom = round(y - depth), round(y + depth)
        bank = Image.linear_gradient("L").point(
            [round(255 * strength * math.sin(i / 255 * math.pi)) for i in range(256)]
        )
        mask = bank.resize((self.width, bottom - top))
        self.pen.canvas.paste(self.daylight.horizon, (0, top, self.width, bottom), mask)

    def draw_grass(self, y: float, colour: Colour, name: str, count: float = 110, size: float = 0.05) -> None:
        """Draw blades of grass at the height `y` and below."""
        rng = self.create_rng(name)
        for _ in range(round(count * self.width / self.unit)):
            x, base_y = rng.uniform(0, self.width), y + rng.random() * (self.height - y)
            blade = self.pen.transform(
                x, base_y, self.unit * size * rng.uniform(0.5, 1.2) / 100, turn=rng.uniform(-16, 16)
            )
            blade.poly(mix(colour, lighten(colour, 0.3), rng.random()), -5, 4, 6, -100, 9, 4)

    def draw_water(self, horizon: float, colour: Colour, reflectivity: float = 0.5) -> None:
        """Draw water from `horizon` down: a reflection of what is above it, with ripples."""
        colour, edge = self.pen.tint(colour), round(horizon)
        bottom_colour, top_colour = darken(colour, 0.35), mix(colour, self.daylight.horizon, 0.55)
        self.untinted_pen.rectangle(Gradient(top_colour, bottom_colour), -2, edge, self.width + 2, self.height + 2)
        depth = self.height - edge
        if self.is_painted and depth > 2:
            source_box = (0, max(0, edge - round(depth * 1.1)), self.width, edge)
            reflection = self.pen.canvas.crop(source_box).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            reflection = reflection.resize((max(1, self.width // 3), max(1, depth // 10))).resize((self.width, depth))
            fade = Image.linear_gradient("L").point([round(255 * reflectivity * (1 - i / 330)) for i in range(256)])
            self.pen.canvas.paste(reflection, (0, edge), fade.resize((self.width, depth)))
        self._draw_ripples(edge, top_colour, bottom_colour)

    def _draw_ripples(self, edge: int, top: Colour, bottom: Colour) -> None:
        rng, depth = self.create_rng("ripples"), self.height - edge
        for _ in range(round(70 * self.width / self.unit * max(1.0, depth / self.unit))):
            nearness = rng.random() ** 1.5
            x, y = rng.uniform(0, self.width), edge + nearness * depth
            length = self.unit * (0.012 + 0.075 * nearness) * rng.uniform(0.5, 1.4)
            colour = lighten(top, 0.5) if rng.random() < 0.55 else bottom
            self.create_pen(0.3).oval(colour, x, y, length, self.unit * (0.0009 + 0.003 * nearness))
        if self.sun_position[1] and self.has_celestial_body and not self.pen.finish.paper:
            for step in range(46):
                nearness = (step / 46) ** 1.3
                x = self.sun_position[0] + rng.gauss(0, 0.25) * self.unit * (0.05 + 0.14 * nearness)
                length = self.unit * rng.uniform(0.012, 0.045) * (0.5 + nearness)
                self.create_pen(0.75 - 0.5 * nearness).oval(
                    self.daylight.sun, x, edge + nearness * depth, length, self.unit * (0.001 + 0.0026 * nearness)
                )


def _triangle_wave(angle: float) -> float:
    """Return a wave like `sin` with pointed tops."""
    return 1 - 2 * abs((angle / math.pi + 0.5) % 2 - 1)
