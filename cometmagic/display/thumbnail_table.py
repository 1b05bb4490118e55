"""The table of a batch as a pandas DataFrame that shows a small image in each row.

Only the HTML differs from a plain DataFrame. pandas escapes every text of the table; the images take the place of
random marks afterwards, so no text can become HTML. Needs pandas, which is optional: only `ImageResults.table` imports
this module, where pandas is imported already.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from cometmagic.display import thumbnails
from cometmagic.display.gallery import MAX_THUMBNAIL_BYTES, MAX_TOTAL_BYTES, THUMBNAIL_PIXELS, render_thumbnail
from cometmagic.gemini.parts import UNKNOWN_TYPE, ImagePart
from cometmagic.storage.call_folder import find_preview

PATH_COLUMN = "path"  # where each row says which file its image is in


class ThumbnailTable(pd.DataFrame):  # type: ignore[misc]  # pandas ships no types
    """A DataFrame whose HTML begins with a column of images, from the files that its column `path` names."""

    @property
    def _constructor(self) -> Callable[..., ThumbnailTable]:
        """What slices and copies are: tables with images too."""
        return ThumbnailTable

    def _repr_html_(self) -> str | None:
        plain_table = pd.DataFrame(self)
        if PATH_COLUMN not in plain_table.columns or not plain_table.columns.is_unique:
            return plain_table._repr_html_()  # type: ignore[no-any-return]
        prefix = f"thumbnail{secrets.token_hex(8)}"  # a cell shows at least 50 letters
        marks = [f"{prefix}n{number}n" for number in range(len(plain_table))]
        plain_table.insert(0, "", marks, allow_duplicates=True)
        html = plain_table._repr_html_()
        return None if html is None else _replace_marks(html, marks, list(self[PATH_COLUMN]))


def _replace_marks(html: str, marks: list[str], paths: list[Any]) -> str:
    """Return the HTML with an image in place of each mark; a long table shows only some of its rows."""
    remaining_bytes, budget = MAX_TOTAL_BYTES, thumbnails.PixelBudget()
    for mark, path in zip(marks, paths, strict=True):
        if mark in html:
            content = _load_thumbnail(path, budget) if remaining_bytes > 0 else None
            remaining_bytes -= len(content or b"")
            html = html.replace(mark, render_thumbnail(content))
    return html


def _load_thumbnail(path: Any, budget: thumbnails.PixelBudget) -> bytes | None:
    """Return a tiny JPEG of an image file, or None for a row without one that can be drawn."""
    if not isinstance(path, str) or not path:
        return None
    image = find_preview(ImagePart(UNKNOWN_TYPE[0], path=Path(path)))
    return thumbnails.create_thumbnail(image, THUMBNAIL_PIXELS, MAX_THUMBNAIL_BYTES, budget)
