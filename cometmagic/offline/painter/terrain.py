"""What several places share: where things stand, and rolling hills."""

from __future__ import annotations

from typing import NamedTuple

from cometmagic.offline.painter import plants
from cometmagic.offline.painter.colour import Gradient, darken, lighten, mix
from cometmagic.offline.painter.scene import Scene


class Floor(NamedTuple):
    """Where things stand, in pixels from the top."""

    front_y: float
    back_y: float
    surface: str = "land"  # or "water" and "cloud", on which most things need an islet, or "free", where they hang


def create_floor(scene: Scene, front: float = 0.1, back: float = 0.26, surface: str = "land") -> Floor:
    """Return a floor `near` units above the bottom of a square canvas."""
    return Floor(
        scene.height - front * scene.unit * scene.height_factor**0.8,
        scene.height - back * scene.unit * scene.height_factor,
        surface,
    )


def draw_rolling_hills(scene: Scene, horizon: float, count: int = 4) -> list[list[float]]:
    """Lay rolling hills from far to near."""
    ranges, depth = [], scene.height - horizon
    for index in range(count):
        near = index / (count - 1)
        colour = scene.land[min(index, len(scene.land) - 1)] if scene.accent is None else mix(
            lighten(scene.accent, 0.2), darken(scene.accent, 0.25), near)  # fmt: skip
        colour = scene.apply_haze(colour, 0.85 * (1 - near))
        base = horizon + depth * (0.06 + 0.72 * near**1.25)
        paint = Gradient(
            lighten(colour, 0.14),
            mix(colour, scene.daylight.horizon, 0.3 * (1 - near)) if near < 1 else darken(colour, 0.2),
        )
        ranges.append(
            scene.draw_ridge(
                base, (0.26 - 0.11 * near) * scene.height_factor**0.6, 1.5 + 0.4 * index, paint, f"hill{index}"
            )
        )
        if index < count - 1:
            scene.plant(
                plants.tree,
                scene.apply_haze(scene.foliage, 0.6 * (1 - near)),
                ranges[-1],
                0.045 + 0.05 * near,
                9 - 4 * near,
                f"copse{index}",
            )
            scene.draw_mist(base, 0.06 * scene.unit, 0.3 * scene.daylight.mist)
    return ranges
