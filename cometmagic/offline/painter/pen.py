"""A pen that draws anti-aliased, softly shaded shapes on a canvas.

All shapes of a picture are drawn with this pen, so that one `Finish` decides how the whole picture looks:
gouache, pencil, neon, or an early draft. Coordinates are local to the thing being drawn (about 100 units tall,
standing on y = 0, up is negative); the pen maps them to the canvas. It knows nothing about prompts or subjects.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from PIL import Image, ImageChops

from cometmagic.offline.painter.colour import INK, WHITE, Colour, Gradient, Paint, compute_luma, darken, lighten, mix
from cometmagic.offline.painter.geometry import (
    Box,
    Point,
    clip,
    compute_bounds,
    curve,
    draw_mask,
    draw_pattern_tile,
    ellipse,
    repeat_tile,
    to_points,
)

_DOT_RADIUS = 7  # pixels; a smaller ellipse needs few corners


@dataclass(frozen=True)
class Finish:
    """How shapes are drawn."""

    paint_share: float = 1.0  # share of the colour; the rest is `paper`
    shading: float = 1.0  # strength of the light across a shape; 0 is flat
    paper: Colour | None = None  # background of line styles, which have no sky
    ink: Colour | None = None  # outline colour
    is_glowing: bool = False  # outlines take the colour of the shape
    line_width: float = 0.0  # of outlines, in thousandths of the short side
    saturation: float = 1.0  # 1 leaves colours unchanged
    texture: str = ""  # "hatch" or "dots", a pattern over the darker shapes

    def convert_colour(self, colour: Colour) -> Colour:
        """Return `colour` as this finish shows it."""
        colour = colour if self.is_glowing else self.saturate(colour)
        return mix(self.paper, colour, self.paint_share) if self.paper else colour

    def saturate(self, colour: Colour) -> Colour:
        """Return `colour` with the saturation of this finish."""
        if self.saturation == 1.0:
            return colour
        if self.is_glowing:  # neon tubes have full brightness in every colour
            peak = max(*colour, 1)
            colour = (colour[0] * 240 // peak, colour[1] * 240 // peak, colour[2] * 240 // peak)
        grey = round(compute_luma(colour) * 255)
        red, green, blue = (max(0, min(255, round(grey + (c - grey) * self.saturation))) for c in colour)
        return red, green, blue


@dataclass(frozen=True)
class Pen:
    """Draws on `canvas` from `origin`, with scale and angle in the complex number `frame`."""

    canvas: Image.Image
    finish: Finish
    unit: float  # the short side of the canvas, in pixels
    origin: complex = 0j
    frame: complex = 1 + 0j
    is_mirrored: bool = False
    ambient: Colour = WHITE
    is_night: bool = False
    opacity: float = 1.0

    def transform(self, x: float, y: float, scale: float = 1.0, *, turn: float = 0.0, is_mirrored: bool = False) -> Pen:
        """Return a pen whose (0, 0) is this pen's (x, y)."""
        turn = -turn if self.is_mirrored else turn
        frame = self.frame * cmath.rect(scale, math.radians(turn))
        origin = complex(*self.map_point(x, y))
        return replace(self, origin=origin, frame=frame, is_mirrored=self.is_mirrored ^ is_mirrored)

    def create_half_pens(self) -> tuple[Pen, Pen]:
        """Return pens for the two halves of a symmetrical drawing."""
        return self, self.transform(0, 0, is_mirrored=True)

    def map_point(self, x: float, y: float) -> Point:
        """Return the position of the local (x, y) on the canvas."""
        point = self.origin + complex(-x if self.is_mirrored else x, y) * self.frame
        return point.real, point.imag

    def _map_points(self, points: Sequence[Point]) -> list[Point]:
        """Return the positions of local points on the canvas (`map_point` for many, written out for speed)."""
        x_axis, y_axis = (-self.frame if self.is_mirrored else self.frame), self.frame
        (ax, ay), (bx, by), (ox, oy) = (
            (x_axis.real, x_axis.imag),
            (y_axis.real, y_axis.imag),
            (self.origin.real, self.origin.imag),
        )
        return [(ox + x * ax - y * by, oy + x * ay + y * bx) for x, y in points]

    # Shapes. Each takes its paint first, then plain numbers.

    def poly(self, paint: Paint, *xy: float) -> None:
        """Fill a polygon with straight sides."""
        self.fill([to_points(xy)], paint)

    def blob(self, paint: Paint, *xy: float) -> None:
        """Fill a smooth closed shape through the points."""
        self.fill([curve(to_points(xy), is_closed=True)], paint)

    def rectangle(self, paint: Paint, left: float, top: float, right: float, bottom: float) -> None:
        """Fill a rectangle."""
        self.poly(paint, left, top, right, top, right, bottom, left, bottom)

    def oval(self, paint: Paint, x: float, y: float, rx: float, ry: float = 0.0, turn: float = 0.0) -> None:
        """Fill an ellipse, or a circle without `ry`."""
        reach = max(rx, ry) * abs(self.frame)
        segments = 12 if reach < _DOT_RADIUS else 24 if reach < _DOT_RADIUS * 5 else 48
        self.fill([ellipse(x, y, rx, ry or rx, turn, segments)], paint)

    def line(self, colour: Colour, width: float, *xy: float) -> None:
        """Draw a line of straight segments with round ends."""
        self._stroke(to_points(xy), colour, width)

    def curve(self, colour: Colour, width: float, *xy: float) -> None:
        """Draw a smooth line through the points."""
        self._stroke(curve(to_points(xy), is_closed=False), colour, width)

    def ring(self, colour: Colour, width: float, x: float, y: float, rx: float, ry: float = 0.0) -> None:
        """Draw the outline of an ellipse."""
        rim = ellipse(x, y, rx, ry or rx)
        self._stroke([*rim, *rim[:2]], colour, width)

    def glow(self, colour: Colour, x: float, y: float, radius: float, strength: float = 0.6) -> None:
        """Draw soft light around a point; drafts and line styles have none."""
        if not self.finish.shading or self.finish.paper:
            return
        (cx, cy), reach = self.map_point(x, y), max(2, round(radius * abs(self.frame)))
        # The gradient is 0 in the middle and 255 in the corners, so about 180 where the circle touches the edge.
        halo = Image.radial_gradient("L").point(
            [round(255 * strength * max(0.0, 1 - i / 180) ** 1.7) for i in range(256)]
        )
        left, top = round(cx - reach), round(cy - reach)
        box = clip((left, top, left + 2 * reach, top + 2 * reach), self.canvas.size)
        if box:
            scale = 128 / reach
            source_box = tuple((edge - start) * scale for edge, start in zip(box, (left, top, left, top), strict=True))
            mask = halo.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR, source_box)  # type: ignore[arg-type]
            self.canvas.paste(colour, box, mask)

    def fill(self, shapes: Sequence[Sequence[Point]], paint: Paint) -> None:
        """Fill the union of closed `shapes` as one body, with its outline."""
        outlines = [self._map_points(shape) for shape in shapes]
        width = self.finish.line_width * self.unit / 1000
        box = clip(compute_bounds(outlines, width + 1), self.canvas.size)
        if not box:
            return
        if self.finish.line_width:
            # Drawn first and wider, so that no outline shows inside the body.
            colour = paint.top if isinstance(paint, Gradient) else paint
            ink = self.finish.saturate(colour) if self.finish.is_glowing else self.finish.ink or INK
            self.canvas.paste(ink, box, self._apply_opacity(draw_mask(outlines, box, width * 2)))
        mask = draw_mask(outlines, box)
        fill = self._create_fill(paint, (box[2] - box[0], box[3] - box[1]))
        self.canvas.paste(fill, box, self._apply_opacity(mask))
        self._apply_texture(paint, box, mask)

    def tint(self, colour: Colour) -> Colour:
        """Return `colour` in the ambient light."""
        red, green, blue = (c * a // 255 for c, a in zip(colour, self.ambient, strict=True))
        return mix(colour, (red, green, blue), 0.72)

    def _stroke(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        line_points, finish = self._map_points(points), self.finish
        outline_width = finish.line_width * self.unit / 1000
        thickness = max(width * abs(self.frame), self.unit / 1400, outline_width)
        box = clip(compute_bounds([line_points], thickness + outline_width), self.canvas.size)
        if not box:
            return
        line_colour = finish.convert_colour(self.tint(colour))
        if outline_width:
            ink = finish.saturate(colour) if finish.is_glowing else finish.ink or INK
            if thickness < 3 * outline_width:  # a thin line is all ink, a broad one has an outline
                line_colour = ink if finish.paper else self.tint(colour)
            else:
                self._draw_line(line_points, box, ink, thickness + 2 * outline_width)
        self._draw_line(line_points, box, line_colour, thickness)

    def _draw_line(self, points: Sequence[Point], box: Box, colour: Colour, thickness: float) -> None:
        """Draw a line through points of the canvas."""
        self.canvas.paste(colour, box, self._apply_opacity(draw_mask([points], box, thickness, is_filled=False)))

    def _create_fill(self, paint: Paint, size: tuple[int, int]) -> Image.Image | Colour:
        """Return the fill for a mask: one colour, or a gradient of `size`."""
        top, bottom = paint if isinstance(paint, Gradient) else (paint, paint)
        top, bottom, shading = self.tint(top), self.tint(bottom), self.finish.shading
        if not shading:
            return self.finish.convert_colour(mix(top, bottom, 0.3))
        if isinstance(paint, Gradient):
            corner_colours = [top, top, bottom, bottom]
        else:
            corner_colours = [
                lighten(top, 0.2 * shading),
                lighten(top, 0.04),
                darken(top, 0.07 * shading),
                darken(top, 0.26 * shading),
            ]
        corner_image = Image.new("RGB", (2, 2))
        corner_image.putdata([self.finish.convert_colour(colour) for colour in corner_colours])
        return corner_image.resize(size, Image.Resampling.BILINEAR, (0.4, 0.4, 1.6, 1.6))

    def _apply_opacity(self, mask: Image.Image) -> Image.Image:
        return mask if self.opacity == 1 else mask.point(_create_ramp(round(self.opacity, 2)))

    def _apply_texture(self, paint: Paint, box: Box, mask: Image.Image) -> None:
        """Add hatching or dots to the shape, more for darker paint."""
        if not self.finish.texture:
            return
        depth = 1 - compute_luma(paint.bottom if isinstance(paint, Gradient) else paint)
        pattern = draw_pattern_tile(self.finish.texture, depth, max(4, round(self.unit / 110)))
        tiles = repeat_tile(pattern, mask.size, (box[0], box[1]))
        self.canvas.paste(self.finish.ink or INK, box, ImageChops.multiply(mask, tiles))


@lru_cache(maxsize=256)
def _create_ramp(share: float) -> list[int]:
    return [round(i * share) for i in range(256)]


DrawFunction = Callable[[Pen, Colour], None]
