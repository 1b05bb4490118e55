"""Backgrounds for a subject without a place: the plate of an old book, a comic panel, a sheet of paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PIL import ImageDraw, ImageFont

from cometmagic.offline.painter.colour import INK, WHITE, Colour, compute_luma, lighten, mix
from cometmagic.offline.painter.places.terrain import Floor
from cometmagic.offline.painter.prompt_parser import format_word
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.scene_plan import ScenePlan


def _draw_burst(scene: Scene, _plan: ScenePlan) -> Floor:
    """Draw the sunburst of a comic panel."""
    rng, centre = scene.create_rng("burst"), complex(scene.width / 2, scene.height * 0.56)
    background, ray = rng.choice(
        (((250, 208, 74), (246, 160, 62)), ((96, 196, 214), (52, 148, 190)), ((248, 150, 168), (226, 84, 118)))
    )
    scene.pen.canvas.paste(scene.pen.finish.convert_colour(background), (0, 0, scene.width, scene.height))
    flat_pen = replace(scene.untinted_pen, finish=replace(scene.pen.finish, line_width=0.0, texture="dots"))
    reach = float(scene.width + scene.height)
    for index in range(16):
        edge, next_edge = (complex(0, 1) ** ((4 * index + side) / 16) * reach + centre for side in (0, 2))
        flat_pen.poly(ray, centre.real, centre.imag, edge.real, edge.imag, next_edge.real, next_edge.imag)
    ground_y = scene.height - 0.17 * scene.unit
    scene.untinted_pen.rectangle(lighten(ray, 0.75), -9, ground_y, scene.width + 9.0, scene.height + 9.0)
    return Floor(scene.height - 0.09 * scene.unit, ground_y)


def _draw_vignette(scene: Scene, _plan: ScenePlan) -> Floor:
    """Draw a few strokes of ground and air on bare paper."""
    rng, unit, paper = scene.create_rng("strokes"), scene.unit, scene.pen.finish.paper or WHITE
    scene.pen.canvas.paste(paper, (0, 0, scene.width, scene.height))
    ink = mix(paper, scene.pen.finish.ink or INK, 0.5)
    ground_y, reach = scene.height - 0.12 * unit, min(scene.width, 1.5 * unit)
    for index in range(90):
        x, y = scene.width / 2 + rng.gauss(0, 0.2) * reach, ground_y + rng.uniform(-0.03, 0.05) * unit
        length = rng.uniform(0.03, 0.1) * unit
        stroke = (x, y, x + length * 0.6, y - 0.007 * unit, x + length, y - 0.004 * unit)
        scene.create_pen(0.5).curve(ink, unit * 0.0016, *stroke)
        if index % 2:
            x, y = scene.width / 2 + rng.gauss(0, 0.22) * reach, ground_y - abs(rng.gauss(0.22, 0.2)) * unit
            scene.create_pen(0.22).line(ink, unit * 0.0016, x, y, x + length * 1.3, y - length * 1.7)
    return Floor(ground_y, ground_y - 0.05 * unit, "free")


def _draw_plate(scene: Scene, plan: ScenePlan) -> Floor:
    """Draw the page of an old book or a blueprint: a frame, a grid and notes around the subject."""
    pen, unit = scene.create_pen(0.6), scene.unit
    scene.pen.canvas.paste(scene.pen.finish.paper or WHITE, (0, 0, scene.width, scene.height))
    ink, width, height = scene.pen.finish.ink or INK, float(scene.width), float(scene.height)
    if compute_luma(ink) > 0.5:
        _draw_grid(scene, ink)
    for inset, line_width in ((0.035, 0.0026), (0.046, 0.0012)):
        start = inset * unit
        right, bottom = width - start, height - start
        pen.line(ink, line_width * unit, start, start, right, start, right, bottom, start, bottom, start, start)
    _draw_notes(scene, ink, plan)
    return Floor(height / 2 + 0.28 * unit, height / 2 + 0.26 * unit, "free")


def _draw_grid(scene: Scene, ink: Colour) -> None:
    step = scene.unit / 24
    for axis, length, cross_length in ((0, scene.width, scene.height), (1, scene.height, scene.width)):
        for index in range(1, int(length / step) + 1):
            pen, position = scene.create_pen(0.2 if index % 4 == 0 else 0.09), index * step
            end = float(cross_length)
            ends = (position, 0.0, position, end) if axis == 0 else (0.0, position, end, position)
            pen.line(ink, scene.unit / 900, *ends)


def _draw_notes(scene: Scene, ink: Colour, plan: ScenePlan) -> None:
    """Draw leader lines to the subject and write its name below."""
    unit, centre_x, centre_y = scene.unit, scene.width / 2, scene.height / 2
    pen, rng = scene.create_pen(0.8), scene.create_rng("notes")
    font = ImageFont.load_default(max(9.0, unit * 0.021))
    draw, text_colour = ImageDraw.Draw(scene.pen.canvas), mix(scene.pen.finish.paper or WHITE, ink, 0.8)
    for index, (side, y) in enumerate(((-1, -0.27), (1, -0.2), (-1, 0.0), (1, 0.08), (-1, 0.2), (1, 0.27))):
        x, tip = centre_x + side * 0.405 * unit, centre_x + side * rng.uniform(0.2, 0.26) * unit
        pen.line(ink, unit * 0.0014, x, centre_y + y * unit, tip, centre_y + (y * 0.8) * unit)
        pen.oval(ink, tip, centre_y + y * 0.8 * unit, unit * 0.004)
        draw.text((x + side * 0.016 * unit, centre_y + y * unit), "abcdef"[index], text_colour, font, anchor="mm")
    title = " & ".join(dict.fromkeys(format_word(item.name) for item in plan.parsed_prompt.items))
    caption = f"Fig. {rng.randint(1, 40)}.   {title}"
    draw.text((centre_x, scene.height - unit * 0.085), caption, text_colour, font, anchor="mm")


BACKGROUNDS: dict[str, Callable[[Scene, ScenePlan], Floor]] = {
    "plate": _draw_plate,
    "burst": _draw_burst,
    "vignette": _draw_vignette,
}
