"""Edits: changes an image as a prompt asks.

The image stays recognisable: colours tint it, the time of day changes its light, a style filters it, and new
subjects stand in front of it. This module works on pixels and paints no places.
"""

from __future__ import annotations

from dataclasses import replace

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from cometmagic.offline.painter import layout
from cometmagic.offline.painter.colour import Colour, darken, lighten, mix
from cometmagic.offline.painter.pen import Finish
from cometmagic.offline.painter.places.terrain import Floor
from cometmagic.offline.painter.places.weather import draw_rain, draw_snowfall
from cometmagic.offline.painter.scene import Scene
from cometmagic.offline.painter.scene_plan import ScenePlan
from cometmagic.offline.painter.styles import Style

_WEATHER = {"fog", "rain"}


def edit(
    base_image: Image.Image, plan: ScenePlan, style: Style, finish: Finish | None, size: tuple[int, int]
) -> Image.Image:
    """Return `base_image`, cropped to `size`, with the changes of `plan`; a draft passes its own `finish`."""
    image = ImageOps.fit(base_image, size, Image.Resampling.BICUBIC)
    scene = plan.create_scene(image, finish or style.finish)
    image = _apply_changes(image, scene, plan)
    if finish is None and style.edit_filter:
        image = style.edit_filter(image, float(min(size)))
    if image.size != size:  # the pixel filter returns a small image
        image = image.resize(size, Image.Resampling.NEAREST)
    if finish is not None:
        image = _simplify(image, finish)
    scene = plan.create_scene(image, finish or style.finish)
    layout.place_items(
        scene, plan, Floor(scene.height - 0.07 * scene.unit, scene.height - 0.15 * scene.unit), align_right=True
    )
    if plan.parsed_prompt.place == "snow":
        draw_snowfall(scene)
    if plan.parsed_prompt.time == "rain":
        draw_rain(scene)
    return image


def _apply_changes(image: Image.Image, scene: Scene, plan: ScenePlan) -> Image.Image:
    """Return the image in the colours and the light of `plan`."""
    parsed_prompt = plan.parsed_prompt
    tints = [tint for tint in (*parsed_prompt.tints, parsed_prompt.place_colour, parsed_prompt.season_colour) if tint]
    for tint in tints[:2]:
        image = _apply_tint(image, tint)
    if parsed_prompt.is_pastel:
        image = Image.blend(ImageEnhance.Color(image).enhance(0.8), Image.new("RGB", image.size, (252, 240, 242)), 0.4)
    if parsed_prompt.time:
        image = _relight(image, scene, parsed_prompt.time)
    if parsed_prompt.place == "snow":
        image = Image.blend(image, Image.new("RGB", image.size, (232, 240, 250)), 0.35)
    is_changed = tints or parsed_prompt.is_pastel or parsed_prompt.time or parsed_prompt.place
    return image if is_changed or parsed_prompt.items or parsed_prompt.styles else _apply_mood(image, scene)


def _apply_tint(image: Image.Image, tint: Colour) -> Image.Image:
    """Return the image with its colours close to `tint` and its brightness unchanged."""
    tone = ImageOps.colorize(image.convert("L"), darken(tint, 0.75), lighten(tint, 0.82), tint)
    return Image.blend(image, tone, 0.74)


def _relight(image: Image.Image, scene: Scene, time: str) -> Image.Image:
    """Return the image in the light of another time of day."""
    daylight = scene.daylight
    column = Image.new("RGB", (1, len(daylight.sky)))
    column.putdata(list(daylight.sky))
    sky = column.resize(image.size, Image.Resampling.BICUBIC)
    if time in _WEATHER:
        return Image.blend(ImageEnhance.Color(image).enhance(0.6), sky, 0.45 if time == "fog" else 0.3)
    shaded_image = ImageChops.multiply(image, Image.new("RGB", image.size, mix(daylight.ambient, (255, 255, 255), 0.1)))
    image = Image.blend(Image.blend(shaded_image, ImageChops.soft_light(shaded_image, sky), 0.4), sky, 0.14)
    glow_scene = Scene(scene.pen, daylight, scene.land, scene.seed)
    glow_scene.untinted_pen = replace(glow_scene.untinted_pen, canvas=image)
    if daylight.is_night:
        glow_scene.draw_stars(scene.height * 0.4, 60)
    x, y = scene.width * 0.78, scene.height * 0.16
    glow_scene.untinted_pen.glow(daylight.sun, x, y, scene.unit * 0.4, 0.4)
    glow_scene.untinted_pen.glow(lighten(daylight.sun, 0.5), x, y, scene.unit * 0.1, 0.95)
    return image


def _apply_mood(image: Image.Image, scene: Scene) -> Image.Image:
    """Return the image with richer colours and light from a corner: the edit for a prompt of unknown words."""
    rng = scene.create_rng("mood")
    image = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.25)).enhance(1.12)
    tone = rng.choice(((255, 196, 120), (128, 176, 255), (255, 150, 170), (160, 230, 190)))
    corner = Image.radial_gradient("L").resize(image.size, Image.Resampling.BICUBIC)
    return Image.composite(Image.blend(image, Image.new("RGB", image.size, darken(tone, 0.5)), 0.34), image, corner)


def _simplify(image: Image.Image, finish: Finish) -> Image.Image:
    """Return the image as a draft: few colours, and for the first draft mostly paper."""
    unit = min(image.size)
    flat_image = ImageOps.posterize(image.filter(ImageFilter.GaussianBlur(unit / 160)), 3 if finish.paper else 4)
    return Image.blend(flat_image, Image.new("RGB", image.size, finish.paper), 0.5) if finish.paper else flat_image
