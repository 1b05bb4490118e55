"""The stage: the sky, the light of the hour and the brushes that landscapes are built with.

A `Stage` is one canvas with its hour, its palette and its own dice. `scenery` sets it for a place; this
module only knows how to lay sky, ridges, water and mist. All lengths derive from the short side of the canvas, and
every dice is named, so that the same prompt gives the same composition at any aspect ratio.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

from cometmagic.offline.painter import celestial
from cometmagic.offline.painter.colour import WHITE, Colour, Gradient, Paint, darken, lighten, mix
from cometmagic.offline.painter.daylight import Daylight
from cometmagic.offline.painter.pen import Pen

_OVERCAST_CLOUDS = 7  # clouds that leave no sun to see


DrawFunction = Callable[[Pen, Colour], None]


@dataclass
class Scene:
    """One canvas being set for a scene."""

    pen: Pen
    daylight: Daylight
    land: tuple[Colour, ...]
    seed: str
    accent: Colour | None = None  # the colour of the place itself: "a blue wall"
    foliage: Colour = (92, 142, 88)
    has_celestial_body: bool = True  # whether the sky brings its own sun or moon
    sun_position: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        self.width, self.height = self.pen.canvas.size
        self.unit = self.pen.unit
        self.height_factor: float = (self.height / self.unit) ** 0.6
        self.pen = replace(self.pen, ambient=self.daylight.ambient, is_night=self.daylight.is_night)
        # The far land is painted in the colours of the air, so its pen does not tint again.
        self.untinted_pen = replace(self.pen, ambient=WHITE)

    @property
    def haze(self) -> Colour:
        """The colour of far air: the horizon with some of the sky above it."""
        return mix(self.daylight.horizon, self.daylight.sky[2], 0.55)

    @property
    def is_painted(self) -> bool:
        """Whether this is a finished painting, with light and air, and not a drawing or a draft."""
        return bool(self.pen.finish.shading) and not self.pen.finish.paper

    def create_rng(self, name: str) -> random.Random:
        """Return the dice for one purpose, the same in every process and at every size."""
        return random.Random(f"{self.seed}/{name}")

    def compute_horizon(self, share: float = 0.42) -> float:
        """Return the y of a horizon that leaves `share` of a square canvas to the ground."""
        return self.height - self.unit * share * self.height_factor

    def apply_haze(self, colour: Colour, distance: float) -> Colour:
        """Return `colour` seen through `distance` (0 to 1) of air."""
        return mix(self.pen.tint(colour), self.haze, min(0.9, distance * self.daylight.mist * 1.25))

    def create_pen(self, opacity: float) -> Pen:
        """Return a pen that lets the canvas show through and is not tinted by the hour."""
        return replace(self.untinted_pen, opacity=opacity)

    # Sky

    def draw_sky(self, horizon: float) -> None:
        """Lay the sky down to `horizon`, with sun or moon, stars and clouds."""
        finish, canvas = self.pen.finish, self.pen.canvas
        if finish.paper:
            canvas.paste(finish.paper, (0, 0, self.width, self.height))
        else:
            column = Image.new("RGB", (1, len(self.daylight.sky)))
            column.putdata([finish.convert_colour(colour) for colour in self.daylight.sky])
            sampling = Image.Resampling.BICUBIC if finish.shading else Image.Resampling.NEAREST
            deep = min(self.height, math.ceil(horizon) + 2)
            canvas.paste(column.resize((self.width, max(1, deep)), sampling), (0, 0))
            canvas.paste(finish.convert_colour(self.daylight.horizon), (0, deep, self.width, self.height))
        if self.daylight.is_night:
            self.draw_stars(horizon)
        if self.has_celestial_body:
            self._draw_sun(horizon)
        self.draw_clouds(horizon)

    def _draw_sun(self, horizon: float) -> None:
        dice = self.create_rng("sun")
        across = dice.choice((-1, 1)) * dice.uniform(0.2, 0.34)
        reach = min(self.width * 0.5, self.unit * 0.9)
        x = self.width / 2 + across * 2 * reach * 0.62
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
        """Scatter stars, the brightest with a glow."""
        dice = self.create_rng("stars")
        for index in range(round(density * (self.width * horizon / self.unit**2) ** 0.8)):
            x, y = dice.uniform(0, self.width), horizon * dice.random() ** 1.4
            size = self.unit * dice.choice((0.0008, 0.0010, 0.0014, 0.0021))
            self.create_pen(dice.uniform(0.5, 1.0)).oval((255, 248, 226), x, y, size)
            if index % 24 == 0:
                self.untinted_pen.glow((214, 226, 255), x, y, self.unit * 0.016, 0.8)

    def draw_clouds(self, horizon: float) -> None:
        """Let clouds drift across the sky, smaller towards the horizon."""
        dice = self.create_rng("clouds")
        area = max(1.0, self.width * horizon / self.unit**2)
        for _ in range(round(self.daylight.clouds * area**0.8)):
            high = dice.uniform(0.1, 0.86)
            x, y = dice.uniform(-0.05, 1.05) * self.width, horizon * high
            size = self.unit * (0.15 - 0.09 * high) * dice.uniform(0.7, 1.25) / 60
            lit = mix(self.daylight.horizon, WHITE, 0.1 if self.daylight.is_night else 0.55)
            shade = mix(self.daylight.sky[min(3, int(high * 5))], lit, 0.42)
            opacity = 0.35 if self.daylight.is_night else 0.8
            celestial.cloud(
                replace(self.create_pen(opacity), frame=complex(size, 0), origin=complex(x, y)), mix(shade, lit, 0.3)
            )

    # Land

    def draw_ridge(
        self, base: float, rise: float, wavelength: float, paint: Paint, name: str, *, has_peaks: bool = False
    ) -> list[float]:
        """Lay a range of hills (or of peaks) and return its heights, one for each step of `self.step`."""
        dice = self.create_rng(name)
        parts = [(dice.uniform(0, math.tau), dice.uniform(0.8, 1.2) * factor) for factor in (1.0, 2.1, 4.3, 9.1)]
        weights = (0.5, 0.28, 0.15, 0.07) if has_peaks else (0.66, 0.25, 0.08, 0.01)
        form = _triangle_wave if has_peaks else math.sin
        heights, step = [], self.ridge_step
        for index in range(math.ceil(self.width / step) + 2):
            along = (index * step - self.width / 2) / (wavelength * self.unit) * math.tau
            total = sum(w * form(along * f + phase) for w, (phase, f) in zip(weights, parts, strict=True))
            heights.append(base - rise * self.unit * (0.5 + 0.5 * total))
        top = [(index * step, y) for index, y in enumerate(heights)]
        self.untinted_pen.fill([[*top, (top[-1][0], self.height + 2), (0, self.height + 2)]], paint)
        return heights

    @property
    def ridge_step(self) -> float:
        """The distance between two heights of a ridge, in pixels."""
        return self.unit / 110

    def plant(
        self, draw: DrawFunction, colour: Colour, heights: list[float], size: float, count: float, name: str
    ) -> None:
        """Set `count` things (per unit of width) along a ridge."""
        dice = self.create_rng(name)
        for _ in range(round(count * self.width / self.unit)):
            index = dice.randrange(len(heights))
            scale = self.unit * size * dice.uniform(0.65, 1.25) / 100
            draw(self.untinted_pen.transform(index * self.ridge_step, heights[index] + scale * 4, scale), colour)

    def draw_mist(self, y: float, depth: float, strength: float = 0.6) -> None:
        """Let a bank of mist lie round the height `y`."""
        if not self.is_painted:
            return
        top, low = round(y - depth), round(y + depth)
        bank = Image.linear_gradient("L").point(
            [round(255 * strength * math.sin(i / 255 * math.pi)) for i in range(256)]
        )
        self.pen.canvas.paste(self.daylight.horizon, (0, top, self.width, low), bank.resize((self.width, low - top)))

    def draw_grass(self, y: float, colour: Colour, name: str, count: float = 110, size: float = 0.05) -> None:
        """Let blades of grass stand along the height `y` and below."""
        dice = self.create_rng(name)
        for _ in range(round(count * self.width / self.unit)):
            x, low = dice.uniform(0, self.width), y + dice.random() * (self.height - y)
            blade = self.pen.transform(
                x, low, self.unit * size * dice.uniform(0.5, 1.2) / 100, turn=dice.uniform(-16, 16)
            )
            blade.poly(mix(colour, lighten(colour, 0.3), dice.random()), -5, 4, 6, -100, 9, 4)

    def draw_water(self, horizon: float, colour: Colour, reflectivity: float = 0.5) -> None:
        """Lay water from `horizon` down: a mirror of what is above it, broken by ripples."""
        deep, top = darken(self.pen.tint(colour), 0.35), mix(self.pen.tint(colour), self.daylight.horizon, 0.55)
        low, edge = self.height + 2, round(horizon)
        self.untinted_pen.fill(
            [[(-2, edge), (self.width + 2, edge), (self.width + 2, low), (-2, low)]], Gradient(top, deep)
        )
        high = self.height - edge
        if self.is_painted and high > 2:
            source = (0, max(0, edge - round(high * 1.1)), self.width, edge)
            image = self.pen.canvas.crop(source).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            image = image.resize((max(1, self.width // 3), max(1, high // 10))).resize((self.width, high))
            fade = Image.linear_gradient("L").point([round(255 * reflectivity * (1 - i / 330)) for i in range(256)])
            self.pen.canvas.paste(image, (0, edge), fade.resize((self.width, high)))
        self._draw_ripples(edge, top, deep)

    def _draw_ripples(self, edge: int, top: Colour, bottom: Colour) -> None:
        dice, high = self.create_rng("ripples"), self.height - edge
        for _ in range(round(70 * self.width / self.unit * max(1.0, high / self.unit))):
            near = dice.random() ** 1.5
            x, y = dice.uniform(0, self.width), edge + near * high
            long = self.unit * (0.012 + 0.075 * near) * dice.uniform(0.5, 1.4)
            tone = lighten(top, 0.5) if dice.random() < 0.55 else bottom
            self.create_pen(0.3).oval(tone, x, y, long, self.unit * (0.0009 + 0.003 * near))
        if self.sun_position[1] and self.has_celestial_body and not self.pen.finish.paper:
            for step in range(46):
                near = (step / 46) ** 1.3
                x = self.sun_position[0] + dice.gauss(0, 0.25) * self.unit * (0.05 + 0.14 * near)
                long = self.unit * dice.uniform(0.012, 0.045) * (0.5 + near)
                self.create_pen(0.75 - 0.5 * near).oval(
                    self.daylight.sun, x, edge + near * high, long, self.unit * (0.001 + 0.0026 * near)
                )


def _triangle_wave(angle: float) -> float:
    """Return a wave like `sin` with pointed tops."""
    return 1 - 2 * abs((angle / math.pi + 0.5) % 2 - 1)
