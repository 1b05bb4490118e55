"""What stays in a saved notebook: the last picture of a panel and its cell, as ordinary outputs below the panel.

Readers without a kernel see these; where the panel lives, its style sheet hides them. They are updated in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cometmagic.notebook import blocks, sheets, show
from cometmagic.notebook.html import encoded, text
from cometmagic.notebook.panel import outcome
from cometmagic.notebook.waiting import Spot
from cometmagic.result import ImageResult
from cometmagic.results import ImageResults

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Made = ImageResult | ImageResults | None
TITLE = "Panel of cometmagic, as it was saved. Run its cell to use it."
MARK = "cometmagic-beside"
_EMPTY: blocks.Bundle = ({"text/plain": ""}, {})
# Where the kernel is gone, JupyterLab writes an error into the panel's own output, which only then has this class.
_INSTEAD_OF_AN_ERROR = (
    "<style>.jp-OutputArea-child:has(> .jp-OutputArea-output.jupyter-widgets)"
    f":has(+ .jp-OutputArea-child + .jp-OutputArea-child .{MARK}) {{display:none}}</style>"
)


class Beside:
    """Two outputs below a panel: the last picture, and the cell that made it."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._spots: list[Spot] = []
        self._shown: tuple[Made, str] | None = None

    def show(self, shell: InteractiveShell, made: Made, cell: str) -> None:
        """Show the outputs in the output of the cell that runs."""
        self._spots, self._shown = [Spot(shell), Spot(shell)], None
        self.update(made, cell)

    def update(self, made: Made, cell: str) -> None:
        """Bring the outputs up to date where they were shown last, from any thread."""
        if self._spots and self._shown != (made, cell):
            self._shown = made, cell
            picture, words = self._spots
            picture.show(_picture(made))
            words.show(_words(made, cell))


def _picture(made: Made) -> blocks.Bundle:
    if made is None:
        return _EMPTY
    return sheets.sheet(made) if isinstance(made, ImageResults) else show.picture(made)


def _words(made: Made, cell: str) -> blocks.Bundle:
    told = outcome.told(made)["facts"] if made is not None else ""
    html = f"{blocks.small_print(*filter(None, (told, TITLE)))}{_program(cell)}"
    return blocks.bundle(f'{_INSTEAD_OF_AN_ERROR}<div class="{MARK}">{html}</div>', f"{told}\n{cell}".strip())


def _program(cell: str) -> str:
    return blocks.program(cell) if cell else ""


def page(made: Made, cell: str) -> str:
    """Return a panel as HTML for readers without a kernel and without the outputs: its last picture and its cell."""
    mime_type, content = outcome.picture(made)
    shown = ""
    if content:
        source = f"data:{mime_type};base64,{encoded(content)}"
        shown = f'<img src="{source}" alt="{text(outcome.told(made)["alt"])}" style="max-width:100%;height:auto">'
    return f"{blocks.small_print(TITLE)}{shown}{_program(cell)}"
