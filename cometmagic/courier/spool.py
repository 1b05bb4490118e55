"""`response.part` as it grows, on another disk when its own takes no more.

What arrives has been paid for. Each piece is handed to the system at once, so that a killed courier
loses nothing it has read, and a full or broken disk, or a folder that vanishes, means another place and not a
lost picture.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.fallback_storage import CallBackup, move_to_fallback


class ResponseSpool:
    """Writes the answer of a call; `folder` is where it lies, `size` how many bytes of it."""

    def __init__(self, folder: CallFolder, documents: Mapping[str, bytes]) -> None:
        """Nothing is opened yet; `documents` are those of the folder, should it vanish."""
        self.folder = folder
        self._documents = documents
        self.size = 0
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Begin anew in the call's folder."""
        try:
            self._descriptor = self._open_part(self.folder, os.O_TRUNC)
        except OSError:
            self._move_to_fallback()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def write(self, piece: bytes) -> None:
        """Append a piece. Raises `OSError` when no disk takes it."""
        try:
            self._write(piece)
        except OSError:
            self._move_to_fallback()
            self._write(piece)

    def flush(self) -> None:
        """Have all of it on the disk. Raises `OSError` when no disk takes it."""
        try:
            os.fsync(self._descriptor)
            if not os.path.samestat(os.fstat(self._descriptor), self.folder.response_path.stat()):
                raise FileNotFoundError(self.folder.response_path)  # as when nothing lies there
        except OSError:
            self._move_to_fallback()
            os.fsync(self._descriptor)

    def _write(self, piece: bytes) -> None:
        view, done = memoryview(piece), 0
        while done < len(view):
            done += os.write(self._descriptor, view[done:])
        self.size += done

    def _move_to_fallback(self) -> None:
        hold = CallBackup(self._documents, self._descriptor if self._descriptor >= 0 else None)
        away = move_to_fallback(self.folder, self.size, hold)
        before, self._descriptor = self._descriptor, self._open_part(away, os.O_APPEND)
        self.folder = away
        if before >= 0:
            os.close(before)

    @staticmethod
    def _open_part(folder: CallFolder, flags: int) -> int:
        return os.open(folder.response_path, os.O_RDWR | os.O_CREAT | flags | getattr(os, "O_BINARY", 0), 0o600)
