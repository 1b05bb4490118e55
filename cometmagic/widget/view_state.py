"""What the pages are told of a panel: its form, how a run stands, what was made, its cell.

It reads the panel and never changes it, from whichever thread something happened on.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ipywidgets import Box

from cometmagic.errors import CometError
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.images.safe_read import is_url
from cometmagic.notebook.namespace import resolved
from cometmagic.system.atomic_files import format_path
from cometmagic.system.sanitize import clean_line
from cometmagic.widget import context, controls, result_view
from cometmagic.widget.form_sync import Reading
from cometmagic.widget.hints import advise, inherited
from cometmagic.widget.panel_run import Standing
from cometmagic.widget.widgets import CellText, Form, Outcome

if TYPE_CHECKING:
    from cometmagic.widget.panel import Panel

UPDATE_EVERY = 0.5  # seconds
LONGEST_HISTORY = 50  # results
Made = ImageResult | ImageResults | None


class Mirror:
    """Holds the three parts of one panel, and keeps them saying what the panel does."""

    def __init__(self, panel: Panel, reading: Reading) -> None:
        """Make the parts."""
        self._panel, self._reading = panel, reading
        self.form, self.outcome, self.cell = Form(controls=controls.descriptions()), Outcome(), CellText()
        self.sheet = Box((self.form, self.outcome, self.cell))
        self.sheet.add_class("cm-sheet")
        self.made: dict[str, ImageResult] = {}  # by the name of its folder
        self._telling = threading.RLock()
        self._begun = self._told = 0.0
        self._pictured: dict[str, result_view.Told] = {}

    def refresh(self) -> None:
        """Tell the form what the panel is set to, and what follows from that."""
        with self._telling:  # or what a thread saw before another would be told after it
            panel = self._panel
            base = inherited(panel.options, context.defaults())
            said = advise(base | panel.options, panel.prompt, len(panel.references), key=panel.secret.exists)
            self.form.state = {
                **self._reading.told(base),
                "busy": panel.busy,
                "price": said.price,
                "notes": [clean_line(note) for note in said.notes],
                "off": {name: dict(why) for name, why in said.off.items()},
            }
            self.outcome.busy = panel.busy
            self.cell.text = panel.as_cell()
            if [one["word"] for one in self.form.references] != list(panel.references):
                self.form.references = [self.reference(word) for word in panel.references]
                # A variable may hold another picture, and a file be another, when it is added again.
                self._pictured = {word: told for word, told in self._pictured.items() if word in panel.references}

    def reference(self, word: str) -> result_view.Told:
        """Return a reference as the form shows it; an address is not fetched before it is sent."""
        if is_url(word):
            return {"word": word, "picture": b"", "told": ""}
        if word not in self._pictured:
            try:
                [given] = resolved({"image": [word]}, self._panel.known)["image"]
                self._pictured[word] = result_view.reference(word, given)
            except CometError as error:
                return {"word": word, "picture": b"", "told": clean_line(error.message)}
        return self._pictured[word]

    def show(self, made: Made) -> None:
        """Show a result, and put what is new in the history."""
        for one in made.results if isinstance(made, ImageResults) else [made] if made is not None else []:
            if one.folder.name not in self.made:
                self.made[one.folder.name] = one
                self.outcome.history = [*self.outcome.history, result_view.entry(one)][-LONGEST_HISTORY:]
        mime_type, content = result_view.picture(made)
        with self.outcome.hold_sync():
            self.outcome.picture, self.outcome.drafts = content, result_view.drafts(made)
            self.outcome.shown = result_view.told(made) | {"mime": mime_type}

    def begin(self) -> None:
        """Show that a run begins."""
        self._begun, self._told = time.monotonic(), 0.0
        self.form.standing = {"state": "busy", "told": "preparing", "seconds": 0}

    def stand(self, standing: Standing) -> None:
        """Show how a run stands, twice a second at most."""
        now = time.monotonic()
        if now - self._told < UPDATE_EVERY:
            return
        self._told = now
        told = clean_line(f"{standing.told}: {standing.why}" if standing.why else standing.told)
        self.form.standing = {
            "state": "busy",
            "told": told,
            "seconds": round(now - self._begun, 1),
            "received": standing.received,
            "done": standing.done,
            "total": standing.total,
        }

    def end(self, *saved: Path) -> None:
        """Show that a picture has come."""
        self._finish("done", " ".join(["Done.", *(f"Saved as {format_path(path)}." for path in saved)]))

    def stopped(self, told: str) -> None:
        """Show that the waiting was stopped, and what becomes of the call."""
        self._finish("stopped", f"Cancelled. {told}")

    def failed(self, error: Exception) -> None:
        """Show an error, in its one line."""
        self._finish("failed", f"{type(error).__name__}: {error}" if isinstance(error, CometError) else repr(error))

    def _finish(self, state: str, told: str) -> None:
        seconds = round(time.monotonic() - self._begun, 1) if self._begun else 0
        self.form.standing = {"state": state, "told": clean_line(told), "seconds": seconds}
