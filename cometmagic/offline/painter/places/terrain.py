"""What several places share: the floor on which things stand, and rolling hills."""

from __future__ import annotations

from typing import NamedTuple

from cometmagic.offline.painter.colour import Colour, Gradient, darken, lighten, mix
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.subjects import plants

_HILL_COUNT = 4


class Floor(NamedTuple):
    """Where things stand, in pixels from the top."""

    front_y: float
    back_y: float
    surface: str = "land"  # or "water" and "cloud", where most things need an islet, or "free", where they float


def create_floor(scene: Scene, front: float = 0.1, back: float = 0.26, surface: str = "land") -> Floor:
    """Return a floor; `front` and `back` are its distances from the bottom of a square canvas, in units."""
    front_y = scene.height - front * scene.unit * scene.height_factor**0.8
    back_y = scene.height - back * scene.unit * scene.height_factor
    return Floor(front_y, back_y, surface)


def draw_rolling_hills(scene: Scene, horizon: float) -> list[list[float]]:
    """Draw rolling hills from far to near; return the heights of each ridge."""
    ridges, depth = [], scene.height - horizon
    for index in range(_HILL_COUNT):
        nearness = index / (_HILL_COUNT - 1)
        colour = scene.apply_haze(_choose_hill_colour(scene, index, nearness), 0.85 * (1 - nearness))
        bottom = mix(colour, scene.daylight.horizon, 0.3 * (1 - nearness)) if nearness < 1 else darken(colour, 0.2)
        paint = Gradient(lighten(colour, 0.14), bottom)
        base, rise = horizon + depth * (0.06 + 0.72 * nearness**1.25), (0.26 - 0.11 * nearness)
        rise *= scene.height_factor**0.6
        heights = scene.draw_ridge(base, rise, 1.5 + 0.4 * index, paint, f"hill{index}")
        ridges.append(heights)
        if index < _HILL_COUNT - 1:
            foliage, size = scene.apply_haze(scene.foliage, 0.6 * (1 - nearness)), 0.045 + 0.05 * nearness
            scene.plant(plants.tree, foliage, heights, size, 9 - 4 * nearness, f"copse{index}")
            scene.draw_mist(base, 0.06 * scene.unit, 0.3 * scene.daylight.mist)
    return ridges


def _choose_hill_colour(scene: Scene, index: int, nearness: float) -> Colour:
    if scene.accent is None:
        return scene.land[min(index, len(scene.land) - 1)]
    return mix(lighten(scene.accent, 0.2), darken(scene.accent, 0.25), nearness)
