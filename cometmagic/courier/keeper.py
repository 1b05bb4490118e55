"""What is kept of a call: its states, its answer decoded, and another disk when its own takes no more.

Everything that a delivery writes down goes through here, so that a full disk is met in one place. It
knows nothing of sending.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from cometmagic.blot import blot_answer
from cometmagic.elsewhere import move_away
from cometmagic.errors import CometError, Fate
from cometmagic.foreign import line
from cometmagic.library import CallFolder
from cometmagic.settle import settle


class Keeper:
    """Keeps one call in `folder`, which is another one once its disk has failed."""

    def __init__(self, folder: CallFolder, report: Callable[[dict[str, Any]], None], key: str) -> None:
        """`report` gets an event when the folder changes; `key` is kept out of what is decoded."""
        self.folder = self.planned = folder
        self._report = report
        self._key = key

    def write(self, **fields: Any) -> None:
        """Write down where the call stands. Raises `OSError` when no disk takes it."""
        self._somewhere(lambda: self.folder.update(**fields))

    def fail(self, error: CometError) -> None:
        """Write down that the call ended without an image. Raises `OSError` when no disk takes it."""
        self._somewhere(lambda: self.folder.fail(error))

    def _somewhere(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError:
            if not self.folder.has_answer:
                raise
            self.now_in(move_away(self.folder, self.folder.received))
            write()

    def now_in(self, folder: CallFolder) -> None:
        """Take note that the call lies in another folder."""
        if folder != self.folder:
            self.folder = folder
            self._report({"event": "moved", "folder": str(folder.path)})

    def settle(self) -> CometError | None:
        """Settle, on another disk when this one takes no more; return the error of an answer without an image."""
        try:
            blot_answer(self.folder, self._key)
            return settle(self.folder)
        except OSError as problem:
            with contextlib.suppress(Exception):
                away = move_away(self.folder, self.folder.received)
                told = settle(away)
                self.now_in(away)
                return told
            return self._unsaved(problem)
        except Exception as problem:  # noqa: BLE001  # the answer is paid for: whatever happens, say where it lies
            return self._unsaved(problem)

    def _unsaved(self, problem: Exception) -> CometError:
        why = problem.strerror if isinstance(problem, OSError) else f"{type(problem).__name__}: {line(problem, 200)}"
        what, do = f"The answer came but could not be saved ({why}).", f"What came is kept in {self.folder.part}."
        error = CometError(what, fate=Fate.ANSWERED, do=do)
        self.folder.update(error=error.record())
        return error
