"""The subjects by name: how each is drawn, its colour, its size and the places where it fits."""

from __future__ import annotations

from dataclasses import dataclass

from cometmagic.offline.painter.colour import Colour
from cometmagic.offline.painter.pen import DrawFunction
from cometmagic.offline.painter.subjects import buildings, celestial, creatures, objects, people, plants, vehicles


@dataclass(frozen=True)
class Subject:
    """How a subject is drawn, and where it stands."""

    draw: DrawFunction
    colour: Colour
    height: float  # as a share of the short side of the picture
    aspect_ratio: float  # width divided by height
    places: tuple[str, ...] = ("hills", "garden")
    medium: str = "ground"  # or "air", "water"
    is_scenery: bool = False  # stands behind other subjects
    head: tuple[float, float, float] | None = None  # where a hat sits: x, y and scale


_LANDSCAPES = ("hills", "mountains", "lake")
_INDOORS = ("room",)
SUBJECTS: dict[str, Subject] = {
    "bicycle": Subject(vehicles.bicycle, (206, 54, 48), 0.44, 1.56, ("wall", "hills", "city")),
    "cat": Subject(creatures.cat, (222, 140, 70), 0.5, 0.8, ("room", "garden", "wall"), head=(0, -88, 0.5)),
    "dog": Subject(creatures.dog, (196, 150, 104), 0.5, 0.8, ("garden", "hills", "wall"), head=(0, -93, 0.48)),
    "fox": Subject(creatures.fox, (220, 112, 52), 0.48, 1.0, ("forest", "hills"), head=(0, -88, 0.5)),
    "rabbit": Subject(creatures.rabbit, (196, 172, 152), 0.44, 0.75, ("garden", "hills"), head=(0, -88, 0.46)),
    "bird": Subject(creatures.bird, (74, 126, 186), 0.46, 1.2, ("garden", "hills", "sky"), head=(-20, -80, 0.34)),
    "owl": Subject(creatures.owl, (150, 112, 84), 0.5, 1.2, ("forest",), head=(0, -90, 0.46)),
    "fish": Subject(creatures.fish, (240, 120, 52), 0.46, 1.4, ("underwater",), head=(-30, -70, 0.32)),
    "butterfly": Subject(creatures.butterfly, (238, 136, 46), 0.44, 1.4, ("garden",), "air"),
    "person": Subject(people.person, (196, 70, 60), 0.52, 0.45, ("hills", "mountains", "city"), head=(0, -92, 0.24)),
    "astronaut": Subject(people.astronaut, (242, 240, 236), 0.54, 0.65, ("space",)),
    "flower": Subject(plants.flower, (248, 244, 236), 0.52, 0.45, ("garden", "hills")),
    "rose": Subject(plants.rose, (206, 44, 66), 0.54, 0.5, ("garden", "room")),
    "tulip": Subject(plants.tulip, (232, 88, 84), 0.5, 0.45, ("garden",)),
    "tree": Subject(plants.tree, (98, 150, 84), 0.62, 0.85, ("hills", "garden"), is_scenery=True),
    "pine": Subject(plants.pine, (62, 122, 92), 0.62, 0.55, ("mountains", "snow"), is_scenery=True),
    "palm": Subject(plants.palm, (84, 154, 92), 0.62, 0.8, ("beach", "desert"), is_scenery=True),
    "house": Subject(buildings.house, (242, 224, 192), 0.44, 1.15, ("hills", "garden"), is_scenery=True),
    "castle": Subject(buildings.castle, (204, 190, 174), 0.5, 1.3, ("hills", "mountains"), is_scenery=True),
    "lighthouse": Subject(buildings.lighthouse, (206, 54, 48), 0.64, 0.85, ("sea",), "water", is_scenery=True),
    "boat": Subject(vehicles.boat, (190, 70, 60), 0.46, 1.0, ("sea", "lake"), "water"),
    "hat": Subject(objects.hat, (134, 90, 62), 0.3, 1.4, _INDOORS),
    "car": Subject(vehicles.car, (58, 148, 156), 0.34, 1.65, ("city", "hills")),
    "balloon": Subject(vehicles.balloon, (214, 60, 80), 0.44, 0.6, ("hills", "sky", "city"), "air"),
    "airballoon": Subject(vehicles.airballoon, (206, 70, 60), 0.46, 0.75, _LANDSCAPES, "air"),
    "cup": Subject(objects.cup, (58, 132, 142), 0.36, 1.2, _INDOORS),
    "book": Subject(objects.book, (64, 94, 156), 0.3, 1.45, _INDOORS),
    "robot": Subject(objects.robot, (92, 164, 172), 0.54, 0.7, ("city", "room", "hills"), head=(0, -95, 0.4)),
    "rocket": Subject(vehicles.rocket, (214, 74, 62), 0.58, 0.6, ("space",), "air"),
    "star": Subject(celestial.star, (252, 214, 106), 0.2, 1.0, ("hills", "sea"), "air"),
    "moon": Subject(celestial.moon, (250, 244, 222), 0.3, 1.0, ("sea", "hills", "mountains"), "air"),
    "sun": Subject(celestial.sun, (252, 204, 96), 0.3, 1.0, ("hills", "sea"), "air"),
    "apple": Subject(plants.apple, (206, 54, 48), 0.32, 0.9, _INDOORS),
    "banana": Subject(plants.banana, (250, 212, 76), 0.44, 0.7, _INDOORS, head=(5, -96, 0.36)),
    "orangefruit": Subject(plants.orange, (240, 140, 44), 0.28, 1.0, _INDOORS),
    "teapot": Subject(objects.teapot, (72, 122, 184), 0.36, 1.45, _INDOORS, head=(0, -86, 0.5)),
    "mushroom": Subject(plants.mushroom, (206, 54, 48), 0.42, 1.0, ("forest",), head=(0, -90, 0.5)),
    "heart": Subject(plants.heart, (218, 62, 84), 0.42, 1.0, ("sky", "hills"), "air"),
    "umbrella": Subject(objects.umbrella, (206, 54, 48), 0.46, 1.15, ("beach", "city")),
}


# Subjects that a space suit fits; others get only the helmet.
SITTING_ANIMALS = {"cat", "dog", "fox", "rabbit"}
