"""The places by name: each function paints a scene and returns its floor."""

from __future__ import annotations

from collections.abc import Callable

from cometmagic.offline.painter.places.countryside import desert, forest, garden, hills, mountains, snow
from cometmagic.offline.painter.places.sky import sky, space
from cometmagic.offline.painter.places.terrain import Floor
from cometmagic.offline.painter.places.town import city, room, wall
from cometmagic.offline.painter.places.water import beach, lake, sea, underwater
from cometmagic.offline.painter.scene import Scene

PLACES: dict[str, Callable[[Scene], Floor]] = {
    place.__name__: place
    for place in (
        *(hills, garden, mountains, sea, lake, beach, desert, forest, snow),
        *(city, room, wall, space, underwater, sky),
    )
}
