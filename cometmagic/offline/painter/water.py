"""Places at and under water: sea, lake, beach and reef.

Each function sets a `Stage` and returns where things stand; none knows what will be put there.
"""

from __future__ import annotations

from dataclasses import replace

from cometmagic.offline.painter import plants
from cometmagic.offline.painter.colour import WHITE, Colour, Gradient, darken, lighten, mix
from cometmagic.offline.painter.creatures import fish
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.terrain import Floor, create_floor


def sea(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.44)
    scene.draw_sky(horizon)
    isle = scene.apply_haze(scene.land[0], 0.72)
    dice = scene.create_rng("isle")
    if dice.random() < 0.75:
        scene.draw_ridge(
            horizon + 0.028 * scene.unit, 0.12, 1.1, Gradient(isle, mix(isle, scene.daylight.horizon, 0.5)), "isle"
        )
    scene.draw_water(horizon, scene.accent or (46, 128, 150))
    return create_floor(scene, 0.15, 0.3, "water")


def lake(scene: Scene) -> Floor:
    shore = scene.compute_horizon(0.4)
    scene.draw_sky(shore)
    for index, (rise, distance) in enumerate(((0.4, 0.7), (0.26, 0.4), (0.12, 0.1))):
        colour = scene.apply_haze(scene.land[min(index * 2, 4)], distance)
        paint = Gradient(colour, mix(colour, scene.daylight.horizon, 0.3))
        tops = scene.draw_ridge(
            shore + 0.02 * scene.unit,
            rise * scene.height_factor**0.7,
            1.4 - 0.2 * index,
            paint,
            f"shore{index}",
            has_peaks=index == 0,
        )
        scene.draw_mist(shore, 0.07 * scene.unit, 0.35)
    scene.plant(plants.pine, scene.apply_haze(darken(scene.foliage, 0.3), 0.15), tops, 0.09, 16, "firs")
    scene.draw_water(shore, scene.accent or (62, 130, 148), 0.72)
    return create_floor(scene, 0.15, 0.3, "water")


def beach(scene: Scene) -> Floor:
    sea(scene)
    sand, unit = scene.pen.tint(scene.accent or (236, 208, 160)), scene.unit
    base = scene.height - 0.13 * unit * scene.height_factor
    scene.draw_ridge(base - 0.012 * unit, 0.07, 2.4, mix(WHITE, scene.daylight.horizon, 0.3), "sand")
    scene.draw_ridge(base, 0.07, 2.4, Gradient(darken(sand, 0.1), lighten(sand, 0.1)), "sand")
    dice = scene.create_rng("shells")
    for _ in range(round(26 * scene.width / unit)):
        spot = dice.uniform(0, scene.width), scene.height - dice.random() * 0.09 * unit * scene.height_factor
        scene.pen.oval(
            dice.choice((darken(sand, 0.16), lighten(sand, 0.5))),
            *spot,
            unit * dice.uniform(0.002, 0.006),
            unit * 0.002,
        )
    return create_floor(scene, 0.07, 0.15)


def underwater(scene: Scene) -> Floor:
    unit, dice = scene.unit, scene.create_rng("reef")
    blue = scene.accent or dice.choice(((38, 140, 170), (30, 122, 160), (40, 150, 150)))
    scene.daylight = replace(
        scene.daylight,
        sky=tuple(mix(lighten(blue, 0.55), darken(blue, 0.62), share / 4) for share in range(5)),
        is_night=False,
        clouds=0,
    )
    scene.has_celestial_body = False
    scene.draw_sky(float(scene.height))
    for index in range(round(5 * scene.width / unit)):
        x, wide = dice.uniform(0, scene.width), unit * dice.uniform(0.03, 0.12)
        ray = [
            (x, -2.0),
            (x + wide, -2.0),
            (x + wide * 2 - 0.3 * unit, scene.height * 0.86),
            (x - 0.36 * unit, scene.height * 0.86),
        ]
        scene.create_pen(0.1 + 0.03 * (index % 2)).fill([ray], lighten(blue, 0.85))
    for index, (base, rise, share) in enumerate(((0.2, 0.24, 0.35), (0.1, 0.16, 0.62))):
        rock = mix(blue, (24, 42, 84), share)
        scene.draw_ridge(
            scene.height - base * unit * scene.height_factor,
            rise,
            0.8 + index * 0.4,
            Gradient(rock, darken(rock, 0.3)),
            f"rock{index}",
        )
    sand = mix((232, 208, 160), blue, 0.3)
    scene.draw_ridge(
        scene.height - 0.05 * unit * scene.height_factor, 0.06, 1.6, Gradient(sand, darken(sand, 0.3)), "bed"
    )
    for _ in range(round(15 * scene.width / unit)):
        _seaweed(
            scene,
            dice.uniform(0, scene.width),
            unit * dice.uniform(0.08, 0.3),
            dice.choice(((58, 150, 110), (226, 96, 110), (240, 150, 90), (132, 96, 170))),
        )
    for _ in range(round(34 * scene.width * scene.height / unit**2)):
        x, y, size = (
            dice.uniform(0, scene.width),
            dice.uniform(0, scene.height * 0.8),
            unit * dice.uniform(0.004, 0.012),
        )
        scene.create_pen(0.5).ring(WHITE, size * 0.25, x, y, size)
    for _ in range(round(7 * scene.width / unit)):
        spot = dice.uniform(0, scene.width), dice.uniform(0.1, 0.7) * scene.height
        fish(
            replace(scene.untinted_pen.transform(*spot, unit * 0.0006, is_mirrored=dice.random() < 0.5), opacity=0.55),
            darken(blue, 0.3),
        )
    return Floor(scene.height * 0.5 + 0.26 * unit, scene.height - 0.1 * unit, "free")


def _seaweed(scene: Scene, x: float, height: float, colour: Colour) -> None:
    pen = scene.untinted_pen.transform(x, scene.height - 0.01 * scene.unit, height / 100)
    for lean in (-14, 0, 13):
        pen.curve(
            mix(colour, darken(colour), abs(lean) / 20),
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
