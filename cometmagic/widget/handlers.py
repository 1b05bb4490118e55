"""What is done by hand on a page, done to the panel.

A page is not trusted to be up to date: it may say what was true a moment ago, and several may speak.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cometmagic.errors import CometError, OptionError
from cometmagic.options.declaration import Limits
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import shorten_id
from cometmagic.storage.save_paths import slugify
from cometmagic.system.formatting import format_path
from cometmagic.widget import notebook_context
from cometmagic.widget.cell import text
from cometmagic.widget.form_sync import REFERENCES_CONTROL, FormSync
from cometmagic.widget.uploads import ChunkedUploads
from cometmagic.widget.view_state import ViewState

if TYPE_CHECKING:
    from cometmagic.widget.panel import Panel

_PERSISTENT_OPTIONS = (
    "source",
    "preview",
    *Limits.list_options(),
)  # of the panel, when it is set to what made an earlier result


class MessageHandler:
    """Hears the parts of one panel."""

    def __init__(self, panel: Panel, view_state: ViewState, form_sync: FormSync) -> None:
        """Listen from now on."""
        self._panel, self._view_state, self._form_sync = panel, view_state, form_sync
        self._uploads = ChunkedUploads()
        for part in (view_state.form_widget, view_state.result_widget):
            part.on_msg(self._handle_message)

    def _handle_message(self, _: Any, message: dict[str, Any], buffers: list[Any]) -> None:
        """Do what a part of the panel says; what is wrong about it is shown like any error."""
        deeds: dict[str, Callable[[dict[str, Any]], None]] = {
            "edit": self._apply_changes,
            "run": self._start_run,
            "cancel": lambda _: self._panel.cancel(),
            "arrange": self._reorder_references,
            "add": self._add_reference,
            "piece": lambda told: self._receive_upload(told, bytes(buffers[0]) if buffers else b""),
            "show": self._show_result,
            "going-on": self._edit_result,
            "refer": self._add_result_reference,
            "again": self._generate_again,
            "save": self._send_original,
        }
        try:
            deeds[message["kind"]](message)
        except CometError as error:
            if not self._panel.busy:  # how the run stands is not painted over
                self._view_state.show_error(error)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            pass  # nothing that our own page says

    def _apply_changes(self, message: dict[str, Any]) -> None:
        with self._panel.hold_refresh():
            self._form_sync.apply_changes(str(message["page"])[:40], int(message["revision"]), dict(message["values"]))

    def _start_run(self, message: dict[str, Any]) -> None:
        self._apply_changes(message)
        if self._panel.busy:  # pressed before the page heard of it
            return
        for name, why in self._form_sync.errors.items():
            if name != REFERENCES_CONTROL:  # a picture that was not taken is no part of it
                raise OptionError(why)
        self._panel.start()

    def _reorder_references(self, message: dict[str, Any]) -> None:
        """Keep the references in the order told; those that are not named go. A page that saw others is behind."""
        held, order = self._panel.references, [int(at) for at in message["order"]]
        if tuple(message["seen"]) == held and len(set(order)) == len(order):
            self._panel.references = tuple(held[at] for at in order)

    def _add_reference(self, message: dict[str, Any]) -> None:
        word = str(message["word"]).strip()
        with self._report_reference_errors():
            self._panel.key_guard.check("A reference image", word)
            if why := self._view_state.describe_reference(word)["told"]:
                raise OptionError(why if word in why else f"{word}: {why}")
            self._panel.references = (*self._panel.references, word)

    def _receive_upload(self, message: dict[str, Any], chunk: bytes) -> None:
        with self._report_reference_errors():
            if word := self._uploads.add_chunk(message, chunk):
                self._panel.references = (*self._panel.references, word)

    @contextlib.contextmanager
    def _report_reference_errors(self) -> Iterator[None]:
        """Tell an error where the picture was to appear."""
        self._form_sync.set_reference_error("")
        try:
            yield
        except CometError as error:
            self._form_sync.set_reference_error(error.message)
            self._view_state.refresh()

    def _show_result(self, message: dict[str, Any]) -> None:
        self._panel.result = self._view_state.results[message["id"]]

    def _edit_result(self, message: dict[str, Any]) -> None:
        """Set the form to edit a result: its image goes along, and the prompt says what is to change."""
        result = self._view_state.results[message["id"]]
        kept = {name: value for name, value in self._panel.options.items() if name != "chat"}
        with self._panel.hold_refresh():
            self._panel.prompt, self._panel.options = "", kept | {"edit": shorten_id(CallFolder(result.folder))}

    def _add_result_reference(self, message: dict[str, Any]) -> None:
        path = self._view_state.results[message["id"]].image.path
        if path is not None:
            self._panel.references = (*self._panel.references, format_path(path))

    def _generate_again(self, message: dict[str, Any]) -> None:
        self._panel.check_idle()
        found = text.restore_settings(self._view_state.results[message["id"]], notebook_context.get_namespace())
        ours = {name: value for name, value in self._panel.options.items() if name in _PERSISTENT_OPTIONS}
        self._panel.apply_settings(replace(found, options=ours | found.options))
        self._panel.start()

    def _send_original(self, message: dict[str, Any]) -> None:
        """Send the original to the browser, which saves it where its downloads go."""
        result = self._view_state.results[message["id"]]
        image = result.image
        name = f"{slugify(result.call['prompt'])}{image.suffix}"
        with contextlib.suppress(OSError):
            self._view_state.result_widget.send(
                {"kind": "original", "name": name, "mime": image.mime_type}, [image.data]
            )
