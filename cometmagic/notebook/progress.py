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

UPDATE_INTERVAL = 0.5  # seconds; a flood of updates makes the notebook server drop all outputs
DEFAULT_COLUMNS = 80  # characters of a terminal that does not tell


def publish(bundle: Bundle) -> None:
    """Display a bundle as it is."""
    display(bundle[0], metadata=bundle[1], raw=True)


class UpdatableOutput:
    """One output that changes in place.

    A front end finds it again by its id, whichever thread sends the change and whichever cell runs meanwhile. The
    shell's publisher is taken at the beginning: `%%capture` in another cell puts one of its own in its place.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        """Show nothing yet."""
        self._publisher = shell.display_pub
        self._id = f"cometmagic-{secrets.token_hex(8)}"
        self._is_shown = False

    def show(self, bundle: Bundle) -> None:
        """Show a bundle in place of what was shown before."""
        data, metadata = bundle
        self._publisher.publish(data=data, metadata=metadata, transient={"display_id": self._id}, update=self._is_shown)
        self._is_shown = True


class ProgressOutput:
    """The outputs of one cell while it waits, and when it has waited."""

    def __init__(self, shell: InteractiveShell) -> None:
        """Show nothing yet."""
        self.is_notebook = hasattr(shell, "kernel")
        self.start_time = time.monotonic()
        self.update_time: float | None = None
        self._output = UpdatableOutput(shell)

    @property
    def seconds(self) -> float:
        """Seconds since the waiting began."""
        return time.monotonic() - self.start_time

    @property
    def is_due(self) -> bool:
        """Whether it is time for an update: two a second are shown at most."""
        return self.update_time is None or self.seconds - self.update_time >= UPDATE_INTERVAL

    def show_progress(self, bundle: Bundle) -> None:
        """Show how things stand, in place of what was shown before."""
        if self.is_notebook:
            self._output.show(bundle)
        else:
            self._write_line(bundle[0]["text/plain"].partition("\n")[0])  # one line can be taken back
        self.update_time = self.seconds

    def show_image(self, bundle: Bundle) -> None:
        """Turn into the picture that the cell returns; a terminal that draws none tells it behind its Out[n]."""
        if front_end.can_show_images():
            self.show_final(bundle)
        else:
            self._write_line("")

    def show_final(self, bundle: Bundle) -> None:
        """Turn into the picture or the last line."""
        if self.is_notebook:
            self._output.show(bundle)
        else:
            self._write_line("")
            publish(bundle)

    def show_caption(self, bundle: Bundle) -> None:
        """Show what is told under the picture."""
        publish(bundle)

    @staticmethod
    def _write_line(text: str) -> None:
        if sys.stderr.isatty():
            # What runs into a second row cannot be taken back.
            sys.stderr.write(f"\r\x1b[K{text[: _count_columns() - 1]}")
            sys.stderr.flush()


def _count_columns() -> int:
    """Return how many characters a row of the terminal has."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or DEFAULT_COLUMNS
    except (OSError, ValueError):
        return DEFAULT_COLUMNS


class CallProgress:
    """What a call is doing now, by the events that came."""

    def __init__(self, call: Call) -> None:
        """Begin with no event."""
        self.call = call
        self.received_bytes = 0
        self.wait_reason, self._wait_action, self._wait_end = (
            "",
            "",
            0.0,
        )  # why the courier waits, for what, until when (monotonic)

    def handle_event(self, event: dict[str, Any] | None) -> None:
        """Take an event, or a moment without one."""
        match event:
            case {"event": "receiving", "bytes": received}:
                self.received_bytes, self._wait_end = received, 0.0
            case {"event": "waiting", "seconds": seconds, "why": why, "again": again}:
                self.wait_reason, self._wait_end, self.received_bytes = why, time.monotonic() + seconds, 0
                self._wait_action = "trying again" if again else "sending"

    def describe(self) -> tuple[str, str]:
        """Return what happens now, and why the courier waits if it does."""
        left = self._wait_end - time.monotonic()
        if left > 0:
            return f"{self._wait_action} in {left:.0f} s", self.wait_reason
        if self.received_bytes:
            return f"receiving, {self.received_bytes / 1e6:.1f} MB", ""
        return "drawing" if self.call.source == "offline" else "waiting for the model", ""
