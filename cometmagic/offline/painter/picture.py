"""From a prompt to a picture: its drafts, its final image, and the label that says what it is.

This module decides sizes and the order of the work; composing and drawing are done by the other modules.
"""

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

# Shapes and light are drawn with at most this many pixels. Larger pictures are enlarged from that and get their
# paper grain at full size, which keeps a 4K picture under a second.
MAX_WORK_AREA = 1856 * 1856
MAX_DRAFT_AREA = 1024 * 1024

DRAFT_FINISHES = (
    Finish(paint_share=0.36, shading=0.0, paper=PAPER, ink=GRAPHITE, line_width=1.3, saturation=0.7),
    Finish(shading=0.0),
)

# A prompt may name several styles; the first of these wins: "anatomical sketch on parchment" is a plate.
_STYLE_PRIORITY = ("parchment", "blueprint", "popart", "neon", "pixel", "watercolour", "sketch", "minimal")


def paint(prompt: str, width: int, height: int, *, seed: int = 0, base_image: Image.Image | None = None) -> Picture:
    """Return a picture of `prompt`; with `base_image`, that image changed as the prompt says."""
    return Picture(prompt, (width, height), seed, base_image)


class Picture:
    """One picture, from its first draft to the final image."""

    def __init__(self, prompt: str, size: tuple[int, int], seed: int, base_image: Image.Image | None) -> None:
        self.size = size
        self.base_image = base_image.convert("RGB") if base_image else None
        self.parsed_prompt: ParsedPrompt = parse_prompt(prompt)
        self.style: Style = STYLES[next((name for name in _STYLE_PRIORITY if name in self.parsed_prompt.styles), "")]
        key = f"{' '.join(prompt.lower().split())}|{seed}"
        self.plan = ScenePlan(self.parsed_prompt, hashlib.sha256(key.encode("utf-8", "replace")).hexdigest())

    def list_words(self) -> list[str]:
        """Return the words of the prompt that the painter knows, in their order."""
        return list(self.parsed_prompt.words)

    def render_draft(self, number: int) -> Image.Image:
        """Return a draft of at most 1K: 0 is the rough composition, 1 has flat colours."""
        return _add_label(self._render(DRAFT_FINISHES[min(max(number, 0), 1)], _limit_size(self.size, MAX_DRAFT_AREA)))

    def render_final(self) -> Image.Image:
        """Return the final image at its full size."""
        picture = self._render(None, _limit_size(self.size, MAX_WORK_AREA * self.style.area_share))
        if picture.size != self.size:
            is_pixel_art = self.style.edit_filter is apply_pixel
            picture = picture.resize(self.size, Image.Resampling.NEAREST if is_pixel_art else Image.Resampling.BICUBIC)
        return _add_label(add_grain(picture, self.style.grain) if self.style.grain else picture)

    def _render(self, finish: Finish | None, size: tuple[int, int]) -> Image.Image:
        """Return the picture at a working size; without a `finish`, the style's own is used."""
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
    """Return `size`, or a smaller one with the same aspect ratio and at most `max_area` pixels."""
    share = min(1.0, math.sqrt(max_area / (size[0] * size[1])))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _add_label(image: Image.Image) -> Image.Image:
    """Write `LABEL` in a corner of the image, in place."""
    size = max(9.0, math.sqrt(image.width * image.height) / 58)
    font = ImageFont.load_default(min(size, image.width / 8))
    left, top, right, bottom = font.getbbox(LABEL)
    padding, margin = size * 0.5, round(size * 0.9)
    box = (margin, round(image.height - margin - (bottom - top) - 2 * padding),
           round(margin + right - left + 2 * padding), image.height - margin)  # fmt: skip
    tag_mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
    ImageDraw.Draw(tag_mask).rounded_rectangle((0, 0, tag_mask.width - 1, tag_mask.height - 1), size * 0.5, fill=150)
    image.paste((252, 248, 238), box, tag_mask)
    ImageDraw.Draw(image).text((box[0] + padding - left, box[1] + padding - top), LABEL, (44, 40, 56), font)
    return image
