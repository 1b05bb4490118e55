"""Grounds for a subject without a place: the plate of an old book, a comic panel, a bare sheet of paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PIL import ImageDraw, ImageFont

from cometmagic.offline.painter.colour import INK, WHITE, Colour, light, luma, mix
from cometmagic.offline.painter.prompt_parser import spoken
from cometmagic.offline.painter.scene import Stage
from cometmagic.offline.painter.scene_plan import Plan
from cometmagic.offline.painter.terrain import Floor


def _burst(stage: Stage, _plan: Plan) -> Floor:
    """Lay the sunburst of a comic panel."""
    dice, middle = stage.dice("burst"), complex(stage.width / 2, stage.height * 0.56)
    ground, ray = dice.choice(
        (((250, 208, 74), (246, 160, 62)), ((96, 196, 214), (52, 148, 190)), ((248, 150, 168), (226, 84, 118)))
    )
    stage.pen.canvas.paste(stage.pen.finish.colour(ground), (0, 0, stage.width, stage.height))
    plain = replace(stage.air, finish=replace(stage.pen.finish, line=0.0, texture="dots"))
    reach = float(stage.width + stage.height)
    for index in range(16):
        arm, next_arm = (complex(0, 1) ** ((4 * index + side) / 16) * reach + middle for side in (0, 2))
        plain.poly(ray, middle.real, middle.imag, arm.real, arm.imag, next_arm.real, next_arm.imag)
    low = stage.height - 0.17 * stage.unit
    stage.air.poly(
        light(ray, 0.75), -9, low, stage.width + 9.0, low, stage.width + 9.0, stage.height + 9.0, -9, stage.height + 9.0
    )
    return Floor(stage.height - 0.09 * stage.unit, low)


def _vignette(stage: Stage, _plan: Plan) -> Floor:
    """Leave the paper bare, with a few strokes of ground and of air."""
    dice, unit, paper = stage.dice("strokes"), stage.unit, stage.pen.finish.paper or WHITE
    stage.pen.canvas.paste(paper, (0, 0, stage.width, stage.height))
    ink, low, reach = (
        mix(paper, stage.pen.finish.ink or INK, 0.5),
        stage.height - 0.12 * unit,
        min(stage.width, 1.5 * unit),
    )
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
    ink, width, height = stage.pen.finish.ink or INK, float(stage.width), float(stage.height)
    if luma(ink) > 0.5:
        _grid(stage, ink)
    for inset, line in ((0.035, 0.0026), (0.046, 0.0012)):
        edge = inset * unit
        pen.line(
            ink,
            line * unit,
            edge,
            edge,
            width - edge,
            edge,
            width - edge,
            height - edge,
            edge,
            height - edge,
            edge,
            edge,
        )
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
    title = " & ".join(dict.fromkeys(spoken(item.name) for item in plan.reading.items))
    draw.text((middle, stage.height - unit * 0.085), f"Fig. {dice.randint(1, 40)}.   {title}", faded, font, anchor="mm")


SHEETS: dict[str, Callable[[Stage, Plan], Floor]] = {"plate": _plate, "burst": _burst, "vignette": _vignette}
