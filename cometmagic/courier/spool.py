"""Writing `response.part` as the response arrives, on another disk if need be.

The response has been paid for. Each piece is written at once, except for what looks like the key at its end, so that
a killed courier loses nothing else that it has read, and leaves no key behind.
When the disk is full or broken, or the folder is deleted, writing continues in another folder. Nothing here knows
what a response means.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.fallback_storage import CallBackup, move_to_fallback
from cometmagic.storage.redaction import StreamRedactor
from cometmagic.system.redactor import Redactor
from cometmagic.system.regular_files import open_private


class ResponseSpool:
    """Writes the response of a call: `size` bytes so far, in `folder`."""

    def __init__(self, folder: CallFolder, documents: Mapping[str, bytes], redactor: Redactor) -> None:
        """`documents` are the folder's JSON files, in case it is deleted. Nothing is opened yet."""
        self.folder = folder
        self._redactor = StreamRedactor(redactor)
        self._documents = documents
        self.size = 0
        self._file: io.FileIO | None = None

    def __enter__(self) -> Self:
        """Start an empty file in the call's folder."""
        try:
            self._file = open_private(self.folder.response_path, "a+")
            self._file.truncate(0)
        except OSError:
            self._move_to_fallback()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, piece: bytes) -> None:
        """Append a piece. Raises `OSError` when no disk can be written."""
        self._write_with_fallback(self._redactor.feed(piece))

    def _write_with_fallback(self, piece: bytes) -> None:
        try:
            self._write(piece)
        except OSError:
            self._move_to_fallback()
            self._write(piece)

    def flush(self) -> None:
        """Flush everything to the disk: the stream has ended. Raises `OSError` when no disk can be written."""
        self._write_with_fallback(self._redactor.finish())
        try:
            os.fsync(self._descriptor)
            if not os.path.samestat(os.fstat(self._descriptor), os.lstat(self.folder.response_path)):
                raise FileNotFoundError(self.folder.response_path)  # another file has its place
        except OSError:
            self._move_to_fallback()
            os.fsync(self._descriptor)

    @property
    def _descriptor(self) -> int:
        return -1 if self._file is None else self._file.fileno()

    def _write(self, piece: bytes) -> None:
        view, offset = memoryview(piece), 0
        while offset < len(view):
            offset += os.write(self._descriptor, view[offset:])
        self.size += offset

    def _move_to_fallback(self) -> None:
        backup = CallBackup(self._documents, None if self._file is None else self._file.fileno())
        fallback = move_to_fallback(self.folder, self.size, backup)
        previous_file, self._file = self._file, open_private(fallback.response_path, "a+")
        self.folder = fallback
        if previous_file is not None:
            previous_file.close()
