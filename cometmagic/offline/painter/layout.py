"""The composition: where the subjects of a plan stand on a canvas of any size, with shadows and headgear.

This module computes positions and sizes. `scene_plan` decides what is shown; the drawings are in `subjects`.
"""

from __future__ import annotations

import random
from dataclasses import replace

from cometmagic.offline.painter.colour import WHITE, Colour, darken, lighten, mix
from cometmagic.offline.painter.pen import Pen
from cometmagic.offline.painter.places.backgrounds import BACKGROUNDS
from cometmagic.offline.painter.places.place_table import PLACES
from cometmagic.offline.painter.places.terrain import Floor
from cometmagic.offline.painter.places.weather import draw_rain
from cometmagic.offline.painter.prompt_parser import Item
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.scene_plan import SKY_SUBJECTS, ScenePlan
from cometmagic.offline.painter.styles import Style
from cometmagic.offline.painter.subjects import objects, people
from cometmagic.offline.painter.subjects.subject_table import SITTING_ANIMALS, SUBJECTS, Subject

# When the prompt asks for several of these and names no colour, they get different colours.
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
_SPACING = 1.12  # of subjects in a row, in widths of a subject
# Positions of subjects in the air, as shares of the width and of the height above the floor.
_SKY_COLUMNS: tuple[float, ...] = (0.82, 0.16, 0.5, 0.34, 0.66)
_SKY_COLUMNS_ALONE: tuple[float, ...] = (0.3, 0.74, 0.54, 0.14, 0.9)
_SKY_LEVELS = (0.3, 0.36, 0.2, 0.5, 0.46)


def compose(scene: Scene, plan: ScenePlan, style: Style) -> None:
    """Paint the background and the subjects."""
    has_background = plan.parsed_prompt.items and plan.parsed_prompt.place in {"", "room"} and style.background
    floor = BACKGROUNDS[style.background](scene, plan) if has_background else PLACES[plan.place](scene)
    place_items(scene, plan, floor, is_plate=bool(has_background) and style.background == "plate")
    if plan.parsed_prompt.time == "rain":
        draw_rain(scene)


def place_items(
    scene: Scene, plan: ScenePlan, floor: Floor, *, is_plate: bool = False, align_right: bool = False
) -> None:
    """Draw the subjects in the air, then those behind, then those in front."""
    items = plan.parsed_prompt.items
    has_actor = any(not SUBJECTS[item.name].is_scenery and SUBJECTS[item.name].medium != "air" for item in items)
    groups: dict[str, list[Item]] = {"air": [], "behind": [], "front": []}
    for item in items:
        subject = SUBJECTS[item.name]
        group = "behind" if subject.is_scenery and has_actor else "front"
        if subject.medium == "air" and not is_plate:
            group = "air"
        groups[group].extend(_split_item(item, scene.create_rng(f"colours {item.name}")))
    _place_sky_row(scene, groups["air"], floor, is_alone=not groups["front"] and not groups["behind"])
    _place_row(scene, groups["behind"], floor.back_y, floor, 0.95)
    size = 0.0 if is_plate else 0.86 if align_right else 1.12
    _place_row(scene, groups["front"], floor.front_y, floor, size, align_right=align_right)


def _split_item(item: Item, rng: random.Random) -> list[Item]:
    """Return one item for each of `item.count`; without a colour in the prompt they may differ in colour."""
    default_colour = SUBJECTS[item.name].colour
    accents = [colour for colour in _ACCENTS if _compare_colours(colour, default_colour) > 130]
    is_multicolour = item.name in _MULTICOLOUR_SUBJECTS and not item.colour
    colours = rng.sample(accents, len(accents)) if is_multicolour else []
    return [
        replace(item, count=1, colour=colours[(n - 1) % len(colours)] if colours and n else item.colour)
        for n in range(item.count)
    ]


def _compare_colours(first: Colour, second: Colour) -> int:
    return sum(abs(a - b) for a, b in zip(first, second, strict=True))


def _place_row(
    scene: Scene, items: list[Item], y: float, floor: Floor, size: float, *, align_right: bool = False
) -> None:
    """Draw subjects side by side, as large as the width allows; size 0 fills a plate."""
    if not items:
        return
    subjects, rng = [SUBJECTS[item.name] for item in items], scene.create_rng(f"row{len(items)}{items[0].name}")
    is_single = len(items) == 1
    shares = [size * subject.height if size else min(0.6, 0.76 / subject.aspect_ratio) for subject in subjects]
    heights = [scene.unit * share * (1.0 if is_single else rng.uniform(0.82, 1.0)) for share in shares]
    row_width = sum(height * subject.aspect_ratio * _SPACING for height, subject in zip(heights, subjects, strict=True))
    scale = min(1.0, min(scene.width * 0.92, scene.unit * 2.4) / row_width)
    free_width = scene.width - row_width * scale
    x = free_width * (0.94 if align_right else 0.5)
    if is_single and not align_right:
        x += rng.uniform(-0.12, 0.12) * min(free_width, scene.unit)
    for item, subject, full_height in zip(items, subjects, heights, strict=True):
        height = full_height * scale
        width = height * subject.aspect_ratio * _SPACING
        foot_y = y if is_single else y + rng.uniform(-0.045, 0.03) * scene.unit * scale
        placement = (x + width / 2, foot_y, height)
        is_mirrored = not is_single and rng.random() < 0.4
        _draw_subject(scene, item, subject, placement, floor, is_mirrored=is_mirrored)
        x += width


def _place_sky_row(scene: Scene, items: list[Item], floor: Floor, *, is_alone: bool) -> None:
    """Draw floating subjects: the first large, the others smaller around it."""
    rng, top = scene.create_rng("air"), min(floor.front_y, scene.height * 0.95)
    spread = min(scene.width * 0.86, scene.unit * 1.7)
    columns = _SKY_COLUMNS_ALONE if is_alone else _SKY_COLUMNS
    if len(items) == 1 and is_alone:
        columns = (0.5,)
    for index, item in enumerate(items):
        subject = SUBJECTS[item.name]
        is_small = item.name in SKY_SUBJECTS and not is_alone
        share = (1.2 if is_alone else 0.8) * subject.height * (0.7 if is_small else 1.0)
        share *= 1.0 if index == 0 else rng.uniform(0.5, 0.72)
        height = min(scene.unit * share, spread / subject.aspect_ratio / max(1, min(len(items), 3)) * 1.1)
        x = scene.width / 2 + (columns[index % len(columns)] - 0.5) * spread
        centre_y = (0.55 if is_alone and index == 0 else _SKY_LEVELS[index % len(_SKY_LEVELS)]) * top
        placement = (x, min(centre_y + height / 2, top), height)
        _draw_subject(scene, item, subject, placement, _remove_shadows(floor), is_mirrored=False)


def _remove_shadows(floor: Floor) -> Floor:
    """Return `floor` for things that cast no shadow on it."""
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
    """Draw one subject with its shadow or reflection and its headgear."""
    x, y, height = placement
    colour = item.colour or subject.colour
    pen = scene.pen.transform(x, y, height / 100, is_mirrored=is_mirrored)
    if floor.surface == "land" and scene.is_painted:
        shadow_pen = replace(pen, opacity=0.3, ambient=WHITE)
        for spread in (1.0, 0.78):
            shadow_pen.oval((34, 30, 56), 6, 0, 50 * subject.aspect_ratio * spread, 5 * spread)
    elif floor.surface == "water" and subject.medium == "water" and scene.is_painted:
        _draw_reflection(scene, subject, colour, placement)
    elif floor.surface in {"water", "cloud"} and subject.medium == "ground":
        _draw_islet(scene, subject, placement)
    subject.draw(pen, colour)
    if item.headgear and subject.head:
        _draw_headgear(pen, item, subject.head)


def _draw_headgear(pen: Pen, item: Item, head: tuple[float, float, float]) -> None:
    x, y, scale = head
    if item.headgear == "hat":
        objects.hat(pen.transform(x, y, scale, turn=-5), item.headgear_colour or SUBJECTS["hat"].colour)
        return
    if item.name in SITTING_ANIMALS:
        people.suit(pen, item.headgear_colour or (242, 242, 244))
        people.helmet(pen.transform(0, -76), item.headgear_colour or (242, 242, 244))
    else:
        people.helmet(pen.transform(x, y + 14, scale * 1.5), item.headgear_colour or (242, 242, 244))


def _draw_reflection(scene: Scene, subject: Subject, colour: Colour, placement: tuple[float, float, float]) -> None:
    """Draw strokes in the colours of a subject on the water below it."""
    x, y, height = placement
    rng = scene.create_rng(f"wake{round(x / scene.unit * 10)}")
    for step in range(26):
        nearness = step / 26
        width = height * subject.aspect_ratio * (0.46 - 0.34 * nearness) * rng.uniform(0.5, 1.0)
        tone = darken(colour, 0.3) if step < 9 else mix((250, 240, 224), scene.daylight.horizon, 0.5)
        stroke_x = x + rng.uniform(-0.07, 0.07) * height
        scene.create_pen(0.5 * (1 - nearness)).oval(tone, stroke_x, y + nearness * height * 0.42, width, height * 0.011)


def _draw_islet(scene: Scene, subject: Subject, placement: tuple[float, float, float]) -> None:
    """Draw a patch of land, on water or in the sky, for a subject that can neither swim nor fly."""
    x, y, height = placement
    half_width = height * max(subject.aspect_ratio, 0.8) * 0.72
    pen = scene.pen.transform(x, y, half_width / 100)
    turf = scene.land[3]
    pen.blob(darken(turf, 0.5), -108, 6, -60, -6, 0, -8, 60, -6, 108, 6, 60, 18, 0, 22, -60, 18)
    pen.blob(lighten(turf, 0.06), -100, 2, -58, -10, 0, -13, 58, -10, 100, 2, 56, 11, 0, 14, -56, 11)
