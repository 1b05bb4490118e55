"""What the pages show of a panel: its form, the status of a run, its results, its cell.

It reads the state of the panel, from any thread, and never changes it. Nothing else writes to the widgets.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from cometmagic.errors import CometError
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import AnyResult, ImageResults
from cometmagic.images.file_reader import is_url
from cometmagic.notebook.namespace import resolve_options
from cometmagic.options.declaration import VISITOR_OPTIONS
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean_line
from cometmagic.widget import controls, result_view
from cometmagic.widget.cell.text import PanelSettings, format_cell
from cometmagic.widget.form_sync import FormSync
from cometmagic.widget.hints import build_hints, merge_inherited_options
from cometmagic.widget.notebook_context import get_session_options
from cometmagic.widget.panel_state import PanelState
from cometmagic.widget.run.execute import RunStatus
from cometmagic.widget.visitor_view import hide_folders, name_reference_file, select_visible
from cometmagic.widget.widgets import CellWidget, Container, FormWidget, ResultWidget

UPDATE_INTERVAL = 0.5  # seconds
MAX_HISTORY = 50  # results


class ViewState:
    """Owns the three widgets of one panel, and keeps them up to date."""

    def __init__(self, state: PanelState, form_sync: FormSync, *, has_visitors: bool) -> None:
        """Create the widgets; visitors get the controls that they may set."""
        self._state, self._form_sync, self._has_visitors = state, form_sync, has_visitors
        names = VISITOR_OPTIONS if has_visitors else None
        self.form_widget = FormWidget(controls=controls.describe_controls(names), has_visitors=has_visitors)
        self.result_widget, self.cell_widget = ResultWidget(), CellWidget()
        self.container = Container((self.form_widget, self.result_widget, self.cell_widget))
        self.container.add_class("cm-sheet")
        self.results: dict[str, ImageResult] = {}  # by the name of the call's folder
        self._lock = threading.RLock()
        self._start_time = self._update_time = 0.0
        self._reference_words: list[str] = []
        self._reference_payloads: dict[str, result_view.ViewPayload] = {}

    def refresh(self) -> None:
        """Show the panel's settings, and the hints that follow from them."""
        with self._lock:  # so that a slow thread cannot overwrite a newer state
            state = self._state
            inherited_options = merge_inherited_options(state.options, get_session_options())
            hints = build_hints(
                inherited_options | state.options,
                state.prompt,
                len(state.references),
                has_key=state.key_guard.has_key,
            )
            form_state = self._form_sync.build_state(inherited_options)
            self.form_widget.state = {
                **form_state,
                "wrong": self.hide_folders(form_state["wrong"]),
                "busy": state.busy,
                "price": hints.price,
                "notes": self.hide_folders([clean_line(note) for note in hints.notes]),
                "off": {name: dict(reasons) for name, reasons in hints.unavailable_choices.items()},
            }
            self.result_widget.busy = state.busy
            self.cell_widget.text = self.format_cell(state.settings)
            self._refresh_references()

    def format_cell(self, settings: PanelSettings) -> str:
        """Return the cell with these settings, as the page shows it."""
        return format_cell(select_visible(settings) if self._has_visitors else settings)

    def hide_folders(self, content: Any) -> Any:
        """Return the content as the page shows it."""
        return hide_folders(content) if self._has_visitors else content

    def name_references(self) -> list[str]:
        """Return the reference images as the form names them."""
        words = self._state.references
        return [name_reference_file(word) if self._has_visitors else word for word in words]

    def _refresh_references(self) -> None:
        words = list(self._state.references)
        if self._reference_words != words:
            self._reference_words = words
            self.form_widget.references = [
                {**self.hide_folders(self.describe_reference(word)), "word": name}
                for word, name in zip(words, self.name_references(), strict=True)
            ]
            # By the time a reference is added again, its variable or file may hold another image.
            payloads = self._reference_payloads.items()
            self._reference_payloads = {word: payload for word, payload in payloads if word in words}

    def describe_reference(self, word: str) -> result_view.ViewPayload:
        """Return a reference as the form shows it; a URL is not fetched before a run."""
        if is_url(word):
            return {"word": word, "picture": b"", "told": ""}
        if word not in self._reference_payloads:
            try:
                [source] = resolve_options({"image": [word]}, self._state.namespace)["image"]
                self._reference_payloads[word] = result_view.describe_reference(word, source)
            except CometError as error:
                return {"word": word, "picture": b"", "told": clean_line(error.message)}
        return self._reference_payloads[word]

    def show_result(self, result: AnyResult | None) -> None:
        """Show a result, and add new images to the history."""
        for item in result.results if isinstance(result, ImageResults) else [result] if result is not None else []:
            if item.folder.name not in self.results:
                self.results[item.folder.name] = item
                history = [*self.result_widget.history, result_view.describe_history_entry(item)]
                self.result_widget.history = history[-MAX_HISTORY:]
        mime_type, content = result_view.read_image(result)
        with self.result_widget.hold_sync():
            self.result_widget.picture, self.result_widget.drafts = content, result_view.describe_drafts(result)
            description = result_view.describe_result(result)
            hidden = {name: self.hide_folders(description[name]) for name in ("facts", "notes") if name in description}
            self.result_widget.shown = description | hidden | {"mime": mime_type}

    def show_start(self) -> None:
        """Show that a run starts."""
        self._start_time, self._update_time = time.monotonic(), 0.0
        self.form_widget.standing = {"state": "busy", "told": "preparing", "seconds": 0}

    def show_status(self, status: RunStatus) -> None:
        """Show the status of a run, at most twice a second."""
        now = time.monotonic()
        if now - self._update_time < UPDATE_INTERVAL:
            return
        self._update_time = now
        text = f"{status.activity}: {status.wait_reason}" if status.wait_reason else status.activity
        self.form_widget.standing = {
            "state": "busy",
            "told": self.hide_folders(clean_line(text)),
            "seconds": round(now - self._start_time, 1),
            "received": status.received_bytes,
            "done": status.finished_count,
            "total": status.total_count,
        }

    def show_success(self, *saved_paths: Path) -> None:
        """Show that a run succeeded, and where copies were saved."""
        self._show_end("done", " ".join(["Done.", *(f"Saved as {format_path(path)}." for path in saved_paths)]))

    def show_stop(self, message: str) -> None:
        """Show that the wait was cancelled, and what happens to the request."""
        self._show_end("stopped", f"Cancelled. {message}")

    def show_error(self, error: Exception) -> None:
        """Show an error on one line."""
        self._show_end("failed", f"{type(error).__name__}: {error}" if isinstance(error, CometError) else repr(error))

    def _show_end(self, state: str, message: str) -> None:
        seconds = round(time.monotonic() - self._start_time, 1) if self._start_time else 0
        text = self.hide_folders(clean_line(message))
        self.form_widget.standing = {"state": state, "told": text, "seconds": seconds}
