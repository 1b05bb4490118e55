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
from cometmagic.widget.cell_text import as_cell, from_result

Made = ImageResult | ImageResults


class Cells:
    """The cells that made the results of one panel, by the names of the results' folders."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._kept: dict[tuple[str, ...], str] = {}

    def keep(self, made: Made, cell: str) -> None:
        """Keep the cell that made a result, and each of several; a replay does not make it a second time."""
        names = _folders(made)
        for these in (names, *((name,) for name in names)):
            self._kept.setdefault(these, cell)

    def of(self, made: Made, names: Mapping[str, Any]) -> str:
        """Return the cell that made a result, or one that asks for the same; "" when no cell is known to.

        `names` are the notebook's variables, of which the cell takes none away.
        """
        these = _folders(made)
        if these not in self._kept and isinstance(made, ImageResult):
            with contextlib.suppress(CometError):
                self._kept[these] = as_cell(from_result(made, names))
        return self._kept.get(these, "")


def _folders(made: Made) -> tuple[str, ...]:
    return tuple(one.folder.name for one in (made.results if isinstance(made, ImageResults) else [made]))
