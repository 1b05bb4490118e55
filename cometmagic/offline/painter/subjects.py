"""The cast: for each subject how it is drawn, its own colour, how large it is and where it feels at home."""

from __future__ import annotations

from dataclasses import dataclass

from cometmagic.offline.painter import buildings, creatures, objects, people, plants
from cometmagic.offline.painter.colour import Colour
from cometmagic.offline.painter.scene import Brush


@dataclass(frozen=True)
class Role:
    """One subject."""

    draw: Brush
    colour: Colour
    high: float  # height, in shares of the short side of the picture
    wide: float  # width, in shares of its own height
    home: tuple[str, ...] = ("hills", "garden")
    stands: str = "ground"  # or "air", "water"
    behind: bool = False  # scenery rather than actor when there are others
    head: tuple[float, float, float] | None = None  # where a hat sits: x, y and scale


_FAR = ("hills", "mountains", "lake")


_TABLE = ("room",)


ROLES: dict[str, Role] = {
    "bicycle": Role(objects.bicycle, (206, 54, 48), 0.44, 1.56, ("wall", "hills", "city")),
    "cat": Role(creatures.cat, (222, 140, 70), 0.5, 0.8, ("room", "garden", "wall"), head=(0, -88, 0.5)),
    "dog": Role(creatures.dog, (196, 150, 104), 0.5, 0.8, ("garden", "hills", "wall"), head=(0, -93, 0.48)),
    "fox": Role(creatures.fox, (220, 112, 52), 0.48, 1.0, ("forest", "hills"), head=(0, -88, 0.5)),
    "rabbit": Role(creatures.rabbit, (196, 172, 152), 0.44, 0.75, ("garden", "hills"), head=(0, -88, 0.46)),
    "bird": Role(creatures.bird, (74, 126, 186), 0.46, 1.2, ("garden", "hills", "sky"), head=(-20, -80, 0.34)),
    "owl": Role(creatures.owl, (150, 112, 84), 0.5, 1.2, ("forest",), head=(0, -90, 0.46)),
    "fish": Role(creatures.fish, (240, 120, 52), 0.46, 1.4, ("underwater",), head=(-30, -70, 0.32)),
    "butterfly": Role(creatures.butterfly, (238, 136, 46), 0.44, 1.4, ("garden",), "air"),
    "person": Role(people.person, (196, 70, 60), 0.52, 0.45, ("hills", "mountains", "city"), head=(0, -92, 0.24)),
    "astronaut": Role(people.astronaut, (242, 240, 236), 0.54, 0.65, ("space",)),
    "flower": Role(plants.flower, (248, 244, 236), 0.52, 0.45, ("garden", "hills")),
    "rose": Role(plants.rose, (206, 44, 66), 0.54, 0.5, ("garden", "room")),
    "tulip": Role(plants.tulip, (232, 88, 84), 0.5, 0.45, ("garden",)),
    "tree": Role(plants.tree, (98, 150, 84), 0.62, 0.85, ("hills", "garden"), behind=True),
    "pine": Role(plants.pine, (62, 122, 92), 0.62, 0.55, ("mountains", "snow"), behind=True),
    "palm": Role(plants.palm, (84, 154, 92), 0.62, 0.8, ("beach", "desert"), behind=True),
    "house": Role(buildings.house, (242, 224, 192), 0.44, 1.15, ("hills", "garden"), behind=True),
    "castle": Role(buildings.castle, (204, 190, 174), 0.5, 1.3, ("hills", "mountains"), behind=True),
    "lighthouse": Role(buildings.lighthouse, (206, 54, 48), 0.64, 0.85, ("sea",), "water", behind=True),
    "boat": Role(objects.boat, (190, 70, 60), 0.46, 1.0, ("sea", "lake"), "water"),
    "hat": Role(objects.hat, (134, 90, 62), 0.3, 1.4, _TABLE),
    "car": Role(objects.car, (58, 148, 156), 0.34, 1.65, ("city", "hills")),
    "balloon": Role(objects.balloon, (214, 60, 80), 0.44, 0.6, ("hills", "sky", "city"), "air"),
    "airballoon": Role(objects.airballoon, (206, 70, 60), 0.46, 0.75, _FAR, "air"),
    "cup": Role(objects.cup, (58, 132, 142), 0.36, 1.2, _TABLE),
    "book": Role(objects.book, (64, 94, 156), 0.3, 1.45, _TABLE),
    "robot": Role(objects.robot, (92, 164, 172), 0.54, 0.7, ("city", "room", "hills"), head=(0, -95, 0.4)),
    "rocket": Role(objects.rocket, (214, 74, 62), 0.58, 0.6, ("space",), "air"),
    "star": Role(objects.star, (252, 214, 106), 0.2, 1.0, ("hills", "sea"), "air"),
    "moon": Role(objects.moon, (250, 244, 222), 0.3, 1.0, ("sea", "hills", "mountains"), "air"),
    "sun": Role(objects.sun, (252, 204, 96), 0.3, 1.0, ("hills", "sea"), "air"),
    "apple": Role(plants.apple, (206, 54, 48), 0.32, 0.9, _TABLE),
    "banana": Role(plants.banana, (250, 212, 76), 0.44, 0.7, _TABLE, head=(5, -96, 0.36)),
    "orangefruit": Role(plants.orange, (240, 140, 44), 0.28, 1.0, _TABLE),
    "teapot": Role(objects.teapot, (72, 122, 184), 0.36, 1.45, _TABLE, head=(0, -86, 0.5)),
    "mushroom": Role(plants.mushroom, (206, 54, 48), 0.42, 1.0, ("forest",), head=(0, -90, 0.5)),
    "heart": Role(plants.heart, (218, 62, 84), 0.42, 1.0, ("sky", "hills"), "air"),
    "umbrella": Role(objects.umbrella, (206, 54, 48), 0.46, 1.15, ("beach", "city")),
}


# Bodies on which a space suit fits; others get only the helmet.
SITTING = {"cat", "dog", "fox", "rabbit"}
