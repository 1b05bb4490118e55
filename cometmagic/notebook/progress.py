"""The outputs of a cell: the progress while it waits, then the image or the contact sheet, and the caption.

The image is an output of its own. Widgets' outputs, QtConsole and other consoles ignore updates, so an image that came
as an update of the progress would never be seen there. A plain terminal rewrites one line instead; without a terminal
no progress is written. Any thread can publish outputs. Their content is built by `display`; this module only displays
and updates it.
"""

from __future__ import annotations

import math
import os
import secrets
import sys
import time
from typing import TYPE_CHECKING, Any

from IPython.display import display

from cometmagic.display.bundles import Bundle, drop_html
from cometmagic.display.result_output import FIRST_SECONDS
from cometmagic.generation.call import Call
from cometmagic.notebook import front_end

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

UPDATE_INTERVAL = 0.5  # seconds; a flood of updates makes the notebook server drop all outputs
DEFAULT_COLUMNS = 80  # characters of a terminal of unknown width


def publish(bundle: Bundle, *, html: bool = True) -> None:
    """Display a bundle as it is, or without its HTML."""
    bundle = bundle if html else drop_html(bundle)
    display(bundle[0], metadata=bundle[1], raw=True)


class UpdatableOutput:
    """One output that changes in place.

    A front end finds it by its id, whichever thread sends the update and whichever cell is running. The shell's
    publisher is stored at the start, because `%%capture` in another cell replaces it.
    """

    def __init__(self, shell: InteractiveShell, *, html: bool = True) -> None:
        """`shell` publishes the output, with its HTML if `html`; nothing is shown yet."""
        self._publisher = shell.display_pub
        self._html = html
        self._id = f"cometmagic-{secrets.token_hex(8)}"
        self._is_shown = False

    def show(self, bundle: Bundle) -> None:
        """Show a bundle in place of the previous one."""
        data, metadata = bundle if self._html else drop_html(bundle)
        self._publisher.publish(data=data, metadata=metadata, transient={"display_id": self._id}, update=self._is_shown)
        self._is_shown = True

    def clear(self) -> None:
        """Leave nothing of what was shown: front ends give an empty text no space; nbconvert wants a type it knows."""
        if self._is_shown:
            self.show(({"text/plain": ""}, {}))


class ProgressOutput:
    """The outputs of one cell: the progress, then the image and its caption."""

    def __init__(self, shell: InteractiveShell, *, html: bool = True) -> None:
        """`shell` publishes the outputs, with HTML if `html`; nothing is shown yet."""
        self._html = html
        self.is_notebook = hasattr(shell, "kernel")
        self._has_reader = front_end.is_interactive(shell)
        self.start_time = time.monotonic()
        self.update_time: float | None = None
        self.progress_output = UpdatableOutput(shell, html=html)
        self._final_output = UpdatableOutput(shell, html=html)

    @property
    def seconds(self) -> float:
        """Seconds since the wait began."""
        return time.monotonic() - self.start_time

    @property
    def is_due(self) -> bool:
        """Whether it is time for an update: at most two a second are shown."""
        return self.update_time is None or self.seconds - self.update_time >= UPDATE_INTERVAL

    def show_progress(self, bundle: Bundle) -> None:
        """Show the progress in place of the previous one; not where a program runs the notebook."""
        if self.is_notebook and self._has_reader:
            self.progress_output.show(bundle)
        elif not self.is_notebook:
            self._write_line(bundle[0]["text/plain"].partition("\n")[0])  # only one line can be rewritten
        self.update_time = self.seconds

    def show_image(self, bundle: Bundle) -> None:
        """Replace the progress by the image; a terminal that draws no images shows the result as Out[n] instead."""
        if front_end.can_show_images():
            self.show_final(bundle)
        else:
            self._write_line("")

    def show_final(self, bundle: Bundle) -> None:
        """Replace the progress, or an earlier final output, by the final output."""
        if self.is_notebook:
            self.progress_output.clear()
            self._final_output.show(bundle)
        else:
            self._write_line("")
            publish(bundle, html=self._html)

    def show_caption(self, bundle: Bundle) -> None:
        """Show the caption below the image."""
        publish(bundle, html=self._html)

    @staticmethod
    def _write_line(text: str) -> None:
        if sys.stderr.isatty():
            # Text that continues on a second row cannot be rewritten.
            sys.stderr.write(f"\r\x1b[K{text[: _count_columns() - 1]}")
            sys.stderr.flush()


def _count_columns() -> int:
    """Return the width of the terminal in characters."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or DEFAULT_COLUMNS
    except (OSError, ValueError):
        return DEFAULT_COLUMNS


class CallProgress:
    """The current step of a call, according to its events."""

    def __init__(self, call: Call) -> None:
        """`call` is the call whose events are handled."""
        self._call = call
        self.received_bytes = 0
        self._wait_reason = ""  # why the courier waits
        self._wait_action = ""  # what it does after the wait
        self._wait_end = 0.0  # monotonic time

    def handle_event(self, event: dict[str, Any] | None) -> None:
        """Update the step by an event; None, for a moment without one, changes nothing."""
        match event:
            case {"event": "receiving", "bytes": received_bytes}:
                self.received_bytes, self._wait_end = received_bytes, 0.0
            case {"event": "waiting", "seconds": seconds, "why": reason, "again": is_retry}:
                self._wait_reason, self._wait_end, self.received_bytes = reason, time.monotonic() + seconds, 0
                self._wait_action = "trying again" if is_retry else "sending"

    def describe(self, seconds: float = math.inf) -> tuple[str, str]:
        """Return the step, and why the courier waits, or "".

        `seconds` is the time since the start, where the first output may stay for good.
        """
        remaining_seconds = self._wait_end - time.monotonic()
        if remaining_seconds > 0:
            return f"{self._wait_action} in {remaining_seconds:.0f} s", self._wait_reason
        if self.received_bytes:
            return f"receiving, {self.received_bytes / 1e6:.1f} MB", ""
        if seconds < FIRST_SECONDS:
            return "requested", ""
        return "drawing" if self._call.source == "offline" else "waiting for the model", ""
