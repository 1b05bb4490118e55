"""What a delivery writes to the call's folder: its states, and the decoded response.

All writing goes through here, so that a full disk is handled in one place: the call moves to another disk. This
module knows nothing about sending.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from cometmagic.courier.job import EventSink
from cometmagic.errors import ChargeStatus, CometError, LibraryError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.fallback_storage import CallBackup, move_to_fallback, read_documents
from cometmagic.storage.redaction import redact_response
from cometmagic.storage.settle import settle
from cometmagic.system.atomic_files import IS_WINDOWS
from cometmagic.system.redactor import Redactor
from cometmagic.system.regular_files import open_regular
from cometmagic.system.sanitize import clean_line


class CallRecorder:
    """Writes one call to `folder`; when its disk fails, that becomes a folder on another disk."""

    def __init__(self, folder: CallFolder, emit: EventSink, redactor: Redactor) -> None:
        """`emit` gets an event when the folder changes; `redactor` removes the key from what is decoded."""
        self.folder = folder
        self._emit = emit
        self._redactor = redactor
        self._backup = CallBackup()  # of the response, while it is being settled

    @contextlib.contextmanager
    def keep_response_open(self) -> Iterator[None]:
        """Keep the response readable while it is being settled, even if its folder is deleted."""
        with contextlib.ExitStack() as stack:
            if not IS_WINDOWS:  # there, an open file cannot be deleted, not even by settling
                with contextlib.suppress(OSError):
                    response_file = stack.enter_context(open_regular(self.folder.response_path, max_bytes=None))
                    self._backup = CallBackup(read_documents(self.folder), response_file.fileno())
            try:
                yield
            finally:
                self._backup = CallBackup()

    def write(self, **fields: Any) -> None:
        """Update call.json. Raises `OSError` when no disk can be written."""
        self._write_with_fallback(lambda: self.folder.update(**fields))

    def fail(self, error: CometError) -> None:
        """Record that the call ended without an image. Raises `OSError` when no disk can be written."""
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
        descriptor = self._backup.response_fd
        return self.folder.received_size if descriptor is None else os.fstat(descriptor).st_size

    def _move_to_fallback(self) -> CallFolder:
        return move_to_fallback(self.folder, self._received_size, self._backup)

    def change_folder(self, folder: CallFolder) -> None:
        """Continue in another folder, if it is another one, and emit `moved`."""
        if folder != self.folder:
            with contextlib.suppress(OSError):  # what is left of it
                redact_response(self.folder, self._redactor)
            self.folder = folder
            self._emit({"event": "moved", "folder": str(folder.path)})

    def settle(self) -> CometError | None:
        """Settle the call, on another disk when this one is full; return the error of a response without an image."""
        try:
            return self._settle_redacted(self.folder)
        except (OSError, LibraryError) as exception:
            with contextlib.suppress(Exception):
                fallback = self._move_to_fallback()
                error = self._settle_redacted(fallback)
                self.change_folder(fallback)
                return error
            return self._record_save_error(exception)
        except Exception as exception:  # noqa: BLE001  # the response was paid for, so always report where it is
            return self._record_save_error(exception)

    def _settle_redacted(self, folder: CallFolder) -> CometError | None:
        redact_response(folder, self._redactor)
        return settle(folder, redactor=self._redactor)

    def _record_save_error(self, exception: Exception) -> CometError:
        text = f"{type(exception).__name__}: {clean_line(exception, 200)}"
        reason = exception.strerror if isinstance(exception, OSError) else text
        error = CometError(
            f"The answer came but could not be saved ({reason}).",
            charge_status=ChargeStatus.ANSWERED,
            advice=f"What came is kept in {self.folder.response_path}.",
        )
        self.folder.update(error=error.to_dict())
        return error
