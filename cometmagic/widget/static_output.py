"""What stays in a saved notebook: the last picture of a panel and its cell, as ordinary outputs below the panel.

Readers without a kernel see these; where the panel lives, its style sheet hides them. They are updated in place.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from cometmagic.display import bundles, grid, result
from cometmagic.display.html import encoded, text
from cometmagic.errors import CometError
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.notebook.progress import Spot
from cometmagic.widget import result_view

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Made = ImageResult | ImageResults | None
TITLE = "Panel of cometmagic, as it was saved. Run its cell to use it."
MARK = "cometmagic-beside"
_EMPTY: bundles.Bundle = ({"text/plain": ""}, {})
# JupyterLab writes into the panel's own output while it waits for a kernel, and where the kernel is gone.
_INSTEAD_OF_WORDS = (
    f"<style>.jp-OutputArea-child:has(+ .jp-OutputArea-child + .jp-OutputArea-child .{MARK})"
    " > .jp-OutputArea-output:is(.jupyter-widgets, :not(:has(*))) {display:none}</style>"
)


class Beside:
    """Two outputs below a panel: the last picture, and the cell that made it."""

    def __init__(self, look: Callable[[], tuple[Made, str]]) -> None:
        """Show nothing yet; `look` says what there is to show when it is shown."""
        self._look, self._telling = look, threading.RLock()
        self._spots: list[Spot] = []
        self._shown: tuple[Made, str] | None = None

    def show(self, shell: InteractiveShell) -> None:
        """Show the outputs in the output of the cell that runs."""
        with self._telling:
            self._spots, self._shown = [Spot(shell), Spot(shell)], None
            self.update()

    def update(self) -> None:
        """Bring the outputs up to date where they were shown last, from any thread."""
        with self._telling:  # or what a thread saw before another would be told after it
            if self._spots and self._shown != (told := self._look()):
                self._shown = told
                for spot, bundle in zip(self._spots, _bundles(*told), strict=True):
                    spot.show(bundle)


def _bundles(made: Made, cell: str) -> tuple[bundles.Bundle, bundles.Bundle]:
    if made is not None:
        with contextlib.suppress(CometError, OSError):  # its folder is gone
            return _picture(made), _words(result_view.told(made)["facts"], cell)
    return _EMPTY, _words("", cell)


def _picture(made: ImageResult | ImageResults) -> bundles.Bundle:
    return grid.sheet(made) if isinstance(made, ImageResults) else result.picture(made)


def _words(told: str, cell: str) -> bundles.Bundle:
    html = f"{bundles.small_print(*filter(None, (told, TITLE)))}{_program(cell)}"
    return bundles.bundle(f'{_INSTEAD_OF_WORDS}<div class="{MARK}">{html}</div>', f"{told}\n{cell}".strip())


def _program(cell: str) -> str:
    return bundles.program(cell) if cell else ""


def page(made: Made, cell: str) -> str:
    """Return a panel as HTML for readers without a kernel and without the outputs: its last picture and its cell."""
    mime_type, content = result_view.picture(made)
    shown = ""
    if content:
        source = f"data:{mime_type};base64,{encoded(content)}"
        shown = f'<img src="{source}" alt="{text(result_view.told(made)["alt"])}" style="max-width:100%;height:auto">'
    return f"{bundles.small_print(TITLE)}{shown}{_program(cell)}"
