"""A lock on a file, for threads and processes, that the operating system releases when the process dies.

A file whose mere existence is the lock would stay after a crash, and its owner's state would have to be guessed.
This module knows nothing of what a lock protects.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
import sys
import time
from pathlib import Path
from typing import Self

from cometmagic.system.regular_files import open_private

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

POLL_INTERVAL = 0.01  # seconds between two tries, on average
LOCK_OFFSET = 2**31 - 2  # the locked byte on Windows: after any content, and within the range of every C runtime


class LockBusyError(Exception):  # a state, not an error
    """Another thread or process holds the lock."""


class LockUnsupportedError(Exception):  # as above
    """The file system has no locks, like some network and cloud folders."""


class Lock:
    """A lock that is held until `release` or the end of the process.

    A forked child holds the lock too: it lasts until both processes have ended, or one of them calls `release`.
    A program started with `subprocess` does not hold it.
    """

    _file: io.FileIO | None = None

    def __init__(self, file: io.FileIO) -> None:
        """Take an open file that is locked, or about to be. It is closed with the lock."""
        self._file = file

    def release(self) -> None:
        """Release the lock. Further calls do nothing."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # closing the file unlocks it too
                _unlock_handle(file.fileno())
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        """Release a lock whose owner was interrupted. The file is only closed, because a forked child gets here too."""
        if self._file is not None:
            self._file.close()


def acquire_lock(path: Path, timeout: float = 0.0, *, create: bool = True) -> Lock:
    """Return the lock of the file at `path`, which is created when it is missing and `create` is true.

    Raises `LockBusyError` when the lock is still held elsewhere after `timeout` seconds, `LockUnsupportedError` when
    the file system has no locks, and `OSError` when there is no regular file that can be opened for writing.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            return _try_acquire(path, create)
        except LockBusyError:
            remaining_time = deadline - time.monotonic()
            if remaining_time <= 0:
                raise
        jitter = random.uniform(0.5, 1.5)  # noqa: S311  # keeps waiting processes from trying at the same time
        time.sleep(min(remaining_time, POLL_INTERVAL * jitter))


def _try_acquire(path: Path, create: bool) -> Lock:
    """Try once. A file that was replaced meanwhile is opened again, because nobody else would lock the old one."""
    while True:
        file = open_private(path, "a+" if create else "r+")
        with contextlib.ExitStack() as cleanup:
            lock = cleanup.enter_context(Lock(file))
            _lock_file(file.fileno(), path)
            if _is_same_file(path, file.fileno()):
                cleanup.pop_all()
                return lock


def _is_same_file(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    _BUSY_ERRNOS = (errno.EACCES, errno.EDEADLK)

    def _lock_handle(handle: int) -> None:
        os.lseek(handle, LOCK_OFFSET, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock_handle(handle: int) -> None:
        os.lseek(handle, LOCK_OFFSET, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    _BUSY_ERRNOS = (errno.EAGAIN, errno.EACCES)  # EACCES on network folders with POSIX locks

    def _lock_handle(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock_handle(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _lock_file(handle: int, path: Path) -> None:
    """Lock an open file. Any error but a held lock means that there are no locks."""
    try:
        _lock_handle(handle)
    except OSError as error:
        if error.errno in _BUSY_ERRNOS:
            raise LockBusyError(f"{path} is held by somebody else") from None
        raise LockUnsupportedError(f"{path} cannot be locked: {error.strerror}") from error
