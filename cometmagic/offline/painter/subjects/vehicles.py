"""Drawings of vehicles, and of a toy balloon."""

from __future__ import annotations

import math

from cometmagic.offline.painter.colour import CREAM, GLASS, INK, LAMP, STEEL, WHITE, WOOD, Colour, darken, lighten, mix
from cometmagic.offline.painter.geometry import curve, to_points
from cometmagic.offline.painter.pen import Pen


def bicycle(pen: Pen, colour: Colour) -> None:
    """A bicycle seen from the side."""
    for x in (-46, 46):
        for turn in range(0, 180, 20):
            dx, dy = 28 * math.cos(math.radians(turn)), 28 * math.sin(math.radians(turn))
            pen.line(lighten(STEEL, 0.3), 0.5, x - dx, -31 - dy, x + dx, -31 + dy)
        pen.ring(STEEL, 1.4, x, -31, 27)
        pen.ring(INK, 3.6, x, -31, 29.2)
        pen.oval(STEEL, x, -31, 3)
    pen.curve(darken(colour, 0.3), 2.4, -76, -40, -66, -60, -46, -66, -28, -59)
    pen.curve(darken(colour, 0.3), 2.4, 23, -52, 36, -65, 54, -65, 70, -55)
    pen.line(INK, 1.3, -44, -34, -2, -36)
    pen.line(INK, 1.3, -44, -28, -2, -23)
    for line in ((-46, -31, -2, -30, -17, -72, -46, -31), (-2, -30, 31, -68, -15, -66), (29, -79, 33, -66, 46, -31)):
        pen.line(colour, 4.2, *line)
    pen.curve(colour, 4.2, 33, -66, 37, -50, 46, -31)
    pen.line(STEEL, 2.6, -17, -72, -20, -80)
    pen.blob((96, 62, 48), -34, -85, -22, -86, -6, -82, -16, -79, -32, -78)
    pen.line(STEEL, 2.4, 29, -78, 27, -89)
    pen.curve(STEEL, 2.4, 27, -89, 36, -93, 42, -88, 38, -83)
    pen.line((96, 62, 48), 4, 40, -87.5, 36, -82.5)
    pen.ring(STEEL, 2, -2, -29.5, 8)
    pen.line(INK, 2.6, -2, -29.5, 6, -15)
    pen.line(INK, 3.4, 1, -14, 11, -14)
    pen.oval(LAMP, 36, -74, 4, 4.6)
    pen.poly(WOOD, 40, -80, 64, -80, 60, -64, 43, -64)
    for x in (46, 52, 58):
        pen.line(darken(WOOD, 0.35), 0.8, x, -79, x - 1, -65)
    pen.line(lighten(WOOD, 0.3), 1.8, 39, -80, 65, -80)


def car(pen: Pen, colour: Colour) -> None:
    """A small round car seen from the side."""
    pen.blob(colour, -44, -42, -32, -74, -8, -84, 22, -80, 42, -46)
    pen.blob(GLASS, -35, -46, -27, -68, -6, -74, -4, -46)
    pen.blob(GLASS, 3, -46, 2, -74, 19, -71, 33, -47)
    pen.blob(colour, -76, -20, -77, -38, -60, -47, -20, -48, 30, -48, 66, -42, 79, -30, 77, -18, 0, -14)
    pen.line(lighten(colour, 0.55), 1.6, -74, -34, 74, -34)
    pen.line(darken(colour, 0.35), 1.1, 0, -47, -1, -20)
    pen.line(STEEL, 2, 4, -38, 11, -38)
    pen.line(STEEL, 3.2, -79, -19, -66, -18)
    pen.line(STEEL, 3.2, 66, -18, 80, -19)
    pen.oval(LAMP, 73, -33, 4, 6)
    pen.oval((220, 70, 60), -75, -34, 2.6, 5)
    for x in (-44, 44):
        pen.oval(darken(colour, 0.55), x, -17, 20)
        pen.oval(INK, x, -16, 16)
        pen.oval(STEEL, x, -16, 9)
        pen.oval(lighten(colour, 0.1), x, -16, 4.5)
    pen.glow(LAMP, 84, -33, 40, 0.5 if pen.is_night else 0.0)


def boat(pen: Pen, colour: Colour) -> None:
    """A sailing boat."""
    pen.line(WOOD, 2.4, 2, -16, 2, -102)
    pen.fill([[*curve(to_points((6, -98, 24, -70, 30, -40, 44, -24)), is_closed=False), (6, -24)]], (252, 244, 228))
    pen.fill(
        [[*curve(to_points((-2, -88, -10, -62, -26, -40, -34, -24)), is_closed=False), (-2, -24)]],
        mix(colour, CREAM, 0.55),
    )
    for y, right in ((-44, 29), (-66, 24)):
        pen.curve((226, 210, 186), 0.8, 6, y, right / 2, y + 2, right, y)
    pen.poly((214, 74, 62), 2, -103, 2, -96, -14, -99)
    pen.poly(colour, -46, -20, 56, -20, 52, -12, 42, 0, -32, 0, -41, -10)
    pen.poly(lighten(colour, 0.6), -46, -20, 56, -20, 55, -16, -44, -16)
    pen.poly(darken(colour, 0.35), -37, -5, 47, -5, 42, 0, -32, 0)


def balloon(pen: Pen, colour: Colour) -> None:
    """A toy balloon on a string."""
    pen.curve((120, 112, 116), 0.9, 0, -30, 4, -20, -4, -10, 2, 0)
    pen.poly(darken(colour, 0.2), -4, -28, 4, -28, 0, -36)
    pen.blob(colour, 0, -34, -18, -46, -27, -68, -20, -90, 0, -100, 20, -90, 27, -68, 18, -46)
    pen.oval(lighten(colour, 0.7), -13, -82, 4, 8, 28)


def airballoon(pen: Pen, colour: Colour) -> None:
    """A hot-air balloon with a basket."""
    for x, low in ((-13, -5), (-4, -3.5), (4, 3.5), (13, 5)):
        pen.line((112, 92, 84), 0.8, x, -34, low, -12)
    pen.blob(colour, -8, -28, -26, -46, -36, -68, -27, -92, 0, -103, 27, -92, 36, -68, 26, -46, 8, -28, 0, -27)
    for share, stripe in ((0.72, CREAM), (0.4, lighten(mix(colour, (240, 176, 72), 0.6), 0.1)), (0.13, CREAM)):
        gore = curve(to_points((7, -28, 26, -46, 36, -68, 27, -92, 0, -103)), is_closed=False)
        pen.fill([[(x * share, y) for x, y in gore] + [(-x * share, y) for x, y in reversed(gore)]], stripe)
        if share > 0.2:
            inner = share - 0.16
            pen.fill([[(x * inner, y) for x, y in gore] + [(-x * inner, y) for x, y in reversed(gore)]], colour)
    pen.poly(darken(colour, 0.3), -9, -28, 9, -28, 7, -32, -7, -32)
    pen.glow(LAMP, 0, -26, 16, 0.8 if pen.is_night else 0.35)
    pen.blob(WOOD, -7, -13, 7, -13, 6, -1, 0, 0, -6, -1)
    pen.line(lighten(WOOD, 0.3), 1.8, -7.5, -13, 7.5, -13)


def rocket(pen: Pen, colour: Colour) -> None:
    """A rocket taking off."""
    pen.glow((255, 176, 84), 0, -8, 42, 0.7)
    pen.blob((250, 160, 60), -9, -20, -12, -6, -4, 6, 0, 16, 4, 6, 12, -6, 9, -20)
    pen.blob((255, 232, 150), -5, -20, -6, -8, 0, 4, 6, -8, 5, -20)
    for half in pen.create_half_pens():
        half.blob(colour, 13, -48, 26, -34, 29, -10, 20, -16, 12, -20)
    pen.blob((240, 238, 234), -11, -20, -18, -48, -13, -80, 0, -104, 13, -80, 18, -48, 11, -20, 0, -18)
    pen.fill([[*curve(to_points((-14, -78, -8, -92, 0, -104, 8, -92, 14, -78)), is_closed=False), (0, -75)]], colour)
    pen.poly(darken(STEEL, 0.35), -10, -21, 10, -21, 8, -15, -8, -15)
    pen.oval(darken(STEEL, 0.2), 0, -60, 9)
    pen.oval(GLASS, 0, -60, 6.5)
    pen.oval(WHITE, -2.4, -62.5, 1.8)
    pen.blob(darken(colour, 0.08), -2.5, -42, 2.5, -42, 3, -14, 0, -8, -3, -14)
