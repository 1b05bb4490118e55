"""The places: each sets a `Stage` and returns the height at which things stand.

A place knows nothing of what will be put in it; `Floor.near` is where the main subjects stand and
`Floor.back` where a castle or a tree stands behind them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from PIL import Image

from cometmagic.offline import plants, things
from cometmagic.offline.creatures import fish
from cometmagic.offline.pen import CREAM, LAMP, WHITE, Colour, Fade, dark, ellipse, light, mix
from cometmagic.offline.stage import Stage


class Floor(NamedTuple):
    """Where things stand, in pixels from the top."""

    near: float
    back: float
    kind: str = "land"  # or "water" and "cloud", on which most things need an islet, or "free", where they hang


def _floor(stage: Stage, near: float = 0.1, back: float = 0.26, kind: str = "land") -> Floor:
    """Return a floor `near` units above the bottom of a square canvas."""
    return Floor(stage.height - near * stage.unit * stage.tall**0.8, stage.height - back * stage.unit * stage.tall, kind)


def _layers(stage: Stage, horizon: float, count: int = 4) -> list[list[float]]:
    """Lay rolling hills from far to near."""
    ranges, depth = [], stage.height - horizon
    for index in range(count):
        near = index / (count - 1)
        colour = stage.land[min(index, len(stage.land) - 1)] if stage.accent is None else mix(
            light(stage.accent, 0.2), dark(stage.accent, 0.25), near)  # fmt: skip
        colour = stage.far(colour, 0.85 * (1 - near))
        base = horizon + depth * (0.06 + 0.72 * near**1.25)
        paint = Fade(light(colour, 0.14), mix(colour, stage.hour.horizon, 0.3 * (1 - near)) if near < 1 else dark(colour, 0.2))
        ranges.append(stage.ridge(base, (0.26 - 0.11 * near) * stage.tall**0.6, 1.5 + 0.4 * index, paint, f"hill{index}"))
        if index < count - 1:
            stage.plant(plants.tree, stage.far(stage.foliage, 0.6 * (1 - near)), ranges[-1], 0.045 + 0.05 * near, 9 - 4 * near, f"copse{index}")
            stage.mist(base, 0.06 * stage.unit, 0.3 * stage.hour.mist)
    return ranges


def hills(stage: Stage) -> Floor:
    horizon = stage.ground(0.46)
    stage.sky(horizon + 0.1 * stage.unit)
    far = stage.far(mix(stage.land[0], stage.hour.sky[1], 0.5), 0.6)
    stage.ridge(horizon + 0.04 * stage.unit, 0.3 * stage.tall**0.7, 1.2, Fade(far, stage.hour.horizon), "blue", peaks=stage.dice("peaks").random() < 0.5)
    _layers(stage, horizon)
    floor = _floor(stage)
    stage.grass(floor.near - 0.02 * stage.unit, dark(stage.land[-2], 0.12), "grass", 60, 0.04)
    return floor


def garden(stage: Stage) -> Floor:
    floor = hills(stage)
    dice = stage.dice("meadow")
    for _ in range(round(46 * stage.width / stage.unit)):
        depth = dice.random()
        x, y = dice.uniform(0, stage.width), floor.near + (depth - 0.35) * (stage.height - floor.near + 0.05 * stage.unit)
        colour = dice.choice(((244, 240, 230), (238, 130, 120), (250, 206, 92), (190, 150, 214)))
        brush = dice.choice((plants.bloom, plants.bloom, plants.tulip))
        brush(stage.pen.at(x, y, stage.unit * (0.05 + 0.05 * depth) / 100, turn=dice.uniform(-9, 9)), colour)
    return floor


def mountains(stage: Stage) -> Floor:
    horizon = stage.ground(0.4)
    stage.sky(horizon)
    for index, (rise, wave, distance) in enumerate(((0.62, 1.7, 0.56), (0.46, 1.2, 0.3), (0.28, 0.9, 0.1))):
        rock = stage.far(stage.accent or mix((70, 84, 142), stage.land[0], 0.25), distance)
        base = horizon + (0.02 + 0.09 * index) * stage.unit
        rise *= stage.tall**0.8
        snow = mix(stage.pen.tone(WHITE), stage.hour.horizon, 0.25)
        tops = stage.ridge(base, rise, wave, Fade(rock, mix(rock, stage.haze, 0.5)), f"peak{index}", peaks=True)
        if index < 2:
            _snow_caps(stage, tops, base - rise * stage.unit * 0.46, snow, f"cap{index}")
        stage.mist(base, 0.1 * stage.unit, 0.5)
    near = stage.far(mix(stage.land[3], (52, 84, 84), 0.5), 0.1)
    tops = stage.ridge(stage.height - 0.16 * stage.unit * stage.tall, 0.1, 1.6, Fade(light(near, 0.1), dark(near, 0.2)), "near")
    stage.plant(plants.pine, dark(near, 0.2), tops, 0.13, 22, "pines")
    low = stage.far(stage.land[3], 0.05)
    stage.ridge(stage.height - 0.06 * stage.unit * stage.tall, 0.1, 2.2, Fade(light(low, 0.15), dark(low, 0.2)), "meadow")
    return _floor(stage, 0.07, 0.17)


def _snow_caps(stage: Stage, tops: list[float], line: float, snow: Colour, name: str) -> None:
    """Cover what rises above the snow line, with a ragged lower edge."""
    dice, cap, caps = stage.dice(name), [], []
    for index, y in enumerate([*tops, stage.height]):
        if y < line:
            cap.append((index * stage.step, y))
            continue
        if len(cap) > 2:  # noqa: PLR2004
            lower = [(x, min(y + (line - y) * dice.uniform(0.35, 1.0), line)) for x, y in cap[1:-1:2]]
            caps.append([*cap, *reversed(lower)])
        cap = []
    for shape in caps:
        stage.faint(0.9).lay([shape], Fade(snow, mix(snow, stage.hour.sky[2], 0.25)))


def sea(stage: Stage) -> Floor:
    horizon = stage.ground(0.44)
    stage.sky(horizon)
    isle = stage.far(stage.land[0], 0.72)
    dice = stage.dice("isle")
    if dice.random() < 0.75:  # noqa: PLR2004
        stage.ridge(horizon + 0.028 * stage.unit, 0.12, 1.1, Fade(isle, mix(isle, stage.hour.horizon, 0.5)), "isle")
    stage.water(horizon, stage.accent or (46, 128, 150))
    return _floor(stage, 0.15, 0.3, "water")


def lake(stage: Stage) -> Floor:
    shore = stage.ground(0.4)
    stage.sky(shore)
    for index, (rise, distance) in enumerate(((0.4, 0.7), (0.26, 0.4), (0.12, 0.1))):
        colour = stage.far(stage.land[min(index * 2, 4)], distance)
        paint = Fade(colour, mix(colour, stage.hour.horizon, 0.3))
        tops = stage.ridge(shore + 0.02 * stage.unit, rise * stage.tall**0.7, 1.4 - 0.2 * index, paint, f"shore{index}", peaks=index == 0)
        stage.mist(shore, 0.07 * stage.unit, 0.35)
    stage.plant(plants.pine, stage.far(dark(stage.foliage, 0.3), 0.15), tops, 0.09, 16, "firs")
    stage.water(shore, stage.accent or (62, 130, 148), 0.72)
    return _floor(stage, 0.15, 0.3, "water")


def beach(stage: Stage) -> Floor:
    sea(stage)
    sand, unit = stage.pen.tone(stage.accent or (236, 208, 160)), stage.unit
    base = stage.height - 0.13 * unit * stage.tall
    stage.ridge(base - 0.012 * unit, 0.07, 2.4, mix(WHITE, stage.hour.horizon, 0.3), "sand")
    stage.ridge(base, 0.07, 2.4, Fade(dark(sand, 0.1), light(sand, 0.1)), "sand")
    dice = stage.dice("shells")
    for _ in range(round(26 * stage.width / unit)):
        spot = dice.uniform(0, stage.width), stage.height - dice.random() * 0.09 * unit * stage.tall
        stage.pen.oval(dice.choice((dark(sand, 0.16), light(sand, 0.5))), *spot, unit * dice.uniform(0.002, 0.006), unit * 0.002)
    return _floor(stage, 0.07, 0.15)


def desert(stage: Stage) -> Floor:
    horizon = stage.ground(0.4)
    stage.sky(horizon + 0.05 * stage.unit)
    sand = stage.accent or stage.dice("sand").choice(((226, 160, 98), (220, 140, 96), (232, 180, 116)))
    mesa = stage.far(mix(sand, (150, 82, 88), 0.55), 0.6)
    stage.ridge(horizon + 0.06 * stage.unit, 0.2 * stage.tall, 0.9, Fade(mesa, mix(mesa, stage.hour.horizon, 0.5)), "mesa", peaks=True)
    for index in range(4):
        near = index / 3
        colour = stage.far(mix(light(sand, 0.2), dark(sand, 0.12), near), 0.6 * (1 - near))
        base = horizon + (stage.height - horizon) * (0.16 + 0.62 * near)
        tops = stage.ridge(base, 0.17, 1.3 + 0.5 * index, Fade(light(colour, 0.3), dark(colour, 0.16)), f"dune{index}")
        _lee(stage, tops, dark(colour, 0.2))
    dice = stage.dice("cactus")
    for x in (dice.uniform(0.04, 0.2), dice.uniform(0.82, 0.95)):
        _cactus(stage, x * stage.width, stage.height - 0.14 * stage.unit * stage.tall, dice.uniform(0.14, 0.22))
    return _floor(stage)


def _lee(stage: Stage, tops: list[float], shade: Colour) -> None:
    """Shade the side of each dune that turns away from the sun."""
    run: list[tuple[float, float]] = []
    for index, y in enumerate(tops):
        falling = index + 1 < len(tops) and tops[index + 1] > y
        if falling:
            run.append((index * stage.step, y))
        elif run:
            (x, top), (end, low) = run[0], run[-1]
            tail = [(end - (end - x) * 0.3, low + (low - top) * 0.7), (x + (end - x) * 0.1, top + (low - top) * 1.1)]
            stage.faint(0.4).lay([[*run, *tail]], Fade(shade, light(shade, 0.4)))
            run = []


def _cactus(stage: Stage, x: float, y: float, size: float) -> None:
    pen, green = stage.pen.at(x, y, stage.unit * size / 100), (74, 122, 96)
    for body in ((0, 0, 0, -94), (0, -34, 24, -38, 24, -66), (0, -46, -22, -48, -22, -78)):
        pen.line(green, 15 if len(body) == 4 else 11, *body)  # noqa: PLR2004
        pen.line(light(green, 0.25), 2, *(n - 3 * (i % 2 == 0) for i, n in enumerate(body)))


def forest(stage: Stage) -> Floor:
    horizon = stage.ground(0.36)
    stage.sky(horizon)
    leaf = stage.accent or stage.foliage
    autumn = stage.foliage[0] > stage.foliage[1]
    brush = plants.tree if autumn else plants.pine
    for index in range(4):
        near = index / 3
        colour = stage.far(mix(leaf, dark(leaf, 0.5), near * (0.3 if autumn else 0.75)), 0.8 * (1 - near))
        base = horizon + (stage.height - horizon) * 0.62 * near
        size = (0.24 + 0.26 * near) * stage.tall**0.7 * (0.62 if autumn else 1.0)
        tops = stage.ridge(base, 0.07, 1.2, Fade(colour, mix(colour, stage.hour.horizon, 0.45)), f"wood{index}")
        shades = (colour, dark(colour, 0.14), mix(colour, (226, 168, 62), 0.5)) if autumn else (colour, dark(colour, 0.14))
        for turn, shade in enumerate(shades):
            stage.plant(brush, shade, _edges(stage, tops, index), size, (12 - 2.6 * index) / len(shades) * (2.6 if autumn else 2), f"tree{index}{turn}")
        stage.mist(base + 0.02 * stage.unit, 0.1 * stage.unit, 0.5)
    soil = stage.far(mix(leaf, (92, 96, 70), 0.55), 0.05)
    stage.ridge(stage.height - 0.12 * stage.unit * stage.tall, 0.07, 1.9, Fade(light(soil, 0.1), dark(soil, 0.3)), "soil")
    stage.grass(stage.height - 0.1 * stage.unit * stage.tall, dark(soil, 0.1), "ferns", 70, 0.05)
    return _floor(stage, 0.07, 0.16)


def _edges(stage: Stage, tops: list[float], index: int) -> list[float]:
    """Return the heights for trees; the nearest stand below the edge except at the sides, to leave a clearing."""
    middle, reach = len(tops) / 2, min(len(tops) / 2, 55)
    away = (min(1.0, abs(i - middle) / reach) for i in range(len(tops)))
    clear = stage.unit * (0.0, 0.0, 0.1, 0.36)[index]
    return [y + clear * (1 - side) for y, side in zip(tops, away, strict=True)]


def snow(stage: Stage) -> Floor:
    white = stage.accent or (240, 244, 250)
    stage.land = ((176, 194, 220), (196, 210, 230), (216, 226, 240), (230, 238, 246), white)
    stage.accent, leaf, stage.foliage = None, stage.foliage, (122, 150, 158)
    stage.hour = replace(stage.hour, mist=stage.hour.mist * 0.6)
    horizon = stage.ground(0.46)
    stage.sky(horizon + 0.1 * stage.unit)
    far = stage.far((150, 168, 204), 0.6)
    stage.ridge(horizon + 0.04 * stage.unit, 0.34 * stage.tall**0.7, 1.1, Fade(light(far, 0.6), far), "blue", peaks=True)
    ranges = _layers(stage, horizon)
    stage.plant(plants.pine, stage.far(mix(leaf, (70, 110, 120), 0.6), 0.2), ranges[-2], 0.17, 8, "firs")
    flakes(stage)
    return _floor(stage)


def flakes(stage: Stage) -> None:
    """Let it snow."""
    dice = stage.dice("flakes")
    for _ in range(round(170 * stage.width * stage.height / stage.unit**2)):
        spot = dice.uniform(0, stage.width), dice.uniform(0, stage.height)
        stage.faint(dice.uniform(0.45, 0.95)).oval(WHITE, *spot, stage.unit * dice.choice((0.0016, 0.0024, 0.004)))


def rain(stage: Stage) -> None:
    """Let it rain."""
    dice = stage.dice("rain")
    for _ in range(round(190 * stage.width * stage.height / stage.unit**2)):
        x, y, long = dice.uniform(0, stage.width), dice.uniform(0, stage.height), stage.unit * dice.uniform(0.02, 0.05)
        stage.faint(0.32).line((226, 234, 240), stage.unit * 0.0014, x, y, x - long * 0.22, y + long)


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
    return _floor(stage, 0.08, 0.19)


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
    rows, panes = range(1, int((base + 0.15 * stage.unit - top) / gap)), {LAMP: [], light(colour, 0.16): []}
    for across in range(1, int(wide / gap)):
        for down in rows:
            left, y, on = x + across * gap - pane / 2 + wide % gap / 2, top + down * gap, dice.random() < lit
            if on or dice.random() < 0.5:  # noqa: PLR2004
                corners = ((0.0, 0.0), (pane, 0.0), (pane, pane * 1.3), (0.0, pane * 1.3))
                panes[LAMP if on else light(colour, 0.16)].append([(left + dx, y + dy) for dx, dy in corners])
    for tone, shapes in panes.items():
        plain = replace(stage.faint(0.85), finish=replace(stage.pen.finish, line=0.0, texture="", paint=max(0.5, stage.pen.finish.paint)))
        if shapes:
            plain.lay(shapes, tone)


def room(stage: Stage) -> Floor:
    unit, dice = stage.unit, stage.dice("room")
    paper = stage.pen.tone(stage.accent or dice.choice(((188, 202, 184), (226, 196, 168), (168, 190, 204), (222, 186, 178), (206, 190, 214))))
    width, height = float(stage.width), float(stage.height)
    stage.sky(height)
    stage.air.poly(Fade(light(paper, 0.16), dark(paper, 0.12)), -2, -2, width + 2, -2, width + 2, height + 2, -2, height + 2)
    for index in range(math.ceil(width / unit / 0.09) + 1):
        x = (index + 0.5) * 0.09 * unit
        stage.faint(0.2).line(light(paper, 0.6), 0.02 * unit, x, -unit * 0.1, x, height)
    _window(stage)
    top = height - 0.27 * unit * stage.tall
    wood = stage.pen.tone(dice.choice(((176, 116, 74), (150, 98, 70), (202, 154, 106))))
    stage.air.poly(Fade(light(wood, 0.22), dark(wood, 0.1)), -2, top, width + 2, top, width + 2, height + 2, -2, height + 2)
    stage.air.line(light(wood, 0.45), 0.006 * unit, -2, top, width + 2, top)
    for index in range(1, 6):
        y = top + (height - top) * (index / 6) ** 1.3
        stage.faint(0.35).bend(dark(wood, 0.2), 0.0022 * unit, -2, y, width * 0.3, y + 0.006 * unit, width * 0.7, y - 0.004 * unit, width + 2, y)
    return Floor(height - 0.13 * unit * stage.tall**0.8, top + 0.05 * unit)


def _window(stage: Stage) -> None:
    """Open a window on to hills, to one side, with the light it throws."""
    unit, left = stage.unit, stage.dice("window").random() < 0.5  # noqa: PLR2004
    wide, high = round(min(0.38 * unit, stage.width * 0.44)), round(0.44 * unit * stage.tall**0.8)
    middle = stage.width / 2 + (-1 if left else 1) * min(stage.width * 0.26, 0.34 * unit)
    x, y = round(middle - wide / 2), round(stage.ground(0.27) * 0.46 - high / 2)
    view = Image.new("RGB", (wide, high))
    outside = Stage(replace(stage.pen, canvas=view, unit=float(min(wide, high))), stage.hour, stage.land, stage.seed + "/out")
    hills(outside)
    frame = light(stage.pen.tone((236, 226, 208)), 0.3)
    rim = 0.02 * unit
    stage.air.poly(dark(frame, 0.1), x - rim, y - rim, x + wide + rim, y - rim, x + wide + rim, y + high + rim, x - rim, y + high + rim)
    stage.pen.canvas.paste(view, (x, y))
    stage.air.line(frame, rim * 0.6, x + wide / 2, y, x + wide / 2, y + high)
    stage.air.line(frame, rim * 0.6, x, y + high * 0.42, x + wide, y + high * 0.42)
    stage.air.poly(frame, x - 2 * rim, y + high, x + wide + 2 * rim, y + high, x + wide + 2 * rim, y + high + rim * 1.4, x - 2 * rim, y + high + rim * 1.4)
    stage.air.glow(stage.hour.sun, x + wide / 2, y + high / 2, unit * 0.75, 0.28)


def wall(stage: Stage) -> Floor:
    unit, width, height, dice = stage.unit, float(stage.width), float(stage.height), stage.dice("wall")
    plaster = stage.pen.tone(stage.accent or dice.choice(((238, 200, 140), (236, 184, 142), (228, 206, 172), (200, 206, 190))))
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
    stage.air.poly(Fade(dark(stone, 0.05), dark(stone, 0.25)), -2, base, width + 2, base, width + 2, height + 2, -2, height + 2)
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


def space(stage: Stage) -> Floor:
    unit, dice = stage.unit, stage.dice("space")
    stage.hour, stage.celestial = replace(stage.hour, clouds=0), False
    stage.sky(float(stage.height))
    clouds = ((118, 64, 168), (44, 110, 178), (208, 84, 132), (40, 150, 160))
    for index in range(round(6 * max(1.0, stage.width * stage.height / unit**2))):
        spot = dice.uniform(0, stage.width), dice.uniform(0, stage.height)
        stage.air.glow(stage.accent or clouds[index % 4], *spot, unit * dice.uniform(0.3, 0.7), 0.42)
    stage.stars(float(stage.height), 260)
    _planet(stage, stage.width * dice.choice((0.2, 0.8)), stage.height * dice.uniform(0.2, 0.32), unit * 0.13, stage.accent or (226, 156, 104))
    _planet(stage, stage.width * dice.uniform(0.4, 0.6), stage.height * dice.uniform(0.08, 0.14), unit * 0.035, (130, 190, 196), ringed=False)
    crust = (116, 110, 150)
    stage.ridge(stage.height - 0.1 * unit * stage.tall, 0.1, 1.4, Fade(light(crust, 0.1), dark(crust, 0.5)), "crust2")
    stage.ridge(stage.height - 0.05 * unit * stage.tall, 0.1, 2.4, Fade(light(crust, 0.35), dark(crust, 0.35)), "crust")
    for _ in range(round(9 * stage.width / unit)):
        x, y, size = dice.uniform(0, stage.width), stage.height - dice.random() * 0.07 * unit, unit * dice.uniform(0.01, 0.035)
        stage.air.oval(dark(crust, 0.4), x, y, size, size * 0.3)
        stage.faint(0.6).oval(light(crust, 0.3), x, y + size * 0.16, size * 0.94, size * 0.2)
    return _floor(stage, 0.06, 0.1)


def _planet(stage: Stage, x: float, y: float, size: float, colour: Colour, *, ringed: bool = True) -> None:
    pen = stage.air.at(x, y, size / 100, turn=-18)
    pen.glow(colour, 0, 0, 210, 0.35)
    pen.oval(colour, 0, 0, 100)
    for band, tone in ((-52, light(colour, 0.3)), (-18, dark(colour, 0.16)), (20, light(colour, 0.2)), (56, dark(colour, 0.2))):
        half = math.sqrt(100**2 - band**2) - 4
        replace(pen, opacity=0.5).oval(tone, 0, band, half, 9)
    if ringed:
        front = [(170 * math.cos(math.radians(a)), 34 * math.sin(math.radians(a))) for a in range(-28, 209, 4)]
        for share, tone in ((1.0, light(colour, 0.55)), (0.86, dark(colour, 0.05))):
            pen.bend(tone, 8, *(n * share for spot in front for n in spot))


def underwater(stage: Stage) -> Floor:
    unit, dice = stage.unit, stage.dice("reef")
    blue = stage.accent or dice.choice(((38, 140, 170), (30, 122, 160), (40, 150, 150)))
    stage.hour = replace(stage.hour, sky=tuple(mix(light(blue, 0.55), dark(blue, 0.62), share / 4) for share in range(5)), night=False, clouds=0)
    stage.celestial = False
    stage.sky(float(stage.height))
    for index in range(round(5 * stage.width / unit)):
        x, wide = dice.uniform(0, stage.width), unit * dice.uniform(0.03, 0.12)
        ray = [(x, -2.0), (x + wide, -2.0), (x + wide * 2 - 0.3 * unit, stage.height * 0.86), (x - 0.36 * unit, stage.height * 0.86)]
        stage.faint(0.1 + 0.03 * (index % 2)).lay([ray], light(blue, 0.85))
    for index, (base, rise, share) in enumerate(((0.2, 0.24, 0.35), (0.1, 0.16, 0.62))):
        rock = mix(blue, (24, 42, 84), share)
        stage.ridge(stage.height - base * unit * stage.tall, rise, 0.8 + index * 0.4, Fade(rock, dark(rock, 0.3)), f"rock{index}")
    sand = mix((232, 208, 160), blue, 0.3)
    stage.ridge(stage.height - 0.05 * unit * stage.tall, 0.06, 1.6, Fade(sand, dark(sand, 0.3)), "bed")
    for _ in range(round(15 * stage.width / unit)):
        _weed(stage, dice.uniform(0, stage.width), unit * dice.uniform(0.08, 0.3), dice.choice(((58, 150, 110), (226, 96, 110), (240, 150, 90), (132, 96, 170))))
    for _ in range(round(34 * stage.width * stage.height / unit**2)):
        x, y, size = dice.uniform(0, stage.width), dice.uniform(0, stage.height * 0.8), unit * dice.uniform(0.004, 0.012)
        stage.faint(0.5).ring(WHITE, size * 0.25, x, y, size)
    for _ in range(round(7 * stage.width / unit)):
        spot = dice.uniform(0, stage.width), dice.uniform(0.1, 0.7) * stage.height
        fish(replace(stage.air.at(*spot, unit * 0.0006, mirror=dice.random() < 0.5), opacity=0.55), dark(blue, 0.3))  # noqa: PLR2004
    return Floor(stage.height * 0.5 + 0.26 * unit, stage.height - 0.1 * unit, "free")


def _weed(stage: Stage, x: float, high: float, colour: Colour) -> None:
    pen = stage.air.at(x, stage.height - 0.01 * stage.unit, high / 100)
    for lean in (-14, 0, 13):
        pen.bend(mix(colour, dark(colour), abs(lean) / 20), 8, lean * 0.4, 4, lean - 7, -30, lean * 1.4 + 6, -62, lean * 1.7, -98 + abs(lean))


def sky(stage: Stage) -> Floor:
    stage.hour = replace(stage.hour, clouds=stage.hour.clouds + 4)
    stage.sky(stage.height * 0.94)
    dice = stage.dice("cover")
    for index in range(3):
        for _ in range(round(5 * stage.width / stage.unit) + 2):
            x, y = dice.uniform(-0.1, 1.1) * stage.width, stage.height + (0.03 - 0.08 * (2 - index) + dice.uniform(0, 0.05)) * stage.unit
            tone = mix(stage.hour.sky[3], mix(WHITE, stage.hour.horizon, 0.35), 0.35 + 0.25 * index)
            things.cloud(stage.faint(0.92).at(x, y, stage.unit * dice.uniform(0.002, 0.0042)), tone)
    return _floor(stage, 0.12, 0.2, "cloud")


PLACES: dict[str, Callable[[Stage], Floor]] = {
    place.__name__: place
    for place in (hills, garden, mountains, sea, lake, beach, desert, forest, snow, city, room, wall, space, underwater, sky)
}
