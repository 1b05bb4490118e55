"""Drawings of flowers, trees, a mushroom, fruit and a heart."""

from __future__ import annotations

import math

from cometmagic.offline.painter.colour import INK, WHITE, Colour, darken, lighten, mix
from cometmagic.offline.painter.geometry import curve, ellipse, to_points
from cometmagic.offline.painter.pen import Pen

STEM: Colour = (86, 132, 84)
BARK: Colour = (112, 78, 62)


def _draw_leaf(pen: Pen, x: float, y: float, length: float, turn: float, colour: Colour = STEM) -> None:
    leaf = pen.transform(x, y, length / 100, turn=turn)
    leaf.blob(colour, 0, 0, 30, -22, 70, -18, 100, 0, 70, 14, 30, 16)
    leaf.curve(darken(colour, 0.25), 2.5, 4, 0, 50, -3, 92, 0)


def flower(pen: Pen, colour: Colour) -> None:
    """A daisy with a stem and two leaves."""
    pen.curve(STEM, 3.2, 0, 0, -3, -24, 2, -60)
    _draw_leaf(pen, -1, -12, 30, -32)
    _draw_leaf(pen, -1, -20, 26, 214)
    for turn in range(0, 360, 24):
        pen.transform(2, -72, turn=turn).oval(darken(colour, 0.12), 0, -15, 5, 13)
    for turn in range(12, 372, 24):
        pen.transform(2, -72, turn=turn).oval(lighten(colour, 0.16), 0, -14, 4.4, 12)
    pen.oval((214, 150, 54) if has_contrast_to_gold(colour) else (110, 72, 52), 2, -72, 8)
    for x, y in ((0, -75), (5, -74), (2, -70), (-2, -70), (5, -69)):
        pen.oval((250, 204, 96), x, y, 1.2)


def meadow_flower(pen: Pen, colour: Colour) -> None:
    """A small flower for a meadow, of few shapes because a meadow has many."""
    pen.curve(STEM, 4, 0, 0, -3, -30, 2, -70)
    centres = ((19 * math.cos(n * math.tau / 7), 19 * math.sin(n * math.tau / 7)) for n in range(7))
    pen.fill([ellipse(2 + x, -72 + y, 11, 11) for x, y in centres], colour)
    pen.oval((214, 150, 54) if has_contrast_to_gold(colour) else (120, 80, 56), 2, -72, 9.5)


def has_contrast_to_gold(colour: Colour) -> bool:
    """Return whether `colour` contrasts well with a golden centre."""
    return abs(colour[0] - 214) + abs(colour[1] - 150) + abs(colour[2] - 54) > 120


def rose(pen: Pen, colour: Colour) -> None:
    """A rose in full bloom."""
    pen.curve(darken(STEM, 0.12), 3.4, 1, 0, -2, -28, 1, -60)
    _draw_leaf(pen, 0, -18, 28, -28, darken(STEM, 0.1))
    _draw_leaf(pen, 0, -28, 28, 206, darken(STEM, 0.1))
    for turn in (-50, -15, 20, 55):
        _draw_leaf(pen, 0, -56, 15, 90 + turn)
    for x, y, turn in ((-14, -72, -25), (14, -72, 25), (0, -62, 0), (-10, -86, 20), (10, -86, -20)):
        pen.oval(darken(colour, 0.08), x, y, 15, 13, turn)
    pen.oval(darken(colour, 0.2), 0, -77, 17, 16)
    for start, radius, shade in ((0, 15.5, 0.0), (100, 14, 0.1), (215, 14, 0.05), (40, 9, 0.22), (160, 8.5, 0.12)):
        petal = pen.transform(0, -77, radius / 15, turn=start)
        petal.blob(darken(colour, shade), -13, 2, -10, 12, 2, 16, 13, 8, 14, -2, 6, 5, -4, 6)
        petal.curve(lighten(colour, 0.3), 0.9, -12, 3, -4, 6, 6, 5, 13, -1)
    pen.curve(darken(colour, 0.5), 1.6, -4, -78, 0, -82, 4, -78, 1, -75, -1, -77)


def tulip(pen: Pen, colour: Colour) -> None:
    """A tulip with two long leaves."""
    pen.curve(STEM, 3.6, 0, 0, 1, -30, 0, -62)
    pen.blob(darken(STEM, 0.08), 0, 0, 8, -30, 24, -54, 20, -26, 8, 0)
    pen.blob(lighten(STEM, 0.12), 0, 0, -8, -24, -22, -44, -18, -20, -6, 0)
    for half in reversed(pen.create_half_pens()):
        half.blob(darken(colour, 0.16), 0, -60, 14, -66, 16, -82, 12, -97, 2, -84)
    pen.blob(lighten(colour, 0.08), 0, -58, -14, -66, -13, -82, 0, -98, 13, -82, 14, -66)
    pen.curve(darken(colour, 0.2), 0.9, 0, -62, 1, -76, 0, -92)


def _draw_crown(pen: Pen, colour: Colour, circles: tuple[tuple[float, float, float], ...]) -> None:
    """Draw foliage as three layers of the same circles, shifted towards the light."""
    for shade, shift, scale in (
        (darken(colour, 0.28), 0.0, 1.0),
        (colour, 2.5, 0.86),
        (lighten(colour, 0.13), 5.0, 0.56),
    ):
        pen.fill([ellipse(x - shift, y - shift, r * scale, r * scale * 0.94, corners=24) for x, y, r in circles], shade)


def tree(pen: Pen, colour: Colour) -> None:
    """A broad old tree."""
    pen.blob(BARK, -10, 0, -5, -10, -5, -36, -14, -52, -2, -46, 0, -60, 4, -44, 16, -54, 6, -34, 6, -10, 11, 0, 0, -2)
    _draw_crown(pen, colour, ((-24, -56, 17), (24, -56, 17), (-14, -76, 19), (15, -77, 19), (0, -64, 20), (0, -88, 14)))


def pine(pen: Pen, colour: Colour) -> None:
    """A fir tree."""
    pen.poly(BARK, -4, 0, -3, -16, 3, -16, 4, 0)
    for base, top, half in ((-10, -46, 26), (-32, -70, 21), (-56, -100, 15)):
        pen.poly(
            darken(colour, 0.1), -half, base, 0, top, half, base, half * 0.4, base + 4, 0, base, -half * 0.4, base + 4
        )
        pen.poly(lighten(colour, 0.1), -half, base, 0, top, -half * 0.15, base + 1, -half * 0.4, base + 4)


def palm(pen: Pen, colour: Colour) -> None:
    """A leaning palm."""
    pen.blob(BARK, -8, 0, 0, -30, 8, -60, 12, -80, 17, -78, 12, -56, 6, -28, 3, 0)
    for y in range(-72, -4, 9):
        pen.curve(darken(BARK, 0.3), 1, -y * 0.16 - 6, y, -y * 0.16, y + 2, -y * 0.16 + 4, y)
    for turn in (-172, -205, -140, -100, -60, -25, 12, 35):
        frond = pen.transform(14, -80, 0.42, turn=turn)
        frond.blob(mix(colour, lighten(colour), (turn + 200) / 300), 0, 0, 40, -26, 80, -22, 108, 6, 76, -6, 40, -6)
    pen.fill([ellipse(x, y, 4, 4.4) for x, y in ((11, -76), (18, -76), (14, -72))], (120, 78, 48))


def mushroom(pen: Pen, colour: Colour) -> None:
    """A toadstool with a spotted cap."""
    pen.blob((240, 228, 206), -13, 0, -15, -14, -10, -46, 10, -46, 15, -14, 13, 0)
    pen.oval((214, 194, 168), 0, -48, 30, 8)
    for x in range(-24, 26, 6):
        pen.line((182, 160, 138), 0.8, x * 0.35, -44, x, -49)
    pen.blob((248, 240, 222), -12, -38, 0, -34, 12, -38, 13, -30, 4, -27, -5, -28, -13, -30)
    pen.blob(colour, -46, -50, -40, -74, -18, -94, 0, -98, 18, -94, 40, -74, 46, -50, 22, -46, 0, -52, -22, -46)
    for x, y, rx, ry, turn in ((-22, -70, 8, 6, -35), (4, -80, 9, 7, 0), (27, -66, 6.5, 6, 30), (-4, -60, 5, 3.5, 0)):
        pen.oval((252, 244, 230), x, y, rx, ry, turn)
    pen.oval((252, 244, 230), -37, -56, 3.5, 4.5, 20)


def apple(pen: Pen, colour: Colour) -> None:
    """An apple with a leaf."""
    pen.curve(BARK, 4, 0, -78, 2, -90, 8, -99)
    _draw_leaf(pen, 3, -88, 32, -14)
    pen.blob(
        colour, 0, -2, -20, 0, -38, -20, -44, -48, -34, -74, -16, -82, 0, -76, 16, -82, 34, -74, 44, -48, 38, -20, 20, 0
    )
    pen.blob(darken(colour, 0.35), -10, -77, 0, -73, 10, -77, 0, -69)
    pen.oval(lighten(colour, 0.62), -24, -56, 5, 12, 22)


def orange(pen: Pen, colour: Colour) -> None:
    """An orange, the fruit."""
    pen.oval(colour, 0, -43, 44, 43)
    for x, y in ((-20, -20), (6, -14), (24, -30), (-4, -34), (16, -50), (-28, -38), (-10, -16), (30, -48)):
        pen.oval(darken(colour, 0.15), x, y, 1.2)
    _draw_leaf(pen, 2, -84, 34, -22)
    pen.oval(STEM, 0, -84, 5, 3)
    pen.oval(lighten(colour, 0.6), -20, -62, 10, 6, -35)


def banana(pen: Pen, colour: Colour) -> None:
    """A curved banana with a face."""
    pen.blob(colour, -6, -2, -26, -10, -34, -34, -28, -62, -10, -84, 4, -96, 12, -92, 6, -78, 2, -56, 8, -34,
             24, -16, 22, -8, 8, -1)  # fmt: skip
    pen.blob(lighten(colour, 0.34), -10, -6, -24, -18, -28, -38, -22, -62, -8, -80, -16, -58, -18, -36, -10, -18)
    pen.poly((120, 88, 52), 3, -95, 6, -104, 13, -103, 12, -91)
    pen.oval((96, 68, 48), 22, -12, 4, 5, 30)
    for x in (-17, -5):
        pen.oval(INK, x, -48, 2.6, 3.4)
        pen.oval(WHITE, x - 0.9, -49.4, 1)
    pen.curve(INK, 1.4, -15, -40, -11, -37, -6, -40)


def heart(pen: Pen, colour: Colour) -> None:
    """A heart."""
    half = curve(to_points((0, -70, 10, -88, 30, -92, 46, -74, 42, -50, 24, -26, 0, -4)), is_closed=False)
    pen.fill([[*half, *((-x, y) for x, y in reversed(half))]], colour)
    pen.curve(lighten(colour, 0.6), 5, -35, -60, -34, -72, -24, -80)
