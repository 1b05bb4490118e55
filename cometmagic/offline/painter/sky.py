"""Places above the ground: the sky and outer space.

Each function sets a `Stage` and returns where things stand; none knows what will be put there.
"""

from __future__ import annotations

import math
from dataclasses import replace

from cometmagic.offline.painter import objects
from cometmagic.offline.painter.colour import WHITE, Colour, Fade, dark, light, mix
from cometmagic.offline.painter.pen import Pen
from cometmagic.offline.painter.scene import Stage
from cometmagic.offline.painter.terrain import Floor, floor_at


def space(stage: Stage) -> Floor:
    unit, dice = stage.unit, stage.dice("space")
    stage.hour, stage.celestial = replace(stage.hour, clouds=0), False
    stage.sky(float(stage.height))
    clouds = ((118, 64, 168), (44, 110, 178), (208, 84, 132), (40, 150, 160))
    for index in range(round(6 * max(1.0, stage.width * stage.height / unit**2))):
        spot = dice.uniform(0, stage.width), dice.uniform(0, stage.height)
        stage.air.glow(stage.accent or clouds[index % 4], *spot, unit * dice.uniform(0.3, 0.7), 0.42)
    stage.stars(float(stage.height), 260)
    _planet(
        stage,
        stage.width * dice.choice((0.2, 0.8)),
        stage.height * dice.uniform(0.2, 0.32),
        unit * 0.13,
        stage.accent or (226, 156, 104),
    )
    _planet(
        stage,
        stage.width * dice.uniform(0.4, 0.6),
        stage.height * dice.uniform(0.08, 0.14),
        unit * 0.035,
        (130, 190, 196),
        ringed=False,
    )
    crust = (116, 110, 150)
    stage.ridge(stage.height - 0.1 * unit * stage.tall, 0.1, 1.4, Fade(light(crust, 0.1), dark(crust, 0.5)), "crust2")
    stage.ridge(stage.height - 0.05 * unit * stage.tall, 0.1, 2.4, Fade(light(crust, 0.35), dark(crust, 0.35)), "crust")
    for _ in range(round(9 * stage.width / unit)):
        x, y, size = (
            dice.uniform(0, stage.width),
            stage.height - dice.random() * 0.07 * unit,
            unit * dice.uniform(0.01, 0.035),
        )
        stage.air.oval(dark(crust, 0.4), x, y, size, size * 0.3)
        stage.faint(0.6).oval(light(crust, 0.3), x, y + size * 0.16, size * 0.94, size * 0.2)
    return floor_at(stage, 0.06, 0.1)


def _planet(stage: Stage, x: float, y: float, size: float, colour: Colour, *, ringed: bool = True) -> None:
    pen = stage.air.at(x, y, size / 100, turn=-18)
    pen.glow(colour, 0, 0, 210, 0.35)
    if ringed:  # the far half is hidden by the planet
        _rings(pen, colour, range(180, 364, 4))
    pen.oval(colour, 0, 0, 100)
    for band, tone in (
        (-52, light(colour, 0.3)),
        (-18, dark(colour, 0.16)),
        (20, light(colour, 0.2)),
        (56, dark(colour, 0.2)),
    ):
        half = math.sqrt(100**2 - band**2) - 4
        replace(pen, opacity=0.5).oval(tone, 0, band, half, 9)
    if ringed:
        _rings(pen, colour, range(0, 184, 4))


def sky(stage: Stage) -> Floor:
    stage.hour = replace(stage.hour, clouds=stage.hour.clouds + 4)
    stage.sky(stage.height * 0.94)
    dice = stage.dice("cover")
    for index in range(3):
        for _ in range(round(5 * stage.width / stage.unit) + 2):
            x, y = (
                dice.uniform(-0.1, 1.1) * stage.width,
                stage.height + (0.03 - 0.08 * (2 - index) + dice.uniform(0, 0.05)) * stage.unit,
            )
            tone = mix(stage.hour.sky[3], mix(WHITE, stage.hour.horizon, 0.35), 0.35 + 0.25 * index)
            objects.cloud(stage.faint(0.92).at(x, y, stage.unit * dice.uniform(0.002, 0.0042)), tone)
    return floor_at(stage, 0.12, 0.2, "cloud")


def _rings(pen: Pen, colour: Colour, angles: range) -> None:
    """Draw a part of the rings of a planet of radius 100."""
    turns = [math.radians(angle) for angle in angles]
    for share, tone in ((1.0, light(colour, 0.55)), (0.86, dark(colour, 0.05))):
        pen.line(tone, 8, *(n for a in turns for n in (170 * share * math.cos(a), 34 * share * math.sin(a))))
