"""Places that people built: city, room and wall."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from PIL import Image

from cometmagic.offline.painter.colour import CREAM, LAMP, Colour, Gradient, darken, lighten, mix
from cometmagic.offline.painter.geometry import ellipse
from cometmagic.offline.painter.places.countryside import hills
from cometmagic.offline.painter.places.terrain import Floor, create_floor
from cometmagic.offline.painter.scene import Scene


def city(scene: Scene) -> Floor:
    horizon = scene.compute_horizon(0.34)
    scene.draw_sky(horizon)
    for index in range(3):
        colour = scene.apply_haze(mix(scene.accent or (112, 116, 150), (52, 52, 88), 0.45 * index), 0.75 - 0.35 * index)
        base = horizon + (0.02 + 0.06 * index) * scene.unit
        _draw_skyline(scene, base, (0.6 - 0.13 * index) * scene.height_factor, colour, index)
        scene.draw_mist(horizon + 0.06 * scene.unit, 0.1 * scene.unit, 0.45)
    street, street_top = scene.pen.tint((120, 116, 132)), scene.height - 0.2 * scene.unit * scene.height_factor
    for y, tone in ((street_top, lighten(street, 0.28)), (street_top + 0.045 * scene.unit, darken(street, 0.2))):
        paint = Gradient(tone, darken(tone, 0.3))
        scene.untinted_pen.rectangle(paint, -2, y, scene.width + 2.0, scene.height + 2.0)
    line_y, dash = (street_top + scene.height) / 2 + 0.03 * scene.unit, 0.12 * scene.unit
    for index in range(-1, math.ceil(scene.width / dash / 2) + 1):
        start, end = index * 2 * dash, (index * 2 + 0.9) * dash
        scene.create_pen(0.7).line(CREAM, 0.008 * scene.unit, start, line_y, end, line_y)
    return create_floor(scene, 0.08, 0.19)


def _draw_skyline(scene: Scene, base: float, height: float, colour: Colour, row: int) -> None:
    """Draw a row of buildings, with windows in the nearer ones."""
    rng, x = scene.create_rng(f"city{row}"), -0.05 * scene.unit
    while x < scene.width:
        width, top = scene.unit * rng.uniform(0.07, 0.15), base - scene.unit * height * rng.uniform(0.35, 1.0)
        roof_shape = rng.choice(([(0.5, -0.05)], [], [(0.2, 0), (0.2, -0.03), (0.8, -0.03), (0.8, 0)], [(0, -0.03)]))
        roof_points = [(x + width * px, top + py * scene.unit) for px, py in roof_shape]
        shape = [(x, base + scene.unit), (x, top), *roof_points, (x + width, top), (x + width, base + scene.unit)]
        scene.untinted_pen.fill([shape], Gradient(colour, mix(colour, scene.daylight.horizon, 0.35)))
        if row:
            _draw_panes(scene, x, top, width, base, colour, rng.random())
        x += width * rng.uniform(0.9, 1.15)


def _draw_panes(scene: Scene, x: float, top: float, width: float, base: float, colour: Colour, seed: float) -> None:
    """Draw the windows of a building, some of them lit."""
    rng, pane_width, gap = scene.create_rng(f"panes{seed}"), 0.011 * scene.unit, 0.028 * scene.unit
    lit_share = 0.55 if scene.daylight.is_night else 0.3
    rows = range(1, int((base + 0.15 * scene.unit - top) / gap))
    panes: dict[Colour, list[list[tuple[float, float]]]] = {LAMP: [], lighten(colour, 0.16): []}
    for column in range(1, int(width / gap)):
        for row in rows:
            left, y = x + column * gap - pane_width / 2 + width % gap / 2, top + row * gap
            is_lit = rng.random() < lit_share
            if is_lit or rng.random() < 0.5:
                corners = ((0.0, 0.0), (pane_width, 0.0), (pane_width, pane_width * 1.3), (0.0, pane_width * 1.3))
                panes[LAMP if is_lit else lighten(colour, 0.16)].append([(left + dx, y + dy) for dx, dy in corners])
    finish = scene.pen.finish
    finish = replace(finish, line_width=0.0, texture="", paint_share=max(0.5, finish.paint_share))
    for tone, shapes in panes.items():
        if shapes:
            replace(scene.create_pen(0.85), finish=finish).fill(shapes, tone)


def room(scene: Scene) -> Floor:
    rng = scene.create_rng("room")
    scene.draw_sky(float(scene.height))
    _draw_wallpaper(scene, rng)
    _draw_window(scene)
    table_top = scene.height - 0.27 * scene.unit * scene.height_factor
    _draw_table(scene, rng, table_top)
    return Floor(scene.height - 0.13 * scene.unit * scene.height_factor**0.8, table_top + 0.05 * scene.unit)


def _draw_wallpaper(scene: Scene, rng: random.Random) -> None:
    """Draw a wall with pale stripes."""
    unit, width, height = scene.unit, float(scene.width), float(scene.height)
    colours = ((188, 202, 184), (226, 196, 168), (168, 190, 204), (222, 186, 178), (206, 190, 214))
    colour = scene.pen.tint(scene.accent or rng.choice(colours))
    paint = Gradient(lighten(colour, 0.16), darken(colour, 0.12))
    scene.untinted_pen.rectangle(paint, -2, -2, width + 2, height + 2)
    for index in range(math.ceil(width / unit / 0.09) + 1):
        x = (index + 0.5) * 0.09 * unit
        scene.create_pen(0.2).line(lighten(colour, 0.6), 0.02 * unit, x, -unit * 0.1, x, height)


def _draw_table(scene: Scene, rng: random.Random, top: float) -> None:
    """Draw a wooden table from `top` to the bottom of the picture."""
    unit, width, height = scene.unit, float(scene.width), float(scene.height)
    colour = scene.pen.tint(rng.choice(((176, 116, 74), (150, 98, 70), (202, 154, 106))))
    paint = Gradient(lighten(colour, 0.22), darken(colour, 0.1))
    scene.untinted_pen.rectangle(paint, -2, top, width + 2, height + 2)
    scene.untinted_pen.line(lighten(colour, 0.45), 0.006 * unit, -2, top, width + 2, top)
    for index in range(1, 6):
        y = top + (height - top) * (index / 6) ** 1.3
        grain = (-2, y, width * 0.3, y + 0.006 * unit, width * 0.7, y - 0.004 * unit, width + 2, y)
        scene.create_pen(0.35).curve(darken(colour, 0.2), 0.0022 * unit, *grain)


def _draw_window(scene: Scene) -> None:
    """Draw a window with a view of hills, to one side, and the light that comes in."""
    unit, is_left = scene.unit, scene.create_rng("window").random() < 0.5
    width, height = round(min(0.38 * unit, scene.width * 0.44)), round(0.44 * unit * scene.height_factor**0.8)
    centre_x = scene.width / 2 + (-1 if is_left else 1) * min(scene.width * 0.26, 0.34 * unit)
    x, y = round(centre_x - width / 2), round(scene.compute_horizon(0.27) * 0.46 - height / 2)
    view = Image.new("RGB", (width, height))
    view_pen = replace(scene.pen, canvas=view, unit=float(min(width, height)))
    hills(Scene(view_pen, scene.daylight, scene.land, scene.seed + "/out"))
    colour, border = lighten(scene.pen.tint((236, 226, 208)), 0.3), 0.02 * unit
    pen, right, bottom = scene.untinted_pen, x + width, y + height
    pen.rectangle(darken(colour, 0.1), x - border, y - border, right + border, bottom + border)
    scene.pen.canvas.paste(view, (x, y))
    pen.line(colour, border * 0.6, x + width / 2, y, x + width / 2, bottom)
    pen.line(colour, border * 0.6, x, y + height * 0.42, right, y + height * 0.42)
    pen.rectangle(colour, x - 2 * border, bottom, right + 2 * border, bottom + border * 1.4)
    pen.glow(scene.daylight.sun, x + width / 2, y + height / 2, unit * 0.75, 0.28)


def wall(scene: Scene) -> Floor:
    unit, height = scene.unit, float(scene.height)
    scene.draw_sky(height)
    bottom = height - 0.17 * unit * scene.height_factor
    _draw_plaster(scene, bottom)
    _draw_pavement(scene, bottom)
    scene.draw_grass(bottom + 0.012 * unit, (120, 142, 84), "weeds", 9, 0.07)
    return Floor(height - 0.1 * unit * scene.height_factor, bottom + 0.03 * unit)


def _draw_plaster(scene: Scene, bottom: float) -> None:
    """Draw a plastered wall down to `bottom`, with a few bricks showing, in the sun."""
    unit, width, rng = scene.unit, float(scene.width), scene.create_rng("wall")
    colours = ((238, 200, 140), (236, 184, 142), (228, 206, 172), (200, 206, 190))
    colour = scene.pen.tint(scene.accent or rng.choice(colours))
    paint = Gradient(lighten(colour, 0.28), darken(colour, 0.06))
    scene.untinted_pen.rectangle(paint, -2, -2, width + 2, bottom)
    for _ in range(round(22 * width * scene.height / unit**2)):
        x, y = rng.uniform(0, width), rng.uniform(0, bottom - 0.05 * unit)
        for column in range(rng.choice((1, 2, 2, 3))):
            left, brick = x + column * 0.066 * unit, darken(colour, rng.uniform(0.05, 0.18))
            scene.create_pen(0.42).rectangle(brick, left, y, left + 0.06 * unit, y + 0.024 * unit)
    _draw_sunbeams(scene, bottom, colour)


def _draw_pavement(scene: Scene, top: float) -> None:
    """Draw a paved street from `top` to the bottom of the picture."""
    unit, width, height = scene.unit, float(scene.width), float(scene.height)
    stone = scene.pen.tint((190, 172, 156))
    paint, joint = Gradient(darken(stone, 0.05), darken(stone, 0.25)), darken(stone, 0.35)
    scene.untinted_pen.rectangle(paint, -2, top, width + 2, height + 2)
    for index in range(1, 4):
        y = top + (height - top) * (index / 4) ** 1.2
        scene.create_pen(0.35).line(joint, 0.002 * unit, -2, y, width + 2, y)
    for index in range(-12, math.ceil(width / unit / 0.2) + 12):
        x = index * 0.2 * unit
        scene.create_pen(0.25).line(joint, 0.002 * unit, x, top, width / 2 + (x - width / 2) * 1.5, height)


def _draw_sunbeams(scene: Scene, base: float, plaster: Colour) -> None:
    """Draw slanting light and the shadow of leaves on the wall."""
    unit, width, rng = scene.unit, scene.width, scene.create_rng("beams")
    lean = 0.45 * base
    for start_share, width_share in ((0.02, 0.34), (0.5, 0.2), (0.86, 0.4)):
        x = start_share * width
        beam = [(x + lean, -2.0), (x + lean + width_share * width, -2.0), (x + width_share * width, base), (x, base)]
        pen = scene.create_pen(0.12 if scene.daylight.is_night else 0.42)
        pen.fill([beam], mix(lighten(plaster, 0.5), scene.daylight.sun, 0.5))
    leaves = []
    for _ in range(80):
        x, y = rng.gauss(0.04, 0.13) * unit, rng.gauss(0.06, 0.12) * unit
        leaves.append(ellipse(x, y, unit * rng.uniform(0.02, 0.036), unit * 0.011, rng.uniform(15, 80)))
    scene.create_pen(0.2).fill(leaves, darken(plaster, 0.55))
