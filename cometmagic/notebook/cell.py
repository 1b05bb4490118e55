"""One cell's run: start the call, show that it is under way, show what came of it.

The main thread only waits for events and displays; it can be interrupted at any moment, which stops
the waiting and not the call.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import DisplayHandle, display

from cometmagic import session
from cometmagic.errors import CometError
from cometmagic.notebook import show
from cometmagic.result import ImageResult

UPDATE_EVERY = 0.5  # seconds; a flood of updates makes the notebook server drop all outputs


class Interrupted(KeyboardInterrupt):
    """The waiting was interrupted; the call goes on. Shown as one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


class Waiting:
    """The one output that first says "under way" and then becomes the picture."""

    def __init__(self, call: session.Call, *, terminal: bool) -> None:
        """Show nothing yet."""
        self.call = call
        self.terminal = terminal and sys.stderr.isatty()
        self.silent = terminal and not self.terminal
        self.begun = self.told = time.monotonic()
        self.received = 0
        self._handle: DisplayHandle | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the call began."""
        return time.monotonic() - self.begun

    def beat(self, event: dict[str, Any] | None) -> None:
        """Take an event, or a moment without one; at most two updates a second are shown."""
        if event is not None and event["event"] == "receiving":
            self.received = event["bytes"]
        if self._handle is None or time.monotonic() - self.told >= UPDATE_EVERY:
            self.told = time.monotonic()
            self._show(show.waiting(self.call, self.seconds, self.received))

    def become(self, bundle: show.Bundle) -> None:
        """Turn into the picture or the last line."""
        if self.terminal:
            sys.stderr.write("\r\x1b[K")
        if self._handle is None:
            _display(bundle)
        else:
            self._handle.update(bundle[0], metadata=bundle[1], raw=True)

    def _show(self, bundle: show.Bundle) -> None:
        if self.silent:
            return
        if self.terminal:
            sys.stderr.write(f"\r\x1b[K{bundle[0]['text/plain']}")
            sys.stderr.flush()
        elif self._handle is None:
            self._handle = DisplayHandle()
            _display(bundle, self._handle)
        else:
            self._handle.update(bundle[0], metadata=bundle[1], raw=True)


def _display(bundle: show.Bundle, handle: DisplayHandle | None = None) -> None:
    if handle is None:
        display(bundle[0], metadata=bundle[1], raw=True)
    else:
        handle.display(bundle[0], metadata=bundle[1], raw=True)


def run(shell: InteractiveShell, prompt: str, options: dict[str, Any]) -> ImageResult:
    """Make the picture of a cell and show it. Raises a `CometError` or `Interrupted`."""
    call = session.begin(prompt, **options)
    waiting = Waiting(call, terminal=not hasattr(shell, "kernel"))
    try:
        for event in call.events():
            waiting.beat(event)
        result = call.result()
    except KeyboardInterrupt:
        waiting.become(show.ended(call.folder.path, waiting.seconds, "Interrupted"))
        told = f"The request goes on and may be charged; its image will be saved in {show.near(call.folder.path)}."
        raise Interrupted(told) from None
    except CometError:
        waiting.become(show.ended(call.folder.path, waiting.seconds, "No image"))
        raise
    waiting.become(show.picture(result))
    _display(show.caption(result))
    return result


def show_result(result: ImageResult) -> None:
    """Show a result as the cell that made it did."""
    _display(show.picture(result))
    _display(show.caption(result))
