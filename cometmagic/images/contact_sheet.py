"""A contact sheet: many pictures in one small JPEG, each with its label.

Pictures stand in the order they were asked for, row by row; two sweeps make a grid whose rows are the first one's
values. A picture that is not there leaves an empty place with the reason. This module knows no results and no
notebook: what it draws are previews and texts.
"""

from __future__ import annotations

import io
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from cometmagic.images import resize
from cometmagic.images.fonts import BETWEEN, Lettering, lettering, readable

WIDTH = 1280  # pixels of a sheet that is full
WIDEST = 420  # pixels of one place
MOST_COLUMNS = 8
SHAPE = 2.0  # width to height that a sheet should have, so that it fits on a screen
HIGHEST = 1.5  # height of a place to its width
GAP = 16  # pixels around a place
TEXT = 18  # pixels
LINES = 2  # of a label below a picture
HEAD_LINES = 4  # of a label beside a row
HEAD_WIDTH = 190  # pixels of the labels beside the rows
SIDE = math.sqrt(2)  # sides of a picture with the area 1 and the shape 2:1; longer ones are made to fit
LARGEST = 550_000  # bytes; as base64 three quarters of a megabyte
QUALITIES = (84, 74, 64, 50, 35)
UNDRAWN = "This picture cannot be drawn here."
GROUND, INK, EMPTY, QUIET = "#ffffff", "#1f1f1f", "#f0f0f0", "#5c5c5c"


@dataclass(frozen=True)
class Cell:
    """One place on the sheet: its label, and its picture, or the reason why there is none."""

    label: str
    picture: Path | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Place:
    """A cell, measured: its size in pixels on the sheet, and what is written below it."""

    cell: Cell
    size: tuple[int, int]
    lines: list[str]


@dataclass(frozen=True)
class _Row:
    """Places side by side; in a grid with what is written beside them."""

    places: list[_Place]
    head: list[str]

    def height(self, line: int) -> int:
        """How many pixels the pictures take, or what is written beside them; `line` is the height of a line."""
        return max(*(place.size[1] for place in self.places), len(self.head) * line)

    def below(self, line: int) -> int:
        """How many pixels are taken by what is written below the pictures."""
        lines = max(len(place.lines) for place in self.places)
        return lines * line + GAP // 2 if lines else 0


@dataclass(frozen=True)
class _Sheet:
    """Rows of places, each `width` pixels wide; in a grid beside `left` pixels and below the columns' labels `top`."""

    rows: list[_Row]
    top: list[list[str]]
    left: int
    width: int
    letters: Lettering

    def drawn(self) -> Image.Image:
        """Return the picture of it."""
        line, places = self.letters.height, max(len(row.places) for row in self.rows)
        head = max(map(len, self.top), default=0) * line + GAP // 2 * bool(self.top)
        heights = [row.height(line) + row.below(line) + GAP for row in self.rows]
        size = (self.left + places * (self.width + GAP) + GAP, GAP + head + sum(heights))
        picture = Image.new("RGB", size, GROUND)
        draw = ImageDraw.Draw(picture)
        for number, told in enumerate(self.top):
            self.letters.write(draw, self._middle(number), GAP + head - GAP // 2 - len(told) * line, told, INK)
        y = GAP + head
        for row, height in zip(self.rows, heights, strict=True):
            self._draw(picture, draw, row, y + row.height(line))
            middle = y + row.height(line) / 2 - len(row.head) * line / 2
            self.letters.write(draw, GAP + HEAD_WIDTH / 2, middle, row.head, INK)
            y += height
        return picture

    def _middle(self, number: int) -> float:
        return self.left + GAP + number * (self.width + GAP) + self.width / 2

    def _draw(self, picture: Image.Image, draw: ImageDraw.ImageDraw, row: _Row, bottom: int) -> None:
        """Draw a row: its pictures stand on one line, their labels below it."""
        for number, place in enumerate(row.places):
            middle, (width, height) = self._middle(number), place.size
            corner = round(middle - width / 2), bottom - height
            small = _small(place)
            if small is not None:
                picture.paste(small, corner)
            else:
                draw.rectangle((*corner, corner[0] + width - 1, bottom - 1), fill=EMPTY)
                self._write_reason(draw, place, middle, bottom)
            self.letters.write(draw, middle, bottom + GAP // 2, place.lines, INK)

    def _write_reason(self, draw: ImageDraw.ImageDraw, place: _Place, middle: float, bottom: int) -> None:
        width, height = place.size
        most = max(1, (height - GAP) // self.letters.height)
        told = self.letters.fitted(self.letters.spelled(readable(place.cell.reason or UNDRAWN), 0), width - GAP, most)
        top = bottom - height / 2 - len(told) * self.letters.height / 2
        self.letters.write(draw, middle, top, told, QUIET)


def _small(place: _Place) -> Image.Image | None:
    """Return a place's picture in its size, None when it has none."""
    content = resize.preview(place.cell.picture, max(place.size)) if place.cell.picture else None
    if content is None:
        return None
    with Image.open(io.BytesIO(content)) as small:
        return ImageOps.fit(small, place.size)


def _encoded(picture: Image.Image) -> bytes:
    """Return a JPEG that is not too large for a notebook: of lower quality, and smaller if that is not enough."""
    while True:
        for quality in QUALITIES:
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=quality, optimize=True)
            if file.tell() <= LARGEST:
                return file.getvalue()
        picture = ImageOps.scale(picture, 0.75)


def axes(labels: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return the labels of a grid's rows and of its columns, None when the pictures make no grid."""
    pairs = [label.partition(BETWEEN) for label in labels]
    rows, columns = (list(dict.fromkeys(pair[side] for pair in pairs)) for side in (0, 2))
    is_whole = list(labels) == [f"{row}{BETWEEN}{column}" for row in rows for column in columns]
    return (rows, columns) if is_whole and len(rows) > 1 and 1 < len(columns) <= MOST_COLUMNS else None


def contact_sheet(cells: Sequence[Cell]) -> bytes:
    """Return the sheet as a JPEG. There must be a cell; what cannot be drawn becomes an empty place."""
    letters = lettering([readable(text) for cell in cells for text in (cell.label, cell.reason)], TEXT)
    labels, grid = [cell.label for cell in cells], axes([cell.label for cell in cells])
    ratios = _ratios(cells)
    box = _box(ratios)
    columns, left = (len(grid[1]), HEAD_WIDTH + GAP) if grid else (_columns(len(cells), box), 0)
    width = min(WIDEST, (WIDTH - left - GAP) // columns - GAP)
    told = [[]] * len(cells) if grid else _told(labels, letters, width, LINES)
    heads = _told(grid[0], letters, HEAD_WIDTH, HEAD_LINES) if grid else [[]] * len(cells)
    places = [
        _Place(cell, _size(ratio, box, width), lines) for cell, ratio, lines in zip(cells, ratios, told, strict=True)
    ]
    rows = [_Row(places[at : at + columns], heads[at // columns]) for at in range(0, len(places), columns)]
    top = _told(grid[1], letters, width, LINES) if grid else []
    return _encoded(_Sheet(rows, top, left, width, letters).drawn())


def _ratios(cells: Sequence[Cell]) -> list[float]:
    """Return width by height of each picture; an empty place has the usual shape."""
    sizes = [resize.size(cell.picture) if cell.picture else None for cell in cells]
    known = [width / height for width, height in filter(None, sizes)]
    usual = statistics.geometric_mean(known) if known else 1.0
    return [size[0] / size[1] if size else usual for size in sizes]


def _sides(ratio: float) -> tuple[float, float]:
    """Return the sides of a picture of this shape; all have about the same area, so that none stands out."""
    return math.sqrt(ratio), 1 / math.sqrt(ratio)


def _box(ratios: Sequence[float]) -> tuple[float, float]:
    """Return the sides of a place in which pictures of all these shapes stand."""
    widths, heights = zip(*map(_sides, ratios), strict=True)
    return min(max(widths), SIDE), min(max(heights), SIDE)


def _columns(count: int, box: tuple[float, float]) -> int:
    """Return how many pictures stand side by side: for a good shape, and for a last row that is full."""
    ideal = min(MOST_COLUMNS, math.sqrt(count * SHAPE * box[1] / box[0]))

    def fault(columns: int) -> float:
        return (-count % columns) / count + abs(math.log(columns / ideal))

    return min(range(1, min(MOST_COLUMNS, count) + 1), key=fault)


def _size(ratio: float, box: tuple[float, float], width: int) -> tuple[int, int]:
    """Return a picture's width and height in pixels, in a place `width` pixels wide and not much higher."""
    (wide, high), (most_wide, most_high) = _sides(ratio), box
    unit = min(width / most_wide, HIGHEST * width / most_high) * min(1, most_wide / wide, most_high / high)
    return max(1, round(wide * unit)), max(1, round(high * unit))


def _told(labels: Sequence[str], letters: Lettering, width: int, most: int) -> list[list[str]]:
    """Return the lines of each label; where two would look alike they get their numbers."""
    spelled = [letters.spelled(readable(label), number) for number, label in enumerate(labels, 1)]
    lines = [letters.fitted(text, width, most) for text in spelled]
    for at, label in enumerate(labels):
        if any(lines[at] == lines[other] and label != labels[other] for other in range(len(labels)) if other != at):
            spelled[at] = f"#{at + 1} {spelled[at].removeprefix(f'#{at + 1} ')}"
    return [letters.fitted(text, width, most) for text in spelled]
