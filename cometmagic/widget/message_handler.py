"""Handles the messages of the pages: each one changes the panel, or starts or stops a run.

A page may be out of date, and several may send at once, so no message is trusted: page_messages.py checks its fields
before anything is done. Only these two modules know the kinds of messages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from cometmagic.errors import CometError, OptionError
from cometmagic.generation.result import ImageResult
from cometmagic.options.declaration import Limits
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import shorten_id
from cometmagic.storage.save_paths import slugify
from cometmagic.system.formatting import format_path
from cometmagic.widget.cell.text import restore_settings
from cometmagic.widget.form_sync import REFERENCES_CONTROL, FormSync
from cometmagic.widget.notebook_context import get_namespace
from cometmagic.widget.page_messages import MessageError, parse_message
from cometmagic.widget.panel_state import PanelState
from cometmagic.widget.run.runner import Runner
from cometmagic.widget.uploads import ChunkedUploads
from cometmagic.widget.view_state import ViewState
from cometmagic.widget.visitor_policy import MAX_TOTAL_UPLOAD_BYTES, MAX_UPLOAD_BYTES, VisitorPolicy

MAX_REFERENCE_LENGTH = 8000  # characters of a path or an address
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
        self._uploads = ChunkedUploads() if policy is None else ChunkedUploads(MAX_UPLOAD_BYTES, MAX_TOTAL_UPLOAD_BYTES)
        for part in (view_state.form_widget, view_state.result_widget):
            part.on_msg(self._handle_message)

    def _handle_message(self, _: Any, content: Any, buffers: list[Any]) -> None:
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
            message = parse_message(content)
            actions[message["kind"]](message)
        except MessageError:
            pass  # no message that our own page sends
        except Exception as error:  # noqa: BLE001  # shown like the error of a run; the kernel would only log it
            if not self._state.busy:  # the status of a run is not overwritten
                self._view_state.show_error(error)

    def _apply_changes(self, message: dict[str, Any]) -> None:
        with self._state.hold_refresh():
            self._form_sync.apply_changes(message["page"], message["revision"], message["values"])

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
        references, order = self._state.references, message["order"]
        is_order = len(set(order)) == len(order) and all(index < len(references) for index in order)
        if is_order and message["seen"] == self._view_state.name_references():
            self._state.references = tuple(references[index] for index in order)

    def _add_reference(self, message: dict[str, Any]) -> None:
        word = message["word"].strip()
        with self._try_to_add():
            if len(word) > MAX_REFERENCE_LENGTH:
                raise OptionError(f"The name of the image has {len(word):,} characters.", advice="Add it as a file.")
            if self._policy is not None:
                self._policy.check_reference(word)
            self._state.check_text("A reference image", word)
            if reason := self._view_state.describe_reference(word)["told"]:
                raise OptionError(reason if word in reason else f"{word}: {reason}")
            self._append_reference(word)

    def _receive_upload(self, message: dict[str, Any], chunk: bytes) -> None:
        with self._try_to_add():
            self._state.check_text("The name of the image", message["name"])
            if word := self._uploads.add_chunk(message, chunk):
                self._append_reference(word)

    def _append_reference(self, word: str) -> None:
        self._state.references = (*self._state.references, word)

    @contextlib.contextmanager
    def _try_to_add(self) -> Iterator[None]:
        """Check first that one more reference image is possible, and show an error at the images."""
        self._form_sync.set_reference_error("")
        try:
            self._state.check_reference_count(len(self._state.references) + 1)
            yield
        except CometError as error:
            self._form_sync.set_reference_error(error.message)
            self._view_state.refresh()

    def _find_result(self, message: dict[str, Any]) -> ImageResult:
        """Return the result that a message names. Raises `MessageError`."""
        result = self._view_state.results.get(message["id"])
        if result is None:
            raise MessageError("There is no such result.")
        return result

    def _show_result(self, message: dict[str, Any]) -> None:
        self._state.result = self._find_result(message)

    def _edit_result(self, message: dict[str, Any]) -> None:
        """Set the form to edit a result: the request includes its image, and the prompt describes the change."""
        result = self._find_result(message)
        options = {name: value for name, value in self._state.options.items() if name != "chat"}
        with self._state.hold_refresh():
            self._state.prompt, self._state.options = "", options | {"edit": shorten_id(CallFolder(result.folder))}

    def _add_result_reference(self, message: dict[str, Any]) -> None:
        path = self._find_result(message).image.path
        if path is not None:
            with self._try_to_add():
                self._append_reference(format_path(path))

    def _generate_again(self, message: dict[str, Any]) -> None:
        self._state.check_idle()
        result = self._find_result(message)
        if self._policy is not None:
            settings = self._policy.merge_settings(self._runs.find_settings(result))
        else:
            settings = restore_settings(result, get_namespace())
            options = {name: value for name, value in self._state.options.items() if name in _PERSISTENT_OPTIONS}
            settings = replace(settings, options=options | settings.options)
        self._state.apply_settings(settings)
        self._runs.start()

    def _send_original(self, message: dict[str, Any]) -> None:
        """Send the original image to the browser, which saves it as a download."""
        result = self._find_result(message)
        image = result.image
        header = {
            "kind": "original",
            "name": f"{slugify(result.call['prompt'])}{image.suffix}",
            "mime": image.mime_type,
        }
        with contextlib.suppress(OSError):
            self._view_state.result_widget.send(header, [image.data])
