"""From a prompt to its picture: the stages of one painting, its size, and the label that says what it is."""

from __future__ import annotations

import hashlib
import math

from PIL import Image, ImageDraw, ImageFont

from cometmagic.offline.painter import edits, layout
from cometmagic.offline.painter.colour import GRAPHITE, PAPER
from cometmagic.offline.painter.filters import add_grain, apply_pixel
from cometmagic.offline.painter.pen import Finish
from cometmagic.offline.painter.prompt_parser import ParsedPrompt, parse_prompt
from cometmagic.offline.painter.scene_plan import ScenePlan
from cometmagic.offline.painter.styles import STYLES, Style

LABEL = "offline sketch"

# Shapes and light are worked out at no more than this many pixels; larger pictures are drawn out from
# that and get their paper grain at full size, which keeps a 4K picture under a second.
MAX_WORK_AREA = 1856 * 1856
MAX_DRAFT_AREA = 1024 * 1024

DRAFT_FINISHES = (
    Finish(paint_share=0.36, shading=0.0, paper=PAPER, ink=GRAPHITE, line_width=1.3, saturation=0.7),
    Finish(shading=0.0),
)

# The first of these that a prompt names decides how it is drawn: "anatomical sketch on parchment" is a plate.
_STYLE_PRIORITY = ("parchment", "blueprint", "popart", "neon", "pixel", "watercolour", "sketch", "minimal")


def paint(prompt: str, width: int, height: int, *, seed: int = 0, base_image: Image.Image | None = None) -> Picture:
    """Return the painting of `prompt`; with `base`, that image changed as the prompt says."""
    return Picture(prompt, (width, height), seed, base_image)


class Picture:
    """One picture, from its first draft to the finished sheet."""

    def __init__(self, prompt: str, size: tuple[int, int], seed: int, base_image: Image.Image | None) -> None:
        self.size = size
        self.base_image = base_image.convert("RGB") if base_image else None
        self.parsed_prompt: ParsedPrompt = parse_prompt(prompt)
        self.style: Style = STYLES[next((name for name in _STYLE_PRIORITY if name in self.parsed_prompt.styles), "")]
        key = f"{' '.join(prompt.lower().split())}|{seed}"
        self.plan = ScenePlan(self.parsed_prompt, hashlib.sha256(key.encode("utf-8", "replace")).hexdigest())

    def list_words(self) -> list[str]:
        """Return the words of the prompt that were understood, in their order."""
        return list(self.parsed_prompt.words)

    def render_draft(self, number: int) -> Image.Image:
        """Return an earlier stage, no larger than 1K: 0 is the rough composition, 1 has the colours blocked in."""
        return _add_label(self._render(DRAFT_FINISHES[min(max(number, 0), 1)], _limit_size(self.size, MAX_DRAFT_AREA)))

    def render_final(self) -> Image.Image:
        """Return the finished picture at its full size."""
        picture = self._render(None, _limit_size(self.size, MAX_WORK_AREA * self.style.area_share))
        if picture.size != self.size:
            blocky = self.style.edit_filter is apply_pixel
            picture = picture.resize(self.size, Image.Resampling.NEAREST if blocky else Image.Resampling.BICUBIC)
        return _add_label(add_grain(picture, self.style.grain) if self.style.grain else picture)

    def _render(self, finish: Finish | None, size: tuple[int, int]) -> Image.Image:
        """Return the picture at a working size; `finish` is that of a draft, None the style's own."""
        if self.base_image:
            return edits.edit(self.base_image, self.plan, self.style, finish, size)
        canvas = Image.new("RGB", size)
        layout.compose(self.plan.create_scene(canvas, finish or self.style.finish), self.plan, self.style)
        return (
            self.style.finishing_filter(canvas, float(min(size)))
            if self.style.finishing_filter and finish is None
            else canvas
        )


def _limit_size(size: tuple[int, int], max_area: float) -> tuple[int, int]:
    """Return `size`, or a smaller one of the same aspect ratio with no more pixels than `area`."""
    share = min(1.0, math.sqrt(max_area / (size[0] * size[1])))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _add_label(image: Image.Image) -> Image.Image:
    """Write in a corner, in place, that the picture came from no model."""
    size = max(9.0, math.sqrt(image.width * image.height) / 58)
    font = ImageFont.load_default(min(size, image.width / 8))
    left, top, right, bottom = font.getbbox(LABEL)
    pad, margin = size * 0.5, round(size * 0.9)
    box = (margin, round(image.height - margin - (bottom - top) - 2 * pad),
           round(margin + right - left + 2 * pad), image.height - margin)  # fmt: skip
    tag = Image.new("L", (box[2] - box[0], box[3] - box[1]))
    ImageDraw.Draw(tag).rounded_rectangle((0, 0, tag.width - 1, tag.height - 1), size * 0.5, fill=150)
    image.paste((252, 248, 238), box, tag)
    ImageDraw.Draw(image).text((box[0] + pad - left, box[1] + pad - top), LABEL, (44, 40, 56), font)
    return image
