"""The styles: for each style name, how shapes are drawn and which filters follow.

A style has a `Finish` for new pictures, an `edit_filter` that gives any image the same look, and may have a
background for subjects without a place. It knows nothing about prompts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cometmagic.offline.painter.colour import BLUEPRINT, CHALK, GRAPHITE, MIDNIGHT, PAPER, PARCHMENT, SEPIA
from cometmagic.offline.painter.filters import (
    Filter,
    add_bloom,
    age_paper,
    apply_blueprint,
    apply_minimal,
    apply_neon,
    apply_parchment,
    apply_pixel,
    apply_popart,
    apply_sketch,
    apply_watercolour,
)
from cometmagic.offline.painter.pen import Finish


@dataclass(frozen=True)
class Style:
    """One style."""

    finish: Finish = field(default_factory=Finish)
    edit_filter: Filter | None = None  # for an image that was not drawn in this style
    finishing_filter: Filter | None = None  # for a picture drawn with `finish`
    background: str = ""  # for a subject without a place: "plate", "burst" or "vignette"
    grain: float = 1.0
    area_share: float = 1.0  # share of the working pixels; soft styles need fewer


STYLES: dict[str, Style] = {
    "": Style(),
    "watercolour": Style(
        Finish(shading=1.2, saturation=1.05), apply_watercolour, apply_watercolour, grain=1.6, area_share=0.6
    ),
    "sketch": Style(
        Finish(
            paint_share=0.3, shading=0.8, paper=PAPER, ink=GRAPHITE, line_width=1.5, saturation=0.12, texture="hatch"
        ),
        apply_sketch,
        background="vignette",
        grain=1.2,
    ),
    "parchment": Style(
        Finish(paint_share=0.82, shading=0.8, paper=PARCHMENT, ink=SEPIA, line_width=1.1, saturation=0.85),
        apply_parchment,
        age_paper,
        background="plate",
        grain=1.8,
    ),
    "blueprint": Style(
        Finish(paint_share=0.06, shading=0.0, paper=BLUEPRINT, ink=CHALK, line_width=1.7),
        apply_blueprint,
        background="plate",
        grain=0.8,
    ),
    "popart": Style(
        Finish(shading=0.0, ink=(24, 20, 30), line_width=3.2, saturation=1.5, texture="dots"),
        apply_popart,
        background="burst",
        grain=0.4,
    ),
    "minimal": Style(Finish(shading=0.35, saturation=0.85), apply_minimal, grain=0.7),
    "pixel": Style(Finish(shading=0.9, saturation=1.15), apply_pixel, apply_pixel, grain=0.0),
    "neon": Style(
        Finish(paint_share=0.14, shading=0.6, paper=MIDNIGHT, is_glowing=True, line_width=1.5, saturation=1.9),
        apply_neon,
        add_bloom,
        grain=0.5,
    ),
}
