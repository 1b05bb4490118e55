"""Drawings of things in the sky: star, moon, sun and cloud."""

from __future__ import annotations

import math

from cometmagic.offline.painter.colour import Colour, Gradient, darken, lighten
from cometmagic.offline.painter.geometry import ellipse
from cometmagic.offline.painter.pen import Pen


def star(pen: Pen, colour: Colour) -> None:
    """A five-pointed star."""
    pen.glow(colour, 0, -50, 90, 0.4)
    points: list[tuple[float, float]] = []
    for step in range(10):
        reach, angle = (50, 21)[step % 2], math.radians(step * 36 - 90)
        points.append((reach * math.cos(angle), -50 + reach * math.sin(angle)))
    pen.fill([points], colour)


def moon(pen: Pen, colour: Colour) -> None:
    """A full moon with soft seas."""
    pen.glow(colour, 0, -50, 130, 0.5)
    pen.oval(colour, 0, -50, 42)
    for x, y, r in ((-12, -62, 9), (14, -50, 11), (-8, -36, 7), (10, -70, 4), (-24, -48, 4)):
        pen.oval(darken(colour, 0.1), x, y, r, r * 0.9)


def sun(pen: Pen, colour: Colour) -> None:
    """A sun with a wide glow."""
    pen.glow(lighten(colour, 0.2), 0, -50, 190, 0.6)
    pen.oval(Gradient(lighten(colour, 0.5), colour), 0, -50, 40)


def cloud(pen: Pen, colour: Colour) -> None:
    """A flat-based cloud."""
    puffs = ((-62, -10, 16), (-36, -22, 22), (-4, -34, 30), (32, -24, 24), (60, -12, 16), (14, -14, 22), (-18, -14, 20))
    shapes = [[(px, min(py, 0.0)) for px, py in ellipse(x, y, r, r * 0.86)] for x, y, r in puffs]
    pen.fill([*shapes, [(-66, -8), (66, -8), (70, 0), (-70, 0)]], Gradient(lighten(colour, 0.5), colour))
