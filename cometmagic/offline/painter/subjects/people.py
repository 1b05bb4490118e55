"""Drawings of people, and the space suit and helmet that animals can wear."""

from __future__ import annotations

from dataclasses import replace

from cometmagic.offline.painter.colour import INK, STEEL, WHITE, Colour, darken, lighten
from cometmagic.offline.painter.pen import Pen
from cometmagic.offline.painter.subjects.creatures import ROSE


def person(pen: Pen, colour: Colour) -> None:
    """A traveller in a long coat and a scarf."""
    skin, hair, scarf = (224, 170, 134), (78, 52, 48), (236, 186, 84)
    for half in pen.create_half_pens():
        half.poly((58, 62, 88), 2, -30, 10, -30, 9, -3, 3, -3)
        half.blob(INK, 2, 0, 2, -5, 8, -6, 13, 0)
        half.blob(darken(colour, 0.12), 10, -70, 17, -66, 22, -40, 19, -32, 14, -36, 11, -54)
        half.oval(skin, 18, -31, 3.4)
    pen.blob(hair, -13, -84, -9, -99, 9, -99, 13, -84, 11, -68, -11, -68)
    pen.blob(colour, -11, -71, 11, -71, 15, -50, 18, -20, 0, -17, -18, -20, -15, -50)
    pen.line(darken(colour, 0.3), 1, 0, -66, 0, -18)
    for y in (-56, -46, -36):
        pen.oval(lighten(colour, 0.6), 3, y, 1.3)
    pen.oval(skin, 0, -82, 9.5, 11.5)
    pen.blob(hair, -10.5, -82, -10, -96, 8, -97, 11, -80, 5, -90, -5, -89)
    for half in pen.create_half_pens():
        half.oval(INK, 3.6, -81.5, 1.2, 1.5)
        half.oval(ROSE, 5.5, -77.5, 2, 1.3)
    pen.curve(darken(skin, 0.5), 0.8, -2, -76.5, 0, -75.5, 2, -76.5)
    pen.curve(scarf, 6, -9, -70, 0, -67, 9, -70)
    pen.line(scarf, 5, 6, -68, 9, -48)


def astronaut(pen: Pen, colour: Colour) -> None:
    """A figure in a space suit."""
    pen.blob(darken(STEEL, 0.3), -22, -74, 22, -74, 23, -38, -23, -38)
    for half in pen.create_half_pens():
        half.blob(colour, 1, -36, 15, -36, 15, -6, 2, -6)
        half.blob(darken(STEEL, 0.35), 1, 0, 1, -8, 14, -9, 18, 0)
        half.blob(colour, 12, -68, 24, -62, 31, -42, 25, -34, 18, -42)
        half.oval(darken(STEEL, 0.3), 27, -36, 5.5)
    pen.blob(colour, -17, -68, 17, -68, 19, -48, 16, -30, -16, -30, -19, -48)
    pen.poly(STEEL, -9, -56, 9, -56, 9, -43, -9, -43)
    for x, lamp in ((-5, (214, 74, 62)), (0, (244, 190, 76)), (5, (72, 148, 190))):
        pen.oval(lamp, x, -50, 1.8)
    pen.oval(colour, 0, -84, 20, 19)
    pen.oval(darken(STEEL, 0.4), 0, -83, 15.5, 13.5)
    pen.oval((232, 158, 62), 0, -83, 14, 12)
    pen.blob((252, 214, 130), -11, -84, -8, -91, 0, -93, -5, -87)
    pen.line((214, 74, 62), 2.4, -16, -37, 16, -37)


def helmet(pen: Pen, colour: Colour) -> None:
    """A glass helmet around a head of radius 30 at the origin."""
    pen.oval(darken(colour, 0.18), 0, 30, 27, 7)
    pen.oval(colour, 0, 28, 24, 5)
    replace(pen, opacity=0.22).oval((176, 214, 240), 0, -4, 42, 40)
    pen.ring(colour, 2.6, 0, -4, 42, 40)
    pen.curve(WHITE, 3, -33, -12, -27, -26, -16, -35)
    pen.oval(WHITE, -35, -4, 1.6, 3)


def suit(pen: Pen, colour: Colour) -> None:
    """A space suit for a sitting animal, without the helmet."""
    pen.blob(colour, -24, 0, -31, -16, -23, -44, -12, -53, 12, -53, 23, -44, 31, -16, 24, 0)
    for half in pen.create_half_pens():
        half.blob(lighten(colour, 0.2), 2, 0, 2, -28, 9, -37, 16, -26, 17, 0)
        half.line((222, 92, 62), 2.6, 2.5, -12, 16, -12)
        half.curve(darken(colour, 0.3), 1.2, 19, -4, 24, -14, 19, -26)
    pen.poly(darken(STEEL, 0.1), -9, -50, 9, -50, 9, -39, -9, -39)
    for x, lamp in ((-5, (214, 74, 62)), (0, (244, 190, 76)), (5, (72, 148, 190))):
        pen.oval(lamp, x, -44.5, 1.9)
