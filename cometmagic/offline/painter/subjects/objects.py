"""Drawings of a robot and of things in a house."""

from __future__ import annotations

import math

from cometmagic.offline.painter.colour import CREAM, STEEL, WHITE, WOOD, Colour, darken, lighten, mix
from cometmagic.offline.painter.geometry import curve, rounded_rectangle, to_points
from cometmagic.offline.painter.pen import Pen


def robot(pen: Pen, colour: Colour) -> None:
    """A friendly robot."""
    metal = darken(STEEL, 0.22)
    for half in pen.create_half_pens():
        half.line(metal, 6, 9, -24, 9, -6)
        half.blob(colour, 2, 0, 3, -9, 14, -10, 19, 0)
        half.curve(metal, 5.5, 20, -50, 31, -42, 30, -27)
        half.ring(metal, 3.6, 30, -22, 5)
        half.oval(metal, 24, -80, 4, 7)
    pen.line(metal, 2, 0, -94, 0, -106)
    pen.oval((230, 84, 66), 0, -107, 3.6)
    pen.glow((255, 140, 110), 0, -107, 14, 0.5)
    pen.fill([rounded_rectangle(-21, -57, 21, -22, 8)], colour)
    pen.line(metal, 7, -3, -59, 3, -59)
    pen.fill([rounded_rectangle(-25, -97, 25, -61, 11)], lighten(colour, 0.12))
    pen.fill([rounded_rectangle(-19, -91, 19, -67, 7)], (36, 44, 66))
    for x in (-9, 9):
        pen.oval((120, 232, 224), x, -80, 4.2, 5)
        pen.glow((120, 232, 224), x, -80, 13, 0.5)
    pen.curve((120, 232, 224), 1.6, -5, -72.5, 0, -70.5, 5, -72.5)
    pen.fill([rounded_rectangle(-13, -51, 13, -36, 3)], CREAM)
    pen.curve((214, 74, 62), 1.5, -10, -43, -5, -43, -2, -48, 2, -39, 5, -43, 10, -43)
    for x in (-8, 0, 8):
        pen.oval(darken(colour, 0.4), x, -29, 2)


def hat(pen: Pen, colour: Colour) -> None:
    """A felt hat with a band."""
    pen.blob(darken(colour, 0.12), -68, -14, -50, -4, 0, 0, 50, -4, 68, -14, 48, -24, 0, -26, -48, -24)
    pen.blob(colour, -38, -18, -36, -56, -24, -78, -6, -72, 6, -72, 24, -78, 36, -56, 38, -18, 0, -11)
    pen.fill(
        [[*curve(to_points((-38, -20, 0, -13, 38, -20)), is_closed=False), (37, -34), (0, -27), (-37, -34)]],
        darken(colour, 0.55),
    )
    pen.blob(darken(colour, 0.22), -16, -72, 0, -64, 16, -72, 0, -68)
    pen.blob((240, 190, 84), 26, -26, 44, -56, 48, -50, 36, -26)


def cup(pen: Pen, colour: Colour) -> None:
    """A cup of coffee on a saucer, steaming."""
    pen.oval(darken(CREAM, 0.1), 0, -5, 56, 8)
    pen.oval(lighten(CREAM, 0.3), 0, -7, 52, 6)
    pen.ring(colour, 7, 40, -36, 13, 14)
    sides = curve(to_points((-40, -62, -38, -34, -26, -10, 0, -6, 26, -10, 38, -34, 40, -62)), is_closed=False)
    pen.fill([sides], colour)
    pen.oval(lighten(colour, 0.35), 0, -62, 40, 9)
    pen.oval((92, 58, 44), 0, -61, 35, 6.6)
    pen.oval((150, 104, 72), -6, -61.6, 18, 3)
    for x in (-14, 4, 20):
        pen.curve(mix(WHITE, (226, 222, 214), 0.5), 2.4, x, -72, x - 7, -82, x + 5, -91, x - 2, -102)


def teapot(pen: Pen, colour: Colour) -> None:
    """A round teapot."""
    pen.curve(darken(colour, 0.14), 8, 36, -66, 62, -68, 64, -38, 36, -24)
    pen.blob(colour, -32, -46, -52, -48, -62, -66, -70, -78, -60, -78, -48, -62, -30, -62, -28, -22)
    pen.blob(colour, -44, -38, -34, -64, 0, -76, 34, -64, 44, -38, 32, -8, 0, -1, -32, -8)
    pen.blob(darken(colour, 0.16), -26, -68, -16, -82, 0, -86, 16, -82, 26, -68, 0, -63)
    pen.oval(colour, 0, -90, 6.5, 6)
    pen.oval(darken(colour, 0.25), 0, -2, 26, 3.4)
    for turn in range(0, 360, 60):
        pen.transform(0, -36, turn=turn).oval(lighten(colour, 0.68), 0, -9, 4.6, 7.5)
    pen.oval((240, 190, 84), 0, -36, 4.6)
    pen.oval(lighten(colour, 0.6), -26, -54, 5, 9, 28)


def book(pen: Pen, colour: Colour) -> None:
    """An open book standing upright."""
    cover = curve(to_points((0, -6, -30, -14, -68, -8)), is_closed=False)
    cover += to_points((-68, -76, 0, -70, 68, -76, 68, -8, 30, -14))
    pen.fill([cover], colour)
    for half in pen.create_half_pens():
        page = [*curve(to_points((0, -8, 26, -18, 64, -12)), is_closed=False), (64, -82)]
        page += curve(to_points((64, -82, 26, -88, 0, -76)), is_closed=False)
        half.fill([page], (250, 242, 226))
        for y in range(-70, -24, 7):
            half.curve((176, 166, 160), 1.1, 8, y, 26, y - 5, 56 - (y % 3) * 6, y - 4)
    pen.line((196, 180, 164), 1.6, 0, -76, 0, -8)
    pen.poly((214, 74, 62), -2, -77, 5, -78, 5, -2, 1.5, -7, -2, -2)


def umbrella(pen: Pen, colour: Colour) -> None:
    """An open umbrella."""
    pen.line(WOOD, 2.6, 0, -94, 0, -12)
    pen.curve(WOOD, 2.6, 0, -12, 1, -3, 8, -1, 12, -8)
    rim = [(x, -46 - 5 * abs(math.sin((x + 54) / 27 * math.pi))) for x in range(54, -55, -3)]
    pen.fill([[*curve(to_points((-54, -46, -42, -74, 0, -92, 42, -74, 54, -46)), is_closed=False), *rim]], colour)
    for half in pen.create_half_pens():
        half.curve(darken(colour, 0.3), 1, 0, -91, 18, -74, 27, -47)
    pen.line(darken(colour, 0.3), 1, 0, -91, 0, -47)
    pen.line(STEEL, 2.4, 0, -92, 0, -100)
