"""Places on land: hills, garden, mountains, desert, forest and snow.

Each function sets a `Stage` and returns where things stand; none knows what will be put there.
"""

from __future__ import annotations

from dataclasses import replace

from cometmagic.offline.painter import plants
from cometmagic.offline.painter.colour import WHITE, Colour, Fade, dark, light, mix
from cometmagic.offline.painter.scene import Stage
from cometmagic.offline.painter.terrain import Floor, floor_at, rolling
from cometmagic.offline.painter.weather import flakes


def hills(stage: Stage) -> Floor:
    horizon = stage.ground(0.46)
    stage.sky(horizon + 0.1 * stage.unit)
    far = stage.far(mix(stage.land[0], stage.hour.sky[1], 0.5), 0.6)
    stage.ridge(
        horizon + 0.04 * stage.unit,
        0.3 * stage.tall**0.7,
        1.2,
        Fade(far, stage.hour.horizon),
        "blue",
        peaks=stage.dice("peaks").random() < 0.5,
    )
    rolling(stage, horizon)
    floor = floor_at(stage)
    stage.grass(floor.near - 0.02 * stage.unit, dark(stage.land[-2], 0.12), "grass", 60, 0.04)
    return floor


def garden(stage: Stage) -> Floor:
    floor = hills(stage)
    dice = stage.dice("meadow")
    for _ in range(round(46 * stage.width / stage.unit)):
        depth = dice.random()
        x, y = (
            dice.uniform(0, stage.width),
            floor.near + (depth - 0.35) * (stage.height - floor.near + 0.05 * stage.unit),
        )
        colour = dice.choice(((244, 240, 230), (238, 130, 120), (250, 206, 92), (190, 150, 214)))
        brush = dice.choice((plants.bloom, plants.bloom, plants.tulip))
        brush(stage.pen.at(x, y, stage.unit * (0.05 + 0.05 * depth) / 100, turn=dice.uniform(-9, 9)), colour)
    return floor


def mountains(stage: Stage) -> Floor:
    horizon = stage.ground(0.4)
    stage.sky(horizon)
    for index, (height, wave, distance) in enumerate(((0.62, 1.7, 0.56), (0.46, 1.2, 0.3), (0.28, 0.9, 0.1))):
        rock = stage.far(stage.accent or mix((70, 84, 142), stage.land[0], 0.25), distance)
        base = horizon + (0.02 + 0.09 * index) * stage.unit
        rise = height * stage.tall**0.8
        snow = mix(stage.pen.tone(WHITE), stage.hour.horizon, 0.25)
        tops = stage.ridge(base, rise, wave, Fade(rock, mix(rock, stage.haze, 0.5)), f"peak{index}", peaks=True)
        if index < 2:
            _snow_caps(stage, tops, base - rise * stage.unit * 0.46, snow, f"cap{index}")
        stage.mist(base, 0.1 * stage.unit, 0.5)
    near = stage.far(mix(stage.land[3], (52, 84, 84), 0.5), 0.1)
    tops = stage.ridge(
        stage.height - 0.16 * stage.unit * stage.tall, 0.1, 1.6, Fade(light(near, 0.1), dark(near, 0.2)), "near"
    )
    stage.plant(plants.pine, dark(near, 0.2), tops, 0.13, 22, "pines")
    low = stage.far(stage.land[3], 0.05)
    stage.ridge(
        stage.height - 0.06 * stage.unit * stage.tall, 0.1, 2.2, Fade(light(low, 0.15), dark(low, 0.2)), "meadow"
    )
    return floor_at(stage, 0.07, 0.17)


def _snow_caps(stage: Stage, tops: list[float], line: float, snow: Colour, name: str) -> None:
    """Cover what rises above the snow line, with a ragged lower edge."""
    dice, cap, caps = stage.dice(name), [], []
    for index, y in enumerate([*tops, stage.height]):
        if y < line:
            cap.append((index * stage.step, y))
            continue
        if len(cap) > 2:
            lower = [(x, min(y + (line - y) * dice.uniform(0.35, 1.0), line)) for x, y in cap[1:-1:2]]
            caps.append([*cap, *reversed(lower)])
        cap = []
    for shape in caps:
        stage.faint(0.9).lay([shape], Fade(snow, mix(snow, stage.hour.sky[2], 0.25)))


def desert(stage: Stage) -> Floor:
    horizon = stage.ground(0.4)
    stage.sky(horizon + 0.05 * stage.unit)
    sand = stage.accent or stage.dice("sand").choice(((226, 160, 98), (220, 140, 96), (232, 180, 116)))
    mesa = stage.far(mix(sand, (150, 82, 88), 0.55), 0.6)
    stage.ridge(
        horizon + 0.06 * stage.unit,
        0.2 * stage.tall,
        0.9,
        Fade(mesa, mix(mesa, stage.hour.horizon, 0.5)),
        "mesa",
        peaks=True,
    )
    for index in range(4):
        near = index / 3
        colour = stage.far(mix(light(sand, 0.2), dark(sand, 0.12), near), 0.6 * (1 - near))
        base = horizon + (stage.height - horizon) * (0.16 + 0.62 * near)
        tops = stage.ridge(base, 0.17, 1.3 + 0.5 * index, Fade(light(colour, 0.3), dark(colour, 0.16)), f"dune{index}")
        _lee(stage, tops, dark(colour, 0.2))
    dice = stage.dice("cactus")
    for x in (dice.uniform(0.04, 0.2), dice.uniform(0.82, 0.95)):
        _cactus(stage, x * stage.width, stage.height - 0.14 * stage.unit * stage.tall, dice.uniform(0.14, 0.22))
    return floor_at(stage)


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
        pen.line(green, 15 if len(body) == 4 else 11, *body)
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
        shades = (
            (colour, dark(colour, 0.14), mix(colour, (226, 168, 62), 0.5)) if autumn else (colour, dark(colour, 0.14))
        )
        for turn, shade in enumerate(shades):
            stage.plant(
                brush,
                shade,
                _edges(stage, tops, index),
                size,
                (12 - 2.6 * index) / len(shades) * 2,
                f"tree{index}{turn}",
            )
        stage.mist(base + 0.02 * stage.unit, 0.1 * stage.unit, 0.5)
    soil = stage.far(mix(leaf, (92, 96, 70), 0.55), 0.05)
    stage.ridge(
        stage.height - 0.12 * stage.unit * stage.tall, 0.07, 1.9, Fade(light(soil, 0.1), dark(soil, 0.3)), "soil"
    )
    stage.grass(stage.height - 0.1 * stage.unit * stage.tall, dark(soil, 0.1), "ferns", 70, 0.05)
    return floor_at(stage, 0.07, 0.16)


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
    stage.ridge(
        horizon + 0.04 * stage.unit, 0.34 * stage.tall**0.7, 1.1, Fade(light(far, 0.6), far), "blue", peaks=True
    )
    ranges = rolling(stage, horizon)
    stage.plant(plants.pine, stage.far(mix(leaf, (70, 110, 120), 0.6), 0.2), ranges[-2], 0.17, 8, "firs")
    flakes(stage)
    return floor_at(stage)
