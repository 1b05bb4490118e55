"""Places at and under water: sea, lake, beach and reef.

Each function sets a `Stage` and returns where things stand; none knows what will be put there.
"""

from __future__ import annotations

from dataclasses import replace

from cometmagic.offline.painter import plants
from cometmagic.offline.painter.colour import WHITE, Colour, Fade, dark, light, mix
from cometmagic.offline.painter.creatures import fish
from cometmagic.offline.painter.scene import Stage
from cometmagic.offline.painter.terrain import Floor, floor_at


def sea(stage: Stage) -> Floor:
    horizon = stage.ground(0.44)
    stage.sky(horizon)
    isle = stage.far(stage.land[0], 0.72)
    dice = stage.dice("isle")
    if dice.random() < 0.75:
        stage.ridge(horizon + 0.028 * stage.unit, 0.12, 1.1, Fade(isle, mix(isle, stage.hour.horizon, 0.5)), "isle")
    stage.water(horizon, stage.accent or (46, 128, 150))
    return floor_at(stage, 0.15, 0.3, "water")


def lake(stage: Stage) -> Floor:
    shore = stage.ground(0.4)
    stage.sky(shore)
    for index, (rise, distance) in enumerate(((0.4, 0.7), (0.26, 0.4), (0.12, 0.1))):
        colour = stage.far(stage.land[min(index * 2, 4)], distance)
        paint = Fade(colour, mix(colour, stage.hour.horizon, 0.3))
        tops = stage.ridge(
            shore + 0.02 * stage.unit,
            rise * stage.tall**0.7,
            1.4 - 0.2 * index,
            paint,
            f"shore{index}",
            peaks=index == 0,
        )
        stage.mist(shore, 0.07 * stage.unit, 0.35)
    stage.plant(plants.pine, stage.far(dark(stage.foliage, 0.3), 0.15), tops, 0.09, 16, "firs")
    stage.water(shore, stage.accent or (62, 130, 148), 0.72)
    return floor_at(stage, 0.15, 0.3, "water")


def beach(stage: Stage) -> Floor:
    sea(stage)
    sand, unit = stage.pen.tone(stage.accent or (236, 208, 160)), stage.unit
    base = stage.height - 0.13 * unit * stage.tall
    stage.ridge(base - 0.012 * unit, 0.07, 2.4, mix(WHITE, stage.hour.horizon, 0.3), "sand")
    stage.ridge(base, 0.07, 2.4, Fade(dark(sand, 0.1), light(sand, 0.1)), "sand")
    dice = stage.dice("shells")
    for _ in range(round(26 * stage.width / unit)):
        spot = dice.uniform(0, stage.width), stage.height - dice.random() * 0.09 * unit * stage.tall
        stage.pen.oval(
            dice.choice((dark(sand, 0.16), light(sand, 0.5))), *spot, unit * dice.uniform(0.002, 0.006), unit * 0.002
        )
    return floor_at(stage, 0.07, 0.15)


def underwater(stage: Stage) -> Floor:
    unit, dice = stage.unit, stage.dice("reef")
    blue = stage.accent or dice.choice(((38, 140, 170), (30, 122, 160), (40, 150, 150)))
    stage.hour = replace(
        stage.hour,
        sky=tuple(mix(light(blue, 0.55), dark(blue, 0.62), share / 4) for share in range(5)),
        night=False,
        clouds=0,
    )
    stage.celestial = False
    stage.sky(float(stage.height))
    for index in range(round(5 * stage.width / unit)):
        x, wide = dice.uniform(0, stage.width), unit * dice.uniform(0.03, 0.12)
        ray = [
            (x, -2.0),
            (x + wide, -2.0),
            (x + wide * 2 - 0.3 * unit, stage.height * 0.86),
            (x - 0.36 * unit, stage.height * 0.86),
        ]
        stage.faint(0.1 + 0.03 * (index % 2)).lay([ray], light(blue, 0.85))
    for index, (base, rise, share) in enumerate(((0.2, 0.24, 0.35), (0.1, 0.16, 0.62))):
        rock = mix(blue, (24, 42, 84), share)
        stage.ridge(
            stage.height - base * unit * stage.tall,
            rise,
            0.8 + index * 0.4,
            Fade(rock, dark(rock, 0.3)),
            f"rock{index}",
        )
    sand = mix((232, 208, 160), blue, 0.3)
    stage.ridge(stage.height - 0.05 * unit * stage.tall, 0.06, 1.6, Fade(sand, dark(sand, 0.3)), "bed")
    for _ in range(round(15 * stage.width / unit)):
        _weed(
            stage,
            dice.uniform(0, stage.width),
            unit * dice.uniform(0.08, 0.3),
            dice.choice(((58, 150, 110), (226, 96, 110), (240, 150, 90), (132, 96, 170))),
        )
    for _ in range(round(34 * stage.width * stage.height / unit**2)):
        x, y, size = (
            dice.uniform(0, stage.width),
            dice.uniform(0, stage.height * 0.8),
            unit * dice.uniform(0.004, 0.012),
        )
        stage.faint(0.5).ring(WHITE, size * 0.25, x, y, size)
    for _ in range(round(7 * stage.width / unit)):
        spot = dice.uniform(0, stage.width), dice.uniform(0.1, 0.7) * stage.height
        fish(replace(stage.air.at(*spot, unit * 0.0006, mirror=dice.random() < 0.5), opacity=0.55), dark(blue, 0.3))
    return Floor(stage.height * 0.5 + 0.26 * unit, stage.height - 0.1 * unit, "free")


def _weed(stage: Stage, x: float, high: float, colour: Colour) -> None:
    pen = stage.air.at(x, stage.height - 0.01 * stage.unit, high / 100)
    for lean in (-14, 0, 13):
        pen.bend(
            mix(colour, dark(colour), abs(lean) / 20),
            8,
            lean * 0.4,
            4,
            lean - 7,
            -30,
            lean * 1.4 + 6,
            -62,
            lean * 1.7,
            -98 + abs(lean),
        )
