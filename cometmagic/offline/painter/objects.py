"""How to draw what people make: vehicles and household things, each about 100 units tall.

Like every drawing function, these know nothing of the prompt, the scene or the size of the picture.
"""

from __future__ import annotations

import math

from cometmagic.offline.painter.colour import CREAM, INK, LAMP, WHITE, Colour, Gradient, darken, lighten, mix
from cometmagic.offline.painter.outline import curve, ellipse, rounded_rectangle, to_points
from cometmagic.offline.painter.pen import Pen

STEEL: Colour = (190, 198, 210)


WOOD: Colour = (150, 100, 68)


GLASS: Colour = (168, 206, 220)


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
    for side in (False, True):
        pen.transform(0, 0, is_mirrored=side).blob(colour, 13, -48, 26, -34, 29, -10, 20, -16, 12, -20)
    pen.blob((240, 238, 234), -11, -20, -18, -48, -13, -80, 0, -104, 13, -80, 18, -48, 11, -20, 0, -18)
    pen.fill([[*curve(to_points((-14, -78, -8, -92, 0, -104, 8, -92, 14, -78)), is_closed=False), (0, -75)]], colour)
    pen.poly(darken(STEEL, 0.35), -10, -21, 10, -21, 8, -15, -8, -15)
    pen.oval(darken(STEEL, 0.2), 0, -60, 9)
    pen.oval(GLASS, 0, -60, 6.5)
    pen.oval(WHITE, -2.4, -62.5, 1.8)
    pen.blob(darken(colour, 0.08), -2.5, -42, 2.5, -42, 3, -14, 0, -8, -3, -14)


def robot(pen: Pen, colour: Colour) -> None:
    """A friendly robot."""
    metal = darken(STEEL, 0.22)
    for side in (False, True):
        half = pen.transform(0, 0, is_mirrored=side)
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
    """An open book standing on its edge towards us."""
    pen.fill(
        [
            [
                *curve(to_points((0, -6, -30, -14, -68, -8)), is_closed=False),
                (-68, -76),
                (0, -70),
                (68, -76),
                (68, -8),
                (30, -14),
            ]
        ],
        colour,
    )
    for side in (False, True):
        half = pen.transform(0, 0, is_mirrored=side)
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
    for side in (False, True):
        half = pen.transform(0, 0, is_mirrored=side)
        half.curve(darken(colour, 0.3), 1, 0, -91, 18, -74, 27, -47)
    pen.line(darken(colour, 0.3), 1, 0, -91, 0, -47)
    pen.line(STEEL, 2.4, 0, -92, 0, -100)


def star(pen: Pen, colour: Colour) -> None:
    """A five-pointed star."""
    pen.glow(colour, 0, -50, 90, 0.4)
    spots: list[tuple[float, float]] = []
    for step in range(10):
        reach, angle = (50, 21)[step % 2], math.radians(step * 36 - 90)
        spots.append((reach * math.cos(angle), -50 + reach * math.sin(angle)))
    pen.fill([spots], colour)


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
