"""Places that people built: city, room and wall.

Each function sets a `Stage` and returns where things stand; none knows what will be put there.
"""

from __future__ import annotations

import math
from dataclasses import replace

from PIL import Image

from cometmagic.offline.painter.colour import CREAM, LAMP, Colour, Fade, dark, light, mix
from cometmagic.offline.painter.countryside import hills
from cometmagic.offline.painter.outline import ellipse
from cometmagic.offline.painter.scene import Stage
from cometmagic.offline.painter.terrain import Floor, floor_at


def city(stage: Stage) -> Floor:
    horizon = stage.ground(0.34)
    stage.sky(horizon)
    for index in range(3):
        colour = stage.far(mix(stage.accent or (112, 116, 150), (52, 52, 88), 0.45 * index), 0.75 - 0.35 * index)
        _skyline(stage, horizon + (0.02 + 0.06 * index) * stage.unit, (0.6 - 0.13 * index) * stage.tall, colour, index)
        stage.mist(horizon + 0.06 * stage.unit, 0.1 * stage.unit, 0.45)
    street, top = stage.pen.tone((120, 116, 132)), stage.height - 0.2 * stage.unit * stage.tall
    for y, tone in ((top, light(street, 0.28)), (top + 0.045 * stage.unit, dark(street, 0.2))):
        box = [(-2.0, y), (stage.width + 2.0, y), (stage.width + 2.0, stage.height + 2.0), (-2.0, stage.height + 2.0)]
        stage.air.lay([box], Fade(tone, dark(tone, 0.3)))
    middle, dash = (top + stage.height) / 2 + 0.03 * stage.unit, 0.12 * stage.unit
    for index in range(-1, math.ceil(stage.width / dash / 2) + 1):
        stage.faint(0.7).line(CREAM, 0.008 * stage.unit, index * 2 * dash, middle, (index * 2 + 0.9) * dash, middle)
    return floor_at(stage, 0.08, 0.19)


def _skyline(stage: Stage, base: float, high: float, colour: Colour, row: int) -> None:
    """Put up a row of buildings, with windows in the nearer ones."""
    dice, x = stage.dice(f"city{row}"), -0.05 * stage.unit
    while x < stage.width:
        wide, top = stage.unit * dice.uniform(0.07, 0.15), base - stage.unit * high * dice.uniform(0.35, 1.0)
        roof = dice.choice(([(0.5, -0.05)], [], [(0.2, 0), (0.2, -0.03), (0.8, -0.03), (0.8, 0)], [(0, -0.03)]))
        crest = [(x + wide * px, top + py * stage.unit) for px, py in roof]
        shape = [(x, base + stage.unit), (x, top), *crest, (x + wide, top), (x + wide, base + stage.unit)]
        stage.air.lay([shape], Fade(colour, mix(colour, stage.hour.horizon, 0.35)))
        if row:
            _panes(stage, x, top, wide, base, colour, dice.random())
        x += wide * dice.uniform(0.9, 1.15)


def _panes(stage: Stage, x: float, top: float, wide: float, base: float, colour: Colour, luck: float) -> None:
    dice, pane, gap = stage.dice(f"panes{luck}"), 0.011 * stage.unit, 0.028 * stage.unit
    lit = 0.55 if stage.hour.night else 0.3
    rows = range(1, int((base + 0.15 * stage.unit - top) / gap))
    panes: dict[Colour, list[list[tuple[float, float]]]] = {LAMP: [], light(colour, 0.16): []}
    for across in range(1, int(wide / gap)):
        for down in rows:
            left, y, on = x + across * gap - pane / 2 + wide % gap / 2, top + down * gap, dice.random() < lit
            if on or dice.random() < 0.5:
                corners = ((0.0, 0.0), (pane, 0.0), (pane, pane * 1.3), (0.0, pane * 1.3))
                panes[LAMP if on else light(colour, 0.16)].append([(left + dx, y + dy) for dx, dy in corners])
    for tone, shapes in panes.items():
        plain = replace(
            stage.faint(0.85),
            finish=replace(stage.pen.finish, line=0.0, texture="", paint=max(0.5, stage.pen.finish.paint)),
        )
        if shapes:
            plain.lay(shapes, tone)


def room(stage: Stage) -> Floor:
    unit, dice = stage.unit, stage.dice("room")
    paper = stage.pen.tone(
        stage.accent
        or dice.choice(((188, 202, 184), (226, 196, 168), (168, 190, 204), (222, 186, 178), (206, 190, 214)))
    )
    width, height = float(stage.width), float(stage.height)
    stage.sky(height)
    stage.air.poly(
        Fade(light(paper, 0.16), dark(paper, 0.12)), -2, -2, width + 2, -2, width + 2, height + 2, -2, height + 2
    )
    for index in range(math.ceil(width / unit / 0.09) + 1):
        x = (index + 0.5) * 0.09 * unit
        stage.faint(0.2).line(light(paper, 0.6), 0.02 * unit, x, -unit * 0.1, x, height)
    _outlook(stage)
    top = height - 0.27 * unit * stage.tall
    wood = stage.pen.tone(dice.choice(((176, 116, 74), (150, 98, 70), (202, 154, 106))))
    stage.air.poly(
        Fade(light(wood, 0.22), dark(wood, 0.1)), -2, top, width + 2, top, width + 2, height + 2, -2, height + 2
    )
    stage.air.line(light(wood, 0.45), 0.006 * unit, -2, top, width + 2, top)
    for index in range(1, 6):
        y = top + (height - top) * (index / 6) ** 1.3
        stage.faint(0.35).bend(
            dark(wood, 0.2),
            0.0022 * unit,
            -2,
            y,
            width * 0.3,
            y + 0.006 * unit,
            width * 0.7,
            y - 0.004 * unit,
            width + 2,
            y,
        )
    return Floor(height - 0.13 * unit * stage.tall**0.8, top + 0.05 * unit)


def _outlook(stage: Stage) -> None:
    """Open a window on to hills, to one side, with the light it throws."""
    unit, left = stage.unit, stage.dice("window").random() < 0.5
    wide, high = round(min(0.38 * unit, stage.width * 0.44)), round(0.44 * unit * stage.tall**0.8)
    middle = stage.width / 2 + (-1 if left else 1) * min(stage.width * 0.26, 0.34 * unit)
    x, y = round(middle - wide / 2), round(stage.ground(0.27) * 0.46 - high / 2)
    view = Image.new("RGB", (wide, high))
    outside = Stage(
        replace(stage.pen, canvas=view, unit=float(min(wide, high))), stage.hour, stage.land, stage.seed + "/out"
    )
    hills(outside)
    frame = light(stage.pen.tone((236, 226, 208)), 0.3)
    rim = 0.02 * unit
    stage.air.poly(
        dark(frame, 0.1),
        x - rim,
        y - rim,
        x + wide + rim,
        y - rim,
        x + wide + rim,
        y + high + rim,
        x - rim,
        y + high + rim,
    )
    stage.pen.canvas.paste(view, (x, y))
    stage.air.line(frame, rim * 0.6, x + wide / 2, y, x + wide / 2, y + high)
    stage.air.line(frame, rim * 0.6, x, y + high * 0.42, x + wide, y + high * 0.42)
    stage.air.poly(
        frame,
        x - 2 * rim,
        y + high,
        x + wide + 2 * rim,
        y + high,
        x + wide + 2 * rim,
        y + high + rim * 1.4,
        x - 2 * rim,
        y + high + rim * 1.4,
    )
    stage.air.glow(stage.hour.sun, x + wide / 2, y + high / 2, unit * 0.75, 0.28)


def wall(stage: Stage) -> Floor:
    unit, width, height, dice = stage.unit, float(stage.width), float(stage.height), stage.dice("wall")
    plaster = stage.pen.tone(
        stage.accent or dice.choice(((238, 200, 140), (236, 184, 142), (228, 206, 172), (200, 206, 190)))
    )
    stage.sky(height)
    base = height - 0.17 * unit * stage.tall
    stage.air.poly(Fade(light(plaster, 0.28), dark(plaster, 0.06)), -2, -2, width + 2, -2, width + 2, base, -2, base)
    for _ in range(round(22 * width * height / unit**2)):
        x, y = dice.uniform(0, width), dice.uniform(0, base - 0.05 * unit)
        for column in range(dice.choice((1, 2, 2, 3))):
            brick = stage.faint(0.42)
            brick.poly(dark(plaster, dice.uniform(0.05, 0.18)), *_brick(x + column * 0.066 * unit, y, unit))
    _sunbeams(stage, base, plaster)
    stone = stage.pen.tone((190, 172, 156))
    stage.air.poly(
        Fade(dark(stone, 0.05), dark(stone, 0.25)), -2, base, width + 2, base, width + 2, height + 2, -2, height + 2
    )
    for index in range(1, 4):
        y = base + (height - base) * (index / 4) ** 1.2
        stage.faint(0.35).line(dark(stone, 0.35), 0.002 * unit, -2, y, width + 2, y)
    for index in range(-12, math.ceil(width / unit / 0.2) + 12):
        x = index * 0.2 * unit
        stage.faint(0.25).line(dark(stone, 0.35), 0.002 * unit, x, base, width / 2 + (x - width / 2) * 1.5, height)
    stage.grass(base + 0.012 * unit, (120, 142, 84), "weeds", 9, 0.07)
    return Floor(height - 0.1 * unit * stage.tall, base + 0.03 * unit)


def _brick(x: float, y: float, unit: float) -> tuple[float, ...]:
    wide, high = 0.06 * unit, 0.024 * unit
    return (x, y, x + wide, y, x + wide, y + high, x, y + high)


def _sunbeams(stage: Stage, base: float, plaster: Colour) -> None:
    """Let slanting light and the shadow of leaves fall on the wall."""
    unit, width, dice = stage.unit, stage.width, stage.dice("beams")
    lean = 0.45 * base
    for start, wide in ((0.02, 0.34), (0.5, 0.2), (0.86, 0.4)):
        x = start * width
        beam = [(x + lean, -2.0), (x + lean + wide * width, -2.0), (x + wide * width, base), (x, base)]
        stage.faint(0.12 if stage.hour.night else 0.42).lay([beam], mix(light(plaster, 0.5), stage.hour.sun, 0.5))
    leaves = []
    for _ in range(80):
        x, y = dice.gauss(0.04, 0.13) * unit, dice.gauss(0.06, 0.12) * unit
        leaves.append(ellipse(x, y, unit * dice.uniform(0.02, 0.036), unit * 0.011, dice.uniform(15, 80)))
    stage.faint(0.2).lay(leaves, dark(plaster, 0.55))
