"""A notebook on the screen: what a test does to it and sees of it.

Waiting is by Jupyter's own promises, never by the execution indicator, which says "idle" before a kernel
is connected. What a cell gave is read from the notebook's model, what a user sees from the page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page

from tests.browser.server import Server

PATIENCE_MS = 90_000

# It ends when the page has said what it complains of, which would be taken for the next test's.
CLOSE_NOTEBOOKS = """async () => {
    for (const widget of [...jupyterapp.shell.widgets('main')]) {
        await widget.sessionContext?.shutdown();
        widget.dispose();
    }
    await new Promise(resolve => setTimeout(resolve));
}"""
_IS_LOADED = "() => Boolean(globalThis.jupyterapp)"
OPEN = "async path => { await jupyterapp.commands.execute('docmanager:open', { path }); }"  # nothing is given back
_IS_IN_FRONT = "path => jupyterapp.shell.currentWidget?.context?.path === path"
_KERNEL_IS_UP = """async () => {
    const panel = jupyterapp.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""
_OUTPUTS = """() => jupyterapp.shell.currentWidget.content.model.sharedModel.cells
    .filter(cell => cell.cell_type === 'code').map(cell => cell.toJSON().outputs)"""
_PICTURES = """() => [...document.querySelectorAll('.jp-OutputArea-output img')]
    .filter(image => image.naturalWidth > 0).map(image => image.naturalWidth)"""
_ERRORS = (
    ".jp-OutputArea-output:is([data-mime-type='application/vnd.jupyter.stderr'],"
    " [data-mime-type='application/vnd.jupyter.error'])"
)

# What healthy pages of Notebook 7 and of Voilà complain of without us, by how it begins.
_NOT_OURS = (
    "Cannot read properties of undefined (reading 'schema')",
    "Failed to load resource: net::ERR_NAME_NOT_RESOLVED (https://cdn.jsdelivr.net/npm/@fortawesome/",
    "Error: The getter for the shared module is not a function.",
)


@dataclass
class Screen:
    """A page that shows one notebook of a server."""

    page: Page
    server: Server
    shots: Path
    _complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self._complaints.append(str(error)))
        self.page.on("console", self._listen)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def open(self, name: str) -> None:
        """Open the notebook `name` and wait until it can run; Voilà runs it while it opens."""
        if self.page.evaluate(_IS_LOADED):
            path = self.server.path(name)
            self.page.evaluate(OPEN, path)
            self.page.wait_for_function(_IS_IN_FRONT, arg=path)
        else:
            self.page.goto(self.server.page(name))
        if self.server.front_end.module == "voila":
            return
        self.page.wait_for_function("globalThis.jupyterapp?.shell?.currentWidget?.sessionContext", timeout=PATIENCE_MS)
        self.page.evaluate(_KERNEL_IS_UP)

    def run_all(self) -> None:
        """Run all cells and wait until the last has answered or one has failed."""
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")

    def start_all(self) -> None:
        """Run all cells, and wait for none."""
        self.page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def outputs(self) -> list[list[dict[str, Any]]]:
        """Return the outputs of each code cell, as the notebook file would keep them."""
        return list(self.page.evaluate(_OUTPUTS))

    def picture_widths(self) -> list[int]:
        """Wait for a picture under a cell and return the widths of all that are drawn."""
        self.page.wait_for_function(f"({_PICTURES})().length", timeout=PATIENCE_MS)
        return list(self.page.evaluate(_PICTURES))

    def errors(self) -> list[str]:
        """Return the text of every error and every warning shown under a cell."""
        return self.page.locator(_ERRORS).all_inner_texts()

    def complaints(self) -> list[str]:
        """Return what went wrong in the page itself, without what Jupyter says of its own accord."""
        return [text for text in self._complaints if not text.startswith(_NOT_OURS)]

    def screenshot(self, name: str) -> Path:
        """Keep a picture of the page beside the test's files and return where."""
        path = self.shots / f"{name}.png"
        self.page.screenshot(path=path, full_page=True)
        return path
