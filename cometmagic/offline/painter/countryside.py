"""Places on land: hills, garden, mountains, desert, forest and snow.

Each function sets a `Stage` and returns where things stand; none knows what will be put there.
"""

from __future__ import annotations

from dataclasses import replace

from cometmagic.offline.painter import plants
from cometmagic.offline.painter.colour import WHITE, Colour, Gradient, darken, lighten, mix
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.terrain import Floor, create_floor, draw_rolling_hills
from cometmagic.offline.painter.weather import draw_snowfall


def hills(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.46)
    scene.draw_sky(horizon + 0.1 * scene.unit)
    far = scene.apply_haze(mix(scene.land[0], scene.daylight.sky[1], 0.5), 0.6)
    scene.draw_ridge(
        horizon + 0.04 * scene.unit,
        0.3 * scene.height_factor**0.7,
        1.2,
        Gradient(far, scene.daylight.horizon),
        "blue",
        has_peaks=scene.create_rng("peaks").random() < 0.5,
    )
    draw_rolling_hills(scene, horizon)
    floor = create_floor(scene)
    scene.draw_grass(floor.front_y - 0.02 * scene.unit, darken(scene.land[-2], 0.12), "grass", 60, 0.04)
    return floor


def garden(scene: Scene) -> Floor:
    floor = hills(scene)
    dice = scene.create_rng("meadow")
    for _ in range(round(46 * scene.width / scene.unit)):
        depth = dice.random()
        x, y = (
            dice.uniform(0, scene.width),
            floor.front_y + (depth - 0.35) * (scene.height - floor.front_y + 0.05 * scene.unit),
        )
        colour = dice.choice(((244, 240, 230), (238, 130, 120), (250, 206, 92), (190, 150, 214)))
        brush = dice.choice((plants.meadow_flower, plants.meadow_flower, plants.tulip))
        brush(scene.pen.transform(x, y, scene.unit * (0.05 + 0.05 * depth) / 100, turn=dice.uniform(-9, 9)), colour)
    return floor


def mountains(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.4)
    scene.draw_sky(horizon)
    for index, (height, wave, distance) in enumerate(((0.62, 1.7, 0.56), (0.46, 1.2, 0.3), (0.28, 0.9, 0.1))):
        rock = scene.apply_haze(scene.accent or mix((70, 84, 142), scene.land[0], 0.25), distance)
        base = horizon + (0.02 + 0.09 * index) * scene.unit
        rise = height * scene.height_factor**0.8
        snow = mix(scene.pen.tint(WHITE), scene.daylight.horizon, 0.25)
        tops = scene.draw_ridge(
            base, rise, wave, Gradient(rock, mix(rock, scene.haze, 0.5)), f"peak{index}", has_peaks=True
        )
        if index < 2:
            _snow_caps(scene, tops, base - rise * scene.unit * 0.46, snow, f"cap{index}")
        scene.draw_mist(base, 0.1 * scene.unit, 0.5)
    near = scene.apply_haze(mix(scene.land[3], (52, 84, 84), 0.5), 0.1)
    tops = scene.draw_ridge(
        scene.height - 0.16 * scene.unit * scene.height_factor,
        0.1,
        1.6,
        Gradient(lighten(near, 0.1), darken(near, 0.2)),
        "near",
    )
    scene.plant(plants.pine, darken(near, 0.2), tops, 0.13, 22, "pines")
    low = scene.apply_haze(scene.land[3], 0.05)
    scene.draw_ridge(
        scene.height - 0.06 * scene.unit * scene.height_factor,
        0.1,
        2.2,
        Gradient(lighten(low, 0.15), darken(low, 0.2)),
        "meadow",
    )
    return create_floor(scene, 0.07, 0.17)


def _snow_caps(scene: Scene, heights: list[float], snow_line: float, colour: Colour, name: str) -> None:
    """Cover what rises above the snow line, with a ragged lower edge."""
    dice, cap, caps = scene.create_rng(name), [], []
    for index, y in enumerate([*heights, scene.height]):
        if y < snow_line:
            cap.append((index * scene.ridge_step, y))
            continue
        if len(cap) > 2:
            lower = [(x, min(y + (snow_line - y) * dice.uniform(0.35, 1.0), snow_line)) for x, y in cap[1:-1:2]]
            caps.append([*cap, *reversed(lower)])
        cap = []
    for shape in caps:
        scene.create_pen(0.9).fill([shape], Gradient(colour, mix(colour, scene.daylight.sky[2], 0.25)))


def desert(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.4)
    scene.draw_sky(horizon + 0.05 * scene.unit)
    sand = scene.accent or scene.create_rng("sand").choice(((226, 160, 98), (220, 140, 96), (232, 180, 116)))
    mesa = scene.apply_haze(mix(sand, (150, 82, 88), 0.55), 0.6)
    scene.draw_ridge(
        horizon + 0.06 * scene.unit,
        0.2 * scene.height_factor,
        0.9,
        Gradient(mesa, mix(mesa, scene.daylight.horizon, 0.5)),
        "mesa",
        has_peaks=True,
    )
    for index in range(4):
        near = index / 3
        colour = scene.apply_haze(mix(lighten(sand, 0.2), darken(sand, 0.12), near), 0.6 * (1 - near))
        base = horizon + (scene.height - horizon) * (0.16 + 0.62 * near)
        tops = scene.draw_ridge(
            base, 0.17, 1.3 + 0.5 * index, Gradient(lighten(colour, 0.3), darken(colour, 0.16)), f"dune{index}"
        )
        _lee_slopes(scene, tops, darken(colour, 0.2))
    dice = scene.create_rng("cactus")
    for x in (dice.uniform(0.04, 0.2), dice.uniform(0.82, 0.95)):
        _cactus(
            scene, x * scene.width, scene.height - 0.14 * scene.unit * scene.height_factor, dice.uniform(0.14, 0.22)
        )
    return create_floor(scene)


def _lee_slopes(scene: Scene, heights: list[float], colour: Colour) -> None:
    """Shade the side of each dune that turns away from the sun."""
    run: list[tuple[float, float]] = []
    for index, y in enumerate(heights):
        falling = index + 1 < len(heights) and heights[index + 1] > y
        if falling:
            run.append((index * scene.ridge_step, y))
        elif run:
            (x, top), (end, low) = run[0], run[-1]
            tail = [(end - (end - x) * 0.3, low + (low - top) * 0.7), (x + (end - x) * 0.1, top + (low - top) * 1.1)]
            scene.create_pen(0.4).fill([[*run, *tail]], Gradient(colour, lighten(colour, 0.4)))
            run = []


def _cactus(scene: Scene, x: float, y: float, size: float) -> None:
    pen, green = scene.pen.transform(x, y, scene.unit * size / 100), (74, 122, 96)
    for body in ((0, 0, 0, -94), (0, -34, 24, -38, 24, -66), (0, -46, -22, -48, -22, -78)):
        pen.line(green, 15 if len(body) == 4 else 11, *body)
        pen.line(lighten(green, 0.25), 2, *(n - 3 * (i % 2 == 0) for i, n in enumerate(body)))


def forest(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.36)
    scene.draw_sky(horizon)
    leaf = scene.accent or scene.foliage
    autumn = scene.foliage[0] > scene.foliage[1]
    brush = plants.tree if autumn else plants.pine
    for index in range(4):
        near = index / 3
        colour = scene.apply_haze(mix(leaf, darken(leaf, 0.5), near * (0.3 if autumn else 0.75)), 0.8 * (1 - near))
        base = horizon + (scene.height - horizon) * 0.62 * near
        size = (0.24 + 0.26 * near) * scene.height_factor**0.7 * (0.62 if autumn else 1.0)
        tops = scene.draw_ridge(
            base, 0.07, 1.2, Gradient(colour, mix(colour, scene.daylight.horizon, 0.45)), f"wood{index}"
        )
        shades = (
            (colour, darken(colour, 0.14), mix(colour, (226, 168, 62), 0.5))
            if autumn
            else (colour, darken(colour, 0.14))
        )
        for turn, shade in enumerate(shades):
            scene.plant(
                brush,
                shade,
                _compute_tree_heights(scene, tops, index),
                size,
                (12 - 2.6 * index) / len(shades) * 2,
                f"tree{index}{turn}",
            )
        scene.draw_mist(base + 0.02 * scene.unit, 0.1 * scene.unit, 0.5)
    soil = scene.apply_haze(mix(leaf, (92, 96, 70), 0.55), 0.05)
    scene.draw_ridge(
        scene.height - 0.12 * scene.unit * scene.height_factor,
        0.07,
        1.9,
        Gradient(lighten(soil, 0.1), darken(soil, 0.3)),
        "soil",
    )
    scene.draw_grass(scene.height - 0.1 * scene.unit * scene.height_factor, darken(soil, 0.1), "ferns", 70, 0.05)
    return create_floor(scene, 0.07, 0.16)


def _compute_tree_heights(scene: Scene, heights: list[float], index: int) -> list[float]:
    """Return the heights for trees; the nearest stand below the edge except at the sides, to leave a clearing."""
    middle, reach = len(heights) / 2, min(len(heights) / 2, 55)
    away = (min(1.0, abs(i - middle) / reach) for i in range(len(heights)))
    clear = scene.unit * (0.0, 0.0, 0.1, 0.36)[index]
    return [y + clear * (1 - side) for y, side in zip(heights, away, strict=True)]


def snow(scene: Scene) -> Floor:
    white = scene.accent or (240, 244, 250)
    scene.land = ((176, 194, 220), (196, 210, 230), (216, 226, 240), (230, 238, 246), white)
    scene.accent, leaf, scene.foliage = None, scene.foliage, (122, 150, 158)
    scene.daylight = replace(scene.daylight, mist=scene.daylight.mist * 0.6)
    horizon = scene.compute_horizon(0.46)
    scene.draw_sky(horizon + 0.1 * scene.unit)
    far = scene.apply_haze((150, 168, 204), 0.6)
    scene.draw_ridge(
        horizon + 0.04 * scene.unit,
        0.34 * scene.height_factor**0.7,
        1.1,
        Gradient(lighten(far, 0.6), far),
        "blue",
        has_peaks=True,
    )
    ranges = draw_rolling_hills(scene, horizon)
    scene.plant(plants.pine, scene.apply_haze(mix(leaf, (70, 110, 120), 0.6), 0.2), ranges[-2], 0.17, 8, "firs")
    draw_snowfall(scene)
    return create_floor(scene)
