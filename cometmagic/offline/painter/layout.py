"""The composition: where the subjects of a plan stand on a canvas of any size, and what they throw and wear.

This module places and measures; what is shown was decided in `plan`, and drawing is done elsewhere.
"""

from __future__ import annotations

import random
from dataclasses import replace

from cometmagic.offline.painter import objects, people
from cometmagic.offline.painter.backgrounds import SHEETS
from cometmagic.offline.painter.colour import WHITE, Colour, dark, light, mix
from cometmagic.offline.painter.pen import Pen
from cometmagic.offline.painter.places import PLACES
from cometmagic.offline.painter.prompt_parser import Item
from cometmagic.offline.painter.scene import Stage
from cometmagic.offline.painter.scene_plan import SKY_ITEMS, Plan
from cometmagic.offline.painter.styles import Style
from cometmagic.offline.painter.subjects import ROLES, SITTING, Role
from cometmagic.offline.painter.terrain import Floor
from cometmagic.offline.painter.weather import rain

# Several of these, without a colour of their own, come in several colours.
_MOTLEY = {"boat", "balloon", "airballoon", "tulip", "rose", "flower", "car", "fish", "butterfly", "bird"}
_MOTLEY |= {"cup", "book", "umbrella", "heart", "bicycle", "person", "hat", "robot", "cat", "house"}
_ACCENTS: tuple[Colour, ...] = (
    (54, 134, 148),
    (238, 176, 72),
    (232, 112, 92),
    (112, 96, 168),
    (240, 226, 196),
    (86, 142, 96),
)


def compose(stage: Stage, plan: Plan, style: Style) -> None:
    """Set the stage and put the cast on it."""
    alone = plan.reading.items and plan.reading.setting in {"", "room"}
    floor = SHEETS[style.ground](stage, plan) if alone and style.ground in SHEETS else PLACES[plan.place](stage)
    place_items(stage, plan, floor, grand=bool(alone) and style.ground == "plate")
    if plan.reading.time == "rain":
        rain(stage)


def place_items(stage: Stage, plan: Plan, floor: Floor, *, grand: bool = False, aside: bool = False) -> None:
    """Place sky things, then what stands behind, then the main subjects."""
    groups: dict[str, list[Item]] = {"air": [], "behind": [], "front": []}
    for item in plan.reading.items:
        role = ROLES[item.name]
        mixed = any(not ROLES[other.name].behind and ROLES[other.name].stands != "air" for other in plan.reading.items)
        key = "air" if role.stands == "air" and not grand else "behind" if role.behind and mixed else "front"
        groups[key].extend(_varied(item, stage.dice(f"colours {item.name}")))
    _sky_row(stage, groups["air"], floor, alone=not groups["front"] and not groups["behind"])
    _row(stage, groups["behind"], floor.back, floor, 0.95)
    _row(stage, groups["front"], floor.near, floor, 0.0 if grand else 0.86 if aside else 1.12, aside=aside)


def _varied(item: Item, dice: random.Random) -> list[Item]:
    """Return single things for `item`; several without a given colour get several colours."""
    own = ROLES[item.name].colour
    others = [colour for colour in _ACCENTS if sum(abs(a - b) for a, b in zip(colour, own, strict=True)) > 130]
    fresh = dice.sample(others, len(others)) if item.name in _MOTLEY and not item.colour else []
    return [
        replace(item, count=1, colour=fresh[(n - 1) % len(fresh)] if fresh and n else item.colour)
        for n in range(item.count)
    ]


def _row(stage: Stage, items: list[Item], y: float, floor: Floor, size: float, *, aside: bool = False) -> None:
    """Stand things side by side, as large as the width allows; size 0 fills a plate."""
    if not items:
        return
    roles, dice = [ROLES[item.name] for item in items], stage.dice(f"row{len(items)}{items[0].name}")
    sizes = [stage.unit * (size * role.high if size else min(0.6, 0.76 / role.wide)) for role in roles]
    sizes = [high * (dice.uniform(0.82, 1.0) if len(items) > 1 else 1.0) for high in sizes]
    gap = 1.12
    room = min(stage.width * 0.92, stage.unit * 2.4) / sum(
        high * role.wide * gap for high, role in zip(sizes, roles, strict=True)
    )
    shrink = min(1.0, room)
    spare = stage.width - sum(high * role.wide * gap for high, role in zip(sizes, roles, strict=True)) * shrink
    x = spare * (0.94 if aside else 0.5) + (
        dice.uniform(-0.12, 0.12) * min(spare, stage.unit) if len(items) == 1 and not aside else 0.0
    )
    for item, role, full in zip(items, roles, sizes, strict=True):
        high = full * shrink
        step = high * role.wide * gap
        low = y + (dice.uniform(-0.045, 0.03) * stage.unit * shrink if len(items) > 1 else 0.0)
        _actor(stage, item, role, (x + step / 2, low, high), floor, flipped=len(items) > 1 and dice.random() < 0.4)
        x += step


def _sky_row(stage: Stage, items: list[Item], floor: Floor, *, alone: bool) -> None:
    """Let things float: the first large, the others smaller round it."""
    dice, top = stage.dice("air"), min(floor.near, stage.height * 0.95)
    spread = min(stage.width * 0.86, stage.unit * 1.7)
    for index, item in enumerate(items):
        role = ROLES[item.name]
        small = item.name in SKY_ITEMS and not alone
        wish = (
            (1.2 if alone else 0.8)
            * role.high
            * (0.7 if small else 1.0)
            * (1.0 if index == 0 else dice.uniform(0.5, 0.72))
        )
        high = min(stage.unit * wish, spread / role.wide / max(1, min(len(items), 3)) * 1.1)
        place = (
            (0.5,)
            if len(items) == 1 and alone
            else ((0.3, 0.74, 0.54, 0.14, 0.9) if alone else (0.82, 0.16, 0.5, 0.34, 0.66))
        )
        x = stage.width / 2 + (place[index % len(place)] - 0.5) * spread
        level = (0.55 if alone and index == 0 else (0.3, 0.36, 0.2, 0.5, 0.46)[index % 5]) * top
        _actor(stage, item, role, (x, min(level + high / 2, top), high), _floating(floor), flipped=False)


def _floating(floor: Floor) -> Floor:
    """Return `floor` for things that throw no shadow on it."""
    return floor._replace(kind="free")


def _actor(
    stage: Stage, item: Item, role: Role, at: tuple[float, float, float], floor: Floor, *, flipped: bool
) -> None:
    """Draw one subject with its shadow or reflection and what it wears."""
    x, y, high = at
    colour = item.colour or role.colour
    pen = stage.pen.at(x, y, high / 100, mirror=flipped)
    if floor.kind == "land" and stage.painted:
        cast = replace(pen, opacity=0.3, ambient=WHITE)
        for spread in (1.0, 0.78):
            cast.oval((34, 30, 56), 6, 0, 50 * role.wide * spread, 5 * spread)
    elif floor.kind == "water" and role.stands == "water" and stage.painted:
        _reflection(stage, role, colour, at)
    elif floor.kind in {"water", "cloud"} and role.stands == "ground":
        _islet(stage, role, at)
    role.draw(pen, colour)
    if item.wears and role.head:
        _dress(pen, item, role.head)


def _dress(pen: Pen, item: Item, head: tuple[float, float, float]) -> None:
    x, y, scale = head
    if item.wears == "hat":
        objects.hat(pen.at(x, y, scale, turn=-5), item.wears_colour or ROLES["hat"].colour)
        return
    if item.name in SITTING:
        people.suit(pen, item.wears_colour or (242, 242, 244))
        people.helmet(pen.at(0, -76), item.wears_colour or (242, 242, 244))
    else:
        people.helmet(pen.at(x, y + 14, scale * 1.5), item.wears_colour or (242, 242, 244))


def _reflection(stage: Stage, role: Role, colour: Colour, at: tuple[float, float, float]) -> None:
    """Break the colours of a subject into strokes on the water below it."""
    x, y, high = at
    dice = stage.dice(f"wake{round(x / stage.unit * 10)}")
    for step in range(26):
        near = step / 26
        width = high * role.wide * (0.46 - 0.34 * near) * dice.uniform(0.5, 1.0)
        tone = dark(colour, 0.3) if step < 9 else mix((250, 240, 224), stage.hour.horizon, 0.5)
        left = x + dice.uniform(-0.07, 0.07) * high
        stage.faint(0.5 * (1 - near)).oval(tone, left, y + near * high * 0.42, width, high * 0.011)


def _islet(stage: Stage, role: Role, at: tuple[float, float, float]) -> None:
    """Give something that cannot swim or fly a patch of land, or a cloud in the sky."""
    x, y, high = at
    half = high * max(role.wide, 0.8) * 0.72
    pen = stage.pen.at(x, y, half / 100)
    turf = stage.land[3]
    pen.blob(dark(turf, 0.5), -108, 6, -60, -6, 0, -8, 60, -6, 108, 6, 60, 18, 0, 22, -60, 18)
    pen.blob(light(turf, 0.06), -100, 2, -58, -10, 0, -13, 58, -10, 100, 2, 56, 11, 0, 14, -56, 11)
