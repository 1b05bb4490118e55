"""What stays in a saved notebook: the last picture of a panel and its cell, as ordinary outputs below the panel.

Readers without a kernel see these; where the panel lives, its style sheet hides them. They are updated in place.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cometmagic.notebook import blocks, sheets, show
from cometmagic.notebook.html import text
from cometmagic.notebook.panel import outcome
from cometmagic.notebook.waiting import Spot
from cometmagic.result import ImageResult
from cometmagic.results import ImageResults

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Made = ImageResult | ImageResults | None
TITLE = "Panel of cometmagic, as it was saved. Run its cell to use it."


class Beside:
    """Two outputs below a panel: the last picture, and the cell that the panel stood for then."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._spots: list[Spot] = []

    def show(self, shell: InteractiveShell, made: Made, cell: str) -> None:
        """Show the outputs in the output of the cell that runs; only a notebook keeps any."""
        if hasattr(shell, "kernel"):
            self._spots = [Spot(shell), Spot(shell)]
            self.update(made, cell)

    def update(self, made: Made, cell: str) -> None:
        """Bring the outputs up to date where they were shown last, from any thread."""
        if self._spots:
            picture, words = self._spots
            picture.show(_picture(made))
            words.show(_cell(made, cell))


def _picture(made: Made) -> blocks.Bundle:
    if made is None:
        return {"text/plain": ""}, {}
    return sheets.sheet(made) if isinstance(made, ImageResults) else show.picture(made)


def _cell(made: Made, cell: str) -> blocks.Bundle:
    if made is None:
        return {"text/plain": ""}, {}
    told = outcome.told(made)["facts"]
    return blocks.bundle(blocks.small_print(told) + blocks.program(cell), f"{told}\n{cell}")


def page(made: Made, cell: str) -> str:
    """Return a panel as HTML for readers without a kernel: its last picture and its cell."""
    mime_type, content = outcome.picture(made)
    shown = ""
    if content:
        source = f"data:{mime_type};base64,{base64.b64encode(content).decode()}"
        shown = f'<img src="{source}" alt="{text(outcome.told(made)["alt"])}" style="max-width:100%;height:auto">'
    return f"{blocks.small_print(TITLE)}{shown}{blocks.program(cell)}"
