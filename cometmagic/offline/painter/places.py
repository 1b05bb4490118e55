"""The places by name."""

from __future__ import annotations

from collections.abc import Callable

from cometmagic.offline.painter.countryside import desert, forest, garden, hills, mountains, snow
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.sky import sky, space
from cometmagic.offline.painter.terrain import Floor
from cometmagic.offline.painter.town import city, room, wall
from cometmagic.offline.painter.water import beach, lake, sea, underwater

PLACES: dict[str, Callable[[Scene], Floor]] = {
    place.__name__: place
    for place in (
        hills,
        garden,
        mountains,
        sea,
        lake,
        beach,
        desert,
        forest,
        snow,
        city,
        room,
        wall,
        space,
        underwater,
        sky,
    )
}
