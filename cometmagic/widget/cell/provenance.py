"""Which cell made what a panel shows: the panel itself may have been changed since.

How a picture was made is told or not told, never guessed. This module knows no widget.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from cometmagic.errors import CometError
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.widget.cell.text import format_cell, restore_settings

AnyResult = ImageResult | ImageResults


class Provenance:
    """The cells that made the results of one panel, by the names of the results' folders."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._cells: dict[tuple[str, ...], str] = {}

    def record_cell(self, result: AnyResult, cell: str) -> None:
        """Keep the cell that made a result, and each of several; a replay does not make it a second time."""
        names = _list_folder_names(result)
        for these in (names, *((name,) for name in names)):
            self._cells.setdefault(these, cell)

    def find_cell(self, result: AnyResult, namespace: Mapping[str, Any]) -> str:
        """Return the cell that made a result, or one that asks for the same; "" when no cell is known to.

        `names` are the notebook's variables, of which the cell takes none away.
        """
        these = _list_folder_names(result)
        if these not in self._cells and isinstance(result, ImageResult):
            with contextlib.suppress(CometError):
                self._cells[these] = format_cell(restore_settings(result, namespace))
        return self._cells.get(these, "")


def _list_folder_names(result: AnyResult) -> tuple[str, ...]:
    return tuple(one.folder.name for one in (result.results if isinstance(result, ImageResults) else [result]))
