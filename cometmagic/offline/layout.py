"""The composition: which place and hour a prompt asks for, and where its subjects stand.

`Plan` decides once, from the words and the seed; `compose` lays the plan out on a canvas of any size. Words are
read in `vocabulary` and drawing is done elsewhere: this module chooses and measures.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from PIL import Image, ImageDraw, ImageFont

from cometmagic.offline import creatures, things
from cometmagic.offline.cast import ROLES, SITTING, Role
from cometmagic.offline.pen import WHITE, Colour, Finish, Pen, dark, light, luma, mix
from cometmagic.offline.scenery import PLACES, Floor, flakes, rain
from cometmagic.offline.stage import HOURS, LANDS, Hour, Stage
from cometmagic.offline.styles import Style
from cometmagic.offline.vocabulary import Item, Reading

_SCENIC = ("hills", "mountains", "sea", "lake", "desert", "forest", "garden", "beach", "snow", "sky")
_HOURS = ("noon", "golden", "dawn", "sunset", "night")
_MOTLEY = {"boat", "balloon", "airballoon", "tulip", "rose", "flower", "car", "fish", "butterfly", "bird", "cup", "book", "umbrella",
           "heart", "bicycle", "person", "hat", "robot", "cat", "house"}  # fmt: skip
_ACCENTS: tuple[Colour, ...] = ((54, 134, 148), (238, 176, 72), (232, 112, 92), (112, 96, 168), (240, 226, 196), (86, 142, 96))
_SKY_ITEMS = {"sun", "moon", "star"}


class Plan:
    """What a prompt comes to: place, hour, palette and cast."""

    def __init__(self, reading: Reading, seed: str) -> None:
        self.reading, self.seed = reading, seed
        dice = random.Random(seed)  # noqa: S311
        names = [item.name for item in reading.items]
        self.place = self._place(dice, names)
        self.hour = self._hour(dice, names)
        self.land = dice.choice(LANDS)
        self.foliage = reading.season or dice.choice(((92, 142, 88), (84, 136, 102), (110, 146, 80), (70, 124, 96)))
        self._tint(reading)

    def _place(self, dice: random.Random, names: list[str]) -> str:
        asked, first = self.reading.setting, names[0] if names else ""
        if "fish" in names and asked in {"", "sea", "lake"} and len(names) == 1:
            return "underwater"
        if asked:
            return asked
        if first:
            homes = next((ROLES[name].home for name in names if name not in _SKY_ITEMS), ROLES[first].home)
            return "space" if any(item.wears == "spacesuit" for item in self.reading.items) else dice.choice(homes)
        return "forest" if self.reading.season else dice.choice(_SCENIC)

    def _hour(self, dice: random.Random, names: list[str]) -> Hour:
        name = self.reading.time
        if not name and ({"moon", "star"} & set(names) or self.place == "space" or "neon" in self.reading.styles):
            name = "night"
        if not name:
            name = dice.choice(("noon", "golden", "dawn") if names else _HOURS)
        if self.place == "space":
            name = "night"
        if self.place == "wall" and self.reading.time == "noon":
            name = "golden"
        return dice.choice(HOURS[name])

    def _tint(self, reading: Reading) -> None:
        """Let colours that belong to no thing, seasons and "pastel" set the palette."""
        for index, tint in enumerate(reading.tints[:2]):
            share = 0.5 if index == 0 else 0.35
            sky = tuple(mix(colour, tint if index == 0 else colour, share * (1 - 0.12 * i)) for i, colour in enumerate(self.hour.sky))
            self.hour = replace(self.hour, sky=sky)
            self.land = tuple(mix(colour, tint, 0.5) for colour in self.land)
        if reading.season:
            self.land = tuple(mix(colour, reading.season, 0.42) for colour in self.land)
        if reading.pastel:
            self.hour = replace(self.hour, sky=tuple(mix(colour, WHITE, 0.45) for colour in self.hour.sky), clouds=self.hour.clouds + 2)
            self.land = tuple(mix(colour, (250, 236, 240), 0.5) for colour in self.land)

    def stage(self, canvas: Image.Image, finish: Finish) -> Stage:
        """Return a stage on `canvas`, not yet set."""
        pen = Pen(canvas, finish, float(min(canvas.size)))
        celestial = not _SKY_ITEMS & {item.name for item in self.reading.items}
        return Stage(pen, self.hour, self.land, self.seed, self.reading.setting_colour, self.foliage, celestial=celestial)


def compose(stage: Stage, plan: Plan, style: Style) -> None:
    """Set the stage and put the cast on it."""
    alone = plan.reading.items and plan.reading.setting in {"", "room"}
    if alone and style.ground in _GROUNDS:
        floor = _GROUNDS[style.ground](stage, plan)
    else:
        floor = PLACES[plan.place](stage)
    place_items(stage, plan, floor, grand=bool(alone) and style.ground == "plate")
    if plan.reading.time == "rain":
        rain(stage)


def place_items(stage: Stage, plan: Plan, floor: Floor, *, grand: bool = False) -> None:
    """Place sky things, then what stands behind, then the main subjects."""
    groups: dict[str, list[Item]] = {"air": [], "behind": [], "front": []}
    for item in plan.reading.items:
        role = ROLES[item.name]
        mixed = any(not ROLES[other.name].behind and ROLES[other.name].stands != "air" for other in plan.reading.items)
        key = "air" if role.stands == "air" and not grand else "behind" if role.behind and mixed else "front"
        groups[key].extend(_varied(item, stage.dice(f"colours {item.name}")))
    _sky_row(stage, groups["air"], floor, plan, alone=not groups["front"] and not groups["behind"])
    _row(stage, groups["behind"], floor.back, floor, plan, 0.95)
    _row(stage, groups["front"], floor.near, floor, plan, 0.0 if grand else 1.12)


def _varied(item: Item, dice: random.Random) -> list[Item]:
    """Return single things for `item`; several without a given colour get several colours."""
    fresh = dice.sample(_ACCENTS, len(_ACCENTS)) if item.name in _MOTLEY and not item.colour else []
    return [replace(item, count=1, colour=fresh[n - 1] if fresh and n else item.colour) for n in range(item.count)]


def _row(stage: Stage, items: list[Item], y: float, floor: Floor, plan: Plan, size: float) -> None:
    """Stand things side by side, as large as the width allows; size 0 fills a plate."""
    if not items:
        return
    roles, dice = [ROLES[item.name] for item in items], stage.dice(f"row{len(items)}{items[0].name}")
    sizes = [stage.unit * (size * role.high if size else min(0.6, 0.76 / role.wide)) for role in roles]
    sizes = [high * (dice.uniform(0.82, 1.0) if len(items) > 1 else 1.0) for high in sizes]
    gap = 1.12
    room = min(stage.width * 0.92, stage.unit * 2.4) / sum(high * role.wide * gap for high, role in zip(sizes, roles, strict=True))
    shrink = min(1.0, room)
    spare = stage.width - sum(high * role.wide * gap for high, role in zip(sizes, roles, strict=True)) * shrink
    x = spare / 2 + (dice.uniform(-0.3, 0.3) * min(spare, stage.unit * 0.4) if len(items) == 1 else 0.0)
    for item, role, full in zip(items, roles, sizes, strict=True):
        high = full * shrink
        step = high * role.wide * gap
        low = y + (dice.uniform(-0.045, 0.03) * stage.unit * shrink if len(items) > 1 else 0.0)
        _actor(stage, item, role, (x + step / 2, low, high), floor, flipped=len(items) > 1 and dice.random() < 0.4)
        x += step


def _sky_row(stage: Stage, items: list[Item], floor: Floor, plan: Plan, *, alone: bool) -> None:
    """Let things float: the first large, the others smaller round it."""
    dice, top = stage.dice("air"), min(floor.near, stage.height * 0.95)
    spread = min(stage.width * 0.86, stage.unit * 1.7)
    for index, item in enumerate(items):
        role = ROLES[item.name]
        small = item.name in _SKY_ITEMS and not alone
        wish = (1.2 if alone else 0.8) * role.high * (0.7 if small else 1.0) * (1.0 if index == 0 else dice.uniform(0.5, 0.72))
        high = min(stage.unit * wish, spread / role.wide / max(1, min(len(items), 3)) * 1.1)
        place = (0.5,) if len(items) == 1 and alone else ((0.3, 0.74, 0.54, 0.14, 0.9) if alone else (0.82, 0.16, 0.5, 0.34, 0.66))
        x = stage.width / 2 + (place[index % len(place)] - 0.5) * spread
        level = (0.55 if alone and index == 0 else (0.3, 0.36, 0.2, 0.5, 0.46)[index % 5]) * top
        _actor(stage, item, role, (x, min(level + high / 2, top), high), _floating(floor), flipped=False)


def _floating(floor: Floor) -> Floor:
    """Return `floor` for things that throw no shadow on it."""
    return floor._replace(kind="free")


def _actor(stage: Stage, item: Item, role: Role, at: tuple[float, float, float], floor: Floor, *, flipped: bool) -> None:
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
        things.hat(pen.at(x, y, scale, turn=-5), item.wears_colour or ROLES["hat"].colour)
        return
    if item.name in SITTING:
        creatures.suit(pen, item.wears_colour or (242, 242, 244))
        creatures.helmet(pen.at(0, -76), item.wears_colour or (242, 242, 244))
    else:
        creatures.helmet(pen.at(x, y + 14, scale * 1.5), item.wears_colour or (242, 242, 244))


def _reflection(stage: Stage, role: Role, colour: Colour, at: tuple[float, float, float]) -> None:
    """Break the colours of a subject into strokes on the water below it."""
    x, y, high = at
    dice = stage.dice(f"wake{round(x / stage.unit * 10)}")
    for step in range(26):
        near = step / 26
        width = high * role.wide * (0.46 - 0.34 * near) * dice.uniform(0.5, 1.0)
        tone = dark(colour, 0.3) if step < 9 else mix((250, 240, 224), stage.hour.horizon, 0.5)  # noqa: PLR2004
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


def _burst(stage: Stage, _plan: Plan) -> Floor:
    """Lay the sunburst of a comic panel."""
    dice, middle = stage.dice("burst"), complex(stage.width / 2, stage.height * 0.56)
    ground, ray = dice.choice((((250, 208, 74), (246, 160, 62)), ((96, 196, 214), (52, 148, 190)), ((248, 150, 168), (226, 84, 118))))
    stage.pen.canvas.paste(stage.pen.finish.colour(ground), (0, 0, stage.width, stage.height))
    plain = replace(stage.air, finish=replace(stage.pen.finish, line=0.0, texture="dots"))
    reach = float(stage.width + stage.height)
    for index in range(16):
        arm, next_arm = (complex(0, 1) ** ((4 * index + side) / 16) * reach + middle for side in (0, 2))
        plain.poly(ray, middle.real, middle.imag, arm.real, arm.imag, next_arm.real, next_arm.imag)
    low = stage.height - 0.17 * stage.unit
    stage.air.poly(light(ray, 0.75), -9, low, stage.width + 9.0, low, stage.width + 9.0, stage.height + 9.0, -9, stage.height + 9.0)
    return Floor(stage.height - 0.09 * stage.unit, low)


def _vignette(stage: Stage, _plan: Plan) -> Floor:
    """Leave the paper bare, with a few strokes of ground and of air."""
    dice, unit, paper = stage.dice("strokes"), stage.unit, stage.pen.finish.paper or WHITE
    stage.pen.canvas.paste(paper, (0, 0, stage.width, stage.height))
    ink, low, reach = mix(paper, stage.pen.finish.ink or (0, 0, 0), 0.5), stage.height - 0.12 * unit, min(stage.width, 1.5 * unit)
    for index in range(90):
        x, y = stage.width / 2 + dice.gauss(0, 0.2) * reach, low + dice.uniform(-0.03, 0.05) * unit
        long = dice.uniform(0.03, 0.1) * unit
        stage.faint(0.5).bend(ink, unit * 0.0016, x, y, x + long * 0.6, y - 0.007 * unit, x + long, y - 0.004 * unit)
        if index % 2:
            x, y = stage.width / 2 + dice.gauss(0, 0.22) * reach, low - abs(dice.gauss(0.22, 0.2)) * unit
            stage.faint(0.22).line(ink, unit * 0.0016, x, y, x + long * 1.3, y - long * 1.7)
    return Floor(low, low - 0.05 * unit, "free")


def _plate(stage: Stage, plan: Plan) -> Floor:
    """Lay out the sheet of an old book or a drawing office: frame, grid or notes round the subject."""
    pen, unit = stage.faint(0.6), stage.unit
    stage.pen.canvas.paste(stage.pen.finish.paper or WHITE, (0, 0, stage.width, stage.height))
    ink, width, height = stage.pen.finish.ink or (0, 0, 0), float(stage.width), float(stage.height)
    if luma(ink) > 0.5:  # noqa: PLR2004
        _grid(stage, ink)
    for inset, line in ((0.035, 0.0026), (0.046, 0.0012)):
        edge = inset * unit
        pen.line(ink, line * unit, edge, edge, width - edge, edge, width - edge, height - edge, edge, height - edge, edge, edge)
    _notes(stage, ink, plan)
    return Floor(height / 2 + 0.28 * unit, height / 2 + 0.26 * unit, "free")


def _grid(stage: Stage, ink: Colour) -> None:
    step = stage.unit / 24
    for axis, length, other in ((0, stage.width, stage.height), (1, stage.height, stage.width)):
        for index in range(1, int(length / step) + 1):
            pen, at = stage.faint(0.2 if index % 4 == 0 else 0.09), index * step
            ends = (at, 0.0, at, float(other)) if axis == 0 else (0.0, at, float(other), at)
            pen.line(ink, stage.unit / 900, *ends)


def _notes(stage: Stage, ink: Colour, plan: Plan) -> None:
    """Point leader lines at the subject and write its name below, as on a plate."""
    unit, middle, centre = stage.unit, stage.width / 2, stage.height / 2
    pen, dice = stage.faint(0.8), stage.dice("notes")
    font = ImageFont.load_default(max(9.0, unit * 0.021))
    draw, faded = ImageDraw.Draw(stage.pen.canvas), mix(stage.pen.finish.paper or WHITE, ink, 0.8)
    for index, (side, y) in enumerate(((-1, -0.27), (1, -0.2), (-1, 0.0), (1, 0.08), (-1, 0.2), (1, 0.27))):
        x, tip = middle + side * 0.405 * unit, middle + side * dice.uniform(0.2, 0.26) * unit
        pen.line(ink, unit * 0.0014, x, centre + y * unit, tip, centre + (y * 0.8) * unit)
        pen.oval(ink, tip, centre + y * 0.8 * unit, unit * 0.004)
        draw.text((x + side * 0.016 * unit, centre + y * unit), "abcdef"[index], faded, font, anchor="mm")
    title = " & ".join(dict.fromkeys(item.name.replace("orangefruit", "orange") for item in plan.reading.items))
    draw.text((middle, stage.height - unit * 0.085), f"Fig. {dice.randint(1, 40)}.   {title}", faded, font, anchor="mm")


_GROUNDS: dict[str, Callable[[Stage, Plan], Floor]] = {"plate": _plate, "burst": _burst, "vignette": _vignette}
