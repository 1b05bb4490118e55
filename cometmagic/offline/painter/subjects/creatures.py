"""Drawings of animals."""

from __future__ import annotations

from cometmagic.offline.painter.colour import CREAM, INK, WHITE, Colour, darken, lighten, mix
from cometmagic.offline.painter.pen import Pen

ROSE: Colour = (232, 138, 140)
BEAK: Colour = (240, 170, 60)


def _draw_sitting_body(pen: Pen, colour: Colour, chest: Colour) -> None:
    """Draw the body of a small sitting animal, seen from the front."""
    pen.blob(colour, -22, 0, -29, -16, -21, -44, -9, -60, 9, -60, 21, -44, 29, -16, 22, 0)
    pen.blob(chest, -8, -16, -11, -36, 0, -56, 11, -36, 8, -16, 0, -9)
    for half in pen.create_half_pens():
        half.curve(darken(colour, 0.3), 1.2, 17, -4, 22, -14, 17, -25)
        half.blob(colour, 3, -2, 3, -28, 9, -36, 14, -26, 15, -2)
        half.oval(lighten(chest, 0.3), 9, -3, 8, 4.5)
        half.line(darken(chest, 0.35), 0.8, 7.5, -4, 7.5, -1.5)
        half.line(darken(chest, 0.35), 0.8, 11, -4, 11, -1.5)


def _draw_eyes(pen: Pen, colour: Colour, x: float, y: float, size: float) -> None:
    for half in pen.create_half_pens():
        half.oval(INK, x, y, size * 1.12, size * 1.2)
        half.oval(colour, x, y, size * 0.95, size * 1.02)
        half.oval(INK, x - size * 0.1, y, size * 0.5, size * 0.9)
    for side in (-x, x):
        pen.oval(WHITE, side - size * 0.3, y - size * 0.4, size * 0.28)


def _draw_nose(pen: Pen, colour: Colour, y: float, size: float) -> None:
    pen.blob(colour, -size, y - size * 0.7, 0, y - size * 0.95, size, y - size * 0.7, 0, y + size * 0.6)
    for half in pen.create_half_pens():
        half.curve(darken(colour, 0.5), 0.9, 0, y + size * 0.5, size * 0.9, y + size * 1.6, size * 2.0, y + size)


def cat(pen: Pen, colour: Colour) -> None:
    """A sitting cat."""
    pale = lighten(colour, 0.62)
    pen.curve(darken(colour, 0.1), 9, 18, -6, 36, -4, 46, -16, 42, -32, 48, -42)
    pen.curve(pale, 9, 45.5, -38, 48, -42)
    _draw_sitting_body(pen, colour, pale)
    for half in pen.create_half_pens():
        half.poly(colour, 26, -76, 25, -105, 6, -90)
        half.poly(mix(ROSE, colour, 0.25), 22.5, -82, 22.5, -98, 11, -89)
    pen.blob(colour, -29, -72, -22, -88, 0, -94, 22, -88, 29, -72, 18, -58, 0, -54, -18, -58)
    for x in (-5, 0, 5):
        pen.line(darken(colour, 0.4), 1.7, x * 1.2, -92, x, -85)
    for half in pen.create_half_pens():
        half.oval(pale, 6, -64, 8.5, 6.5)
        half.line(darken(colour, 0.35), 1.4, 27, -70, 21, -69)
        for lift in (-4, 0, 4):
            half.line(lighten(colour, 0.85), 0.7, 11, -64 + lift / 3, 33, -65 + lift)
    _draw_eyes(pen, (150, 186, 84), 12, -75, 5.8)
    _draw_nose(pen, ROSE, -66.5, 3)


def dog(pen: Pen, colour: Colour) -> None:
    """A sitting dog with hanging ears."""
    pale, ear = lighten(colour, 0.66), darken(colour, 0.36)
    pen.curve(colour, 7, 20, -8, 36, -14, 42, -30)
    _draw_sitting_body(pen, colour, pale)
    pen.line((196, 62, 58), 5, -13, -55, 0, -52, 13, -55)
    pen.oval((236, 190, 80), 0, -48, 3.6)
    pen.blob(colour, -24, -72, -18, -94, 0, -99, 18, -94, 24, -72, 15, -58, -15, -58)
    pen.blob(pale, -4, -96, 4, -96, 6, -78, 13, -66, 8, -57, -8, -57, -13, -66, -6, -78)
    for half in pen.create_half_pens():
        half.blob(ear, 15, -95, 28, -92, 36, -72, 32, -54, 24, -58, 20, -76)
    pen.oval(lighten(pale, 0.3), 0, -64, 13, 10)
    pen.blob((226, 108, 116), -4, -59, 4, -59, 4, -51, 0, -48, -4, -51)
    _draw_eyes(pen, (110, 72, 44), 10.5, -80, 4.2)
    _draw_nose(pen, INK, -68, 4.6)


def fox(pen: Pen, colour: Colour) -> None:
    """A sitting fox with a large tail."""
    pen.blob(colour, 12, -2, 38, -2, 54, -20, 52, -48, 44, -58, 36, -44, 30, -22)
    pen.blob(CREAM, 52, -46, 51, -56, 45, -63, 38, -52, 40, -42, 46, -46)
    _draw_sitting_body(pen, colour, CREAM)
    for half in pen.create_half_pens():
        half.poly(colour, 25, -78, 27, -110, 5, -91)
        half.poly(INK, 24, -97, 27, -110, 17, -102)
        half.oval(INK, 9, -3, 8, 4.5)
    pen.blob(colour, -31, -72, -20, -90, 0, -94, 20, -90, 31, -72, 15, -60, 0, -52, -15, -60)
    for half in pen.create_half_pens():
        half.blob(CREAM, 30, -71, 18, -76, 8, -66, 0, -54, 3, -52, 15, -60)
    _draw_eyes(pen, (196, 132, 52), 11, -77, 4.6)
    pen.oval(INK, 0, -57, 4, 3.2)


def rabbit(pen: Pen, colour: Colour) -> None:
    """A sitting rabbit with upright ears."""
    pale = lighten(colour, 0.6)
    pen.oval(lighten(pale, 0.6), 25, -10, 9)
    _draw_sitting_body(pen, colour, pale)
    for half, turn in zip(pen.create_half_pens(), (8, 14), strict=True):
        half.oval(colour, 12, -106, 8, 27, turn)
        half.oval(mix(ROSE, colour, 0.3), 12, -105, 4, 20, turn)
    pen.blob(colour, -25, -70, -19, -88, 0, -94, 19, -88, 25, -70, 15, -57, -15, -57)
    for half in pen.create_half_pens():
        half.oval(pale, 5.5, -64, 8, 6.5)
        half.oval(ROSE, 17, -66, 4.5, 3)
    pen.poly(WHITE, -3, -60, 3, -60, 2.5, -54, -2.5, -54)
    _draw_eyes(pen, (92, 62, 52), 12, -76, 4.6)
    _draw_nose(pen, ROSE, -67, 2.8)


def bird(pen: Pen, colour: Colour) -> None:
    """A round songbird on a twig."""
    pen.curve((104, 74, 60), 4, -56, -6, -20, -3, 20, -5, 58, -12)
    for x, y, turn in ((44, -14, -40), (-44, -9, 30), (30, 0, 35)):
        pen.oval((112, 152, 92), x, y, 9, 4.5, turn)
    pen.poly(darken(colour, 0.35), 22, -34, 62, -24, 60, -14, 24, -22)
    pen.blob(colour, -36, -66, -26, -84, -8, -84, 6, -68, 26, -46, 32, -28, 12, -14, -12, -16, -28, -32, -32, -52)
    pen.blob(lighten(colour, 0.72), -33, -56, -22, -58, -8, -42, 0, -22, -12, -16, -27, -32)
    pen.blob(darken(colour, 0.3), 2, -58, 22, -48, 42, -26, 22, -24, 6, -34)
    for lift in (0, 6):
        pen.curve(lighten(colour, 0.35), 1.6, 8, -40 + lift, 20, -34 + lift / 2, 32, -29 + lift / 3)
    pen.poly(BEAK, -36, -72, -50, -64, -35, -62)
    pen.oval(INK, -24, -71, 3.8)
    pen.oval(WHITE, -25.2, -72.4, 1.2)
    for x in (-6, 6):
        pen.line((146, 98, 70), 2, x, -16, x - 2, -4)


def owl(pen: Pen, colour: Colour) -> None:
    """An owl on a branch."""
    pen.curve((92, 68, 60), 7, -60, -4, -20, 0, 22, -4, 60, -14)
    pen.blob(colour, -30, -20, -34, -60, -32, -98, -14, -90, 14, -90, 32, -98, 34, -60, 30, -20, 0, -2)
    pen.blob(lighten(colour, 0.55), -17, -18, -19, -44, 0, -58, 19, -44, 17, -18, 0, -7)
    for row, y in enumerate((-44, -36, -28, -20)):
        for middle in range(-12 + row % 2 * 4, 14, 8):
            pen.curve(darken(colour, 0.1), 1.4, middle - 3, y, middle, y + 3, middle + 3, y)
    for half in pen.create_half_pens():
        half.blob(darken(colour, 0.3), 24, -66, 34, -62, 36, -30, 24, -8, 20, -34)
        half.oval(lighten(colour, 0.5), 13, -72, 14.5)
        half.oval((248, 196, 70), 13, -72, 9.5)
        half.oval(INK, 12.5, -72, 6)
        half.oval(BEAK, 8, -4, 4.5, 3)
    for shine in (10, -16):
        pen.oval(WHITE, shine, -75, 2.2)
    pen.poly(BEAK, -5, -68, 5, -68, 0, -57)


def fish(pen: Pen, colour: Colour) -> None:
    """A fish with flowing fins, swimming to the left."""
    fin = lighten(mix(colour, (255, 190, 90), 0.35), 0.15)
    pen.blob(fin, 34, -50, 58, -76, 80, -84, 70, -58, 74, -44, 82, -20, 58, -28)
    pen.blob(fin, -22, -72, -4, -94, 28, -88, 32, -64)
    pen.blob(fin, -8, -28, 6, -10, 22, -12, 18, -34)
    pen.blob(colour, -54, -48, -38, -68, -8, -77, 22, -66, 44, -50, 22, -34, -8, -24, -38, -30)
    pen.blob(lighten(colour, 0.5), -52, -44, -30, -38, 0, -36, 22, -36, -8, -25, -36, -30)
    for column, x in enumerate((-14, -4, 6, 16)):
        for y in range(-64 + column * 3, -40 - column, 8):
            pen.curve(darken(colour, 0.22), 1.2, x, y, x + 4, y + 4, x, y + 8)
    pen.curve(darken(colour, 0.3), 1.6, -28, -64, -21, -50, -27, -36)
    pen.blob(darken(fin, 0.16), -16, -50, 2, -46, 10, -34, -4, -36)
    pen.oval(WHITE, -39, -55, 6)
    pen.oval(INK, -40, -55, 3.8)
    pen.oval(WHITE, -41.4, -56.6, 1.3)
    pen.curve(darken(colour, 0.45), 1.4, -53, -45, -48, -43, -44, -45)


def butterfly(pen: Pen, colour: Colour) -> None:
    """A butterfly with spread wings, marked like a monarch."""
    for half in pen.create_half_pens():
        half.blob(INK, 3, -50, 24, -56, 44, -46, 48, -28, 40, -10, 24, -3, 12, -14, 5, -34)
        half.blob(lighten(colour, 0.12), 5, -48, 23, -51, 36, -43, 39, -29, 32, -16, 22, -11, 14, -19, 7, -35)
        half.blob(INK, 2, -54, 12, -78, 36, -97, 62, -101, 68, -92, 60, -72, 48, -56, 30, -48, 8, -48)
        half.blob(colour, 5, -55, 14, -75, 33, -90, 48, -91, 52, -83, 47, -67, 40, -57, 28, -52, 10, -51)
        for x, y in ((54.0, -90.0), (50, -74), (43, -59), (28, -51)):
            half.curve(INK, 1.7, 5, -54, (x + 14) / 2.2, (y - 58) / 2, x, y)
        for x, y in ((39, -40), (40, -26), (31, -13), (20, -9)):
            half.curve(INK, 1.5, 5, -47, (x + 8) / 2, (y - 46) / 2, x, y)
        half.curve(INK, 2, 34, -90, 39, -80, 32, -68)
        for x, y, size in ((59, -96, 2), (62, -89, 2), (60, -82, 1.8), (57, -75, 1.7), (53, -68, 1.6), (53, -95, 1.6)):
            half.oval(WHITE, x, y, size)
        for x, y in ((44, -38), (44.5, -30), (42, -22), (38, -14), (31, -8.5), (24, -6.5)):
            half.oval(WHITE, x, y, 1.4)
        half.curve(INK, 1.2, 1, -66, 7, -82, 15, -90)
        half.oval(INK, 15.5, -90.5, 2, 1.5, -40)
    pen.oval(mix(INK, colour, 0.2), 0, -38, 3.2, 19)
    pen.oval(INK, 0, -56, 4.2, 8)
    pen.oval(INK, 0, -66, 3.6)
    for y in (-46, -40, -34, -28):
        pen.line(lighten(colour, 0.3), 0.8, -2.4, y, 2.4, y)
