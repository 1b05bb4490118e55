"""Places above the ground: the sky and outer space."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from cometmagic.offline.painter.colour import WHITE, Colour, Gradient, darken, lighten, mix
from cometmagic.offline.painter.pen import Pen
from cometmagic.offline.painter.places.terrain import Floor, create_floor
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.subjects import celestial


def space(scene: Scene) -> Floor:
    unit, rng = scene.unit, scene.create_rng("space")
    scene.daylight, scene.has_celestial_body = replace(scene.daylight, clouds=0), False
    scene.draw_sky(float(scene.height))
    nebula_colours = ((118, 64, 168), (44, 110, 178), (208, 84, 132), (40, 150, 160))
    for index in range(round(6 * max(1.0, scene.width * scene.height / unit**2))):
        centre = rng.uniform(0, scene.width), rng.uniform(0, scene.height)
        scene.untinted_pen.glow(scene.accent or nebula_colours[index % 4], *centre, unit * rng.uniform(0.3, 0.7), 0.42)
    scene.draw_stars(float(scene.height), 260)
    x, y = scene.width * rng.choice((0.2, 0.8)), scene.height * rng.uniform(0.2, 0.32)
    _draw_planet(scene, x, y, unit * 0.13, scene.accent or (226, 156, 104))
    x, y = scene.width * rng.uniform(0.4, 0.6), scene.height * rng.uniform(0.08, 0.14)
    _draw_planet(scene, x, y, unit * 0.035, (130, 190, 196), has_rings=False)
    _draw_crust(scene, rng)
    return create_floor(scene, 0.06, 0.1)


def _draw_crust(scene: Scene, rng: random.Random) -> None:
    """Draw the ground of a moon, with craters."""
    unit, crust = scene.unit, (116, 110, 150)
    paint = Gradient(lighten(crust, 0.1), darken(crust, 0.5))
    scene.draw_ridge(scene.height - 0.1 * unit * scene.height_factor, 0.1, 1.4, paint, "crust2")
    paint = Gradient(lighten(crust, 0.35), darken(crust, 0.35))
    scene.draw_ridge(scene.height - 0.05 * unit * scene.height_factor, 0.1, 2.4, paint, "crust")
    for _ in range(round(9 * scene.width / unit)):
        x, y = rng.uniform(0, scene.width), scene.height - rng.random() * 0.07 * unit
        size = unit * rng.uniform(0.01, 0.035)
        scene.untinted_pen.oval(darken(crust, 0.4), x, y, size, size * 0.3)
        scene.create_pen(0.6).oval(lighten(crust, 0.3), x, y + size * 0.16, size * 0.94, size * 0.2)


def _draw_planet(scene: Scene, x: float, y: float, size: float, colour: Colour, *, has_rings: bool = True) -> None:
    pen = scene.untinted_pen.transform(x, y, size / 100, turn=-18)
    pen.glow(colour, 0, 0, 210, 0.35)
    if has_rings:  # the far half is hidden by the planet
        _draw_rings(pen, colour, range(180, 364, 4))
    pen.oval(colour, 0, 0, 100)
    for band, tone in (
        (-52, lighten(colour, 0.3)),
        (-18, darken(colour, 0.16)),
        (20, lighten(colour, 0.2)),
        (56, darken(colour, 0.2)),
    ):
        half = math.sqrt(100**2 - band**2) - 4
        replace(pen, opacity=0.5).oval(tone, 0, band, half, 9)
    if has_rings:
        _draw_rings(pen, colour, range(0, 184, 4))


def _draw_rings(pen: Pen, colour: Colour, angles: range) -> None:
    """Draw part of the rings of a planet of radius 100."""
    turns = [math.radians(angle) for angle in angles]
    for share, tone in ((1.0, lighten(colour, 0.55)), (0.86, darken(colour, 0.05))):
        pen.line(tone, 8, *(n for a in turns for n in (170 * share * math.cos(a), 34 * share * math.sin(a))))


def sky(scene: Scene) -> Floor:
    scene.daylight = replace(scene.daylight, clouds=scene.daylight.clouds + 4)
    scene.draw_sky(scene.height * 0.94)
    rng = scene.create_rng("cover")
    for index in range(3):
        for _ in range(round(5 * scene.width / scene.unit) + 2):
            x, y = (
                rng.uniform(-0.1, 1.1) * scene.width,
                scene.height + (0.03 - 0.08 * (2 - index) + rng.uniform(0, 0.05)) * scene.unit,
            )
            tone = mix(scene.daylight.sky[3], mix(WHITE, scene.daylight.horizon, 0.35), 0.35 + 0.25 * index)
            celestial.cloud(scene.create_pen(0.92).transform(x, y, scene.unit * rng.uniform(0.002, 0.0042)), tone)
    return create_floor(scene, 0.12, 0.2, "cloud")
