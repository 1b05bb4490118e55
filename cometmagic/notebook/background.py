"""`--background`: the prompt comes back at once, and the cell's outputs fill in when the picture comes.

A thread of the kernel waits for the courier's events and changes outputs that the cell has left behind; a new
output from a thread would land under whatever cell runs, or nowhere. The picture itself does not depend on the
thread: the courier brings it home.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cometmagic.display import result_output as show
from cometmagic.display.bundles import Bundle, join_bundles
from cometmagic.errors import Interrupted
from cometmagic.generation.call import EVENT_POLL_INTERVAL, PendingCall
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.notebook.progress import ProgressOutput, UpdatableOutput, publish

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

UPDATE_INTERVAL = 2.0  # seconds between two updates: somebody works in the notebook meanwhile

AnyResult = ImageResult | ImageResults
ResultSetter = Callable[[AnyResult], None]  # puts a result into the cell's variable
ResultPresenter = Callable[[ProgressOutput, ResultSetter], AnyResult]  # shows what came, and returns it


class PendingResult:
    """A picture that is on its way. `.result()` waits for it, `.done` tells whether it has come."""

    def __init__(self, pending_call: PendingCall) -> None:
        """Begin without a result."""
        self._pending_call = pending_call
        self._end_event = threading.Event()
        self._result: AnyResult | None = None
        self._error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended, with a picture or with an error."""
        return self._end_event.is_set()

    def result(self, timeout: float | None = None) -> AnyResult:
        """Wait for the result, at most `timeout` seconds, and return it.

        Raises its `CometError`, `TimeoutError`, and `Interrupted` when the waiting is interrupted: the picture
        still comes.
        """
        until = None if timeout is None else time.monotonic() + timeout
        try:
            while not self._end_event.wait(EVENT_POLL_INTERVAL):  # in short steps: Windows interrupts no longer ones
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError(
                        f"The picture has not come within {timeout:g} s. {self._pending_call.describe_outcome()}"
                    )
        except KeyboardInterrupt:
            raise Interrupted(self._pending_call.describe_outcome()) from None
        if self._result is None or self._error is not None:
            raise self._error or RuntimeError("It ended without a word.")
        return self._result

    def cancel(self) -> str:
        """Take it back if nothing was sent yet, and return what becomes of it."""
        return self._pending_call.stop()

    def complete(self, present: Callable[[], AnyResult]) -> Exception | None:
        """Take the result that `finished` gives, or its error, and return that."""
        try:
            self._result = present()
        except Exception as error:  # noqa: BLE001  # it is raised where it is waited for
            self._error = error
        finally:
            self._end_event.set()
        return self._error

    def __getattr__(self, name: str) -> Any:
        """Give what the result has, once it is there."""
        if name.startswith("_"):
            raise AttributeError(name)
        if not self.done:
            raise AttributeError(f"{name}: the picture has not come yet; .result() waits for it.")
        return getattr(self.result(), name)

    def __repr__(self) -> str:
        how = "under way" if not self.done else "failed" if self._error is not None else "ended"
        return f"<cometmagic {how}: {self._error if how == 'failed' else self._pending_call.describe_outcome()}>"


class _BackgroundOutput(ProgressOutput):
    """The outputs that a cell has left behind: all are there when it ends, and only change afterwards."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._caption_output = UpdatableOutput(shell)
        self._captions: list[Bundle] = []

    @property
    def is_due(self) -> bool:
        """Whether it is time for an update; a terminal, where somebody types, has none."""
        return self.is_notebook and (self.update_time is None or self.seconds - self.update_time >= UPDATE_INTERVAL)

    def show_placeholder(self, progress: Bundle, note: Bundle) -> None:
        """Show what is there when the cell ends."""
        if self.is_notebook:
            self.show_progress(progress)
            self._caption_output.show(note)
        else:
            publish(progress)

    def show_image(self, bundle: Bundle) -> None:
        """Turn into the picture, which no cell returns any more."""
        self.show_final(bundle)

    def show_caption(self, bundle: Bundle) -> None:
        if self.is_notebook:
            self._captions.append(bundle)
            self._caption_output.show(join_bundles(*self._captions))
        else:
            publish(bundle)


def start_background(
    shell: InteractiveShell,
    pending_call: PendingCall,
    build_progress: Callable[[float], Bundle],
    present: ResultPresenter,
) -> PendingResult:
    """Wait for the end on a thread; `finished` shows it then, and `words` until then how things stand.

    The cell's variable holds the `Pending` first, and the result when it has come, unless somebody has put something
    else there.
    """
    pending, waiting, name = PendingResult(pending_call), _BackgroundOutput(shell), pending_call.cell_options.into
    if name:
        shell.user_ns[name] = pending

    def keep(result: AnyResult) -> None:
        if name and shell.user_ns.get(name) is pending:
            shell.user_ns[name] = result

    def wait() -> None:
        for _ in pending_call.iter_events():
            if waiting.is_due:
                waiting.show_progress(build_progress(waiting.seconds))
        error = pending.complete(lambda: present(waiting, keep))
        if error is not None:
            waiting.show_caption(show.build_error(error))

    waiting.show_placeholder(build_progress(0.0), show.build_placeholder(name))
    # The context tells newer kernels whose outputs these are.
    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(wait,), name="cometmagic-background", daemon=True
    )
    thread.start()
    return pending
