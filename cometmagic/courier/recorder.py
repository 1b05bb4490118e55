"""What is kept of a call: its states, its answer decoded, and another disk when its own takes no more.

Everything that a delivery writes down goes through here, so that a full disk is met in one place. It
knows nothing of sending.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from cometmagic.errors import CometError, Fate, LibraryError
from cometmagic.storage.fallback_storage import Hold, documents, move_away
from cometmagic.storage.finalize import settle
from cometmagic.storage.redaction import blot_answer
from cometmagic.storage.store import CallFolder
from cometmagic.system.atomic_files import WINDOWS
from cometmagic.system.sanitize import line


class Keeper:
    """Keeps one call in `folder`, which is another one once its disk has failed."""

    def __init__(self, folder: CallFolder, report: Callable[[dict[str, Any]], None], key: str) -> None:
        """`report` gets an event when the folder changes; `key` is kept out of what is decoded."""
        self.folder = self.planned = folder
        self._report = report
        self._key = key
        self._held = Hold()  # of an answer that has come

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Have the answer at hand while it is settled, also when its folder vanishes."""
        with contextlib.ExitStack() as opened:
            if not WINDOWS:  # where nothing vanishes that is open, nor could be deleted when it is settled
                with contextlib.suppress(OSError):
                    part = opened.enter_context(self.folder.part.open("rb"))
                    self._held = Hold(documents(self.folder), part.fileno())
            try:
                yield
            finally:
                self._held = Hold()

    def write(self, **fields: Any) -> None:
        """Write down where the call stands. Raises `OSError` when no disk takes it."""
        self._somewhere(lambda: self.folder.update(**fields))

    def fail(self, error: CometError) -> None:
        """Write down that the call ended without an image. Raises `OSError` when no disk takes it."""
        self._somewhere(lambda: self.folder.fail(error))

    def _somewhere(self, write: Callable[[], object]) -> None:
        try:
            write()
        except (OSError, LibraryError):
            if not self._received:
                raise
            self.now_in(self._moved())
            write()

    @property
    def _received(self) -> int:
        held = self._held.answer
        return self.folder.received if held is None else os.fstat(held).st_size

    def _moved(self) -> CallFolder:
        return move_away(self.folder, self._received, self._held)

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
        except (OSError, LibraryError) as problem:
            with contextlib.suppress(Exception):
                away = self._moved()
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
