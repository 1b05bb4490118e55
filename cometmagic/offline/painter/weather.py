"""What falls from the sky, on a new picture or on an edited one."""

from __future__ import annotations

from cometmagic.offline.painter.colour import WHITE
from cometmagic.offline.painter.scene import Scene


def draw_snowfall(scene: Scene) -> None:
    """Let it snow."""
    dice = scene.create_rng("flakes")
    for _ in range(round(170 * (scene.width * scene.height / scene.unit**2) ** 0.7)):
        spot = dice.uniform(0, scene.width), dice.uniform(0, scene.height)
        scene.create_pen(dice.uniform(0.45, 0.95)).oval(WHITE, *spot, scene.unit * dice.choice((0.0016, 0.0024, 0.004)))


def draw_rain(scene: Scene) -> None:
    """Let it rain."""
    dice = scene.create_rng("rain")
    for _ in range(round(190 * (scene.width * scene.height / scene.unit**2) ** 0.7)):
        x, y, long = dice.uniform(0, scene.width), dice.uniform(0, scene.height), scene.unit * dice.uniform(0.02, 0.05)
        scene.create_pen(0.32).line((226, 234, 240), scene.unit * 0.0014, x, y, x - long * 0.22, y + long)
