"""Edits: a given image with what a prompt asks for laid over it.

The image stays recognisable: colours tint it, the hour changes its light, a style restyles it, and new
subjects stand in front of it. This module starts from pixels and draws no scenery.
"""

from __future__ import annotations

from dataclasses import replace

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from cometmagic.offline.painter import layout
from cometmagic.offline.painter.colour import Colour, darken, lighten, mix
from cometmagic.offline.painter.pen import Finish
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.scene_plan import ScenePlan
from cometmagic.offline.painter.styles import Style
from cometmagic.offline.painter.terrain import Floor
from cometmagic.offline.painter.weather import draw_rain, draw_snowfall

_WEATHER = {"fog", "rain"}


def edit(
    base_image: Image.Image, plan: ScenePlan, style: Style, finish: Finish | None, size: tuple[int, int]
) -> Image.Image:
    """Return `base`, filling `size`, with the changes of `plan`; `finish` is that of a draft."""
    image = ImageOps.fit(base_image, size, Image.Resampling.BICUBIC)
    stage = plan.create_scene(image, finish or style.finish)
    image = _apply_changes(image, stage, plan)
    if finish is None and style.edit_filter:
        image = style.edit_filter(image, float(min(size)))
    if image.size != size:  # pixel art comes back small
        image = image.resize(size, Image.Resampling.NEAREST)
    if finish is not None:
        image = _simplify(image, finish)
    stage = plan.create_scene(image, finish or style.finish)
    layout.place_items(
        stage, plan, Floor(stage.height - 0.07 * stage.unit, stage.height - 0.15 * stage.unit), align_right=True
    )
    if plan.parsed_prompt.place == "snow":
        draw_snowfall(stage)
    if plan.parsed_prompt.time == "rain":
        draw_rain(stage)
    return image


def _apply_changes(image: Image.Image, scene: Scene, plan: ScenePlan) -> Image.Image:
    """Return the image in another light or another colour."""
    reading = plan.parsed_prompt
    tints = [tint for tint in (*reading.tints, reading.place_colour, reading.season_colour) if tint]
    for tint in tints[:2]:
        image = _apply_tint(image, tint)
    if reading.is_pastel:
        image = Image.blend(ImageEnhance.Color(image).enhance(0.8), Image.new("RGB", image.size, (252, 240, 242)), 0.4)
    if reading.time:
        image = _relight(image, scene, reading.time)
    if reading.place == "snow":
        image = Image.blend(image, Image.new("RGB", image.size, (232, 240, 250)), 0.35)
    known = tints or reading.is_pastel or reading.time or reading.items or reading.styles or reading.place
    return image if known else _apply_mood(image, scene)


def _apply_tint(image: Image.Image, tint: Colour) -> Image.Image:
    """Return the image with its colours drawn towards `tint`, its lights and darks kept."""
    tone = ImageOps.colorize(image.convert("L"), darken(tint, 0.75), lighten(tint, 0.82), tint)
    return Image.blend(image, tone, 0.74)


def _relight(image: Image.Image, scene: Scene, time: str) -> Image.Image:
    """Return the image in the light of another hour."""
    hour = scene.daylight
    wash = Image.new("RGB", (1, len(hour.sky)))
    wash.putdata(list(hour.sky))
    sky = wash.resize(image.size, Image.Resampling.BICUBIC)
    if time in _WEATHER:
        return Image.blend(ImageEnhance.Color(image).enhance(0.6), sky, 0.45 if time == "fog" else 0.3)
    lit = ImageChops.multiply(image, Image.new("RGB", image.size, mix(hour.ambient, (255, 255, 255), 0.1)))
    image = Image.blend(Image.blend(lit, ImageChops.soft_light(lit, sky), 0.4), sky, 0.14)
    glow = Scene(scene.pen, hour, scene.land, scene.seed)
    glow.untinted_pen = replace(glow.untinted_pen, canvas=image)
    if hour.is_night:
        glow.draw_stars(scene.height * 0.4, 60)
    glow.untinted_pen.glow(hour.sun, scene.width * 0.78, scene.height * 0.16, scene.unit * 0.4, 0.4)
    glow.untinted_pen.glow(lighten(hour.sun, 0.5), scene.width * 0.78, scene.height * 0.16, scene.unit * 0.1, 0.95)
    return image


def _apply_mood(image: Image.Image, scene: Scene) -> Image.Image:
    """Return the image a little richer, with light from a corner: an edit whose words say nothing known."""
    dice = scene.create_rng("mood")
    image = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.25)).enhance(1.12)
    tone = dice.choice(((255, 196, 120), (128, 176, 255), (255, 150, 170), (160, 230, 190)))
    corner = Image.radial_gradient("L").resize(image.size, Image.Resampling.BICUBIC)
    return Image.composite(Image.blend(image, Image.new("RGB", image.size, darken(tone, 0.5)), 0.34), image, corner)


def _simplify(image: Image.Image, finish: Finish) -> Image.Image:
    """Return the image as an earlier stage: few colours, and for the first draft mostly paper."""
    unit = min(image.size)
    flat = ImageOps.posterize(image.filter(ImageFilter.GaussianBlur(unit / 160)), 3 if finish.paper else 4)
    return Image.blend(flat, Image.new("RGB", image.size, finish.paper), 0.5) if finish.paper else flat
