"""Grounds for a subject without a place: the plate of an old book, a comic panel, a bare sheet of paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PIL import ImageDraw, ImageFont

from cometmagic.offline.painter.colour import INK, WHITE, Colour, compute_luma, lighten, mix
from cometmagic.offline.painter.prompt_parser import format_word
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.scene_plan import ScenePlan
from cometmagic.offline.painter.terrain import Floor


def _burst(scene: Scene, _plan: ScenePlan) -> Floor:
    """Lay the sunburst of a comic panel."""
    dice, middle = scene.create_rng("burst"), complex(scene.width / 2, scene.height * 0.56)
    ground, ray = dice.choice(
        (((250, 208, 74), (246, 160, 62)), ((96, 196, 214), (52, 148, 190)), ((248, 150, 168), (226, 84, 118)))
    )
    scene.pen.canvas.paste(scene.pen.finish.convert_colour(ground), (0, 0, scene.width, scene.height))
    plain = replace(scene.untinted_pen, finish=replace(scene.pen.finish, line_width=0.0, texture="dots"))
    reach = float(scene.width + scene.height)
    for index in range(16):
        arm, next_arm = (complex(0, 1) ** ((4 * index + side) / 16) * reach + middle for side in (0, 2))
        plain.poly(ray, middle.real, middle.imag, arm.real, arm.imag, next_arm.real, next_arm.imag)
    low = scene.height - 0.17 * scene.unit
    scene.untinted_pen.poly(
        lighten(ray, 0.75),
        -9,
        low,
        scene.width + 9.0,
        low,
        scene.width + 9.0,
        scene.height + 9.0,
        -9,
        scene.height + 9.0,
    )
    return Floor(scene.height - 0.09 * scene.unit, low)


def _vignette(scene: Scene, _plan: ScenePlan) -> Floor:
    """Leave the paper bare, with a few strokes of ground and of air."""
    dice, unit, paper = scene.create_rng("strokes"), scene.unit, scene.pen.finish.paper or WHITE
    scene.pen.canvas.paste(paper, (0, 0, scene.width, scene.height))
    ink, low, reach = (
        mix(paper, scene.pen.finish.ink or INK, 0.5),
        scene.height - 0.12 * unit,
        min(scene.width, 1.5 * unit),
    )
    for index in range(90):
        x, y = scene.width / 2 + dice.gauss(0, 0.2) * reach, low + dice.uniform(-0.03, 0.05) * unit
        long = dice.uniform(0.03, 0.1) * unit
        scene.create_pen(0.5).curve(
            ink, unit * 0.0016, x, y, x + long * 0.6, y - 0.007 * unit, x + long, y - 0.004 * unit
        )
        if index % 2:
            x, y = scene.width / 2 + dice.gauss(0, 0.22) * reach, low - abs(dice.gauss(0.22, 0.2)) * unit
            scene.create_pen(0.22).line(ink, unit * 0.0016, x, y, x + long * 1.3, y - long * 1.7)
    return Floor(low, low - 0.05 * unit, "free")


def _plate(scene: Scene, plan: ScenePlan) -> Floor:
    """Lay out the sheet of an old book or a drawing office: frame, grid or notes round the subject."""
    pen, unit = scene.create_pen(0.6), scene.unit
    scene.pen.canvas.paste(scene.pen.finish.paper or WHITE, (0, 0, scene.width, scene.height))
    ink, width, height = scene.pen.finish.ink or INK, float(scene.width), float(scene.height)
    if compute_luma(ink) > 0.5:
        _grid(scene, ink)
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
    _notes(scene, ink, plan)
    return Floor(height / 2 + 0.28 * unit, height / 2 + 0.26 * unit, "free")


def _grid(scene: Scene, ink: Colour) -> None:
    step = scene.unit / 24
    for axis, length, other in ((0, scene.width, scene.height), (1, scene.height, scene.width)):
        for index in range(1, int(length / step) + 1):
            pen, at = scene.create_pen(0.2 if index % 4 == 0 else 0.09), index * step
            ends = (at, 0.0, at, float(other)) if axis == 0 else (0.0, at, float(other), at)
            pen.line(ink, scene.unit / 900, *ends)


def _notes(scene: Scene, ink: Colour, plan: ScenePlan) -> None:
    """Point leader lines at the subject and write its name below, as on a plate."""
    unit, middle, centre = scene.unit, scene.width / 2, scene.height / 2
    pen, dice = scene.create_pen(0.8), scene.create_rng("notes")
    font = ImageFont.load_default(max(9.0, unit * 0.021))
    draw, faded = ImageDraw.Draw(scene.pen.canvas), mix(scene.pen.finish.paper or WHITE, ink, 0.8)
    for index, (side, y) in enumerate(((-1, -0.27), (1, -0.2), (-1, 0.0), (1, 0.08), (-1, 0.2), (1, 0.27))):
        x, tip = middle + side * 0.405 * unit, middle + side * dice.uniform(0.2, 0.26) * unit
        pen.line(ink, unit * 0.0014, x, centre + y * unit, tip, centre + (y * 0.8) * unit)
        pen.oval(ink, tip, centre + y * 0.8 * unit, unit * 0.004)
        draw.text((x + side * 0.016 * unit, centre + y * unit), "abcdef"[index], faded, font, anchor="mm")
    title = " & ".join(dict.fromkeys(format_word(item.name) for item in plan.parsed_prompt.items))
    draw.text((middle, scene.height - unit * 0.085), f"Fig. {dice.randint(1, 40)}.   {title}", faded, font, anchor="mm")


BACKGROUNDS: dict[str, Callable[[Scene, ScenePlan], Floor]] = {"plate": _plate, "burst": _burst, "vignette": _vignette}
