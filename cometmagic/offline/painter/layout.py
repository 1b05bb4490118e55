"""The composition: where the subjects of a plan stand on a canvas of any size, and what they throw and wear.

This module places and measures; what is shown was decided in `plan`, and drawing is done elsewhere.
"""

from __future__ import annotations

import random
from dataclasses import replace

from cometmagic.offline.painter import objects, people
from cometmagic.offline.painter.backgrounds import BACKGROUNDS
from cometmagic.offline.painter.colour import WHITE, Colour, darken, lighten, mix
from cometmagic.offline.painter.pen import Pen
from cometmagic.offline.painter.places import PLACES
from cometmagic.offline.painter.prompt_parser import Item
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.scene_plan import SKY_SUBJECTS, ScenePlan
from cometmagic.offline.painter.styles import Style
from cometmagic.offline.painter.subjects import SITTING_ANIMALS, SUBJECTS, Subject
from cometmagic.offline.painter.terrain import Floor
from cometmagic.offline.painter.weather import draw_rain

# Several of these, without a colour of their own, come in several colours.
_MULTICOLOUR_SUBJECTS = {"boat", "balloon", "airballoon", "tulip", "rose", "flower", "car", "fish", "butterfly", "bird"}
_MULTICOLOUR_SUBJECTS |= {"cup", "book", "umbrella", "heart", "bicycle", "person", "hat", "robot", "cat", "house"}
_ACCENTS: tuple[Colour, ...] = (
    (54, 134, 148),
    (238, 176, 72),
    (232, 112, 92),
    (112, 96, 168),
    (240, 226, 196),
    (86, 142, 96),
)


def compose(scene: Scene, plan: ScenePlan, style: Style) -> None:
    """Set the stage and put the cast on it."""
    alone = plan.parsed_prompt.items and plan.parsed_prompt.place in {"", "room"}
    floor = (
        BACKGROUNDS[style.background](scene, plan)
        if alone and style.background in BACKGROUNDS
        else PLACES[plan.place](scene)
    )
    place_items(scene, plan, floor, is_plate=bool(alone) and style.background == "plate")
    if plan.parsed_prompt.time == "rain":
        draw_rain(scene)


def place_items(
    scene: Scene, plan: ScenePlan, floor: Floor, *, is_plate: bool = False, align_right: bool = False
) -> None:
    """Place sky things, then what stands behind, then the main subjects."""
    groups: dict[str, list[Item]] = {"air": [], "behind": [], "front": []}
    for item in plan.parsed_prompt.items:
        role = SUBJECTS[item.name]
        mixed = any(
            not SUBJECTS[other.name].is_scenery and SUBJECTS[other.name].medium != "air"
            for other in plan.parsed_prompt.items
        )
        key = "air" if role.medium == "air" and not is_plate else "behind" if role.is_scenery and mixed else "front"
        groups[key].extend(_split_item(item, scene.create_rng(f"colours {item.name}")))
    _place_sky_row(scene, groups["air"], floor, is_alone=not groups["front"] and not groups["behind"])
    _place_row(scene, groups["behind"], floor.back_y, floor, 0.95)
    _place_row(
        scene,
        groups["front"],
        floor.front_y,
        floor,
        0.0 if is_plate else 0.86 if align_right else 1.12,
        align_right=align_right,
    )


def _split_item(item: Item, rng: random.Random) -> list[Item]:
    """Return single things for `item`; several without a given colour get several colours."""
    own = SUBJECTS[item.name].colour
    others = [colour for colour in _ACCENTS if sum(abs(a - b) for a, b in zip(colour, own, strict=True)) > 130]
    fresh = rng.sample(others, len(others)) if item.name in _MULTICOLOUR_SUBJECTS and not item.colour else []
    return [
        replace(item, count=1, colour=fresh[(n - 1) % len(fresh)] if fresh and n else item.colour)
        for n in range(item.count)
    ]


def _place_row(
    scene: Scene, items: list[Item], y: float, floor: Floor, size: float, *, align_right: bool = False
) -> None:
    """Stand things side by side, as large as the width allows; size 0 fills a plate."""
    if not items:
        return
    roles, dice = [SUBJECTS[item.name] for item in items], scene.create_rng(f"row{len(items)}{items[0].name}")
    sizes = [scene.unit * (size * role.height if size else min(0.6, 0.76 / role.aspect_ratio)) for role in roles]
    sizes = [high * (dice.uniform(0.82, 1.0) if len(items) > 1 else 1.0) for high in sizes]
    gap = 1.12
    room = min(scene.width * 0.92, scene.unit * 2.4) / sum(
        high * role.aspect_ratio * gap for high, role in zip(sizes, roles, strict=True)
    )
    shrink = min(1.0, room)
    spare = scene.width - sum(high * role.aspect_ratio * gap for high, role in zip(sizes, roles, strict=True)) * shrink
    x = spare * (0.94 if align_right else 0.5) + (
        dice.uniform(-0.12, 0.12) * min(spare, scene.unit) if len(items) == 1 and not align_right else 0.0
    )
    for item, role, full in zip(items, roles, sizes, strict=True):
        high = full * shrink
        step = high * role.aspect_ratio * gap
        low = y + (dice.uniform(-0.045, 0.03) * scene.unit * shrink if len(items) > 1 else 0.0)
        _draw_subject(
            scene, item, role, (x + step / 2, low, high), floor, is_mirrored=len(items) > 1 and dice.random() < 0.4
        )
        x += step


def _place_sky_row(scene: Scene, items: list[Item], floor: Floor, *, is_alone: bool) -> None:
    """Let things float: the first large, the others smaller round it."""
    dice, top = scene.create_rng("air"), min(floor.front_y, scene.height * 0.95)
    spread = min(scene.width * 0.86, scene.unit * 1.7)
    for index, item in enumerate(items):
        role = SUBJECTS[item.name]
        small = item.name in SKY_SUBJECTS and not is_alone
        wish = (
            (1.2 if is_alone else 0.8)
            * role.height
            * (0.7 if small else 1.0)
            * (1.0 if index == 0 else dice.uniform(0.5, 0.72))
        )
        high = min(scene.unit * wish, spread / role.aspect_ratio / max(1, min(len(items), 3)) * 1.1)
        place = (
            (0.5,)
            if len(items) == 1 and is_alone
            else ((0.3, 0.74, 0.54, 0.14, 0.9) if is_alone else (0.82, 0.16, 0.5, 0.34, 0.66))
        )
        x = scene.width / 2 + (place[index % len(place)] - 0.5) * spread
        level = (0.55 if is_alone and index == 0 else (0.3, 0.36, 0.2, 0.5, 0.46)[index % 5]) * top
        _draw_subject(
            scene, item, role, (x, min(level + high / 2, top), high), _remove_shadows(floor), is_mirrored=False
        )


def _remove_shadows(floor: Floor) -> Floor:
    """Return `floor` for things that throw no shadow on it."""
    return floor._replace(surface="free")


def _draw_subject(
    scene: Scene,
    item: Item,
    subject: Subject,
    placement: tuple[float, float, float],
    floor: Floor,
    *,
    is_mirrored: bool,
) -> None:
    """Draw one subject with its shadow or reflection and what it wears."""
    x, y, high = placement
    colour = item.colour or subject.colour
    pen = scene.pen.transform(x, y, high / 100, is_mirrored=is_mirrored)
    if floor.surface == "land" and scene.is_painted:
        cast = replace(pen, opacity=0.3, ambient=WHITE)
        for spread in (1.0, 0.78):
            cast.oval((34, 30, 56), 6, 0, 50 * subject.aspect_ratio * spread, 5 * spread)
    elif floor.surface == "water" and subject.medium == "water" and scene.is_painted:
        _reflection(scene, subject, colour, placement)
    elif floor.surface in {"water", "cloud"} and subject.medium == "ground":
        _islet(scene, subject, placement)
    subject.draw(pen, colour)
    if item.headgear and subject.head:
        _dress(pen, item, subject.head)


def _dress(pen: Pen, item: Item, head: tuple[float, float, float]) -> None:
    x, y, scale = head
    if item.headgear == "hat":
        objects.hat(pen.transform(x, y, scale, turn=-5), item.headgear_colour or SUBJECTS["hat"].colour)
        return
    if item.name in SITTING_ANIMALS:
        people.suit(pen, item.headgear_colour or (242, 242, 244))
        people.helmet(pen.transform(0, -76), item.headgear_colour or (242, 242, 244))
    else:
        people.helmet(pen.transform(x, y + 14, scale * 1.5), item.headgear_colour or (242, 242, 244))


def _reflection(scene: Scene, subject: Subject, colour: Colour, placement: tuple[float, float, float]) -> None:
    """Break the colours of a subject into strokes on the water below it."""
    x, y, high = placement
    dice = scene.create_rng(f"wake{round(x / scene.unit * 10)}")
    for step in range(26):
        near = step / 26
        width = high * subject.aspect_ratio * (0.46 - 0.34 * near) * dice.uniform(0.5, 1.0)
        tone = darken(colour, 0.3) if step < 9 else mix((250, 240, 224), scene.daylight.horizon, 0.5)
        left = x + dice.uniform(-0.07, 0.07) * high
        scene.create_pen(0.5 * (1 - near)).oval(tone, left, y + near * high * 0.42, width, high * 0.011)


def _islet(scene: Scene, subject: Subject, placement: tuple[float, float, float]) -> None:
    """Give something that cannot swim or fly a patch of land, or a cloud in the sky."""
    x, y, high = placement
    half = high * max(subject.aspect_ratio, 0.8) * 0.72
    pen = scene.pen.transform(x, y, half / 100)
    turf = scene.land[3]
    pen.blob(darken(turf, 0.5), -108, 6, -60, -6, 0, -8, 60, -6, 108, 6, 60, 18, 0, 22, -60, 18)
    pen.blob(lighten(turf, 0.06), -100, 2, -58, -10, 0, -13, 58, -10, 100, 2, 56, 11, 0, 14, -56, 11)
