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
from cometmagic.images.fonts import VALUE_SEPARATOR, LabelFont, format_label, load_label_font

SHEET_WIDTH = 1280  # pixels of a sheet that is full
MAX_TILE_WIDTH = 420  # pixels of one place
MAX_COLUMNS = 8
SHEET_ASPECT_RATIO = 2.0  # width to height that a sheet should have, so that it fits on a screen
MAX_TILE_HEIGHT_RATIO = 1.5  # height of a place to its width
TILE_GAP = 16  # pixels around a place
FONT_SIZE = 18  # pixels
MAX_LABEL_LINES = 2  # of a label below a picture
MAX_ROW_LABEL_LINES = 4  # of a label beside a row
ROW_LABEL_WIDTH = 190  # pixels of the labels beside the rows
MAX_UNIT_SIDE = math.sqrt(2)  # sides of a picture with the area 1 and the shape 2:1; longer ones are made to fit
MAX_SHEET_BYTES = 550_000  # bytes; as base64 three quarters of a megabyte
SHEET_QUALITIES = (84, 74, 64, 50, 35)
UNREADABLE_IMAGE_REASON = "This picture cannot be drawn here."
BACKGROUND_COLOUR, LABEL_COLOUR, EMPTY_TILE_COLOUR, REASON_COLOUR = "#ffffff", "#1f1f1f", "#f0f0f0", "#5c5c5c"


@dataclass(frozen=True)
class Tile:
    """One place on the sheet: its label, and its picture, or the reason why there is none."""

    label: str
    image_path: Path | None = None
    reason: str = ""


@dataclass(frozen=True)
class _TileLayout:
    """A cell, measured: its size in pixels on the sheet, and what is written below it."""

    tile: Tile
    size: tuple[int, int]
    lines: list[str]


@dataclass(frozen=True)
class _TileRow:
    """Places side by side; in a grid with what is written beside them."""

    layouts: list[_TileLayout]
    label_lines: list[str]

    def measure_image_height(self, line_height: int) -> int:
        """How many pixels the pictures take, or what is written beside them; `line` is the height of a line."""
        return max(*(place.size[1] for place in self.layouts), len(self.label_lines) * line_height)

    def measure_label_height(self, line_height: int) -> int:
        """How many pixels are taken by what is written below the pictures."""
        lines = max(len(place.lines) for place in self.layouts)
        return lines * line_height + TILE_GAP // 2 if lines else 0


@dataclass(frozen=True)
class _SheetLayout:
    """Rows of places, each `width` pixels wide; in a grid beside `left` pixels and below the columns' labels `top`."""

    rows: list[_TileRow]
    column_labels: list[list[str]]
    left_margin: int
    tile_width: int
    label_font: LabelFont

    def render(self) -> Image.Image:
        """Return the picture of it."""
        line, places = self.label_font.line_height, max(len(row.layouts) for row in self.rows)
        head = max(map(len, self.column_labels), default=0) * line + TILE_GAP // 2 * bool(self.column_labels)
        heights = [row.measure_image_height(line) + row.measure_label_height(line) + TILE_GAP for row in self.rows]
        size = (self.left_margin + places * (self.tile_width + TILE_GAP) + TILE_GAP, TILE_GAP + head + sum(heights))
        picture = Image.new("RGB", size, BACKGROUND_COLOUR)
        draw = ImageDraw.Draw(picture)
        for number, told in enumerate(self.column_labels):
            self.label_font.draw_lines(
                draw,
                self._compute_middle(number),
                TILE_GAP + head - TILE_GAP // 2 - len(told) * line,
                told,
                LABEL_COLOUR,
            )
        y = TILE_GAP + head
        for row, height in zip(self.rows, heights, strict=True):
            self._draw_row(picture, draw, row, y + row.measure_image_height(line))
            middle = y + row.measure_image_height(line) / 2 - len(row.label_lines) * line / 2
            self.label_font.draw_lines(draw, TILE_GAP + ROW_LABEL_WIDTH / 2, middle, row.label_lines, LABEL_COLOUR)
            y += height
        return picture

    def _compute_middle(self, column: int) -> float:
        return self.left_margin + TILE_GAP + column * (self.tile_width + TILE_GAP) + self.tile_width / 2

    def _draw_row(self, picture: Image.Image, draw: ImageDraw.ImageDraw, row: _TileRow, bottom: int) -> None:
        """Draw a row: its pictures stand on one line, their labels below it."""
        for number, place in enumerate(row.layouts):
            middle, (width, height) = self._compute_middle(number), place.size
            corner = round(middle - width / 2), bottom - height
            small = _load_preview(place)
            if small is not None:
                picture.paste(small, corner)
            else:
                draw.rectangle((*corner, corner[0] + width - 1, bottom - 1), fill=EMPTY_TILE_COLOUR)
                self._draw_reason(draw, place, middle, bottom)
            self.label_font.draw_lines(draw, middle, bottom + TILE_GAP // 2, place.lines, LABEL_COLOUR)

    def _draw_reason(self, draw: ImageDraw.ImageDraw, layout: _TileLayout, middle: float, bottom: int) -> None:
        width, height = layout.size
        most = max(1, (height - TILE_GAP) // self.label_font.line_height)
        told = self.label_font.fit(
            self.label_font.replace_missing_letters(format_label(layout.tile.reason or UNREADABLE_IMAGE_REASON), 0),
            width - TILE_GAP,
            most,
        )
        top = bottom - height / 2 - len(told) * self.label_font.line_height / 2
        self.label_font.draw_lines(draw, middle, top, told, REASON_COLOUR)


def _load_preview(layout: _TileLayout) -> Image.Image | None:
    """Return a place's picture in its size, None when it has none."""
    content = resize.render_preview(layout.tile.image_path, max(layout.size)) if layout.tile.image_path else None
    if content is None:
        return None
    with Image.open(io.BytesIO(content)) as small:
        return ImageOps.fit(small, layout.size)


def _encode_sheet(picture: Image.Image) -> bytes:
    """Return a JPEG that is not too large for a notebook: of lower quality, and smaller if that is not enough."""
    while True:
        for quality in SHEET_QUALITIES:
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=quality, optimize=True)
            if file.tell() <= MAX_SHEET_BYTES:
                return file.getvalue()
        picture = ImageOps.scale(picture, 0.75)


def find_grid_axes(labels: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return the labels of a grid's rows and of its columns, None when the pictures make no grid."""
    pairs = [label.partition(VALUE_SEPARATOR) for label in labels]
    rows, columns = (list(dict.fromkeys(pair[side] for pair in pairs)) for side in (0, 2))
    is_whole = list(labels) == [f"{row}{VALUE_SEPARATOR}{column}" for row in rows for column in columns]
    return (rows, columns) if is_whole and len(rows) > 1 and 1 < len(columns) <= MAX_COLUMNS else None


def render_contact_sheet(tiles: Sequence[Tile]) -> bytes:
    """Return the sheet as a JPEG. There must be a cell; what cannot be drawn becomes an empty place."""
    letters = load_label_font([format_label(text) for cell in tiles for text in (cell.label, cell.reason)], FONT_SIZE)
    labels, grid = [cell.label for cell in tiles], find_grid_axes([cell.label for cell in tiles])
    ratios = _measure_ratios(tiles)
    box = _compute_box(ratios)
    columns, left = (len(grid[1]), ROW_LABEL_WIDTH + TILE_GAP) if grid else (_compute_column_count(len(tiles), box), 0)
    width = min(MAX_TILE_WIDTH, (SHEET_WIDTH - left - TILE_GAP) // columns - TILE_GAP)
    told = [[]] * len(tiles) if grid else _wrap_labels(labels, letters, width, MAX_LABEL_LINES)
    heads = _wrap_labels(grid[0], letters, ROW_LABEL_WIDTH, MAX_ROW_LABEL_LINES) if grid else [[]] * len(tiles)
    places = [
        _TileLayout(cell, _compute_image_size(ratio, box, width), lines)
        for cell, ratio, lines in zip(tiles, ratios, told, strict=True)
    ]
    rows = [_TileRow(places[at : at + columns], heads[at // columns]) for at in range(0, len(places), columns)]
    top = _wrap_labels(grid[1], letters, width, MAX_LABEL_LINES) if grid else []
    return _encode_sheet(_SheetLayout(rows, top, left, width, letters).render())


def _measure_ratios(tiles: Sequence[Tile]) -> list[float]:
    """Return width by height of each picture; an empty place has the usual shape."""
    sizes = [resize.read_size(cell.image_path) if cell.image_path else None for cell in tiles]
    known = [width / height for width, height in filter(None, sizes)]
    usual = statistics.geometric_mean(known) if known else 1.0
    return [size[0] / size[1] if size else usual for size in sizes]


def _compute_sides(ratio: float) -> tuple[float, float]:
    """Return the sides of a picture of this shape; all have about the same area, so that none stands out."""
    return math.sqrt(ratio), 1 / math.sqrt(ratio)


def _compute_box(ratios: Sequence[float]) -> tuple[float, float]:
    """Return the sides of a place in which pictures of all these shapes stand."""
    widths, heights = zip(*map(_compute_sides, ratios), strict=True)
    return min(max(widths), MAX_UNIT_SIDE), min(max(heights), MAX_UNIT_SIDE)


def _compute_column_count(count: int, box: tuple[float, float]) -> int:
    """Return how many pictures stand side by side: for a good shape, and for a last row that is full."""
    ideal = min(MAX_COLUMNS, math.sqrt(count * SHEET_ASPECT_RATIO * box[1] / box[0]))

    def fault(columns: int) -> float:
        return (-count % columns) / count + abs(math.log(columns / ideal))

    return min(range(1, min(MAX_COLUMNS, count) + 1), key=fault)


def _compute_image_size(ratio: float, box: tuple[float, float], width: int) -> tuple[int, int]:
    """Return a picture's width and height in pixels, in a place `width` pixels wide and not much higher."""
    (wide, high), (most_wide, most_high) = _compute_sides(ratio), box
    unit = min(width / most_wide, MAX_TILE_HEIGHT_RATIO * width / most_high) * min(
        1, most_wide / wide, most_high / high
    )
    return max(1, round(wide * unit)), max(1, round(high * unit))


def _wrap_labels(labels: Sequence[str], label_font: LabelFont, width: int, max_lines: int) -> list[list[str]]:
    """Return the lines of each label; where two would look alike they get their numbers."""
    spelled = [
        label_font.replace_missing_letters(format_label(label), number) for number, label in enumerate(labels, 1)
    ]
    lines = [label_font.fit(text, width, max_lines) for text in spelled]
    for at, label in enumerate(labels):
        if any(lines[at] == lines[other] and label != labels[other] for other in range(len(labels)) if other != at):
            spelled[at] = f"#{at + 1} {spelled[at].removeprefix(f'#{at + 1} ')}"
    return [label_font.fit(text, width, max_lines) for text in spelled]
