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
from cometmagic.storage.index import shorten_id
from cometmagic.storage.store import CallFolder, slugify
from cometmagic.system.atomic_files import format_path
from cometmagic.widget import cell_text, context
from cometmagic.widget.form_sync import REFERENCES, Reading
from cometmagic.widget.uploads import Inbox
from cometmagic.widget.view_state import Mirror

if TYPE_CHECKING:
    from cometmagic.widget.panel import Panel

_STAYS = ("source", "preview", *Limits.list_options())  # of the panel, when it is set to what made an earlier result


class Hands:
    """Hears the parts of one panel."""

    def __init__(self, panel: Panel, mirror: Mirror, reading: Reading) -> None:
        """Listen from now on."""
        self._panel, self._mirror, self._reading = panel, mirror, reading
        self._inbox = Inbox()
        for part in (mirror.form, mirror.outcome):
            part.on_msg(self._heard)

    def _heard(self, _: Any, said: dict[str, Any], buffers: list[Any]) -> None:
        """Do what a part of the panel says; what is wrong about it is shown like any error."""
        deeds: dict[str, Callable[[dict[str, Any]], None]] = {
            "edit": self._take,
            "run": self._run,
            "cancel": lambda _: self._panel.cancel(),
            "arrange": self._arrange,
            "add": self._add,
            "piece": lambda told: self._receive(told, bytes(buffers[0]) if buffers else b""),
            "show": self._recall,
            "going-on": self._go_on,
            "refer": self._refer,
            "again": self._again,
            "save": self._save,
        }
        try:
            deeds[said["kind"]](said)
        except CometError as error:
            if not self._panel.busy:  # how the run stands is not painted over
                self._mirror.failed(error)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            pass  # nothing that our own page says

    def _take(self, said: dict[str, Any]) -> None:
        with self._panel.at_once():
            self._reading.take(str(said["page"])[:40], int(said["revision"]), dict(said["values"]))

    def _run(self, said: dict[str, Any]) -> None:
        self._take(said)
        if self._panel.busy:  # pressed before the page heard of it
            return
        for name, why in self._reading.wrong.items():
            if name != REFERENCES:  # a picture that was not taken is no part of it
                raise OptionError(why)
        self._panel.press()

    def _arrange(self, said: dict[str, Any]) -> None:
        """Keep the references in the order told; those that are not named go. A page that saw others is behind."""
        held, order = self._panel.references, [int(at) for at in said["order"]]
        if tuple(said["seen"]) == held and len(set(order)) == len(order):
            self._panel.references = tuple(held[at] for at in order)

    def _add(self, said: dict[str, Any]) -> None:
        word = str(said["word"]).strip()
        with self._telling_at_the_references():
            self._panel.secret.check("A reference image", word)
            if why := self._mirror.reference(word)["told"]:
                raise OptionError(why if word in why else f"{word}: {why}")
            self._panel.references = (*self._panel.references, word)

    def _receive(self, said: dict[str, Any], piece: bytes) -> None:
        with self._telling_at_the_references():
            if word := self._inbox.take(said, piece):
                self._panel.references = (*self._panel.references, word)

    @contextlib.contextmanager
    def _telling_at_the_references(self) -> Iterator[None]:
        """Tell an error where the picture was to appear."""
        self._reading.accuse_references("")
        try:
            yield
        except CometError as error:
            self._reading.accuse_references(error.message)
            self._mirror.refresh()

    def _recall(self, said: dict[str, Any]) -> None:
        self._panel.result = self._mirror.made[said["id"]]

    def _go_on(self, said: dict[str, Any]) -> None:
        """Set the form to edit a result: its image goes along, and the prompt says what is to change."""
        result = self._mirror.made[said["id"]]
        kept = {name: value for name, value in self._panel.options.items() if name != "chat"}
        with self._panel.at_once():
            self._panel.prompt, self._panel.options = "", kept | {"edit": shorten_id(CallFolder(result.folder))}

    def _refer(self, said: dict[str, Any]) -> None:
        path = self._mirror.made[said["id"]].image.path
        if path is not None:
            self._panel.references = (*self._panel.references, format_path(path))

    def _again(self, said: dict[str, Any]) -> None:
        self._panel.check_idle()
        found = cell_text.from_result(self._mirror.made[said["id"]], context.variables())
        ours = {name: value for name, value in self._panel.options.items() if name in _STAYS}
        self._panel.adopt(replace(found, options=ours | found.options))
        self._panel.press()

    def _save(self, said: dict[str, Any]) -> None:
        """Send the original to the browser, which saves it where its downloads go."""
        result = self._mirror.made[said["id"]]
        image = result.image
        name = f"{slugify(result.call['prompt'])}{image.suffix}"
        with contextlib.suppress(OSError):
            self._mirror.outcome.send({"kind": "original", "name": name, "mime": image.mime_type}, [image.data])
