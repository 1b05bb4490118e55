"""A lock on a file, for threads and processes alike, that the operating system drops when its holder dies.

A file that merely exists stays behind after a crash, and then somebody must guess whether its owner
still lives; here there is nothing to guess. This module knows nothing of what a lock protects.
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

from cometmagic.system.atomic_files import open_private

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

POLL_INTERVAL = 0.01  # seconds between two tries, on average
LOCK_OFFSET = 2**31 - 2  # the byte that is locked on Windows: behind any content, and in the reach of every C runtime


class LockBusyError(Exception):  # not an error: somebody else holds the lock
    """Somebody else holds the lock."""


class LockUnsupportedError(Exception):  # as above: a fact about the disk
    """The file system has no locks, as some network and cloud folders have none."""


class Lock:
    """A lock that is held, until `release` or the end of the process.

    A child that this process forks has the lock too: it lasts until the child has ended as well, or
    until one of the two calls `release`. A program started with `subprocess` does not have it.
    """

    _file: io.FileIO | None = None

    def __init__(self, file: io.FileIO) -> None:
        """`file` is an open one that bears the lock, and is closed with it."""
        self._file = file

    def release(self) -> None:
        """Let others have the lock; a second time does nothing."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # closing it unlocks it too
                _unlock_handle(file.fileno())
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        """Let go of a lock that an interrupt took from its holder; only closed, for a forked child comes here too."""
        if self._file is not None:
            self._file.close()


def acquire_lock(path: Path, timeout: float = 0.0, *, create: bool = True) -> Lock:
    """Return the lock of the file at `path`, which is made when it is missing and `create` is true.

    Raises `Busy` when somebody else still holds it after `patience` seconds, `NoLocks` when there is none
    to be had, and `OSError` when the file cannot be opened for writing.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            return _try_acquire(path, create)
        except LockBusyError:
            left = deadline - time.monotonic()
            if left <= 0:
                raise
        time.sleep(min(left, POLL_INTERVAL * random.uniform(0.5, 1.5)))  # noqa: S311  # so that waiters do not march in step


def _try_acquire(path: Path, create: bool) -> Lock:
    """Try once. A file that was deleted or replaced meanwhile is opened anew: nobody else would meet us there."""
    while True:
        file = open_private(path, "a+" if create else "r+")
        with contextlib.ExitStack() as unless_ours:
            lock = unless_ours.enter_context(Lock(file))
            _lock_file(file.fileno(), path)
            if _is_same_file(path, file.fileno()):
                unless_ours.pop_all()
                return lock


def _is_same_file(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
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
    _BUSY_ERRNOS = (errno.EAGAIN, errno.EACCES)  # EACCES where the locks of a network folder are those of POSIX

    def _lock_handle(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock_handle(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _lock_file(handle: int, path: Path) -> None:
    """Lock an open file. Whatever else is wrong, there is no lock: the callers must know only that."""
    try:
        _lock_handle(handle)
    except OSError as error:
        if error.errno in _BUSY_ERRNOS:
            raise LockBusyError(f"{path} is held by somebody else") from None
        raise LockUnsupportedError(f"{path} cannot be locked: {error.strerror}") from error
