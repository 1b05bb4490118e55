"""What remains in a saved notebook: the last image of a panel and its cell, as ordinary outputs below the panel.

Readers without a kernel see these outputs; the style sheet of a live panel hides them. They are updated in place.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from cometmagic.display import batch_output, bundles, result_output
from cometmagic.display.html_parts import encode_base64, escape_text
from cometmagic.errors import CometError
from cometmagic.generation.result_list import AnyResult, ImageResults
from cometmagic.notebook.progress import UpdatableOutput
from cometmagic.widget import result_view
from cometmagic.widget.visitor_view import hide_folders

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

NOTICE = "Panel of cometmagic, as it was saved. Run its cell to use it."
CSS_CLASS = "cometmagic-beside"
_EMPTY_BUNDLE: bundles.Bundle = ({"text/plain": ""}, {})
# JupyterLab writes into the panel's own output while it waits for a kernel, and after the kernel is gone.
_HIDING_STYLE = (
    f"<style>.jp-OutputArea-child:has(+ .jp-OutputArea-child + .jp-OutputArea-child .{CSS_CLASS})"
    " > .jp-OutputArea-output:is(.jupyter-widgets, :not(:has(*))) {display:none}</style>"
)


class StaticOutput:
    """Two outputs below a panel: the last image, and the cell that produced it."""

    def __init__(self, read_content: Callable[[], tuple[AnyResult | None, str]], *, has_visitors: bool = False) -> None:
        """Show nothing yet; `read_content` returns the result and the cell at the time of an update."""
        self._read_content, self._lock = read_content, threading.RLock()
        self._has_visitors = has_visitors
        self._outputs: list[UpdatableOutput] = []
        self._content: tuple[AnyResult | None, str] | None = None

    def show(self, shell: InteractiveShell) -> None:
        """Show the outputs below the cell that is running."""
        with self._lock:
            self._outputs, self._content = [UpdatableOutput(shell), UpdatableOutput(shell)], None
            self.update()

    def update(self) -> None:
        """Update the outputs where they were shown last, from any thread."""
        with self._lock:  # so that a slow thread cannot overwrite newer content
            if self._outputs and self._content != (content := self._read_content()):
                self._content = content
                contents = _build_bundles(*content, has_visitors=self._has_visitors)
                for output, bundle in zip(self._outputs, contents, strict=True):
                    output.show(bundle)


def _build_bundles(result: AnyResult | None, cell: str, *, has_visitors: bool) -> tuple[bundles.Bundle, bundles.Bundle]:
    if result is not None:
        with contextlib.suppress(CometError, OSError):  # its folder was deleted
            image, facts = _build_image(result), result_view.describe_result(result)["facts"]
            if has_visitors:
                image, facts = _hide_local(image), hide_folders(facts)
            return image, _build_caption(facts, cell)
    return _EMPTY_BUNDLE, _build_caption("", cell)


def _hide_local(bundle: bundles.Bundle) -> bundles.Bundle:
    """Return the bundle of an image without the paths in its text and metadata."""
    data, metadata = bundle
    facts = {name: value for name, value in metadata.items() if name != "cometmagic"}
    return data | {"text/plain": hide_folders(data["text/plain"])}, facts


def _build_image(result: AnyResult) -> bundles.Bundle:
    return batch_output.build_sheet(result) if isinstance(result, ImageResults) else result_output.build_image(result)


def _build_caption(facts: str, cell: str) -> bundles.Bundle:
    html = f"{bundles.render_small_print(*filter(None, (facts, NOTICE)))}{_render_code_block(cell)}"
    return bundles.build_bundle(f'{_HIDING_STYLE}<div class="{CSS_CLASS}">{html}</div>', f"{facts}\n{cell}".strip())


def _render_code_block(cell: str) -> str:
    return bundles.render_code_block(cell) if cell else ""


def render_page(result: AnyResult | None, cell: str) -> str:
    """Return a panel as HTML for readers without a kernel and without the outputs: its last image and its cell."""
    mime_type, content = result_view.read_image(result)
    image = ""
    if content:
        url = f"data:{mime_type};base64,{encode_base64(content)}"
        alt = escape_text(result_view.describe_result(result)["alt"])
        image = f'<img src="{url}" alt="{alt}" style="max-width:100%;height:auto">'
    return f"{bundles.render_small_print(NOTICE)}{image}{_render_code_block(cell)}"
