"""A contact sheet: everything in its place, nothing out of bounds, and never too large."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

from cometmagic.images import contact_sheet as module
from cometmagic.images.contact_sheet import (
    EMPTY_TILE_COLOUR,
    FONT_SIZE,
    MAX_COLUMNS,
    MAX_SHEET_BYTES,
    SHEET_WIDTH,
    TILE_GAP,
    Tile,
    find_grid_axes,
    render_contact_sheet,
)
from cometmagic.images.fonts import load_label_font
from cometmagic.options.declaration import CellOptions
from cometmagic.options.pixel_sizes import ASPECT_RATIOS, compute_pixel_size
from cometmagic.options.sweeps import expand_variants

COLOURS = ("red", "lime", "blue", "yellow", "magenta", "cyan")
Painter = Callable[..., Path]


@pytest.fixture
def paint(tmp_path: Path) -> Painter:
    """Return a function that writes a picture of one colour."""

    def painted(colour: str = "red", size: tuple[int, int] = (320, 320)) -> Path:
        path = tmp_path / f"{colour}-{size[0]}-{size[1]}.png"
        Image.new("RGB", size, colour).save(path)
        return path

    return painted


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    assert picture.format == "JPEG"
    return picture.convert("RGB")


def place_of(picture: Image.Image, colour: str) -> tuple[int, int, int, int]:
    """Return (left, top, right, bottom) of what has a colour."""
    difference = ImageChops.difference(picture, Image.new("RGB", picture.size, colour))
    near = [band.point(lambda value: 255 * (value < 60)) for band in difference.split()]
    found = ImageChops.multiply(ImageChops.multiply(near[0], near[1]), near[2]).getbbox()
    assert found is not None, colour
    return found


def ink(picture: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """Whether anything dark stands in a part of the picture."""
    return picture.crop(box).convert("L").getextrema()[0] < 128  # type: ignore[operator]  # of one band they are numbers


def gaps(columns: int) -> list[tuple[int, int]]:
    """Return from where to where there is nothing between the places of a full sheet."""
    width = (SHEET_WIDTH - TILE_GAP) // columns
    return [(number * width + 1, number * width + TILE_GAP - 1) for number in range(columns + 1)]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 14, 20, 40, 100])
def test_any_number_of_pictures_has_a_sheet(paint: Painter, count: int) -> None:
    shapes = [compute_pixel_size(ratio, "512") for ratio in ASPECT_RATIOS]
    cells = [Tile(f"seed {number}", paint("teal", shapes[number % len(shapes)])) for number in range(count)]

    content = render_contact_sheet(cells)

    assert opened(content).width <= SHEET_WIDTH
    assert len(content) <= MAX_SHEET_BYTES
    assert opened(content).height < 200 + 300 * -(-count // MAX_COLUMNS) + 420


def test_a_sheet_of_noise_is_not_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = tmp_path / "noise.png"
    Image.merge("RGB", [Image.effect_noise((150, 150), 200) for _ in range(3)]).save(noise)
    cells = [Tile(f"seed {number}", noise) for number in range(100)]

    assert len(render_contact_sheet(cells)) <= MAX_SHEET_BYTES
    monkeypatch.setattr(module, "MAX_SHEET_BYTES", 10**9)
    assert len(render_contact_sheet(cells)) > MAX_SHEET_BYTES


def test_pictures_stand_row_by_row_in_their_order(paint: Painter) -> None:
    sheet = opened(render_contact_sheet([Tile(colour, paint(colour)) for colour in COLOURS]))

    places = {colour: place_of(sheet, colour) for colour in COLOURS}

    assert sorted(COLOURS, key=lambda colour: (places[colour][3] // 50, places[colour][0])) == list(COLOURS)
    assert len({place[3] // 50 for place in places.values()}) == 2  # rows


def test_mixed_shapes_have_about_the_same_area_and_stand_on_one_line(paint: Painter) -> None:
    shapes = {"red": (400, 400), "lime": (400, 300), "blue": (300, 400), "yellow": (512, 288)}
    sheet = opened(render_contact_sheet([Tile(colour, paint(colour, size)) for colour, size in shapes.items()]))

    places = {colour: place_of(sheet, colour) for colour in shapes}

    areas = [(right - left) * (bottom - top) for left, top, right, bottom in places.values()]
    assert max(areas) < 1.1 * min(areas)
    assert abs(places["red"][3] - places["lime"][3]) <= 2
    for colour, (left, top, right, bottom) in places.items():
        assert (right - left) / (bottom - top) == pytest.approx(shapes[colour][0] / shapes[colour][1], rel=0.03)


@pytest.mark.parametrize("label", ["x" * 5000, "a red bicycle " * 300, "日本語" * 900, "<b>\x1b[31m\u202e" * 400])
def test_labels_stay_in_their_places(paint: Painter, label: str) -> None:
    sheet = opened(render_contact_sheet([Tile(f"{number} {label}", paint("teal")) for number in range(8)]))

    assert sheet.width >= SHEET_WIDTH - MAX_COLUMNS
    columns = next(
        count for count in (4, 8) if not any(ink(sheet, (left, 0, right, 100)) for left, right in gaps(count))
    )
    for left, right in gaps(columns):
        assert not ink(sheet, (left, 0, right, sheet.height))


def test_the_check_finds_a_label_out_of_its_place() -> None:
    sheet = Image.new("RGB", (SHEET_WIDTH, 100), "white")
    load_label_font([], FONT_SIZE).draw_lines(ImageDraw.Draw(sheet), 160, 10, ["x" * 200], "black")

    assert any(ink(sheet, (left, 0, right, 100)) for left, right in gaps(4))


def test_labels_that_would_look_alike_are_told_apart() -> None:
    """Two texts differ only in the middle, which is left out."""
    labels = [f"system '{'very ' * 30}{word}{' old' * 30}'" for word in ("new", "odd")]

    one, other = module._wrap_labels(labels, load_label_font([], FONT_SIZE), 142, 2)
    alike, same = module._wrap_labels([labels[0], labels[0]], load_label_font([], FONT_SIZE), 142, 2)

    assert (one[0][:3], other[0][:3]) == ("#1 ", "#2 ")
    assert alike == same


def test_two_sweeps_make_a_grid(paint: Painter) -> None:
    sweep = {"aspect_ratio": ("1:1", "16:9"), "seed": (1, 2, 3)}
    labels = [label for label, _ in expand_variants(CellOptions(sweep=sweep))]
    rows, columns = find_grid_axes(labels) or ([], [])
    sheet = opened(render_contact_sheet([Tile(*one) for one in zip(labels, map(paint, COLOURS), strict=True)]))

    places = [place_of(sheet, colour) for colour in COLOURS]

    assert rows == ["aspect-ratio 1:1", "aspect-ratio 16:9"]
    assert columns == ["seed 1", "seed 2", "seed 3"]
    for one, other in itertools.pairwise(places[:3]):
        assert abs(one[3] - other[3]) <= 2
        assert one[0] < other[0]
    for above, below in zip(places[:3], places[3:], strict=True):
        assert abs(above[0] - below[0]) <= 2
        assert above[3] < below[1]
    assert ink(sheet, (0, places[0][1], places[0][0] - TILE_GAP, places[0][3]))  # the label of the first row
    assert ink(sheet, (places[2][0], 0, places[2][2], places[2][1]))  # the label of the last column


@pytest.mark.parametrize(
    "labels",
    [
        [],
        [""],
        ["seed 1", "seed 2"],
        ["a · x", "a · y"],  # one row
        ["a · x", "b · x"],  # one column
        ["a · x", "a · y", "b · x"],  # one is missing
        ["a · x", "b · x", "a · y", "b · y"],  # another order
        ["a · x", "a · x", "b · x", "b · x"],  # twice the same
        [f"{row} · {column}" for row in "ab" for column in range(MAX_COLUMNS + 1)],
    ],
    ids=range(9),
)
def test_other_labels_make_no_grid(labels: list[str]) -> None:
    assert find_grid_axes(labels) is None


def test_what_is_missing_leaves_an_empty_place_with_the_reason(paint: Painter) -> None:
    sheet = opened(
        render_contact_sheet([Tile("seed 1", paint("red")), Tile("seed 2", None, "APIError: no such thing.")])
    )

    _, top, right, bottom = place_of(sheet, "red")
    empty = place_of(sheet.crop((right + 2, 0, sheet.width, sheet.height)), EMPTY_TILE_COLOUR)
    assert bottom - top == pytest.approx(sheet.height - TILE_GAP * 3, abs=60)
    assert empty is not None
    assert ink(sheet, (right + TILE_GAP, top, sheet.width - TILE_GAP, bottom))


@pytest.mark.parametrize("content", [None, b"", b"no picture", b"\x89PNG\r\n\x1a\n cut"])
def test_a_picture_that_cannot_be_drawn_leaves_an_empty_place(tmp_path: Path, paint: Painter, content: bytes) -> None:
    path = tmp_path / "odd.png"
    if content is not None:
        path.write_bytes(content)

    sheet = opened(render_contact_sheet([Tile("seed 1", paint("red")), Tile("seed 2", path)]))

    _, top, right, bottom = place_of(sheet, "red")
    assert ink(sheet, (right + TILE_GAP, top, sheet.width - TILE_GAP, bottom))


def test_a_sheet_may_be_all_empty() -> None:
    assert opened(render_contact_sheet([Tile(f"seed {number}", None, "x" * 5000) for number in range(5)])).height > 100
