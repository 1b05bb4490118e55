"""From a prompt to its picture: the stages of one painting, its size, and the label that says what it is."""

from __future__ import annotations

import hashlib
import math

from PIL import Image, ImageDraw, ImageFont

from cometmagic.offline.painter import edits, layout
from cometmagic.offline.painter.pen import Finish
from cometmagic.offline.painter.prompt_parser import Reading, read
from cometmagic.offline.painter.scene_plan import Plan
from cometmagic.offline.painter.styles import GRAPHITE, PAPER, STYLES, Style, grain, pixel

LABEL = "offline sketch"

# Shapes and light are worked out at no more than this many pixels; larger pictures are drawn out from
# that and get their paper grain at full size, which keeps a 4K picture under a second.
WORK_AREA = 1856 * 1856
DRAFT_AREA = 1024 * 1024

DRAFTS = (
    Finish(paint=0.36, shade=0.0, paper=PAPER, ink=GRAPHITE, line=1.3, vivid=0.7),
    Finish(shade=0.0),
)

# The first of these that a prompt names decides how it is drawn: "anatomical sketch on parchment" is a plate.
_RANK = ("parchment", "blueprint", "popart", "neon", "pixel", "watercolour", "sketch", "minimal")


def paint(prompt: str, width: int, height: int, *, seed: int = 0, base: Image.Image | None = None) -> Painting:
    """Return the painting of `prompt`; with `base`, that image changed as the prompt says."""
    return Painting(prompt, (width, height), seed, base)


class Painting:
    """One picture, from its first draft to the finished sheet."""

    def __init__(self, prompt: str, size: tuple[int, int], seed: int, base: Image.Image | None) -> None:
        self.size = size
        self.base = base.convert("RGB") if base else None
        self.reading: Reading = read(prompt)
        self.style: Style = STYLES[next((name for name in _RANK if name in self.reading.styles), "")]
        key = f"{' '.join(prompt.lower().split())}|{seed}"
        self.plan = Plan(self.reading, hashlib.sha256(key.encode("utf-8", "replace")).hexdigest())

    def words(self) -> list[str]:
        """Return the words of the prompt that were understood, in their order."""
        return list(self.reading.words)

    def draft(self, number: int) -> Image.Image:
        """Return an earlier stage, no larger than 1K: 0 is the rough composition, 1 has the colours blocked in."""
        return _labelled(self._picture(DRAFTS[min(max(number, 0), 1)], _within(self.size, DRAFT_AREA)))

    def final(self) -> Image.Image:
        """Return the finished picture at its full size."""
        picture = self._picture(None, _within(self.size, WORK_AREA * self.style.fineness))
        if picture.size != self.size:
            blocky = self.style.restyle is pixel
            picture = picture.resize(self.size, Image.Resampling.NEAREST if blocky else Image.Resampling.BICUBIC)
        return _labelled(grain(picture, self.style.grain) if self.style.grain else picture)

    def _picture(self, finish: Finish | None, size: tuple[int, int]) -> Image.Image:
        """Return the picture at a working size; `finish` is that of a draft, None the style's own."""
        if self.base:
            return edits.edit(self.base, self.plan, self.style, finish, size)
        canvas = Image.new("RGB", size)
        layout.compose(self.plan.stage(canvas, finish or self.style.finish), self.plan, self.style)
        return self.style.after(canvas, float(min(size))) if self.style.after and finish is None else canvas


def _within(size: tuple[int, int], area: float) -> tuple[int, int]:
    """Return `size`, or a smaller one of the same aspect ratio with no more pixels than `area`."""
    share = min(1.0, math.sqrt(area / (size[0] * size[1])))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _labelled(image: Image.Image) -> Image.Image:
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
