"""What falls from the sky, on a new picture or on an edited one."""

from __future__ import annotations

from cometmagic.offline.painter.colour import WHITE
from cometmagic.offline.painter.scene import Stage


def flakes(stage: Stage) -> None:
    """Let it snow."""
    dice = stage.dice("flakes")
    for _ in range(round(170 * (stage.width * stage.height / stage.unit**2) ** 0.7)):
        spot = dice.uniform(0, stage.width), dice.uniform(0, stage.height)
        stage.faint(dice.uniform(0.45, 0.95)).oval(WHITE, *spot, stage.unit * dice.choice((0.0016, 0.0024, 0.004)))


def rain(stage: Stage) -> None:
    """Let it rain."""
    dice = stage.dice("rain")
    for _ in range(round(190 * (stage.width * stage.height / stage.unit**2) ** 0.7)):
        x, y, long = dice.uniform(0, stage.width), dice.uniform(0, stage.height), stage.unit * dice.uniform(0.02, 0.05)
        stage.faint(0.32).line((226, 234, 240), stage.unit * 0.0014, x, y, x - long * 0.22, y + long)
