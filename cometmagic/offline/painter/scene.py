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

from cometmagic.offline.painter import objects
from cometmagic.offline.painter.colour import WHITE, Colour, Fade, Paint, dark, light, mix
from cometmagic.offline.painter.daylight import Hour
from cometmagic.offline.painter.pen import Pen

_OVERCAST = 7  # clouds that leave no sun to see


Brush = Callable[[Pen, Colour], None]


@dataclass
class Stage:
    """One canvas being set for a scene."""

    pen: Pen
    hour: Hour
    land: tuple[Colour, ...]
    seed: str
    accent: Colour | None = None  # the colour of the place itself: "a blue wall"
    foliage: Colour = (92, 142, 88)
    celestial: bool = True  # whether the sky brings its own sun or moon
    sun_at: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        self.width, self.height = self.pen.canvas.size
        self.unit = self.pen.unit
        self.tall: float = (self.height / self.unit) ** 0.6
        self.pen = replace(self.pen, ambient=self.hour.ambient, night=self.hour.night)
        # The far land is painted in the colours of the air, so its pen does not tint again.
        self.air = replace(self.pen, ambient=WHITE)

    @property
    def haze(self) -> Colour:
        """The colour of far air: the horizon with some of the sky above it."""
        return mix(self.hour.horizon, self.hour.sky[2], 0.55)

    @property
    def painted(self) -> bool:
        """Whether this is a finished painting, with light and air, and not a drawing or a draft."""
        return bool(self.pen.finish.shade) and not self.pen.finish.paper

    def dice(self, name: str) -> random.Random:
        """Return the dice for one purpose, the same in every process and at every size."""
        return random.Random(f"{self.seed}/{name}")

    def ground(self, share: float = 0.42) -> float:
        """Return the y of a horizon that leaves `share` of a square canvas to the ground."""
        return self.height - self.unit * share * self.tall

    def far(self, colour: Colour, distance: float) -> Colour:
        """Return `colour` seen through `distance` (0 to 1) of air."""
        return mix(self.pen.tone(colour), self.haze, min(0.9, distance * self.hour.mist * 1.25))

    def faint(self, opacity: float) -> Pen:
        """Return a pen that lets the canvas show through and is not tinted by the hour."""
        return replace(self.air, opacity=opacity)

    # Sky

    def sky(self, horizon: float) -> None:
        """Lay the sky down to `horizon`, with sun or moon, stars and clouds."""
        finish, canvas = self.pen.finish, self.pen.canvas
        if finish.paper:
            canvas.paste(finish.paper, (0, 0, self.width, self.height))
        else:
            column = Image.new("RGB", (1, len(self.hour.sky)))
            column.putdata([finish.colour(colour) for colour in self.hour.sky])
            sampling = Image.Resampling.BICUBIC if finish.shade else Image.Resampling.NEAREST
            deep = min(self.height, math.ceil(horizon) + 2)
            canvas.paste(column.resize((self.width, max(1, deep)), sampling), (0, 0))
            canvas.paste(finish.colour(self.hour.horizon), (0, deep, self.width, self.height))
        if self.hour.night:
            self.stars(horizon)
        if self.celestial:
            self._sun(horizon)
        self.clouds(horizon)

    def _sun(self, horizon: float) -> None:
        dice = self.dice("sun")
        across = dice.choice((-1, 1)) * dice.uniform(0.2, 0.34)
        reach = min(self.width * 0.5, self.unit * 0.9)
        x = self.width / 2 + across * 2 * reach * 0.62
        y = horizon - max(self.hour.altitude * min(horizon, self.unit * 1.1), self.unit * 0.02)
        self.sun_at = (x, y)
        size = self.unit * (0.062 if self.hour.night else 0.075)
        if self.hour.clouds >= _OVERCAST:
            return
        self.air.glow(self.hour.sun, x, y, size * 11, 0.45)
        self.air.glow(light(self.hour.sun, 0.5), x, y, size * 3.2, 0.75)
        if self.hour.night:
            objects.moon(self.air.at(x, y + size * 1.2, size / 42), self.hour.sun)
        else:
            self.air.oval(Fade(light(self.hour.sun, 0.4), self.hour.sun), x, y, size)

    def stars(self, horizon: float, density: float = 150) -> None:
        """Scatter stars, the brightest with a glow."""
        dice = self.dice("stars")
        for index in range(round(density * (self.width * horizon / self.unit**2) ** 0.8)):
            x, y = dice.uniform(0, self.width), horizon * dice.random() ** 1.4
            size = self.unit * dice.choice((0.0008, 0.0010, 0.0014, 0.0021))
            self.faint(dice.uniform(0.5, 1.0)).oval((255, 248, 226), x, y, size)
            if index % 24 == 0:
                self.air.glow((214, 226, 255), x, y, self.unit * 0.016, 0.8)

    def clouds(self, horizon: float) -> None:
        """Let clouds drift across the sky, smaller towards the horizon."""
        dice = self.dice("clouds")
        area = max(1.0, self.width * horizon / self.unit**2)
        for _ in range(round(self.hour.clouds * area**0.8)):
            high = dice.uniform(0.1, 0.86)
            x, y = dice.uniform(-0.05, 1.05) * self.width, horizon * high
            size = self.unit * (0.15 - 0.09 * high) * dice.uniform(0.7, 1.25) / 60
            lit = mix(self.hour.horizon, WHITE, 0.1 if self.hour.night else 0.55)
            shade = mix(self.hour.sky[min(3, int(high * 5))], lit, 0.42)
            opacity = 0.35 if self.hour.night else 0.8
            objects.cloud(
                replace(self.faint(opacity), frame=complex(size, 0), origin=complex(x, y)), mix(shade, lit, 0.3)
            )

    # Land

    def ridge(
        self, base: float, rise: float, wave: float, paint: Paint, name: str, *, peaks: bool = False
    ) -> list[float]:
        """Lay a range of hills (or of peaks) and return its heights, one for each step of `self.step`."""
        dice = self.dice(name)
        parts = [(dice.uniform(0, math.tau), dice.uniform(0.8, 1.2) * factor) for factor in (1.0, 2.1, 4.3, 9.1)]
        weights = (0.5, 0.28, 0.15, 0.07) if peaks else (0.66, 0.25, 0.08, 0.01)
        form = _peak if peaks else math.sin
        heights, step = [], self.step
        for index in range(math.ceil(self.width / step) + 2):
            along = (index * step - self.width / 2) / (wave * self.unit) * math.tau
            total = sum(w * form(along * f + phase) for w, (phase, f) in zip(weights, parts, strict=True))
            heights.append(base - rise * self.unit * (0.5 + 0.5 * total))
        top = [(index * step, y) for index, y in enumerate(heights)]
        self.air.lay([[*top, (top[-1][0], self.height + 2), (0, self.height + 2)]], paint)
        return heights

    @property
    def step(self) -> float:
        """The distance between two heights of a ridge, in pixels."""
        return self.unit / 110

    def plant(self, brush: Brush, colour: Colour, heights: list[float], size: float, count: float, name: str) -> None:
        """Set `count` things (per unit of width) along a ridge."""
        dice = self.dice(name)
        for _ in range(round(count * self.width / self.unit)):
            index = dice.randrange(len(heights))
            scale = self.unit * size * dice.uniform(0.65, 1.25) / 100
            brush(self.air.at(index * self.step, heights[index] + scale * 4, scale), colour)

    def mist(self, y: float, depth: float, strength: float = 0.6) -> None:
        """Let a bank of mist lie round the height `y`."""
        if not self.painted:
            return
        top, low = round(y - depth), round(y + depth)
        bank = Image.linear_gradient("L").point(
            [round(255 * strength * math.sin(i / 255 * math.pi)) for i in range(256)]
        )
        self.pen.canvas.paste(self.hour.horizon, (0, top, self.width, low), bank.resize((self.width, low - top)))

    def grass(self, y: float, colour: Colour, name: str, count: float = 110, size: float = 0.05) -> None:
        """Let blades of grass stand along the height `y` and below."""
        dice = self.dice(name)
        for _ in range(round(count * self.width / self.unit)):
            x, low = dice.uniform(0, self.width), y + dice.random() * (self.height - y)
            blade = self.pen.at(x, low, self.unit * size * dice.uniform(0.5, 1.2) / 100, turn=dice.uniform(-16, 16))
            blade.poly(mix(colour, light(colour, 0.3), dice.random()), -5, 4, 6, -100, 9, 4)

    def water(self, horizon: float, colour: Colour, reflect: float = 0.5) -> None:
        """Lay water from `horizon` down: a mirror of what is above it, broken by ripples."""
        deep, top = dark(self.pen.tone(colour), 0.35), mix(self.pen.tone(colour), self.hour.horizon, 0.55)
        low, edge = self.height + 2, round(horizon)
        self.air.lay([[(-2, edge), (self.width + 2, edge), (self.width + 2, low), (-2, low)]], Fade(top, deep))
        high = self.height - edge
        if self.painted and high > 2:
            source = (0, max(0, edge - round(high * 1.1)), self.width, edge)
            image = self.pen.canvas.crop(source).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            image = image.resize((max(1, self.width // 3), max(1, high // 10))).resize((self.width, high))
            fade = Image.linear_gradient("L").point([round(255 * reflect * (1 - i / 330)) for i in range(256)])
            self.pen.canvas.paste(image, (0, edge), fade.resize((self.width, high)))
        self._ripples(edge, top, deep)

    def _ripples(self, edge: int, top: Colour, deep: Colour) -> None:
        dice, high = self.dice("ripples"), self.height - edge
        for _ in range(round(70 * self.width / self.unit * max(1.0, high / self.unit))):
            near = dice.random() ** 1.5
            x, y = dice.uniform(0, self.width), edge + near * high
            long = self.unit * (0.012 + 0.075 * near) * dice.uniform(0.5, 1.4)
            tone = light(top, 0.5) if dice.random() < 0.55 else deep
            self.faint(0.3).oval(tone, x, y, long, self.unit * (0.0009 + 0.003 * near))
        if self.sun_at[1] and self.celestial and not self.pen.finish.paper:
            for step in range(46):
                near = (step / 46) ** 1.3
                x = self.sun_at[0] + dice.gauss(0, 0.25) * self.unit * (0.05 + 0.14 * near)
                long = self.unit * dice.uniform(0.012, 0.045) * (0.5 + near)
                self.faint(0.75 - 0.5 * near).oval(
                    self.hour.sun, x, edge + near * high, long, self.unit * (0.001 + 0.0026 * near)
                )


def _peak(angle: float) -> float:
    """Return a wave like `sin` with pointed tops."""
    return 1 - 2 * abs((angle / math.pi + 0.5) % 2 - 1)
