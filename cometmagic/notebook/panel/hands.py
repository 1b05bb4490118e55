"""A panel and its parts in the browser: what is told to them, and what is done when they speak."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipywidgets import Box

from cometmagic.catalog import short_id
from cometmagic.disk import near
from cometmagic.errors import CometError
from cometmagic.folders import CallFolder, slug
from cometmagic.foreign import line
from cometmagic.local_file import is_url
from cometmagic.notebook.names import resolved
from cometmagic.notebook.panel import controls, outcome, text
from cometmagic.notebook.panel.advise import Advice, advise, has_key, inherited
from cometmagic.notebook.panel.inbox import Inbox
from cometmagic.notebook.panel.widgets import CellText, Form, Outcome
from cometmagic.notebook.panel.work import Standing
from cometmagic.options import Limits
from cometmagic.result import ImageResult
from cometmagic.results import ImageResults

if TYPE_CHECKING:
    from cometmagic.notebook.panel.face import Panel

UPDATE_EVERY = 0.5  # seconds
LONGEST_HISTORY = 50  # results
Made = ImageResult | ImageResults | None
_STAYS = ("source", "preview", *Limits.declared())  # of the panel, when it is set to what made an earlier result


class Hands:
    """Holds the three parts of one panel."""

    def __init__(self, panel: Panel) -> None:
        """Make the parts and fill them."""
        self._panel = panel
        self._form, self._outcome, self._cell = Form(controls=controls.descriptions()), Outcome(), CellText()
        self.sheet = Box((self._form, self._outcome, self._cell))
        self.sheet.add_class("cm-sheet")
        self._inbox, self._key = Inbox(), has_key()
        # Of the form, as the browser last told it: its number, what is wrong, and what was written there.
        self._revision, self._is_taking = 0, False
        self._wrong: dict[str, str] = {}
        self._raw: dict[str, Any] = {}
        self._read: dict[str, Any] = {}  # the options that went with it
        self._telling = threading.RLock()
        self._made: dict[str, ImageResult] = {}
        self._begun = self._told = 0.0
        self._pictured: dict[str, outcome.Told] = {}
        self._form.on_msg(self._heard)
        self._outcome.on_msg(self._heard)
        self.refresh()

    def close(self) -> None:
        """Close the parts."""
        for part in (*self.sheet.children, self.sheet):
            part.close()

    # What the browser is told.

    def refresh(self) -> None:
        """Tell the form what the panel is set to, and what follows from that."""
        with self._telling:  # or what a thread saw before another would be told after it
            if not self._is_taking:  # only when all of it is taken
                self._refresh()

    def _refresh(self) -> None:
        panel = self._panel
        if panel.options != self._read:  # set since by somebody else
            self._wrong, self._raw, self._read = {}, {}, dict(panel.options)
        base = inherited(panel.options, panel.defaults)
        said = advise(base | panel.options, panel.prompt, len(panel.references), key=self._key)
        self._form.state = {
            "revision": self._revision,
            "prompt": panel.prompt,
            "values": controls.values(panel.options, base) | self._raw,
            "wrong": self._wrong,
            "busy": panel.busy,
            **_told(said),
        }
        self._cell.text = panel.as_cell()
        if [one["word"] for one in self._form.references] != list(panel.references):
            self._form.references = [self._reference(word) for word in panel.references]
            # A variable may hold another picture, and a file be another, when it is added again.
            self._pictured = {word: told for word, told in self._pictured.items() if word in panel.references}

    def _reference(self, word: str) -> outcome.Told:
        """Return a reference as the form shows it; an address is not fetched before it is sent."""
        if is_url(word):
            return {"word": word, "picture": b"", "told": ""}
        if word not in self._pictured:
            try:
                [given] = resolved({"image": [word]}, self._panel.names)["image"]
                self._pictured[word] = outcome.reference(word, given)
            except CometError as error:
                return {"word": word, "picture": b"", "told": line(error.what)}
        return self._pictured[word]

    def show(self, made: Made) -> None:
        """Show a result, and put what is new in the history."""
        for one in made.made if isinstance(made, ImageResults) else [made] if made is not None else []:
            if one.folder.name not in self._made:
                self._made[one.folder.name] = one
                self._outcome.history = [*self._outcome.history, outcome.entry(one)][-LONGEST_HISTORY:]
        mime_type, content = outcome.picture(made)
        with self._outcome.hold_sync():
            self._outcome.picture, self._outcome.drafts = content, outcome.drafts(made)
            self._outcome.shown = outcome.told(made) | {"mime": mime_type}

    def begin(self) -> None:
        """Show that a run begins."""
        self._begun, self._told, self._key = time.monotonic(), 0.0, has_key()
        self._form.standing = {"state": "busy", "told": "preparing", "seconds": 0}

    def stand(self, standing: Standing) -> None:
        """Show how a run stands, twice a second at most."""
        now = time.monotonic()
        if now - self._told < UPDATE_EVERY:
            return
        self._told = now
        told = line(f"{standing.told}: {standing.why}" if standing.why else standing.told)
        self._form.standing = {
            "state": "busy",
            "told": told,
            "seconds": round(now - self._begun, 1),
            "received": standing.received,
            "done": standing.done,
            "total": standing.total,
        }

    def end(self, *saved: Path) -> None:
        """Show that a picture has come."""
        self._finish("done", " ".join(["Done.", *(f"Saved as {near(path)}." for path in saved)]))

    def stopped(self, told: str) -> None:
        """Show that the waiting was stopped, and what becomes of the call."""
        self._finish("stopped", f"Cancelled. {told}")

    def failed(self, told: str) -> None:
        """Show an error, in its one line."""
        self._finish("failed", told)

    def _finish(self, state: str, told: str) -> None:
        seconds = round(time.monotonic() - self._begun, 1) if self._begun else 0
        self._form.standing = {"state": state, "told": line(told), "seconds": seconds}

    # What the browser says.

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
            self._finish("failed", f"{type(error).__name__}: {error}")
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            pass  # nothing that our own page says

    def _take(self, said: dict[str, Any]) -> None:
        """Take what the form shows."""
        self._revision = int(said["revision"])
        panel, given = self._panel, said["values"]
        base = inherited(panel.options, panel.defaults)
        options, self._wrong = controls.changed(panel.options, base, given)
        self._raw = {name: given[name] for name in self._wrong}
        self._is_taking = True
        try:
            panel.prompt, panel.options = str(said["prompt"]), options
            self._read = dict(panel.options)
        finally:
            self._is_taking = False
        self.refresh()

    def _run(self, said: dict[str, Any]) -> None:
        self._take(said)
        if self._wrong:
            return
        if not self._panel.busy:
            self._panel.press()

    def _arrange(self, said: dict[str, Any]) -> None:
        """Keep the references in the order told; those that are not named go. A page that saw others is behind."""
        held, order = self._panel.references, [int(at) for at in said["order"]]
        if tuple(said["seen"]) == held and len(set(order)) == len(order):
            self._panel.references = tuple(held[at] for at in order)

    def _add(self, said: dict[str, Any]) -> None:
        if word := str(said["word"]).strip():
            resolved({"image": [word]}, self._panel.names)
            self._panel.references = (*self._panel.references, word)

    def _receive(self, said: dict[str, Any], piece: bytes) -> None:
        if word := self._inbox.take(said, piece):
            self._panel.references = (*self._panel.references, word)

    def _recall(self, said: dict[str, Any]) -> None:
        self._panel.result = self._made[said["id"]]

    def _go_on(self, said: dict[str, Any]) -> None:
        """Set the form to edit a result: its image goes along, and the prompt says what is to change."""
        result = self._made[said["id"]]
        kept = {name: value for name, value in self._panel.options.items() if name != "chat"}
        self._panel.prompt, self._panel.options = "", kept | {"edit": short_id(CallFolder(result.folder))}

    def _refer(self, said: dict[str, Any]) -> None:
        path = self._made[said["id"]].image.path
        if path is not None:
            self._panel.references = (*self._panel.references, near(path))

    def _again(self, said: dict[str, Any]) -> None:
        self._panel.check_idle()
        found = text.from_result(self._made[said["id"]])
        ours = {name: value for name, value in self._panel.options.items() if name in _STAYS}
        self._panel.adopt(replace(found, options=ours | found.options))
        self._panel.press()

    def _save(self, said: dict[str, Any]) -> None:
        """Send the original to the browser, which saves it where its downloads go."""
        result = self._made[said["id"]]
        image = result.image
        name = f"{slug(result.call['prompt'])}{image.suffix}"
        with contextlib.suppress(OSError):
            self._outcome.send({"kind": "original", "name": name, "mime": image.mime_type}, [image.data])


def _told(said: Advice) -> dict[str, Any]:
    notes = [line(note) for note in said.notes]
    return {"price": said.price, "notes": notes, "off": {name: dict(why) for name, why in said.off.items()}}
