"""A real kernel, and the outputs of its cells as a front end keeps them.

Displays are updated in place by their id, as JupyterLab, Notebook and nbclient do. It knows nothing of
the package: what it runs is text.
"""

from __future__ import annotations

import contextlib
import os
import queue
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from jupyter_client.manager import KernelManager

PATIENCE = 60.0  # seconds after which a stuck kernel fails its test
Output = dict[str, Any]
EMPTY = {"text/plain": ""}  # an output of which front ends draw nothing


@dataclass
class Ran:
    """What came of one cell."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def outputs(self) -> list[Output]:
        """The outputs that are left under the cell, in order."""
        left: list[Output] = []
        for message in self.messages:
            kind, content = message["msg_type"], message["content"]
            if kind == "update_display_data":
                for output in left:
                    if output.get("transient") == content["transient"]:
                        output.update(content)
            elif kind == "clear_output":
                left.clear()
            elif kind == "stream" and left and left[-1].get("name") == content["name"]:
                left[-1]["text"] += content["text"]  # a busy kernel sends one text in pieces
            elif kind in ("display_data", "execute_result", "stream", "error"):
                left.append({"kind": kind} | content)
        return [output for output in left if output.get("data") != EMPTY]

    @property
    def pictures(self) -> list[Output]:
        """The outputs that hold an image of their own."""
        return [output for output in self.outputs if any(mime.startswith("image/") for mime in output.get("data", {}))]

    @property
    def captions(self) -> list[Output]:
        """The outputs that hold HTML and no image."""
        return [
            output for output in self.outputs if "text/html" in output.get("data", {}) and output not in self.pictures
        ]

    @property
    def error(self) -> Output | None:
        """The error the cell ended with."""
        return next((output for output in self.outputs if output["kind"] == "error"), None)

    @property
    def text(self) -> str:
        """What was printed, and the plain text of what was shown."""
        texts = (output.get("text") or output.get("data", {}).get("text/plain", "") for output in self.outputs)
        return "\n".join(texts)

    @property
    def updates(self) -> list[dict[str, Any]]:
        """The messages that put something on the screen."""
        return [found for found in self.messages if found["msg_type"] in ("display_data", "update_display_data")]


def _parent(message: dict[str, Any]) -> str:
    return str(message["parent_header"].get("msg_id"))


class Kernel:
    """A kernel of its own process; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where it starts."""
        self._scratch = tempfile.TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True)
        # Sockets with paths: a port that is chosen here can be taken by another process before the kernel has it.
        self._manager = KernelManager(transport="ipc", ip=str(Path(self._scratch.name, "at")))
        # Jedi does not write its cache in one step: from half a file, which another kernel is writing or was ended
        # while it wrote, it offers nothing.
        cache = {"XDG_CACHE_HOME": str(Path(self._scratch.name, "cache"))}
        self._manager.start_kernel(cwd=str(folder), env=os.environ | cache)
        self._seen: list[dict[str, Any]] = []  # all messages that were read
        self._ahead: list[dict[str, Any]] = []  # those that no cell's end has been looked for in
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._scratch.cleanup()

    def run(self, code: str, *, history: bool = True) -> Ran:
        """Run a cell to its end; without `history` it leaves no trace in `In`."""
        return self.finish(self.start(code, history=history))

    def start(self, code: str, *, history: bool = True) -> str:
        """Start a cell and return the id of its request."""
        return str(self._client.execute(code, silent=not history, store_history=history))

    def finish(self, request: str) -> Ran:
        """Wait for the end of a cell."""
        ran, begun = Ran(), time.monotonic()
        while True:
            message = self._message()
            if message["parent_header"].get("msg_id") != request:
                continue
            ran.messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        while ran.reply == {}:
            reply = self._client.get_shell_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == request:
                ran.reply = reply["content"]
        ran.seconds = time.monotonic() - begun
        return ran

    def complete(self, code: str, cursor: int | None = None) -> dict[str, Any]:
        """Return what the kernel offers at the cursor, which is at the end when not given."""
        request = self._client.complete(code, len(code) if cursor is None else cursor)
        while True:
            reply = self._client.get_shell_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == request:
                return dict(reply["content"])

    def until(self, request: str, kind: str) -> None:
        """Wait until a cell has sent a message of this kind."""
        while True:
            message = self._message()
            if message["parent_header"].get("msg_id") == request and message["msg_type"] == kind:
                return

    def _message(self) -> dict[str, Any]:
        if self._ahead:
            return self._ahead.pop(0)
        self._seen.append(self._client.get_iopub_msg(timeout=PATIENCE))
        return self._seen[-1]

    def under(self, request: str) -> Ran:
        """Return what a front end shows under a cell by what has been read: changes come from any cell and thread."""
        mine = [one for one in self._seen if _parent(one) == request]
        ids = [one["content"]["transient"] for one in mine if one["msg_type"] == "display_data"]

        def changes(one: dict[str, Any]) -> bool:
            return one["msg_type"] == "update_display_data" and one["content"]["transient"] in ids

        return Ran([one for one in self._seen if _parent(one) == request or changes(one)])

    def shows(self, request: str, what: Callable[[Ran], Any]) -> Ran:
        """Read on until what is shown under a cell is as wanted, and return it."""
        deadline = time.monotonic() + PATIENCE
        while not what(found := self.under(request)):
            assert time.monotonic() < deadline, f"it is not shown, but: {found.text}"
            with contextlib.suppress(queue.Empty):
                self._seen.append(self._client.get_iopub_msg(timeout=1))
                self._ahead.append(self._seen[-1])
        return found

    def interrupt(self) -> None:
        """Do what the stop button does."""
        self._manager.interrupt_kernel()

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression that reads back from its repr; fail on any error."""
        import ast

        ran = self.run(f"print(repr(({expression})))")
        assert ran.error is None, ran.error
        return ast.literal_eval(ran.text.strip())
