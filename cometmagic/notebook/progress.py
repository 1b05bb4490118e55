"""The one output that first says "under way" and then becomes the picture, or several pictures.

A plain terminal rewrites one line instead, and a terminal that nobody watches says nothing. Outputs are
published from whatever thread waits; what stands in them is display.result's.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from typing import TYPE_CHECKING, Any

from IPython.display import display

from cometmagic.display.bundles import Bundle
from cometmagic.generation.call import Call
from cometmagic.notebook import front_end

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

UPDATE_EVERY = 0.5  # seconds; a flood of updates makes the notebook server drop all outputs
USUAL_COLUMNS = 80  # characters of a terminal that does not tell


def publish(bundle: Bundle) -> None:
    """Display a bundle as it is."""
    display(bundle[0], metadata=bundle[1], raw=True)


class Spot:
    """One output that changes in place.

    A front end finds it again by its id, whichever thread sends the change and whichever cell runs meanwhile. The
    shell's publisher is taken at the beginning: `%%capture` in another cell puts one of its own in its place.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        """Show nothing yet."""
        self._publisher = shell.display_pub
        self._id = f"cometmagic-{secrets.token_hex(8)}"
        self._shown = False

    def show(self, bundle: Bundle) -> None:
        """Show a bundle in place of what was shown before."""
        data, metadata = bundle
        self._publisher.publish(data=data, metadata=metadata, transient={"display_id": self._id}, update=self._shown)
        self._shown = True


class Waiting:
    """The outputs of one cell while it waits, and when it has waited."""

    def __init__(self, shell: InteractiveShell) -> None:
        """Show nothing yet."""
        self.notebook = hasattr(shell, "kernel")
        self.begun = time.monotonic()
        self.told: float | None = None
        self._spot = Spot(shell)

    @property
    def seconds(self) -> float:
        """Seconds since the waiting began."""
        return time.monotonic() - self.begun

    @property
    def is_due(self) -> bool:
        """Whether it is time for an update: two a second are shown at most."""
        return self.told is None or self.seconds - self.told >= UPDATE_EVERY

    def tell(self, bundle: Bundle) -> None:
        """Show how things stand, in place of what was shown before."""
        if self.notebook:
            self._spot.show(bundle)
        else:
            self._line(bundle[0]["text/plain"].partition("\n")[0])  # one line can be taken back
        self.told = self.seconds

    def deliver(self, bundle: Bundle) -> None:
        """Turn into the picture that the cell returns; a terminal that draws none tells it behind its Out[n]."""
        if front_end.shows_pictures():
            self.become(bundle)
        else:
            self._line("")

    def become(self, bundle: Bundle) -> None:
        """Turn into the picture or the last line."""
        if self.notebook:
            self._spot.show(bundle)
        else:
            self._line("")
            publish(bundle)

    def add(self, bundle: Bundle) -> None:
        """Show what is told under the picture."""
        publish(bundle)

    @staticmethod
    def _line(text: str) -> None:
        if sys.stderr.isatty():
            # What runs into a second row cannot be taken back.
            sys.stderr.write(f"\r\x1b[K{text[: _columns() - 1]}")
            sys.stderr.flush()


def _columns() -> int:
    """Return how many characters a row of the terminal has."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or USUAL_COLUMNS
    except (OSError, ValueError):
        return USUAL_COLUMNS


class Step:
    """What a call is doing now, by the events that came."""

    def __init__(self, call: Call) -> None:
        """Begin with no event."""
        self.call = call
        self.received = 0
        self.why, self._waits, self._until = "", "", 0.0  # why the courier waits, for what, until when (monotonic)

    def take(self, event: dict[str, Any] | None) -> None:
        """Take an event, or a moment without one."""
        match event:
            case {"event": "receiving", "bytes": received}:
                self.received, self._until = received, 0.0
            case {"event": "waiting", "seconds": seconds, "why": why, "again": again}:
                self.why, self._until, self.received = why, time.monotonic() + seconds, 0
                self._waits = "trying again" if again else "sending"

    def words(self) -> tuple[str, str]:
        """Return what happens now, and why the courier waits if it does."""
        left = self._until - time.monotonic()
        if left > 0:
            return f"{self._waits} in {left:.0f} s", self.why
        if self.received:
            return f"receiving, {self.received / 1e6:.1f} MB", ""
        return "drawing" if self.call.source == "offline" else "waiting for the model", ""
