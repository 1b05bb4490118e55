"""The table of a batch: a DataFrame with a small image in each row, and no text that becomes HTML."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from cometmagic.display.gallery import MAX_TOTAL_BYTES
from cometmagic.display.thumbnail_table import ThumbnailTable

MARK = r"thumbnail[0-9a-f]{16}"  # what an image takes the place of


@pytest.fixture
def image_path(tmp_path: Path) -> Path:
    path = tmp_path / "image.png"
    Image.new("RGB", (300, 200), "red").save(path)
    return path


def test_each_row_with_a_file_has_an_image(image_path: Path, tmp_path: Path) -> None:
    rows = [{"label": "a", "path": str(image_path)}, {"label": "b", "path": None}, {"label": "c", "path": "/no/file"}]
    (tmp_path / "text.png").write_text("no image")
    rows += [{"label": "d", "path": str(tmp_path / "text.png")}, {"label": "e", "path": str(image_path)}]

    html = ThumbnailTable(rows)._repr_html_()

    assert html is not None
    assert html.count("<img") == 2
    assert html.count("<tr") == len(rows) + 1
    assert re.findall(MARK, html) == []


def test_a_selection_keeps_its_images_and_a_table_without_paths_has_none(image_path: Path) -> None:
    table = ThumbnailTable([{"label": str(number), "path": str(image_path)} for number in range(5)])

    assert (table[table.label > "2"]._repr_html_() or "").count("<img") == 2
    assert (table.sort_values("label", ascending=False).head(3)._repr_html_() or "").count("<img") == 3
    assert "<img" not in (table[["label"]]._repr_html_() or "")
    assert (copy.deepcopy(table)._repr_html_() or "").count("<img") == 5


def test_texts_of_the_table_stay_text(image_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    table = ThumbnailTable([{"label": hostile, hostile: 1, "path": str(image_path)}]).set_index("label")

    html = table._repr_html_() or ""

    assert html.count("<img") == 1
    assert "&lt;img src=x" in html


def test_a_table_is_otherwise_a_data_frame(image_path: Path) -> None:
    rows = [{"label": "a", "path": str(image_path)}]

    pd.testing.assert_frame_equal(pd.DataFrame(ThumbnailTable(rows)), pd.DataFrame(rows))
    assert ThumbnailTable(rows).to_csv() == pd.DataFrame(rows).to_csv()


def test_a_long_table_draws_the_images_of_the_rows_that_it_shows(image_path: Path) -> None:
    table = ThumbnailTable([{"path": str(image_path)}] * 200)

    html = table._repr_html_() or ""

    assert 0 < html.count("<img") <= pd.get_option("display.max_rows")
    assert len(html) < 2 * MAX_TOTAL_BYTES
    assert re.findall(MARK, html) == []
