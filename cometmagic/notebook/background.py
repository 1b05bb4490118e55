"""`--background`: the prompt comes back at once, and the cell's output fills in when the picture comes.

A thread of the kernel waits for the courier's events; the output is found again by its display id, so other
cells may run meanwhile. The picture itself does not depend on the thread: the courier brings it home.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from cometmagic.batch import Batch
from cometmagic.call import Call
from cometmagic.errors import CometError, Interrupted
from cometmagic.notebook import show
from cometmagic.notebook.waiting import Waiting
from cometmagic.result import ImageResult
from cometmagic.results import ImageResults

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Result = ImageResult | ImageResults


class Pending:
    """A picture that is on its way. `.result()` waits for it, `.done` tells whether it has come."""

    def __init__(self, under_way: Call | Batch) -> None:
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
        try:
            ended = self._ended.wait(timeout)
        except KeyboardInterrupt:
            raise Interrupted(self._under_way.future()) from None
        if not ended:
            raise TimeoutError(f"The picture has not come within {timeout:g} s.")
        if self._error is not None:
            raise self._error
        assert self._result is not None  # noqa: S101  # one of the two is there
        return self._result

    def cancel(self) -> str:
        """Take it back if nothing was sent yet, and return what becomes of it."""
        return self._under_way.stop()

    def end(self, finished: Callable[[], Result]) -> None:
        """Take the result that `finished` gives, or its error."""
        try:
            self._result = finished()
        except Exception as error:  # noqa: BLE001  # it is raised where it is waited for
            self._error = error
        self._ended.set()

    def __repr__(self) -> str:
        return f"<cometmagic {'ended' if self.done else 'under way'}: {self._under_way.future()}>"


def begin(
    shell: InteractiveShell, under_way: Call | Batch, waiting: Waiting, finished: Callable[[], Result]
) -> Pending:
    """Wait for the end on a thread; `finished` shows it then. The cell's variable holds the `Pending` until then."""
    pending = Pending(under_way)
    if name := under_way.cell.into:
        shell.user_ns[name] = pending
    waiting.tell(show.under_way(under_way, waiting.seconds))

    def wait() -> None:
        for _ in under_way.events():
            if waiting.is_due:
                waiting.tell(show.under_way(under_way, waiting.seconds))
        pending.end(finished)
        if isinstance(pending._error, CometError):  # noqa: SLF001  # its own class's
            waiting.become(show.failed(under_way, waiting.seconds, pending._error))  # noqa: SLF001  # as above

    # The context tells the kernel which cell's outputs these are.
    threading.Thread(target=contextvars.copy_context().run, args=(wait,), daemon=True).start()
    return pending
