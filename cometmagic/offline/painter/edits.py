"""Edits: a given image with what a prompt asks for laid over it.

The image stays recognisable: colours tint it, the hour changes its light, a style restyles it, and new
subjects stand in front of it. This module starts from pixels and draws no scenery.
"""

from __future__ import annotations

from dataclasses import replace

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from cometmagic.offline.painter import layout
from cometmagic.offline.painter.colour import Colour, dark, light, mix
from cometmagic.offline.painter.pen import Finish
from cometmagic.offline.painter.scene import Stage
from cometmagic.offline.painter.scene_plan import Plan
from cometmagic.offline.painter.styles import Style
from cometmagic.offline.painter.terrain import Floor
from cometmagic.offline.painter.weather import flakes, rain

_WEATHER = {"fog", "rain"}


def edit(base: Image.Image, plan: Plan, style: Style, finish: Finish | None, size: tuple[int, int]) -> Image.Image:
    """Return `base`, filling `size`, with the changes of `plan`; `finish` is that of a draft."""
    image = ImageOps.fit(base, size, Image.Resampling.BICUBIC)
    stage = plan.stage(image, finish or style.finish)
    image = _changed(image, stage, plan)
    if finish is None and style.restyle:
        image = style.restyle(image, float(min(size)))
    if image.size != size:  # pixel art comes back small
        image = image.resize(size, Image.Resampling.NEAREST)
    if finish is not None:
        image = _rough(image, finish)
    stage = plan.stage(image, finish or style.finish)
    layout.place_items(
        stage, plan, Floor(stage.height - 0.07 * stage.unit, stage.height - 0.15 * stage.unit), aside=True
    )
    if plan.reading.setting == "snow":
        flakes(stage)
    if plan.reading.time == "rain":
        rain(stage)
    return image


def _changed(image: Image.Image, stage: Stage, plan: Plan) -> Image.Image:
    """Return the image in another light or another colour."""
    reading = plan.reading
    tints = [tint for tint in (*reading.tints, reading.setting_colour, reading.season) if tint]
    for tint in tints[:2]:
        image = _tinted(image, tint)
    if reading.pastel:
        image = Image.blend(ImageEnhance.Color(image).enhance(0.8), Image.new("RGB", image.size, (252, 240, 242)), 0.4)
    if reading.time:
        image = _lit(image, stage, reading.time)
    if reading.setting == "snow":
        image = Image.blend(image, Image.new("RGB", image.size, (232, 240, 250)), 0.35)
    known = tints or reading.pastel or reading.time or reading.items or reading.styles or reading.setting
    return image if known else _mood(image, stage)


def _tinted(image: Image.Image, tint: Colour) -> Image.Image:
    """Return the image with its colours drawn towards `tint`, its lights and darks kept."""
    tone = ImageOps.colorize(image.convert("L"), dark(tint, 0.75), light(tint, 0.82), tint)
    return Image.blend(image, tone, 0.74)


def _lit(image: Image.Image, stage: Stage, time: str) -> Image.Image:
    """Return the image in the light of another hour."""
    hour = stage.hour
    wash = Image.new("RGB", (1, len(hour.sky)))
    wash.putdata(list(hour.sky))
    sky = wash.resize(image.size, Image.Resampling.BICUBIC)
    if time in _WEATHER:
        return Image.blend(ImageEnhance.Color(image).enhance(0.6), sky, 0.45 if time == "fog" else 0.3)
    lit = ImageChops.multiply(image, Image.new("RGB", image.size, mix(hour.ambient, (255, 255, 255), 0.1)))
    image = Image.blend(Image.blend(lit, ImageChops.soft_light(lit, sky), 0.4), sky, 0.14)
    glow = Stage(stage.pen, hour, stage.land, stage.seed)
    glow.air = replace(glow.air, canvas=image)
    if hour.night:
        glow.stars(stage.height * 0.4, 60)
    glow.air.glow(hour.sun, stage.width * 0.78, stage.height * 0.16, stage.unit * 0.4, 0.4)
    glow.air.glow(light(hour.sun, 0.5), stage.width * 0.78, stage.height * 0.16, stage.unit * 0.1, 0.95)
    return image


def _mood(image: Image.Image, stage: Stage) -> Image.Image:
    """Return the image a little richer, with light from a corner: an edit whose words say nothing known."""
    dice = stage.dice("mood")
    image = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.25)).enhance(1.12)
    tone = dice.choice(((255, 196, 120), (128, 176, 255), (255, 150, 170), (160, 230, 190)))
    corner = Image.radial_gradient("L").resize(image.size, Image.Resampling.BICUBIC)
    return Image.composite(Image.blend(image, Image.new("RGB", image.size, dark(tone, 0.5)), 0.34), image, corner)


def _rough(image: Image.Image, finish: Finish) -> Image.Image:
    """Return the image as an earlier stage: few colours, and for the first draft mostly paper."""
    unit = min(image.size)
    flat = ImageOps.posterize(image.filter(ImageFilter.GaussianBlur(unit / 160)), 3 if finish.paper else 4)
    return Image.blend(flat, Image.new("RGB", image.size, finish.paper), 0.5) if finish.paper else flat
