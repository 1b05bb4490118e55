"""What is kept of a call: its states, its answer decoded, and another disk when its own takes no more.

Everything that a delivery writes down goes through here, so that a full disk is met in one place. It
knows nothing of sending.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from cometmagic.errors import ChargeStatus, CometError, LibraryError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.fallback_storage import CallBackup, move_to_fallback, read_documents
from cometmagic.storage.redaction import redact_response
from cometmagic.storage.settle import settle
from cometmagic.system.atomic_files import IS_WINDOWS
from cometmagic.system.sanitize import clean_line


class CallRecorder:
    """Keeps one call in `folder`, which is another one once its disk has failed."""

    def __init__(self, folder: CallFolder, emit: Callable[[dict[str, Any]], None], key: str) -> None:
        """`report` gets an event when the folder changes; `key` is kept out of what is decoded."""
        self.folder = self.original_folder = folder
        self._emit = emit
        self._key = key
        self._backup = CallBackup()  # of an answer that has come

    @contextlib.contextmanager
    def keep_response_open(self) -> Iterator[None]:
        """Have the answer at hand while it is settled, also when its folder vanishes."""
        with contextlib.ExitStack() as opened:
            if not IS_WINDOWS:  # where nothing vanishes that is open, nor could be deleted when it is settled
                with contextlib.suppress(OSError):
                    part = opened.enter_context(self.folder.response_path.open("rb"))
                    self._backup = CallBackup(read_documents(self.folder), part.fileno())
            try:
                yield
            finally:
                self._backup = CallBackup()

    def write(self, **fields: Any) -> None:
        """Write down where the call stands. Raises `OSError` when no disk takes it."""
        self._write_with_fallback(lambda: self.folder.update(**fields))

    def fail(self, error: CometError) -> None:
        """Write down that the call ended without an image. Raises `OSError` when no disk takes it."""
        self._write_with_fallback(lambda: self.folder.fail(error))

    def _write_with_fallback(self, write: Callable[[], object]) -> None:
        try:
            write()
        except (OSError, LibraryError):
            if not self._received_size:
                raise
            self.change_folder(self._move_to_fallback())
            write()

    @property
    def _received_size(self) -> int:
        held = self._backup.response_fd
        return self.folder.received_size if held is None else os.fstat(held).st_size

    def _move_to_fallback(self) -> CallFolder:
        return move_to_fallback(self.folder, self._received_size, self._backup)

    def change_folder(self, folder: CallFolder) -> None:
        """Take note that the call lies in another folder."""
        if folder != self.folder:
            self.folder = folder
            self._emit({"event": "moved", "folder": str(folder.path)})

    def settle(self) -> CometError | None:
        """Settle, on another disk when this one takes no more; return the error of an answer without an image."""
        try:
            redact_response(self.folder, self._key)
            return settle(self.folder)
        except (OSError, LibraryError) as problem:
            with contextlib.suppress(Exception):
                away = self._move_to_fallback()
                told = settle(away)
                self.change_folder(away)
                return told
            return self._record_save_error(problem)
        except Exception as problem:  # noqa: BLE001  # the answer is paid for: whatever happens, say where it lies
            return self._record_save_error(problem)

    def _record_save_error(self, exception: Exception) -> CometError:
        why = (
            exception.strerror
            if isinstance(exception, OSError)
            else f"{type(exception).__name__}: {clean_line(exception, 200)}"
        )
        what, do = (
            f"The answer came but could not be saved ({why}).",
            f"What came is kept in {self.folder.response_path}.",
        )
        error = CometError(what, charge_status=ChargeStatus.ANSWERED, advice=do)
        self.folder.update(error=error.to_dict())
        return error
