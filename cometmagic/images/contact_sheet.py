"""A contact sheet: many pictures in one small JPEG, each with its label.

Pictures are in the order they were requested, row by row; two sweeps make a grid whose rows are the values of
the first. A missing picture leaves an empty tile with the reason. This module draws previews and texts; it
knows nothing about results or notebooks.
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
from cometmagic.images.decoding import opener
from cometmagic.images.decoding.orientation import read_upright_size
from cometmagic.images.fonts import VALUE_SEPARATOR, LabelFont, format_label, load_label_font

SHEET_WIDTH = 1280  # pixels of a full sheet
MAX_TILE_WIDTH = 420  # pixels
MAX_COLUMNS = 8
SHEET_ASPECT_RATIO = 2.0  # width to height, so that a sheet fits on a screen
MAX_TILE_HEIGHT_RATIO = 1.5  # height to width
TILE_GAP = 16  # pixels around a tile
FONT_SIZE = 18  # pixels
MAX_LABEL_LINES = 2  # of a label below a picture
MAX_ROW_LABEL_LINES = 4  # of a label beside a row
ROW_LABEL_WIDTH = 190  # pixels
MAX_UNIT_SIDE = math.sqrt(2)  # long side of a 2:1 picture of area 1; longer pictures are scaled down
MAX_SHEET_BYTES = 380_000  # embedded twice, about 1 MB as base64
SHEET_QUALITIES = (84, 74, 64, 50, 35)
UNREADABLE_IMAGE_REASON = "This picture cannot be drawn here."
BACKGROUND_COLOUR, LABEL_COLOUR, EMPTY_TILE_COLOUR, REASON_COLOUR = "#ffffff", "#1f1f1f", "#f0f0f0", "#5c5c5c"


@dataclass(frozen=True)
class Tile:
    """One place on the sheet: its label, and its picture (a file or its bytes) or the reason why there is none."""

    label: str
    image_path: Path | None = None
    reason: str = ""
    content: bytes | None = None

    @property
    def source(self) -> Path | io.BytesIO | None:
        """Where the picture is read from."""
        return io.BytesIO(self.content) if self.content is not None else self.image_path


@dataclass(frozen=True)
class _TileLayout:
    """A tile with the size of its picture in pixels and the lines of its label."""

    tile: Tile
    size: tuple[int, int]
    lines: list[str]


@dataclass(frozen=True)
class _TileRow:
    """Tiles side by side; in a grid with the lines of the row's label."""

    layouts: list[_TileLayout]
    label_lines: list[str]

    def measure_image_height(self, line_height: int) -> int:
        """Return the height of the pictures, or of the row's label if that is higher, in pixels."""
        return max(*(layout.size[1] for layout in self.layouts), len(self.label_lines) * line_height)

    def measure_label_height(self, line_height: int) -> int:
        """Return the height of the labels below the pictures, in pixels."""
        line_count = max(len(layout.lines) for layout in self.layouts)
        return line_count * line_height + TILE_GAP // 2 if line_count else 0


@dataclass(frozen=True)
class _SheetLayout:
    """Rows of tiles, each `tile_width` pixels wide; in a grid with a margin for row labels, and column labels."""

    rows: list[_TileRow]
    column_labels: list[list[str]]
    left_margin: int
    tile_width: int
    label_font: LabelFont

    def render(self) -> Image.Image:
        """Return the sheet as a picture."""
        line_height, column_count = self.label_font.line_height, max(len(row.layouts) for row in self.rows)
        heading_lines = max(map(len, self.column_labels), default=0)
        top = TILE_GAP + heading_lines * line_height + TILE_GAP // 2 * bool(self.column_labels)
        row_heights = [
            row.measure_image_height(line_height) + row.measure_label_height(line_height) + TILE_GAP
            for row in self.rows
        ]
        width = self.left_margin + column_count * (self.tile_width + TILE_GAP) + TILE_GAP
        picture = Image.new("RGB", (width, top + sum(row_heights)), BACKGROUND_COLOUR)
        draw = ImageDraw.Draw(picture)
        self._draw_column_labels(draw, top - TILE_GAP // 2)
        for row, height in zip(self.rows, row_heights, strict=True):
            image_height = row.measure_image_height(line_height)
            self._draw_row(picture, draw, row, top + image_height)
            label_top = top + image_height / 2 - len(row.label_lines) * line_height / 2
            self.label_font.draw_lines(draw, TILE_GAP + ROW_LABEL_WIDTH / 2, label_top, row.label_lines, LABEL_COLOUR)
            top += height
        return picture

    def _draw_column_labels(self, draw: ImageDraw.ImageDraw, bottom: int) -> None:
        for column, lines in enumerate(self.column_labels):
            top = bottom - len(lines) * self.label_font.line_height
            self.label_font.draw_lines(draw, self._compute_middle(column), top, lines, LABEL_COLOUR)

    def _compute_middle(self, column: int) -> float:
        """Return the x coordinate of a column's middle."""
        return self.left_margin + TILE_GAP + column * (self.tile_width + TILE_GAP) + self.tile_width / 2

    def _draw_row(self, picture: Image.Image, draw: ImageDraw.ImageDraw, row: _TileRow, bottom: int) -> None:
        """Draw a row: its pictures aligned at the bottom, their labels below."""
        for column, layout in enumerate(row.layouts):
            middle, (width, height) = self._compute_middle(column), layout.size
            corner = round(middle - width / 2), bottom - height
            preview = _load_preview(layout)
            if preview is not None:
                picture.paste(preview, corner)
            else:
                draw.rectangle((*corner, corner[0] + width - 1, bottom - 1), fill=EMPTY_TILE_COLOUR)
                self._draw_reason(draw, layout, middle, bottom)
            self.label_font.draw_lines(draw, middle, bottom + TILE_GAP // 2, layout.lines, LABEL_COLOUR)

    def _draw_reason(self, draw: ImageDraw.ImageDraw, layout: _TileLayout, middle: float, bottom: int) -> None:
        width, height = layout.size
        max_lines = max(1, (height - TILE_GAP) // self.label_font.line_height)
        lines = self.label_font.fit(
            self.label_font.replace_missing_letters(format_label(layout.tile.reason or UNREADABLE_IMAGE_REASON), 0),
            width - TILE_GAP,
            max_lines,
        )
        top = bottom - height / 2 - len(lines) * self.label_font.line_height / 2
        self.label_font.draw_lines(draw, middle, top, lines, REASON_COLOUR)


def _load_preview(layout: _TileLayout) -> Image.Image | None:
    """Return a tile's picture at its size on the sheet, None when there is none."""
    source = layout.tile.source
    content = resize.render_preview(source, max(layout.size)) if source else None
    if content is None:
        return None
    return ImageOps.fit(opener.load_image(content), layout.size)


def _encode_sheet(picture: Image.Image) -> bytes:
    """Return a JPEG of at most `MAX_SHEET_BYTES`: of lower quality, and smaller if that is not enough."""
    while True:
        for quality in SHEET_QUALITIES:
            buffer = io.BytesIO()
            picture.save(buffer, "JPEG", quality=quality, optimize=True)
            if buffer.tell() <= MAX_SHEET_BYTES:
                return buffer.getvalue()
        picture = ImageOps.scale(picture, 0.75)


def find_grid_axes(labels: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return the labels of a grid's rows and columns, None when the pictures are not a grid."""
    pairs = [label.partition(VALUE_SEPARATOR) for label in labels]
    rows, columns = (list(dict.fromkeys(pair[side] for pair in pairs)) for side in (0, 2))
    is_whole = list(labels) == [f"{row}{VALUE_SEPARATOR}{column}" for row in rows for column in columns]
    return (rows, columns) if is_whole and len(rows) > 1 and 1 < len(columns) <= MAX_COLUMNS else None


def render_contact_sheet(tiles: Sequence[Tile]) -> bytes:
    """Return the sheet as a JPEG. At least one tile is required; a picture that cannot be drawn leaves it empty."""
    font = load_label_font([format_label(text) for tile in tiles for text in (tile.label, tile.reason)], FONT_SIZE)
    labels = [tile.label for tile in tiles]
    grid, ratios = find_grid_axes(labels), _measure_ratios(tiles)
    box = _compute_box(ratios)
    columns, margin = (
        (len(grid[1]), ROW_LABEL_WIDTH + TILE_GAP) if grid else (_compute_column_count(len(tiles), box), 0)
    )
    width = min(MAX_TILE_WIDTH, (SHEET_WIDTH - margin - TILE_GAP) // columns - TILE_GAP)
    tile_labels = [[]] * len(tiles) if grid else _wrap_labels(labels, font, width, MAX_LABEL_LINES)
    row_labels = _wrap_labels(grid[0], font, ROW_LABEL_WIDTH, MAX_ROW_LABEL_LINES) if grid else [[]] * len(tiles)
    column_labels = _wrap_labels(grid[1], font, width, MAX_LABEL_LINES) if grid else []
    layouts = [
        _TileLayout(tile, _compute_image_size(ratio, box, width), lines)
        for tile, ratio, lines in zip(tiles, ratios, tile_labels, strict=True)
    ]
    starts = range(0, len(layouts), columns)
    rows = [_TileRow(layouts[start : start + columns], row_labels[start // columns]) for start in starts]
    return _encode_sheet(_SheetLayout(rows, column_labels, margin, width, font).render())


def _measure_ratios(tiles: Sequence[Tile]) -> list[float]:
    """Return width by height of each picture; an empty tile gets their geometric mean."""
    sizes = [read_upright_size(source) if (source := tile.source) else None for tile in tiles]
    ratios = [width / height for width, height in filter(None, sizes)]
    default_ratio = statistics.geometric_mean(ratios) if ratios else 1.0
    return [size[0] / size[1] if size else default_ratio for size in sizes]


def _compute_sides(ratio: float) -> tuple[float, float]:
    """Return the sides of a picture of this shape and the area 1, so that all pictures look equally large."""
    return math.sqrt(ratio), 1 / math.sqrt(ratio)


def _compute_box(ratios: Sequence[float]) -> tuple[float, float]:
    """Return the sides of a box that holds pictures of all these shapes."""
    widths, heights = zip(*map(_compute_sides, ratios), strict=True)
    return min(max(widths), MAX_UNIT_SIDE), min(max(heights), MAX_UNIT_SIDE)


def _compute_column_count(count: int, box: tuple[float, float]) -> int:
    """Return the number of columns that gives the best shape and the fullest last row."""
    ideal = min(MAX_COLUMNS, math.sqrt(count * SHEET_ASPECT_RATIO * box[1] / box[0]))

    def compute_penalty(columns: int) -> float:
        return (-count % columns) / count + abs(math.log(columns / ideal))

    return min(range(1, min(MAX_COLUMNS, count) + 1), key=compute_penalty)


def _compute_image_size(ratio: float, box: tuple[float, float], width: int) -> tuple[int, int]:
    """Return a picture's width and height in pixels, in a tile `width` pixels wide and not much higher."""
    (image_width, image_height), (box_width, box_height) = _compute_sides(ratio), box
    fit = min(1, box_width / image_width, box_height / image_height)
    scale = min(width / box_width, MAX_TILE_HEIGHT_RATIO * width / box_height) * fit
    return max(1, round(image_width * scale)), max(1, round(image_height * scale))


def _wrap_labels(labels: Sequence[str], label_font: LabelFont, width: int, max_lines: int) -> list[list[str]]:
    """Return the lines of each label; labels that would look alike get their numbers."""
    texts = [label_font.replace_missing_letters(format_label(label), number) for number, label in enumerate(labels, 1)]
    lines = [label_font.fit(text, width, max_lines) for text in texts]
    for index, label in enumerate(labels):
        if any(
            lines[index] == lines[other_index] and label != labels[other_index]
            for other_index in range(len(labels))
            if other_index != index
        ):
            texts[index] = f"#{index + 1} {texts[index].removeprefix(f'#{index + 1} ')}"
    return [label_font.fit(text, width, max_lines) for text in texts]
