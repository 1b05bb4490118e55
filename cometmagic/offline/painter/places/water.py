"""Places at and under water: sea, lake, beach and reef."""

from __future__ import annotations

import random
from dataclasses import replace

from cometmagic.offline.painter.colour import WHITE, Colour, Gradient, darken, lighten, mix
from cometmagic.offline.painter.places.terrain import Floor, create_floor
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.subjects import creatures, plants


def sea(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.44)
    scene.draw_sky(horizon)
    isle_colour = scene.apply_haze(scene.land[0], 0.72)
    rng = scene.create_rng("isle")
    if rng.random() < 0.75:
        paint = Gradient(isle_colour, mix(isle_colour, scene.daylight.horizon, 0.5))
        scene.draw_ridge(horizon + 0.028 * scene.unit, 0.12, 1.1, paint, "isle")
    scene.draw_water(horizon, scene.accent or (46, 128, 150))
    return create_floor(scene, 0.15, 0.3, "water")


def lake(scene: Scene) -> Floor:
    shore = scene.compute_horizon(0.4)
    scene.draw_sky(shore)
    for index, (rise, distance) in enumerate(((0.4, 0.7), (0.26, 0.4), (0.12, 0.1))):
        colour = scene.apply_haze(scene.land[min(index * 2, 4)], distance)
        paint = Gradient(colour, mix(colour, scene.daylight.horizon, 0.3))
        base, height = shore + 0.02 * scene.unit, rise * scene.height_factor**0.7
        heights = scene.draw_ridge(base, height, 1.4 - 0.2 * index, paint, f"shore{index}", has_peaks=index == 0)
        scene.draw_mist(shore, 0.07 * scene.unit, 0.35)
    scene.plant(plants.pine, scene.apply_haze(darken(scene.foliage, 0.3), 0.15), heights, 0.09, 16, "firs")
    scene.draw_water(shore, scene.accent or (62, 130, 148), 0.72)
    return create_floor(scene, 0.15, 0.3, "water")


def beach(scene: Scene) -> Floor:
    sea(scene)
    sand_colour, unit = scene.pen.tint(scene.accent or (236, 208, 160)), scene.unit
    base = scene.height - 0.13 * unit * scene.height_factor
    scene.draw_ridge(base - 0.012 * unit, 0.07, 2.4, mix(WHITE, scene.daylight.horizon, 0.3), "sand")
    scene.draw_ridge(base, 0.07, 2.4, Gradient(darken(sand_colour, 0.1), lighten(sand_colour, 0.1)), "sand")
    rng = scene.create_rng("shells")
    for _ in range(round(26 * scene.width / unit)):
        x, y = rng.uniform(0, scene.width), scene.height - rng.random() * 0.09 * unit * scene.height_factor
        colour = rng.choice((darken(sand_colour, 0.16), lighten(sand_colour, 0.5)))
        scene.pen.oval(colour, x, y, unit * rng.uniform(0.002, 0.006), unit * 0.002)
    return create_floor(scene, 0.07, 0.15)


def underwater(scene: Scene) -> Floor:
    unit, rng = scene.unit, scene.create_rng("reef")
    blue = scene.accent or rng.choice(((38, 140, 170), (30, 122, 160), (40, 150, 150)))
    scene.daylight = replace(
        scene.daylight,
        sky=tuple(mix(lighten(blue, 0.55), darken(blue, 0.62), share / 4) for share in range(5)),
        is_night=False,
        clouds=0,
    )
    scene.has_celestial_body = False
    scene.draw_sky(float(scene.height))
    _draw_light_rays(scene, rng, blue)
    _draw_seabed(scene, blue)
    for _ in range(round(15 * scene.width / unit)):
        x, height = rng.uniform(0, scene.width), unit * rng.uniform(0.08, 0.3)
        colour = rng.choice(((58, 150, 110), (226, 96, 110), (240, 150, 90), (132, 96, 170)))
        _draw_seaweed(scene, x, height, colour)
    _draw_bubbles(scene, rng)
    _draw_fish(scene, rng, darken(blue, 0.3))
    return Floor(scene.height * 0.5 + 0.26 * unit, scene.height - 0.1 * unit, "free")


def _draw_light_rays(scene: Scene, rng: random.Random, colour: Colour) -> None:
    unit, bottom = scene.unit, scene.height * 0.86
    for index in range(round(5 * scene.width / unit)):
        x, width = rng.uniform(0, scene.width), unit * rng.uniform(0.03, 0.12)
        ray = [(x, -2.0), (x + width, -2.0), (x + width * 2 - 0.3 * unit, bottom), (x - 0.36 * unit, bottom)]
        scene.create_pen(0.1 + 0.03 * (index % 2)).fill([ray], lighten(colour, 0.85))


def _draw_seabed(scene: Scene, colour: Colour) -> None:
    """Draw two rows of rocks and the sand in front of them."""
    for index, (base, rise, share) in enumerate(((0.2, 0.24, 0.35), (0.1, 0.16, 0.62))):
        rock = mix(colour, (24, 42, 84), share)
        paint = Gradient(rock, darken(rock, 0.3))
        top = scene.height - base * scene.unit * scene.height_factor
        scene.draw_ridge(top, rise, 0.8 + index * 0.4, paint, f"rock{index}")
    sand = mix((232, 208, 160), colour, 0.3)
    bottom = scene.height - 0.05 * scene.unit * scene.height_factor
    scene.draw_ridge(bottom, 0.06, 1.6, Gradient(sand, darken(sand, 0.3)), "bed")


def _draw_bubbles(scene: Scene, rng: random.Random) -> None:
    for _ in range(round(34 * scene.width * scene.height / scene.unit**2)):
        x, y = rng.uniform(0, scene.width), rng.uniform(0, scene.height * 0.8)
        size = scene.unit * rng.uniform(0.004, 0.012)
        scene.create_pen(0.5).ring(WHITE, size * 0.25, x, y, size)


def _draw_fish(scene: Scene, rng: random.Random, colour: Colour) -> None:
    """Draw distant fish as shadows."""
    for _ in range(round(7 * scene.width / scene.unit)):
        x, y = rng.uniform(0, scene.width), rng.uniform(0.1, 0.7) * scene.height
        pen = scene.untinted_pen.transform(x, y, scene.unit * 0.0006, is_mirrored=rng.random() < 0.5)
        creatures.fish(replace(pen, opacity=0.55), colour)


def _draw_seaweed(scene: Scene, x: float, height: float, colour: Colour) -> None:
    pen = scene.untinted_pen.transform(x, scene.height - 0.01 * scene.unit, height / 100)
    for lean in (-14, 0, 13):
        stem = (lean * 0.4, 4, lean - 7, -30, lean * 1.4 + 6, -62, lean * 1.7, -98 + abs(lean))
        pen.curve(mix(colour, darken(colour), abs(lean) / 20), 8, *stem)
