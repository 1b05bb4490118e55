"""Snow and rain, for a new picture or an edited one."""

from __future__ import annotations

from cometmagic.offline.painter.colour import WHITE
from cometmagic.offline.painter.scene import Scene


def draw_snowfall(scene: Scene) -> None:
    """Draw snowflakes over the whole scene."""
    rng = scene.create_rng("flakes")
    for _ in range(round(170 * (scene.width * scene.height / scene.unit**2) ** 0.7)):
        position = rng.uniform(0, scene.width), rng.uniform(0, scene.height)
        pen = scene.create_pen(rng.uniform(0.45, 0.95))
        pen.oval(WHITE, *position, scene.unit * rng.choice((0.0016, 0.0024, 0.004)))


def draw_rain(scene: Scene) -> None:
    """Draw rain over the whole scene."""
    rng = scene.create_rng("rain")
    for _ in range(round(190 * (scene.width * scene.height / scene.unit**2) ** 0.7)):
        x, y, length = rng.uniform(0, scene.width), rng.uniform(0, scene.height), scene.unit * rng.uniform(0.02, 0.05)
        scene.create_pen(0.32).line((226, 234, 240), scene.unit * 0.0014, x, y, x - length * 0.22, y + length)
