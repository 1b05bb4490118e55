"""Places that people built: city, room and wall.

Each function sets a `Stage` and returns where things stand; none knows what will be put there.
"""

from __future__ import annotations

import math
from dataclasses import replace

from PIL import Image

from cometmagic.offline.painter.colour import CREAM, LAMP, Colour, Gradient, darken, lighten, mix
from cometmagic.offline.painter.countryside import hills
from cometmagic.offline.painter.outline import ellipse
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.terrain import Floor, create_floor


def city(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.34)
    scene.draw_sky(horizon)
    for index in range(3):
        colour = scene.apply_haze(mix(scene.accent or (112, 116, 150), (52, 52, 88), 0.45 * index), 0.75 - 0.35 * index)
        _skyline(
            scene,
            horizon + (0.02 + 0.06 * index) * scene.unit,
            (0.6 - 0.13 * index) * scene.height_factor,
            colour,
            index,
        )
        scene.draw_mist(horizon + 0.06 * scene.unit, 0.1 * scene.unit, 0.45)
    street, top = scene.pen.tint((120, 116, 132)), scene.height - 0.2 * scene.unit * scene.height_factor
    for y, tone in ((top, lighten(street, 0.28)), (top + 0.045 * scene.unit, darken(street, 0.2))):
        box = [(-2.0, y), (scene.width + 2.0, y), (scene.width + 2.0, scene.height + 2.0), (-2.0, scene.height + 2.0)]
        scene.untinted_pen.fill([box], Gradient(tone, darken(tone, 0.3)))
    middle, dash = (top + scene.height) / 2 + 0.03 * scene.unit, 0.12 * scene.unit
    for index in range(-1, math.ceil(scene.width / dash / 2) + 1):
        scene.create_pen(0.7).line(
            CREAM, 0.008 * scene.unit, index * 2 * dash, middle, (index * 2 + 0.9) * dash, middle
        )
    return create_floor(scene, 0.08, 0.19)


def _skyline(scene: Scene, base: float, height: float, colour: Colour, row: int) -> None:
    """Put up a row of buildings, with windows in the nearer ones."""
    dice, x = scene.create_rng(f"city{row}"), -0.05 * scene.unit
    while x < scene.width:
        wide, top = scene.unit * dice.uniform(0.07, 0.15), base - scene.unit * height * dice.uniform(0.35, 1.0)
        roof = dice.choice(([(0.5, -0.05)], [], [(0.2, 0), (0.2, -0.03), (0.8, -0.03), (0.8, 0)], [(0, -0.03)]))
        crest = [(x + wide * px, top + py * scene.unit) for px, py in roof]
        shape = [(x, base + scene.unit), (x, top), *crest, (x + wide, top), (x + wide, base + scene.unit)]
        scene.untinted_pen.fill([shape], Gradient(colour, mix(colour, scene.daylight.horizon, 0.35)))
        if row:
            _panes(scene, x, top, wide, base, colour, dice.random())
        x += wide * dice.uniform(0.9, 1.15)


def _panes(scene: Scene, x: float, top: float, width: float, base: float, colour: Colour, seed: float) -> None:
    dice, pane, gap = scene.create_rng(f"panes{seed}"), 0.011 * scene.unit, 0.028 * scene.unit
    lit = 0.55 if scene.daylight.is_night else 0.3
    rows = range(1, int((base + 0.15 * scene.unit - top) / gap))
    panes: dict[Colour, list[list[tuple[float, float]]]] = {LAMP: [], lighten(colour, 0.16): []}
    for across in range(1, int(width / gap)):
        for down in rows:
            left, y, on = x + across * gap - pane / 2 + width % gap / 2, top + down * gap, dice.random() < lit
            if on or dice.random() < 0.5:
                corners = ((0.0, 0.0), (pane, 0.0), (pane, pane * 1.3), (0.0, pane * 1.3))
                panes[LAMP if on else lighten(colour, 0.16)].append([(left + dx, y + dy) for dx, dy in corners])
    for tone, shapes in panes.items():
        plain = replace(
            scene.create_pen(0.85),
            finish=replace(
                scene.pen.finish, line_width=0.0, texture="", paint_share=max(0.5, scene.pen.finish.paint_share)
            ),
        )
        if shapes:
            plain.fill(shapes, tone)


def room(scene: Scene) -> Floor:
    unit, dice = scene.unit, scene.create_rng("room")
    paper = scene.pen.tint(
        scene.accent
        or dice.choice(((188, 202, 184), (226, 196, 168), (168, 190, 204), (222, 186, 178), (206, 190, 214)))
    )
    width, height = float(scene.width), float(scene.height)
    scene.draw_sky(height)
    scene.untinted_pen.poly(
        Gradient(lighten(paper, 0.16), darken(paper, 0.12)),
        -2,
        -2,
        width + 2,
        -2,
        width + 2,
        height + 2,
        -2,
        height + 2,
    )
    for index in range(math.ceil(width / unit / 0.09) + 1):
        x = (index + 0.5) * 0.09 * unit
        scene.create_pen(0.2).line(lighten(paper, 0.6), 0.02 * unit, x, -unit * 0.1, x, height)
    _window_view(scene)
    top = height - 0.27 * unit * scene.height_factor
    wood = scene.pen.tint(dice.choice(((176, 116, 74), (150, 98, 70), (202, 154, 106))))
    scene.untinted_pen.poly(
        Gradient(lighten(wood, 0.22), darken(wood, 0.1)), -2, top, width + 2, top, width + 2, height + 2, -2, height + 2
    )
    scene.untinted_pen.line(lighten(wood, 0.45), 0.006 * unit, -2, top, width + 2, top)
    for index in range(1, 6):
        y = top + (height - top) * (index / 6) ** 1.3
        scene.create_pen(0.35).curve(
            darken(wood, 0.2),
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
    return Floor(height - 0.13 * unit * scene.height_factor**0.8, top + 0.05 * unit)


def _window_view(scene: Scene) -> None:
    """Open a window on to hills, to one side, with the light it throws."""
    unit, left = scene.unit, scene.create_rng("window").random() < 0.5
    wide, high = round(min(0.38 * unit, scene.width * 0.44)), round(0.44 * unit * scene.height_factor**0.8)
    middle = scene.width / 2 + (-1 if left else 1) * min(scene.width * 0.26, 0.34 * unit)
    x, y = round(middle - wide / 2), round(scene.compute_horizon(0.27) * 0.46 - high / 2)
    view = Image.new("RGB", (wide, high))
    outside = Scene(
        replace(scene.pen, canvas=view, unit=float(min(wide, high))), scene.daylight, scene.land, scene.seed + "/out"
    )
    hills(outside)
    frame = lighten(scene.pen.tint((236, 226, 208)), 0.3)
    rim = 0.02 * unit
    scene.untinted_pen.poly(
        darken(frame, 0.1),
        x - rim,
        y - rim,
        x + wide + rim,
        y - rim,
        x + wide + rim,
        y + high + rim,
        x - rim,
        y + high + rim,
    )
    scene.pen.canvas.paste(view, (x, y))
    scene.untinted_pen.line(frame, rim * 0.6, x + wide / 2, y, x + wide / 2, y + high)
    scene.untinted_pen.line(frame, rim * 0.6, x, y + high * 0.42, x + wide, y + high * 0.42)
    scene.untinted_pen.poly(
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
    scene.untinted_pen.glow(scene.daylight.sun, x + wide / 2, y + high / 2, unit * 0.75, 0.28)


def wall(scene: Scene) -> Floor:
    unit, width, height, dice = scene.unit, float(scene.width), float(scene.height), scene.create_rng("wall")
    plaster = scene.pen.tint(
        scene.accent or dice.choice(((238, 200, 140), (236, 184, 142), (228, 206, 172), (200, 206, 190)))
    )
    scene.draw_sky(height)
    base = height - 0.17 * unit * scene.height_factor
    scene.untinted_pen.poly(
        Gradient(lighten(plaster, 0.28), darken(plaster, 0.06)), -2, -2, width + 2, -2, width + 2, base, -2, base
    )
    for _ in range(round(22 * width * height / unit**2)):
        x, y = dice.uniform(0, width), dice.uniform(0, base - 0.05 * unit)
        for column in range(dice.choice((1, 2, 2, 3))):
            brick = scene.create_pen(0.42)
            brick.poly(darken(plaster, dice.uniform(0.05, 0.18)), *_build_brick(x + column * 0.066 * unit, y, unit))
    _sunbeams(scene, base, plaster)
    stone = scene.pen.tint((190, 172, 156))
    scene.untinted_pen.poly(
        Gradient(darken(stone, 0.05), darken(stone, 0.25)),
        -2,
        base,
        width + 2,
        base,
        width + 2,
        height + 2,
        -2,
        height + 2,
    )
    for index in range(1, 4):
        y = base + (height - base) * (index / 4) ** 1.2
        scene.create_pen(0.35).line(darken(stone, 0.35), 0.002 * unit, -2, y, width + 2, y)
    for index in range(-12, math.ceil(width / unit / 0.2) + 12):
        x = index * 0.2 * unit
        scene.create_pen(0.25).line(
            darken(stone, 0.35), 0.002 * unit, x, base, width / 2 + (x - width / 2) * 1.5, height
        )
    scene.draw_grass(base + 0.012 * unit, (120, 142, 84), "weeds", 9, 0.07)
    return Floor(height - 0.1 * unit * scene.height_factor, base + 0.03 * unit)


def _build_brick(x: float, y: float, unit: float) -> tuple[float, ...]:
    wide, high = 0.06 * unit, 0.024 * unit
    return (x, y, x + wide, y, x + wide, y + high, x, y + high)


def _sunbeams(scene: Scene, base: float, plaster: Colour) -> None:
    """Let slanting light and the shadow of leaves fall on the wall."""
    unit, width, dice = scene.unit, scene.width, scene.create_rng("beams")
    lean = 0.45 * base
    for start, wide in ((0.02, 0.34), (0.5, 0.2), (0.86, 0.4)):
        x = start * width
        beam = [(x + lean, -2.0), (x + lean + wide * width, -2.0), (x + wide * width, base), (x, base)]
        scene.create_pen(0.12 if scene.daylight.is_night else 0.42).fill(
            [beam], mix(lighten(plaster, 0.5), scene.daylight.sun, 0.5)
        )
    leaves = []
    for _ in range(80):
        x, y = dice.gauss(0.04, 0.13) * unit, dice.gauss(0.06, 0.12) * unit
        leaves.append(ellipse(x, y, unit * dice.uniform(0.02, 0.036), unit * 0.011, dice.uniform(15, 80)))
    scene.create_pen(0.2).fill(leaves, darken(plaster, 0.55))
