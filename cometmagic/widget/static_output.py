"""What stays in a saved notebook: the last picture of a panel and its cell, as ordinary outputs below the panel.

Readers without a kernel see these; where the panel lives, its style sheet hides them. They are updated in place.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from cometmagic.display import batch_output, bundles, result_output
from cometmagic.display.html_parts import encode_base64, escape_text
from cometmagic.errors import CometError
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.notebook.progress import UpdatableOutput
from cometmagic.widget import result_view

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

OptionalResult = ImageResult | ImageResults | None
NOTICE = "Panel of cometmagic, as it was saved. Run its cell to use it."
CSS_CLASS = "cometmagic-beside"
_EMPTY_BUNDLE: bundles.Bundle = ({"text/plain": ""}, {})
# JupyterLab writes into the panel's own output while it waits for a kernel, and where the kernel is gone.
_HIDING_STYLE = (
    f"<style>.jp-OutputArea-child:has(+ .jp-OutputArea-child + .jp-OutputArea-child .{CSS_CLASS})"
    " > .jp-OutputArea-output:is(.jupyter-widgets, :not(:has(*))) {display:none}</style>"
)


class StaticOutput:
    """Two outputs below a panel: the last picture, and the cell that made it."""

    def __init__(self, read_content: Callable[[], tuple[OptionalResult, str]]) -> None:
        """Show nothing yet; `look` says what there is to show when it is shown."""
        self._read_content, self._lock = read_content, threading.RLock()
        self._outputs: list[UpdatableOutput] = []
        self._content: tuple[OptionalResult, str] | None = None

    def show(self, shell: InteractiveShell) -> None:
        """Show the outputs in the output of the cell that runs."""
        with self._lock:
            self._outputs, self._content = [UpdatableOutput(shell), UpdatableOutput(shell)], None
            self.update()

    def update(self) -> None:
        """Bring the outputs up to date where they were shown last, from any thread."""
        with self._lock:  # or what a thread saw before another would be told after it
            if self._outputs and self._content != (told := self._read_content()):
                self._content = told
                for spot, bundle in zip(self._outputs, _build_bundles(*told), strict=True):
                    spot.show(bundle)


def _build_bundles(panel_result: OptionalResult, cell: str) -> tuple[bundles.Bundle, bundles.Bundle]:
    if panel_result is not None:
        with contextlib.suppress(CometError, OSError):  # its folder is gone
            return _build_image(panel_result), _build_caption(result_view.describe_result(panel_result)["facts"], cell)
    return _EMPTY_BUNDLE, _build_caption("", cell)


def _build_image(panel_result: ImageResult | ImageResults) -> bundles.Bundle:
    return (
        batch_output.build_sheet(panel_result)
        if isinstance(panel_result, ImageResults)
        else result_output.build_image(panel_result)
    )


def _build_caption(facts: str, cell: str) -> bundles.Bundle:
    html = f"{bundles.render_small_print(*filter(None, (facts, NOTICE)))}{_render_program(cell)}"
    return bundles.build_bundle(f'{_HIDING_STYLE}<div class="{CSS_CLASS}">{html}</div>', f"{facts}\n{cell}".strip())


def _render_program(cell: str) -> str:
    return bundles.render_program(cell) if cell else ""


def render_page(panel_result: OptionalResult, cell: str) -> str:
    """Return a panel as HTML for readers without a kernel and without the outputs: its last picture and its cell."""
    mime_type, content = result_view.read_image(panel_result)
    shown = ""
    if content:
        source = f"data:{mime_type};base64,{encode_base64(content)}"
        alt = escape_text(result_view.describe_result(panel_result)["alt"])
        shown = f'<img src="{source}" alt="{alt}" style="max-width:100%;height:auto">'
    return f"{bundles.render_small_print(NOTICE)}{shown}{_render_program(cell)}"
