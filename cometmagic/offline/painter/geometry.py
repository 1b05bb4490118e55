"""Outlines and masks: smooth lines, ellipses, and how much of each pixel a shape covers.

This module knows geometry only, neither paint nor what a shape represents.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw

Point = tuple[float, float]
Box = tuple[int, int, int, int]


_SMOOTH_POINTS = 20  # a thin line of more points has no corners to round
_BROAD_WIDTH = 7  # fine pixels


def _compute_weights(t: float) -> tuple[float, float, float, float]:
    return (-t + 2 * t**2 - t**3) / 2, (2 - 5 * t**2 + 3 * t**3) / 2, (t + 4 * t**2 - 3 * t**3) / 2, (t**3 - t**2) / 2


_CURVE_WEIGHTS = tuple(_compute_weights(step / 10) for step in range(10))


def curve(points: Sequence[Point], *, is_closed: bool) -> list[Point]:
    """Return a smooth line (Catmull-Rom) through `points`."""
    return list(_compute_curve(tuple(points), is_closed))


@lru_cache(maxsize=1024)
def _compute_curve(points: tuple[Point, ...], is_closed: bool) -> tuple[Point, ...]:
    """Compute `curve`, cached because a meadow repeats the same few shapes."""
    neighbours = (points[-1], *points, *points[:2]) if is_closed else (points[0], *points, points[-1])
    line: list[Point] = []
    quads = zip(neighbours, neighbours[1:], neighbours[2:], neighbours[3:], strict=False)
    for (ax, ay), (bx, by), (cx, cy), (dx, dy) in quads:
        for p, q, r, s in _CURVE_WEIGHTS:
            line.append((p * ax + q * bx + r * cx + s * dx, p * ay + q * by + r * cy + s * dy))
    return tuple(line) if is_closed else (*line, points[-1])


_CIRCLE_POINTS = {n: [(math.cos(a / n * math.tau), math.sin(a / n * math.tau)) for a in range(n)] for n in (12, 24, 48)}


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0, corners: int = 48) -> list[Point]:
    """Return the outline of an ellipse, turned by `turn` degrees."""
    if not turn:
        return [(x + rx * cos, y + ry * sin) for cos, sin in _CIRCLE_POINTS[corners]]
    axis = cmath.rect(1, math.radians(turn))
    points = (complex(rx * cos, ry * sin) * axis for cos, sin in _CIRCLE_POINTS[corners])
    return [(x + point.real, y + point.imag) for point in points]


def to_points(xy: Sequence[float]) -> list[Point]:
    """Return the flat numbers x, y, x, y ... as points."""
    return list(zip(xy[::2], xy[1::2], strict=True))


def draw_pattern_tile(texture: str, depth: float, pitch: int) -> Image.Image:
    """Return a small seamless pattern: pencil hatching or halftone dots."""
    fine_size = 4 * pitch
    tile = Image.new("L", (fine_size, fine_size))
    draw, ink = ImageDraw.Draw(tile), round(255 * min(1.0, depth))
    if texture == "hatch":
        for shift in (-fine_size, 0, fine_size):
            line = (shift - 2, fine_size + 2, shift + fine_size + 2, -2)
            draw.line(line, fill=ink, width=max(2, round(fine_size * 0.3 * depth)))
    else:
        radius = fine_size * 0.42 * depth
        for x, y in ((0, 0), (fine_size, 0), (0, fine_size), (fine_size, fine_size), (fine_size / 2, fine_size / 2)):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=round(ink * 0.6))
    return tile.reduce(4)


def repeat_tile(tile: Image.Image, size: tuple[int, int], shift: tuple[int, int] = (0, 0)) -> Image.Image:
    """Return `tile` repeated over `size`; `shift` aligns it with neighbouring areas."""
    left, top = shift[0] % tile.width, shift[1] % tile.height
    image = Image.new(tile.mode, (size[0] + left, size[1] + top))
    image.paste(tile, (0, 0))
    across, down = tile.size
    while across < image.width:  # doubling needs few pastes even for a tiny tile
        image.paste(image.crop((0, 0, across, down)), (across, 0))
        across *= 2
    while down < image.height:
        image.paste(image.crop((0, 0, image.width, down)), (0, down))
        down *= 2
    return image.crop((left, top, left + size[0], top + size[1]))


def compute_bounds(shapes: Sequence[Sequence[Point]], margin: float) -> Box:
    xs, ys = [x for shape in shapes for x, _ in shape], [y for shape in shapes for _, y in shape]
    return (
        math.floor(min(xs) - margin),
        math.floor(min(ys) - margin),
        math.ceil(max(xs) + margin),
        math.ceil(max(ys) + margin),
    )


def clip(box: Box, size: tuple[int, int]) -> Box | None:
    left, top, right, bottom = max(0, box[0]), max(0, box[1]), min(size[0], box[2]), min(size[1], box[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def draw_mask(
    shapes: Sequence[Sequence[Point]], box: Box, line_width: float = 0.0, *, is_filled: bool = True
) -> Image.Image:
    """Return the coverage of `shapes` in `box`; `line_width` is the width of a line along them."""
    width, height = box[2] - box[0], box[3] - box[1]
    fine = 4 if width * height < 40_000 else 2  # edges are most visible in small shapes
    mask = Image.new("L", (width * fine, height * fine))
    draw = ImageDraw.Draw(mask)
    for shape in shapes:
        points = [((x - box[0]) * fine - 0.5, (y - box[1]) * fine - 0.5) for x, y in shape]
        if is_filled:
            draw.polygon(points, fill=255)
        if line_width:
            path = [*points, *points[:2]] if is_filled else points
            # Rounding is slow, so it is done only where it is visible.
            joint = "curve" if len(path) < _SMOOTH_POINTS or line_width * fine > _BROAD_WIDTH else None
            draw.line(path, fill=255, width=max(1, round(line_width * fine)), joint=joint)
            if not is_filled:
                _draw_caps(draw, (points[0], points[-1]), line_width * fine / 2)
    return mask.reduce(fine)


def _draw_caps(draw: ImageDraw.ImageDraw, ends: Sequence[Point], radius: float) -> None:
    for x, y in ends:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)


def rounded_rectangle(left: float, top: float, right: float, bottom: float, radius: float) -> list[tuple[float, float]]:
    """Return a rectangle with round corners."""
    corners = ((right, bottom, 0), (left, bottom, 90), (left, top, 180), (right, top, 270))
    outline = []
    for x, y, start in corners:
        cx, cy = x + (radius if x == left else -radius), y + (radius if y == top else -radius)
        for step in range(7):
            angle = math.radians(start + step * 15)
            outline.append((cx + radius * math.cos(angle), cy + radius * math.sin(angle)))
    return outline
