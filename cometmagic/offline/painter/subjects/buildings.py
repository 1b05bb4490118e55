"""Drawings of buildings: house, castle and lighthouse."""

from __future__ import annotations

import itertools
from dataclasses import replace

from cometmagic.offline.painter.colour import CREAM, INK, LAMP, Colour, Gradient, darken, lighten, mix
from cometmagic.offline.painter.pen import Pen

STONE: Colour = (196, 184, 172)
ROOF: Colour = (164, 74, 62)
PANE: Colour = (92, 118, 144)


def _draw_window(pen: Pen, x: float, y: float, dx: float, dy: float) -> None:
    """Draw a window, with light in it at night."""
    pane = LAMP if pen.is_night else PANE
    if pen.is_night:
        pen.glow(LAMP, x, y, dy * 2.2, 0.55)
    pen.rectangle(lighten(STONE, 0.6), x - dx - 1, y - dy - 1, x + dx + 1, y + dy + 1)
    pane_pen = _remove_tint(pen) if pen.is_night else pen
    pane_pen.rectangle(pane, x - dx, y - dy, x + dx, y + dy)
    pen.line(lighten(STONE, 0.6), 0.9, x, y - dy, x, y + dy)
    pen.line(lighten(STONE, 0.6), 0.9, x - dx, y, x + dx, y)


def _remove_tint(pen: Pen) -> Pen:
    """Return a pen for things that emit light, which the ambient light does not tint."""
    return replace(pen, ambient=(255, 255, 255))


def house(pen: Pen, colour: Colour) -> None:
    """A cottage with a pitched roof."""
    roof = darken(mix(ROOF, colour, 0.25), 0.1)
    pen.poly(darken(roof, 0.2), 22, -60, 34, -60, 34, -98, 22, -98)
    pen.poly(lighten(roof, 0.2), 20, -98, 36, -98, 36, -103, 20, -103)
    pen.poly(colour, -46, 0, -46, -48, 46, -48, 46, 0)
    pen.poly(darken(colour, 0.1), -16, -48, 16, -48, 16, 0, -16, 0)
    pen.poly(roof, -56, -44, -36, -86, 36, -86, 56, -44)
    for y in (-54, -64, -74):
        half_width = 56 + (y + 44) * 0.476
        pen.line(darken(roof, 0.25), 0.9, -half_width + 2, y, half_width - 2, y)
    pen.poly(darken(colour, 0.02), -18, -42, 0, -70, 18, -42, 16, 0, -16, 0)
    pen.line(lighten(roof, 0.2), 4, -22, -40, 0, -72, 22, -40)
    pen.blob(darken(ROOF, 0.3), -8, 0, -8, -22, 0, -30, 8, -22, 8, 0)
    pen.oval(LAMP, 5, -13, 1.4)
    _draw_window(pen, 0, -48, 4.5, 5.5)
    for x in (-31, 31):
        _draw_window(pen, x, -26, 7, 8)
        pen.fill([[(x - 10, -16), (x + 10, -16), (x + 9, -12), (x - 9, -12)]], ROOF)


def _draw_tower(pen: Pen, colour: Colour, x: float, half_width: float, top: float, roof: Colour) -> None:
    pen.poly(colour, x - half_width, 0, x - half_width, top, x + half_width, top, x + half_width, 0)
    pen.rectangle(lighten(colour, 0.2), x - half_width - 2, top, x + half_width + 2, top + 5)
    tip = top - half_width * 2.7
    pen.poly(roof, x - half_width - 3, top, x, tip, x + half_width + 3, top)
    pen.poly(lighten(roof, 0.16), x - half_width - 3, top, x, tip, x - half_width * 0.1, top)
    pen.line(INK, 0.8, x, tip, x, tip - 9)
    pen.poly((236, 186, 80), x, tip - 9, x + 10, tip - 6.5, x, tip - 4)


def castle(pen: Pen, colour: Colour) -> None:
    """A castle with four towers."""
    roof = (88, 92, 148) if colour[0] > colour[2] - 20 else ROOF
    _draw_tower(pen, darken(colour, 0.12), -22, 9, -66, roof)
    _draw_tower(pen, darken(colour, 0.06), 18, 11, -72, roof)
    for x in range(-40, 40, 10):
        pen.poly(colour, x, -38, x, -47, x + 6, -47, x + 6, -38)
    pen.poly(colour, -46, 0, -46, -40, 46, -40, 46, 0)
    for x, y in ((-26, -30), (-20, -12), (24, -22), (18, -33), (-32, -18), (28, -10)):
        pen.line(darken(colour, 0.2), 1.6, x, y, x + 4, y)
    _draw_tower(pen, colour, -50, 12, -52, roof)
    _draw_tower(pen, colour, 50, 12, -52, roof)
    pen.poly(colour, -16, 0, -16, -48, 16, -48, 16, 0)
    for x in (-16, -5, 6):
        pen.poly(lighten(colour, 0.1), x, -47, x, -54, x + 9, -54, x + 9, -47)
    pen.blob(darken(colour, 0.6), -10, 1, -10, -22, 0, -31, 10, -22, 10, 1)
    for x, y in ((-22, -54), (18, -60), (-50, -38), (50, -38), (-50, -20), (50, -20), (0, -39)):
        _draw_slit(pen, x, y)


def _draw_slit(pen: Pen, x: float, y: float) -> None:
    pane = LAMP if pen.is_night else darken(PANE, 0.4)
    if pen.is_night:
        pen.glow(LAMP, x, y, 12, 0.6)
    pane_pen = _remove_tint(pen) if pen.is_night else pen
    pane_pen.blob(pane, x - 2.4, y + 4, x - 2.4, y - 2, x, y - 5, x + 2.4, y - 2, x + 2.4, y + 4)


def lighthouse(pen: Pen, colour: Colour) -> None:
    """A striped lighthouse on a rock, with its beam."""
    pen.blob((92, 88, 98), -44, 4, -34, -8, -18, -13, 0, -10, 18, -14, 34, -7, 46, 4, 0, 6)
    beam = 0.85 if pen.is_night else 0.4
    if not pen.finish.paper and pen.finish.shading:
        for side in (1, -1):
            pen.transform(0, -86, is_mirrored=side < 0).glow(LAMP, 26, 0, 36, 0.3 * beam)
    levels = (-10, -26, -42, -58, -74)
    for index, (low, top) in enumerate(itertools.pairwise(levels)):
        low_half, top_half = 15 + (low + 10) * 0.09, 15 + (top + 10) * 0.09
        stripe = colour if index % 2 == 0 else lighten(CREAM, 0.5)
        pen.poly(stripe, -low_half, low, -top_half, top, top_half, top, low_half, low)
    pen.blob(darken(colour, 0.5), -4, -10, -4, -19, 0, -22, 4, -19, 4, -10)
    for y in (-34, -50, -66):
        (_remove_tint(pen) if pen.is_night else pen).oval(LAMP if pen.is_night else PANE, 0, y, 2, 3)
    pen.poly(INK, -14, -74, 14, -74, 12, -78, -12, -78)
    for x in (-11, -4, 4, 11):
        pen.line(INK, 0.7, x, -78, x, -83)
    pen.line(INK, 0.9, -13, -83, 13, -83)
    _remove_tint(pen).poly(Gradient((255, 244, 190), LAMP), -7, -78, -7, -91, 7, -91, 7, -78)
    pen.line(INK, 0.9, 0, -78, 0, -91)
    pen.blob(colour, -10, -90, -7, -97, 0, -101, 7, -97, 10, -90)
    pen.oval(INK, 0, -102, 1.6)
    pen.glow((255, 232, 160), 0, -85, 34, beam)
