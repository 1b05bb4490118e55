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
from cometmagic.images.file_reader import is_url
from cometmagic.notebook.namespace import resolve_options
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean_line
from cometmagic.widget import controls, notebook_context, result_view
from cometmagic.widget.form_sync import FormSync
from cometmagic.widget.hints import build_hints, merge_inherited_options
from cometmagic.widget.run.execute import RunStatus
from cometmagic.widget.widgets import CellWidget, FormWidget, ResultWidget

if TYPE_CHECKING:
    from cometmagic.widget.panel import Panel

UPDATE_INTERVAL = 0.5  # seconds
MAX_HISTORY = 50  # results
OptionalResult = ImageResult | ImageResults | None


class ViewState:
    """Holds the three parts of one panel, and keeps them saying what the panel does."""

    def __init__(self, panel: Panel, form_sync: FormSync) -> None:
        """Make the parts."""
        self._panel, self._form_sync = panel, form_sync
        self.form_widget, self.result_widget, self.cell_widget = (
            FormWidget(controls=controls.describe_controls()),
            ResultWidget(),
            CellWidget(),
        )
        self.container = Box((self.form_widget, self.result_widget, self.cell_widget))
        self.container.add_class("cm-sheet")
        self.results: dict[str, ImageResult] = {}  # by the name of its folder
        self._lock = threading.RLock()
        self._start_time = self._update_time = 0.0
        self._reference_payloads: dict[str, result_view.ViewPayload] = {}

    def refresh(self) -> None:
        """Tell the form what the panel is set to, and what follows from that."""
        with self._lock:  # or what a thread saw before another would be told after it
            panel = self._panel
            base = merge_inherited_options(panel.options, notebook_context.get_session_options())
            said = build_hints(
                base | panel.options, panel.prompt, len(panel.references), has_key=panel.key_guard.has_key
            )
            self.form_widget.state = {
                **self._form_sync.build_state(base),
                "busy": panel.busy,
                "price": said.price,
                "notes": [clean_line(note) for note in said.notes],
                "off": {name: dict(why) for name, why in said.unavailable_choices.items()},
            }
            self.result_widget.busy = panel.busy
            self.cell_widget.text = panel.as_cell()
            if [one["word"] for one in self.form_widget.references] != list(panel.references):
                self.form_widget.references = [self.describe_reference(word) for word in panel.references]
                # A variable may hold another picture, and a file be another, when it is added again.
                self._reference_payloads = {
                    word: told for word, told in self._reference_payloads.items() if word in panel.references
                }

    def describe_reference(self, word: str) -> result_view.ViewPayload:
        """Return a reference as the form shows it; an address is not fetched before it is sent."""
        if is_url(word):
            return {"word": word, "picture": b"", "told": ""}
        if word not in self._reference_payloads:
            try:
                [given] = resolve_options({"image": [word]}, self._panel.namespace)["image"]
                self._reference_payloads[word] = result_view.describe_reference(word, given)
            except CometError as error:
                return {"word": word, "picture": b"", "told": clean_line(error.message)}
        return self._reference_payloads[word]

    def show_result(self, result: OptionalResult) -> None:
        """Show a result, and put what is new in the history."""
        for one in result.results if isinstance(result, ImageResults) else [result] if result is not None else []:
            if one.folder.name not in self.results:
                self.results[one.folder.name] = one
                self.result_widget.history = [*self.result_widget.history, result_view.describe_history_entry(one)][
                    -MAX_HISTORY:
                ]
        mime_type, content = result_view.read_image(result)
        with self.result_widget.hold_sync():
            self.result_widget.picture, self.result_widget.drafts = content, result_view.describe_drafts(result)
            self.result_widget.shown = result_view.describe_result(result) | {"mime": mime_type}

    def show_start(self) -> None:
        """Show that a run begins."""
        self._start_time, self._update_time = time.monotonic(), 0.0
        self.form_widget.standing = {"state": "busy", "told": "preparing", "seconds": 0}

    def show_status(self, status: RunStatus) -> None:
        """Show how a run stands, twice a second at most."""
        now = time.monotonic()
        if now - self._update_time < UPDATE_INTERVAL:
            return
        self._update_time = now
        told = clean_line(f"{status.activity}: {status.wait_reason}" if status.wait_reason else status.activity)
        self.form_widget.standing = {
            "state": "busy",
            "told": told,
            "seconds": round(now - self._start_time, 1),
            "received": status.received_bytes,
            "done": status.finished_count,
            "total": status.total_count,
        }

    def show_success(self, *saved_paths: Path) -> None:
        """Show that a picture has come."""
        self._show_end("done", " ".join(["Done.", *(f"Saved as {format_path(path)}." for path in saved_paths)]))

    def show_stop(self, message: str) -> None:
        """Show that the waiting was stopped, and what becomes of the call."""
        self._show_end("stopped", f"Cancelled. {message}")

    def show_error(self, error: Exception) -> None:
        """Show an error, in its one line."""
        self._show_end("failed", f"{type(error).__name__}: {error}" if isinstance(error, CometError) else repr(error))

    def _show_end(self, state: str, message: str) -> None:
        seconds = round(time.monotonic() - self._start_time, 1) if self._start_time else 0
        self.form_widget.standing = {"state": state, "told": clean_line(message), "seconds": seconds}
