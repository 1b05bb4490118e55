"""Places on land: hills, garden, mountains, desert, forest and snow."""

from __future__ import annotations

from dataclasses import replace

from cometmagic.offline.painter.colour import WHITE, Colour, Gradient, darken, lighten, mix
from cometmagic.offline.painter.places.terrain import Floor, create_floor, draw_rolling_hills
from cometmagic.offline.painter.places.weather import draw_snowfall
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.subjects import plants


def hills(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.46)
    scene.draw_sky(horizon + 0.1 * scene.unit)
    far_colour = scene.apply_haze(mix(scene.land[0], scene.daylight.sky[1], 0.5), 0.6)
    base, rise = horizon + 0.04 * scene.unit, 0.3 * scene.height_factor**0.7
    has_peaks = scene.create_rng("peaks").random() < 0.5
    paint = Gradient(far_colour, scene.daylight.horizon)
    scene.draw_ridge(base, rise, 1.2, paint, "blue", has_peaks=has_peaks)
    draw_rolling_hills(scene, horizon)
    floor = create_floor(scene)
    scene.draw_grass(floor.front_y - 0.02 * scene.unit, darken(scene.land[-2], 0.12), "grass", 60, 0.04)
    return floor


def garden(scene: Scene) -> Floor:
    floor = hills(scene)
    rng = scene.create_rng("meadow")
    for _ in range(round(46 * scene.width / scene.unit)):
        depth = rng.random()
        x = rng.uniform(0, scene.width)
        y = floor.front_y + (depth - 0.35) * (scene.height - floor.front_y + 0.05 * scene.unit)
        colour = rng.choice(((244, 240, 230), (238, 130, 120), (250, 206, 92), (190, 150, 214)))
        draw = rng.choice((plants.meadow_flower, plants.meadow_flower, plants.tulip))
        draw(scene.pen.transform(x, y, scene.unit * (0.05 + 0.05 * depth) / 100, turn=rng.uniform(-9, 9)), colour)
    return floor


def mountains(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.4)
    scene.draw_sky(horizon)
    _draw_peaks(scene, horizon)
    _draw_foothills(scene)
    return create_floor(scene, 0.07, 0.17)


def _draw_peaks(scene: Scene, horizon: float) -> None:
    snow_colour = mix(scene.pen.tint(WHITE), scene.daylight.horizon, 0.25)
    for index, (height, wavelength, distance) in enumerate(((0.62, 1.7, 0.56), (0.46, 1.2, 0.3), (0.28, 0.9, 0.1))):
        rock_colour = scene.apply_haze(scene.accent or mix((70, 84, 142), scene.land[0], 0.25), distance)
        base = horizon + (0.02 + 0.09 * index) * scene.unit
        rise = height * scene.height_factor**0.8
        paint = Gradient(rock_colour, mix(rock_colour, scene.haze, 0.5))
        heights = scene.draw_ridge(base, rise, wavelength, paint, f"peak{index}", has_peaks=True)
        if index < 2:
            _draw_snow_caps(scene, heights, base - rise * scene.unit * 0.46, snow_colour, f"cap{index}")
        scene.draw_mist(base, 0.1 * scene.unit, 0.5)


def _draw_foothills(scene: Scene) -> None:
    """Draw a dark pine forest and a meadow in front of it."""
    forest_colour = scene.apply_haze(mix(scene.land[3], (52, 84, 84), 0.5), 0.1)
    base = scene.height - 0.16 * scene.unit * scene.height_factor
    paint = Gradient(lighten(forest_colour, 0.1), darken(forest_colour, 0.2))
    heights = scene.draw_ridge(base, 0.1, 1.6, paint, "near")
    scene.plant(plants.pine, darken(forest_colour, 0.2), heights, 0.13, 22, "pines")
    meadow_colour = scene.apply_haze(scene.land[3], 0.05)
    base = scene.height - 0.06 * scene.unit * scene.height_factor
    paint = Gradient(lighten(meadow_colour, 0.15), darken(meadow_colour, 0.2))
    scene.draw_ridge(base, 0.1, 2.2, paint, "meadow")


def _draw_snow_caps(scene: Scene, heights: list[float], snow_line: float, colour: Colour, name: str) -> None:
    """Draw snow on what rises above the snow line, with a ragged lower edge."""
    rng, cap, caps = scene.create_rng(name), [], []
    for index, y in enumerate([*heights, scene.height]):
        if y < snow_line:
            cap.append((index * scene.ridge_step, y))
            continue
        if len(cap) > 2:
            lower_edge = [(x, min(y + (snow_line - y) * rng.uniform(0.35, 1.0), snow_line)) for x, y in cap[1:-1:2]]
            caps.append([*cap, *reversed(lower_edge)])
        cap = []
    for shape in caps:
        scene.create_pen(0.9).fill([shape], Gradient(colour, mix(colour, scene.daylight.sky[2], 0.25)))


def desert(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.4)
    scene.draw_sky(horizon + 0.05 * scene.unit)
    sand = scene.accent or scene.create_rng("sand").choice(((226, 160, 98), (220, 140, 96), (232, 180, 116)))
    mesa = scene.apply_haze(mix(sand, (150, 82, 88), 0.55), 0.6)
    paint = Gradient(mesa, mix(mesa, scene.daylight.horizon, 0.5))
    base, rise = horizon + 0.06 * scene.unit, 0.2 * scene.height_factor
    scene.draw_ridge(base, rise, 0.9, paint, "mesa", has_peaks=True)
    for index in range(4):
        nearness = index / 3
        colour = scene.apply_haze(mix(lighten(sand, 0.2), darken(sand, 0.12), nearness), 0.6 * (1 - nearness))
        base = horizon + (scene.height - horizon) * (0.16 + 0.62 * nearness)
        paint = Gradient(lighten(colour, 0.3), darken(colour, 0.16))
        heights = scene.draw_ridge(base, 0.17, 1.3 + 0.5 * index, paint, f"dune{index}")
        _shade_lee_slopes(scene, heights, darken(colour, 0.2))
    rng, y = scene.create_rng("cactus"), scene.height - 0.14 * scene.unit * scene.height_factor
    for x in (rng.uniform(0.04, 0.2), rng.uniform(0.82, 0.95)):
        _draw_cactus(scene, x * scene.width, y, rng.uniform(0.14, 0.22))
    return create_floor(scene)


def _shade_lee_slopes(scene: Scene, heights: list[float], colour: Colour) -> None:
    """Shade the side of each dune that faces away from the sun."""
    slope: list[tuple[float, float]] = []
    for index, y in enumerate(heights):
        is_falling = index + 1 < len(heights) and heights[index + 1] > y
        if is_falling:
            slope.append((index * scene.ridge_step, y))
        elif slope:
            (x, top), (end, bottom) = slope[0], slope[-1]
            width, depth = end - x, bottom - top
            tail = [(end - width * 0.3, bottom + depth * 0.7), (x + width * 0.1, top + depth * 1.1)]
            scene.create_pen(0.4).fill([[*slope, *tail]], Gradient(colour, lighten(colour, 0.4)))
            slope = []


def _draw_cactus(scene: Scene, x: float, y: float, size: float) -> None:
    pen, green = scene.pen.transform(x, y, scene.unit * size / 100), (74, 122, 96)
    for line in ((0, 0, 0, -94), (0, -34, 24, -38, 24, -66), (0, -46, -22, -48, -22, -78)):
        pen.line(green, 15 if len(line) == 4 else 11, *line)
        pen.line(lighten(green, 0.25), 2, *(n - 3 * (i % 2 == 0) for i, n in enumerate(line)))


def forest(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.36)
    scene.draw_sky(horizon)
    leaf = scene.accent or scene.foliage
    _draw_woods(scene, horizon, leaf)
    soil = scene.apply_haze(mix(leaf, (92, 96, 70), 0.55), 0.05)
    base = scene.height - 0.12 * scene.unit * scene.height_factor
    scene.draw_ridge(base, 0.07, 1.9, Gradient(lighten(soil, 0.1), darken(soil, 0.3)), "soil")
    scene.draw_grass(scene.height - 0.1 * scene.unit * scene.height_factor, darken(soil, 0.1), "ferns", 70, 0.05)
    return create_floor(scene, 0.07, 0.16)


def _draw_woods(scene: Scene, horizon: float, leaf: Colour) -> None:
    """Draw rows of trees from far to near: leafy trees in autumn, otherwise pines."""
    is_autumn = scene.foliage[0] > scene.foliage[1]
    draw = plants.tree if is_autumn else plants.pine
    for index in range(4):
        nearness = index / 3
        colour = mix(leaf, darken(leaf, 0.5), nearness * (0.3 if is_autumn else 0.75))
        colour = scene.apply_haze(colour, 0.8 * (1 - nearness))
        base = horizon + (scene.height - horizon) * 0.62 * nearness
        size = (0.24 + 0.26 * nearness) * scene.height_factor**0.7 * (0.62 if is_autumn else 1.0)
        paint = Gradient(colour, mix(colour, scene.daylight.horizon, 0.45))
        heights = _compute_tree_heights(scene, scene.draw_ridge(base, 0.07, 1.2, paint, f"wood{index}"), index)
        shades = [colour, darken(colour, 0.14), *([mix(colour, (226, 168, 62), 0.5)] if is_autumn else [])]
        count = (12 - 2.6 * index) / len(shades) * 2
        for shade_index, shade in enumerate(shades):
            scene.plant(draw, shade, heights, size, count, f"tree{index}{shade_index}")
        scene.draw_mist(base + 0.02 * scene.unit, 0.1 * scene.unit, 0.5)


def _compute_tree_heights(scene: Scene, heights: list[float], index: int) -> list[float]:
    """Return the heights of the trees; the nearest stand lower in the middle, which leaves a clearing."""
    middle, reach = len(heights) / 2, min(len(heights) / 2, 55)
    distances = (min(1.0, abs(i - middle) / reach) for i in range(len(heights)))
    clearing_depth = scene.unit * (0.0, 0.0, 0.1, 0.36)[index]
    return [y + clearing_depth * (1 - distance) for y, distance in zip(heights, distances, strict=True)]


def snow(scene: Scene) -> Floor:
    white = scene.accent or (240, 244, 250)
    scene.land = ((176, 194, 220), (196, 210, 230), (216, 226, 240), (230, 238, 246), white)
    scene.accent, foliage, scene.foliage = None, scene.foliage, (122, 150, 158)
    scene.daylight = replace(scene.daylight, mist=scene.daylight.mist * 0.6)
    horizon = scene.compute_horizon(0.46)
    scene.draw_sky(horizon + 0.1 * scene.unit)
    far_colour = scene.apply_haze((150, 168, 204), 0.6)
    base, rise = horizon + 0.04 * scene.unit, 0.34 * scene.height_factor**0.7
    scene.draw_ridge(base, rise, 1.1, Gradient(lighten(far_colour, 0.6), far_colour), "blue", has_peaks=True)
    ridges = draw_rolling_hills(scene, horizon)
    scene.plant(plants.pine, scene.apply_haze(mix(foliage, (70, 110, 120), 0.6), 0.2), ridges[-2], 0.17, 8, "firs")
    draw_snowfall(scene)
    return create_floor(scene)
