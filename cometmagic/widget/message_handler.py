"""Handles the messages of the pages: each one changes the panel, or starts or stops a run.

A page may be out of date, and several may send at once, so no message is trusted. Only this module knows the kinds
of messages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from cometmagic.errors import CometError, OptionError
from cometmagic.options.declaration import Limits
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import shorten_id
from cometmagic.storage.save_paths import slugify
from cometmagic.system.formatting import format_path
from cometmagic.widget.cell.text import restore_settings
from cometmagic.widget.form_sync import REFERENCES_CONTROL, FormSync
from cometmagic.widget.notebook_context import get_namespace
from cometmagic.widget.panel_state import PanelState
from cometmagic.widget.run.runner import Runner
from cometmagic.widget.uploads import MAX_FILE_BYTES, ChunkedUploads
from cometmagic.widget.view_state import ViewState
from cometmagic.widget.visitor_policy import MAX_UPLOAD_BYTES, VisitorPolicy

# Options that keep the panel's value when an earlier result is generated again.
_PERSISTENT_OPTIONS = ("source", "preview", "allow_secret", *Limits.list_options())


class MessageHandler:
    """Handles the messages that the widgets of one panel receive."""

    def __init__(
        self,
        state: PanelState,
        view_state: ViewState,
        form_sync: FormSync,
        runs: Runner,
        policy: VisitorPolicy | None,
    ) -> None:
        """Listen from now on; `policy` says what visitors may do, if there are any."""
        self._state, self._view_state, self._form_sync, self._runs = state, view_state, form_sync, runs
        self._policy = policy
        self._uploads = ChunkedUploads(MAX_FILE_BYTES if policy is None else MAX_UPLOAD_BYTES)
        for part in (view_state.form_widget, view_state.result_widget):
            part.on_msg(self._handle_message)

    def _handle_message(self, _: Any, message: dict[str, Any], buffers: list[Any]) -> None:
        """Do what a message asks for, and show an error in the form."""
        actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "edit": self._apply_changes,
            "run": self._start_run,
            "cancel": lambda _: self._runs.cancel(),
            "arrange": self._reorder_references,
            "add": self._add_reference,
            "piece": lambda upload: self._receive_upload(upload, bytes(buffers[0]) if buffers else b""),
            "show": self._show_result,
            "going-on": self._edit_result,
            "refer": self._add_result_reference,
            "again": self._generate_again,
            "save": self._send_original,
        }
        try:
            actions[message["kind"]](message)
        except CometError as error:
            if not self._state.busy:  # the status of a run is not overwritten
                self._view_state.show_error(error)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            pass  # no message that our own page sends

    def _apply_changes(self, message: dict[str, Any]) -> None:
        with self._state.hold_refresh():
            self._form_sync.apply_changes(str(message["page"])[:40], int(message["revision"]), dict(message["values"]))

    def _start_run(self, message: dict[str, Any]) -> None:
        self._apply_changes(message)
        if self._state.busy:  # clicked before the page was updated
            return
        for name, reason in self._form_sync.errors.items():
            if name != REFERENCES_CONTROL:  # a refused image is not part of the request
                raise OptionError(reason)
        self._runs.start()

    def _reorder_references(self, message: dict[str, Any]) -> None:
        """Put the references in the order sent, and drop those not named. An order of other references is ignored."""
        references, order = self._state.references, [int(index) for index in message["order"]]
        if tuple(message["seen"]) == references and len(set(order)) == len(order):
            self._state.references = tuple(references[index] for index in order)

    def _add_reference(self, message: dict[str, Any]) -> None:
        word = str(message["word"]).strip()
        with self._report_reference_errors():
            if self._policy is not None:
                self._policy.check_reference(word)
            self._state.check_text("A reference image", word)
            if reason := self._view_state.describe_reference(word)["told"]:
                raise OptionError(reason if word in reason else f"{word}: {reason}")
            self._state.references = (*self._state.references, word)

    def _receive_upload(self, message: dict[str, Any], chunk: bytes) -> None:
        with self._report_reference_errors():
            if self._policy is not None:
                self._policy.check_reference_count()
            if word := self._uploads.add_chunk(message, chunk):
                self._state.references = (*self._state.references, word)

    @contextlib.contextmanager
    def _report_reference_errors(self) -> Iterator[None]:
        """Show an error at the reference images."""
        self._form_sync.set_reference_error("")
        try:
            yield
        except CometError as error:
            self._form_sync.set_reference_error(error.message)
            self._view_state.refresh()

    def _show_result(self, message: dict[str, Any]) -> None:
        self._state.result = self._view_state.results[message["id"]]

    def _edit_result(self, message: dict[str, Any]) -> None:
        """Set the form to edit a result: the request includes its image, and the prompt describes the change."""
        result = self._view_state.results[message["id"]]
        options = {name: value for name, value in self._state.options.items() if name != "chat"}
        with self._state.hold_refresh():
            self._state.prompt, self._state.options = "", options | {"edit": shorten_id(CallFolder(result.folder))}

    def _add_result_reference(self, message: dict[str, Any]) -> None:
        path = self._view_state.results[message["id"]].image.path
        if path is not None:
            self._state.references = (*self._state.references, format_path(path))

    def _generate_again(self, message: dict[str, Any]) -> None:
        self._state.check_idle()
        settings = restore_settings(self._view_state.results[message["id"]], get_namespace())
        options = {name: value for name, value in self._state.options.items() if name in _PERSISTENT_OPTIONS}
        self._state.apply_settings(replace(settings, options=options | settings.options))
        self._runs.start()

    def _send_original(self, message: dict[str, Any]) -> None:
        """Send the original image to the browser, which saves it as a download."""
        result = self._view_state.results[message["id"]]
        image = result.image
        header = {
            "kind": "original",
            "name": f"{slugify(result.call['prompt'])}{image.suffix}",
            "mime": image.mime_type,
        }
        with contextlib.suppress(OSError):
            self._view_state.result_widget.send(header, [image.data])
