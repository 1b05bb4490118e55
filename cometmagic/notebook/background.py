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

from cometmagic.display import result as show
from cometmagic.display.bundles import Bundle, together
from cometmagic.errors import Interrupted
from cometmagic.generation.call import EVENT_POLL_INTERVAL, PendingCall
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.notebook.progress import Spot, Waiting, publish

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

EVERY = 2.0  # seconds between two updates: somebody works in the notebook meanwhile

Result = ImageResult | ImageResults
Keep = Callable[[Result], None]  # puts a result into the cell's variable
Finished = Callable[[Waiting, Keep], Result]  # shows what came, and returns it


class Pending:
    """A picture that is on its way. `.result()` waits for it, `.done` tells whether it has come."""

    def __init__(self, under_way: PendingCall) -> None:
        """Begin without a result."""
        self._under_way = under_way
        self._ended = threading.Event()
        self._result: Result | None = None
        self._error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended, with a picture or with an error."""
        return self._ended.is_set()

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the result, at most `timeout` seconds, and return it.

        Raises its `CometError`, `TimeoutError`, and `Interrupted` when the waiting is interrupted: the picture
        still comes.
        """
        until = None if timeout is None else time.monotonic() + timeout
        try:
            while not self._ended.wait(EVENT_POLL_INTERVAL):  # in short steps: Windows interrupts no longer ones
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError(
                        f"The picture has not come within {timeout:g} s. {self._under_way.describe_outcome()}"
                    )
        except KeyboardInterrupt:
            raise Interrupted(self._under_way.describe_outcome()) from None
        if self._result is None or self._error is not None:
            raise self._error or RuntimeError("It ended without a word.")
        return self._result

    def cancel(self) -> str:
        """Take it back if nothing was sent yet, and return what becomes of it."""
        return self._under_way.stop()

    def end(self, finished: Callable[[], Result]) -> Exception | None:
        """Take the result that `finished` gives, or its error, and return that."""
        try:
            self._result = finished()
        except Exception as error:  # noqa: BLE001  # it is raised where it is waited for
            self._error = error
        finally:
            self._ended.set()
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
        return f"<cometmagic {how}: {self._error if how == 'failed' else self._under_way.describe_outcome()}>"


class _Behind(Waiting):
    """The outputs that a cell has left behind: all are there when it ends, and only change afterwards."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._below = Spot(shell)
        self._added: list[Bundle] = []

    @property
    def is_due(self) -> bool:
        """Whether it is time for an update; a terminal, where somebody types, has none."""
        return self.notebook and (self.told is None or self.seconds - self.told >= EVERY)

    def leave(self, place: Bundle, below: Bundle) -> None:
        """Show what is there when the cell ends."""
        if self.notebook:
            self.tell(place)
            self._below.show(below)
        else:
            publish(place)

    def deliver(self, bundle: Bundle) -> None:
        """Turn into the picture, which no cell returns any more."""
        self.become(bundle)

    def add(self, bundle: Bundle) -> None:
        if self.notebook:
            self._added.append(bundle)
            self._below.show(together(*self._added))
        else:
            publish(bundle)


def begin(
    shell: InteractiveShell, under_way: PendingCall, words: Callable[[float], Bundle], finished: Finished
) -> Pending:
    """Wait for the end on a thread; `finished` shows it then, and `words` until then how things stand.

    The cell's variable holds the `Pending` first, and the result when it has come, unless somebody has put something
    else there.
    """
    pending, waiting, name = Pending(under_way), _Behind(shell), under_way.cell_options.into
    if name:
        shell.user_ns[name] = pending

    def keep(result: Result) -> None:
        if name and shell.user_ns.get(name) is pending:
            shell.user_ns[name] = result

    def wait() -> None:
        for _ in under_way.iter_events():
            if waiting.is_due:
                waiting.tell(words(waiting.seconds))
        error = pending.end(lambda: finished(waiting, keep))
        if error is not None:
            waiting.add(show.error(error))

    waiting.leave(words(0.0), show.meanwhile(name))
    # The context tells newer kernels whose outputs these are.
    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(wait,), name="cometmagic-background", daemon=True
    )
    thread.start()
    return pending
