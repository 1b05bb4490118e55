"""One cell's run: start the call, show that it is under way, show what came of it.

The main thread only waits for events and displays; it can be interrupted at any moment, which stops
the waiting and not the call.
"""

from __future__ import annotations

import secrets
import sys
import time
from typing import TYPE_CHECKING, Any

from IPython.display import display

from cometmagic import session
from cometmagic.call import Call
from cometmagic.errors import CometError, Interrupted
from cometmagic.notebook import second_stop, show
from cometmagic.parts import ImagePart
from cometmagic.result import ImageResult

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

UPDATE_EVERY = 0.5  # seconds; a flood of updates makes the notebook server drop all outputs


class Waiting:
    """The one output that first says "under way" and then becomes the picture.

    A plain terminal rewrites one line instead, and a terminal that nobody watches says nothing.
    """

    def __init__(self, call: Call, *, notebook: bool) -> None:
        """Show nothing yet."""
        self.call = call
        self.notebook = notebook
        self.begun = time.monotonic()
        self.told: float | None = None
        self.received = 0
        self.why, self.waits, self.until = "", "", 0.0  # why the courier waits, for what, until when (monotonic)
        self._display_id = f"cometmagic-{secrets.token_hex(8)}"

    @property
    def seconds(self) -> float:
        """Seconds since the call began."""
        return time.monotonic() - self.begun

    def beat(self, event: dict[str, Any] | None) -> None:
        """Take an event, or a moment without one; at most two updates a second are shown."""
        match event:
            case {"event": "receiving", "bytes": received}:
                self.received, self.until = received, 0.0
            case {"event": "waiting", "seconds": seconds, "why": why, "again": again}:
                self.why, self.until, self.received = why, time.monotonic() + seconds, 0
                self.waits = "trying again" if again else "sending"
        if self.told is None or self.seconds - self.told >= UPDATE_EVERY:
            bundle = show.waiting(self.call, self.seconds, *self._step())
            if self.notebook:
                publish(bundle, display_id=self._display_id, update=self.told is not None)
            else:
                self._tell(bundle[0]["text/plain"].partition("\n")[0])  # one line can be taken back
            self.told = self.seconds

    def _step(self) -> tuple[str, str]:
        """Return what happens now, and why the courier waits if it does."""
        left = self.until - time.monotonic()
        if left > 0:
            return f"{self.waits} in {left:.0f} s", self.why
        if self.received:
            return f"receiving, {self.received / 1e6:.1f} MB", ""
        return "drawing" if self.call.source == "offline" else "waiting for the model", ""

    def become(self, bundle: show.Bundle) -> None:
        """Turn into the picture or the last line."""
        if self.notebook:
            publish(bundle, display_id=self._display_id, update=self.told is not None)
        else:
            self._tell("")
            publish(bundle)

    @staticmethod
    def _tell(text: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()


def publish(bundle: show.Bundle, **how: Any) -> None:
    """Display a bundle as it is."""
    display(bundle[0], metadata=bundle[1], raw=True, **how)


def run(shell: InteractiveShell, prompt: str, options: dict[str, Any]) -> ImageResult:
    """Make the picture of a cell and show it. Raises a `CometError` or `Interrupted`."""
    call = session.begin(prompt, **options)
    waiting = Waiting(call, notebook=hasattr(shell, "kernel"))
    try:
        for event in call.events():
            waiting.beat(event)
        result = call.result()
    except KeyboardInterrupt:
        raise _interrupted(call, waiting) from None
    except CometError:
        waiting.become(show.ended(call, waiting.seconds, "No image"))
        raise
    waiting.become(show.picture(result))
    if call.cell.into:
        shell.user_ns[call.cell.into] = result
    saved = None
    try:
        saved = call.save(result)
    finally:
        publish(show.caption(result, saved))
    return result


def _interrupted(call: Call, waiting: Waiting) -> Interrupted:
    """Stop waiting, show that, and return what is raised; a second interrupt abandons what goes on."""
    future = call.stop()
    waiting.become(show.ended(call, waiting.seconds, "Interrupted"))

    def abandon() -> None:
        call.abandon()
        waiting.become(show.ended(call, waiting.seconds, "Abandoned"))

    if call.goes_on and waiting.notebook and second_stop.listen(abandon):
        future += " Interrupt again to abandon it."
    return Interrupted(future)


def show_part(image: ImagePart) -> None:
    """Show one image of a result."""
    publish(show.single(image))


def show_result(result: ImageResult) -> None:
    """Show a result as the cell that made it did."""
    publish(show.picture(result))
    publish(show.caption(result))
