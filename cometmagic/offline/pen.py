"""A pen that lays anti-aliased, softly shaded shapes on a canvas.

Everything the painter shows is drawn with this one pen, so that one `Finish` decides how the whole
picture looks: gouache, pencil, neon, or an early draft of the same picture. Coordinates are local to
the thing being drawn (about 100 units tall, standing on y = 0, up is negative); the pen knows where on the
canvas that is. It knows nothing of prompts, subjects or scenery.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[int, int, int, int]

WHITE: Colour = (255, 255, 255)
CREAM: Colour = (255, 244, 219)
INK: Colour = (38, 34, 48)
DUSK: Colour = (38, 32, 84)
LAMP: Colour = (255, 208, 112)


class Fade(NamedTuple):
    """A paint that runs from one colour at the top to another at the bottom."""

    top: Colour
    bottom: Colour


Paint = Colour | Fade


def mix(one: Colour, two: Colour, share: float) -> Colour:
    """Return `one` with `share` (0 to 1) of it replaced by `two`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, two, strict=True))
    return red, green, blue


def light(colour: Colour, share: float = 0.2) -> Colour:
    """Return `colour` as sunlight shows it: paler and warmer."""
    return mix(colour, CREAM, share)


def dark(colour: Colour, share: float = 0.25) -> Colour:
    """Return `colour` as shadow shows it: deeper and cooler."""
    return mix(colour, DUSK, share)


def luma(colour: Colour) -> float:
    """Return how bright `colour` is, 0 to 1."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255


def curve(points: Sequence[Point], *, closed: bool, steps: int = 10) -> list[Point]:
    """Return a smooth line (Catmull-Rom) through `points`."""
    around = [points[-1], *points, points[0], points[1]] if closed else [points[0], *points, points[-1]]
    line: list[Point] = []
    for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False):
        for step in range(steps):
            t = step / steps
            weights = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
            corners = tuple(zip(weights, (a, b, c, d), strict=True))
            line.append((sum(w * p[0] for w, p in corners) / 2, sum(w * p[1] for w, p in corners) / 2))
    return line if closed else [*line, points[-1]]


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> list[Point]:
    """Return the outline of an ellipse, turned by `turn` degrees."""
    axis = cmath.rect(1, math.radians(turn))
    spots = (complex(rx * math.cos(a / 24 * math.pi), ry * math.sin(a / 24 * math.pi)) * axis for a in range(48))
    return [(x + spot.real, y + spot.imag) for spot in spots]


def pairs(xy: Sequence[float]) -> list[Point]:
    """Return the flat numbers x, y, x, y ... as points."""
    return list(zip(xy[::2], xy[1::2], strict=True))


@dataclass(frozen=True)
class Finish:
    """How shapes are laid down."""

    paint: float = 1.0  # share of colour; the rest is `paper`
    shade: float = 1.0  # strength of the light that falls across a shape; 0 is flat
    paper: Colour | None = None  # the ground of line styles, which have no sky
    ink: Colour | None = None  # outline colour
    glowing: bool = False  # outlines take the colour of the shape
    line: float = 0.0  # outline width in thousandths of the short side
    vivid: float = 1.0  # saturation
    texture: str = ""  # "hatch" or "dots", a pattern over the darker shapes

    def colour(self, colour: Colour) -> Colour:
        """Return what `colour` becomes under this finish."""
        colour = colour if self.glowing else self.vividly(colour)
        return mix(self.paper, colour, self.paint) if self.paper else colour

    def vividly(self, colour: Colour) -> Colour:
        """Return `colour` with this finish's saturation."""
        if self.vivid == 1.0:
            return colour
        if self.glowing:  # a tube shines at full strength, whatever the colour
            peak = max(*colour, 1)
            colour = (colour[0] * 240 // peak, colour[1] * 240 // peak, colour[2] * 240 // peak)
        grey = round(luma(colour) * 255)
        red, green, blue = (max(0, min(255, round(grey + (c - grey) * self.vivid))) for c in colour)
        return red, green, blue


@dataclass(frozen=True)
class Pen:
    """Draws on `canvas` at a place, a scale and an angle (`frame`, a complex number)."""

    canvas: Image.Image
    finish: Finish
    unit: float  # the short side of the canvas, in pixels
    origin: complex = 0j
    frame: complex = 1 + 0j
    mirror: bool = False
    ambient: Colour = WHITE
    night: bool = False
    opacity: float = 1.0

    def at(self, x: float, y: float, scale: float = 1.0, *, turn: float = 0.0, mirror: bool = False) -> Pen:
        """Return a pen whose (0, 0) is this pen's (x, y)."""
        turn = -turn if self.mirror else turn
        frame = self.frame * cmath.rect(scale, math.radians(turn))
        return replace(self, origin=complex(*self.spot(x, y)), frame=frame, mirror=self.mirror ^ mirror)

    def spot(self, x: float, y: float) -> Point:
        """Return where the local (x, y) is on the canvas."""
        spot = self.origin + complex(-x if self.mirror else x, y) * self.frame
        return spot.real, spot.imag

    # Shapes. Each takes its paint first and its numbers as they come.

    def poly(self, paint: Paint, *xy: float) -> None:
        """Fill a polygon with straight sides."""
        self.lay([pairs(xy)], paint)

    def blob(self, paint: Paint, *xy: float) -> None:
        """Fill a smooth closed shape through the points."""
        self.lay([curve(pairs(xy), closed=True)], paint)

    def oval(self, paint: Paint, x: float, y: float, rx: float, ry: float = 0.0, turn: float = 0.0) -> None:
        """Fill an ellipse, or a circle when `ry` is left out."""
        self.lay([ellipse(x, y, rx, ry or rx, turn)], paint)

    def line(self, colour: Colour, width: float, *xy: float) -> None:
        """Draw a line with straight parts and round ends."""
        self._stroke(pairs(xy), colour, width)

    def bend(self, colour: Colour, width: float, *xy: float) -> None:
        """Draw a smooth line through the points."""
        self._stroke(curve(pairs(xy), closed=False), colour, width)

    def ring(self, colour: Colour, width: float, x: float, y: float, rx: float, ry: float = 0.0) -> None:
        """Draw the rim of an ellipse."""
        rim = ellipse(x, y, rx, ry or rx)
        self._stroke([*rim, *rim[:2]], colour, width)

    def glow(self, colour: Colour, x: float, y: float, radius: float, strength: float = 0.6) -> None:
        """Let light of `colour` spill softly round a point; drafts and line styles have none."""
        if not self.finish.shade or self.finish.paper:
            return
        (cx, cy), reach = self.spot(x, y), max(2, round(radius * abs(self.frame)))
        # The gradient has 0 in the middle and 255 in the corners, so 181 where the circle touches the edge.
        halo = Image.radial_gradient("L").point([round(255 * strength * max(0.0, 1 - i / 180) ** 1.7) for i in range(256)])
        left, top = round(cx - reach), round(cy - reach)
        box = _clip((left, top, left + 2 * reach, top + 2 * reach), self.canvas.size)
        if box:
            scale = 128 / reach
            part = tuple((edge - start) * scale for edge, start in zip(box, (left, top, left, top), strict=True))
            mask = halo.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR, part)  # type: ignore[arg-type]
            self.canvas.paste(colour, box, mask)

    def lay(self, shapes: Sequence[Sequence[Point]], paint: Paint) -> None:
        """Fill the union of closed `shapes` as one body of paint, and ink its outline."""
        spots = [[self.spot(*point) for point in shape] for shape in shapes]
        width = self.finish.line * self.unit / 1000
        box = _clip(_bounds(spots, width + 1), self.canvas.size)
        if not box:
            return
        if self.finish.line:
            # Inked first and wider, so that the shapes of one body leave no lines inside it.
            edge = paint.top if isinstance(paint, Fade) else paint
            ink = self.finish.vividly(edge) if self.finish.glowing else self.finish.ink or INK
            self.canvas.paste(ink, box, self._faint(_mask(spots, box, width * 2)))
        mask = _mask(spots, box)
        fill = self._fill(paint, (box[2] - box[0], box[3] - box[1]))
        self.canvas.paste(fill, box, self._faint(mask))
        self._texture(paint, box, mask)

    def tone(self, colour: Colour) -> Colour:
        """Return `colour` in the light of this hour."""
        red, green, blue = (c * a // 255 for c, a in zip(colour, self.ambient, strict=True))
        return mix(colour, (red, green, blue), 0.72)

    def _stroke(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        spots, finish = [self.spot(*point) for point in points], self.finish
        line = finish.line * self.unit / 1000
        thick = max(width * abs(self.frame), self.unit / 1400, line)
        box = _clip(_bounds([spots], thick + line), self.canvas.size)
        if not box:
            return
        tone = finish.colour(self.tone(colour))
        if line:
            ink = finish.vividly(colour) if finish.glowing else finish.ink or INK
            if thick < 3 * line:  # a fine line is a line of ink, a broad one a shape with two outlines
                tone = ink if finish.paper else self.tone(colour)
            else:
                self.canvas.paste(ink, box, self._faint(_mask([spots], box, thick + 2 * line, filled=False)))
        self.canvas.paste(tone, box, self._faint(_mask([spots], box, thick, filled=False)))

    def _fill(self, paint: Paint, size: tuple[int, int]) -> Image.Image | Colour:
        """Return what goes through the mask: one colour, or a small gradient drawn out to `size`."""
        top, bottom = paint if isinstance(paint, Fade) else (paint, paint)
        top, bottom, shade = self.tone(top), self.tone(bottom), self.finish.shade
        if not shade:
            return self.finish.colour(mix(top, bottom, 0.3))
        if isinstance(paint, Fade):
            corners = [top, top, bottom, bottom]
        else:
            corners = [light(top, 0.2 * shade), light(top, 0.04), dark(top, 0.07 * shade), dark(top, 0.26 * shade)]
        seed = Image.new("RGB", (2, 2))
        seed.putdata([self.finish.colour(colour) for colour in corners])
        return seed.resize(size, Image.Resampling.BILINEAR, (0.4, 0.4, 1.6, 1.6))

    def _faint(self, mask: Image.Image) -> Image.Image:
        return mask if self.opacity == 1 else mask.point([round(i * self.opacity) for i in range(256)])

    def _texture(self, paint: Paint, box: Box, mask: Image.Image) -> None:
        """Hatch or dot the shape: the darker its paint, the stronger."""
        if not self.finish.texture:
            return
        depth = 1 - luma(paint.bottom if isinstance(paint, Fade) else paint)
        pattern = pattern_tile(self.finish.texture, depth, max(4, round(self.unit / 110)))
        screen = tiled(pattern, mask.size, (box[0], box[1]))
        self.canvas.paste(self.finish.ink or INK, box, ImageChops.multiply(mask, screen))


def pattern_tile(kind: str, depth: float, pitch: int) -> Image.Image:
    """Return a small seamless pattern: pencil hatching or printer's dots."""
    fine = 4 * pitch
    tile = Image.new("L", (fine, fine))
    draw, ink = ImageDraw.Draw(tile), round(255 * min(1.0, depth))
    if kind == "hatch":
        for shift in (-fine, 0, fine):
            draw.line((shift - 2, fine + 2, shift + fine + 2, -2), fill=ink, width=max(2, round(fine * 0.3 * depth)))
    else:
        radius = fine * 0.42 * depth
        for x, y in ((0, 0), (fine, 0), (0, fine), (fine, fine), (fine / 2, fine / 2)):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=round(ink * 0.6))
    return tile.reduce(4)


def tiled(tile: Image.Image, size: tuple[int, int], shift: tuple[int, int] = (0, 0)) -> Image.Image:
    """Return `tile` repeated over `size`; `shift` keeps neighbours in register."""
    left, top = shift[0] % tile.width, shift[1] % tile.height
    sheet = Image.new(tile.mode, (size[0] + left, size[1] + top))
    sheet.paste(tile, (0, 0))
    across, down = tile.size
    while across < sheet.width:  # doubling takes few pastes even for a tiny tile
        sheet.paste(sheet.crop((0, 0, across, down)), (across, 0))
        across *= 2
    while down < sheet.height:
        sheet.paste(sheet.crop((0, 0, sheet.width, down)), (0, down))
        down *= 2
    return sheet.crop((left, top, left + size[0], top + size[1]))


def _bounds(shapes: Sequence[Sequence[Point]], margin: float) -> Box:
    xs, ys = [x for shape in shapes for x, _ in shape], [y for shape in shapes for _, y in shape]
    return (
        math.floor(min(xs) - margin),
        math.floor(min(ys) - margin),
        math.ceil(max(xs) + margin),
        math.ceil(max(ys) + margin),
    )


def _clip(box: Box, size: tuple[int, int]) -> Box | None:
    left, top, right, bottom = max(0, box[0]), max(0, box[1]), min(size[0], box[2]), min(size[1], box[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def _mask(shapes: Sequence[Sequence[Point]], box: Box, rim: float = 0.0, *, filled: bool = True) -> Image.Image:
    """Return the coverage of `shapes` in `box`; `rim` is the width of a line along them."""
    wide, high = box[2] - box[0], box[3] - box[1]
    fine = 4 if wide * high < 40_000 else 2  # small shapes show their edges most
    mask = Image.new("L", (wide * fine, high * fine))
    draw = ImageDraw.Draw(mask)
    for shape in shapes:
        spots = [((x - box[0]) * fine - 0.5, (y - box[1]) * fine - 0.5) for x, y in shape]
        if filled:
            draw.polygon(spots, fill=255)
        if rim:
            path = [*spots, *spots[:2]] if filled else spots
            draw.line(path, fill=255, width=max(1, round(rim * fine)), joint="curve")
            if not filled:
                _caps(draw, (spots[0], spots[-1]), rim * fine / 2)
    return mask.reduce(fine)


def _caps(draw: ImageDraw.ImageDraw, ends: Sequence[Point], radius: float) -> None:
    for x, y in ends:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
