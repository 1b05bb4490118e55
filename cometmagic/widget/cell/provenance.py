"""Which cell produced a result: the panel may have changed since.

An unknown cell is never guessed. This module knows no widget.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from cometmagic.errors import CometError
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import AnyResult, ImageResults
from cometmagic.widget.cell.text import format_cell, restore_settings


class Provenance:
    """The cells that produced the results of one panel, by the names of the results' folders."""

    def __init__(self) -> None:
        """Start with no cells."""
        self._cells: dict[tuple[str, ...], str] = {}

    def record_cell(self, result: AnyResult, cell: str) -> None:
        """Record the cell of a result and of each image in it; a replay does not change the first cell."""
        folder_names = _list_folder_names(result)
        for key in (folder_names, *((name,) for name in folder_names)):
            self._cells.setdefault(key, cell)

    def find_cell(self, result: AnyResult, namespace: Mapping[str, Any]) -> str:
        """Return the cell that produced a result, or one that sends the same request; "" if there is none.

        `namespace` holds the notebook's variables; the cell overwrites none of them.
        """
        folder_names = _list_folder_names(result)
        if folder_names not in self._cells and isinstance(result, ImageResult):
            with contextlib.suppress(CometError):
                self._cells[folder_names] = format_cell(restore_settings(result, namespace))
        return self._cells.get(folder_names, "")


def _list_folder_names(result: AnyResult) -> tuple[str, ...]:
    return tuple(item.folder.name for item in (result.results if isinstance(result, ImageResults) else [result]))
