"""What several places share: where things stand, and rolling hills."""

from __future__ import annotations

from typing import NamedTuple

from cometmagic.offline.painter import plants
from cometmagic.offline.painter.colour import Fade, dark, light, mix
from cometmagic.offline.painter.scene import Stage


class Floor(NamedTuple):
    """Where things stand, in pixels from the top."""

    near: float
    back: float
    kind: str = "land"  # or "water" and "cloud", on which most things need an islet, or "free", where they hang


def floor_at(stage: Stage, near: float = 0.1, back: float = 0.26, kind: str = "land") -> Floor:
    """Return a floor `near` units above the bottom of a square canvas."""
    return Floor(
        stage.height - near * stage.unit * stage.tall**0.8, stage.height - back * stage.unit * stage.tall, kind
    )


def rolling(stage: Stage, horizon: float, count: int = 4) -> list[list[float]]:
    """Lay rolling hills from far to near."""
    ranges, depth = [], stage.height - horizon
    for index in range(count):
        near = index / (count - 1)
        colour = stage.land[min(index, len(stage.land) - 1)] if stage.accent is None else mix(
            light(stage.accent, 0.2), dark(stage.accent, 0.25), near)  # fmt: skip
        colour = stage.far(colour, 0.85 * (1 - near))
        base = horizon + depth * (0.06 + 0.72 * near**1.25)
        paint = Fade(
            light(colour, 0.14), mix(colour, stage.hour.horizon, 0.3 * (1 - near)) if near < 1 else dark(colour, 0.2)
        )
        ranges.append(
            stage.ridge(base, (0.26 - 0.11 * near) * stage.tall**0.6, 1.5 + 0.4 * index, paint, f"hill{index}")
        )
        if index < count - 1:
            stage.plant(
                plants.tree,
                stage.far(stage.foliage, 0.6 * (1 - near)),
                ranges[-1],
                0.045 + 0.05 * near,
                9 - 4 * near,
                f"copse{index}",
            )
            stage.mist(base, 0.06 * stage.unit, 0.3 * stage.hour.mist)
    return ranges
