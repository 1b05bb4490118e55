"""Files of a library, opened so that nothing else on the machine is read or changed.

A library may come from somebody else. A link, a pipe or a device in it would lead elsewhere, block, or never end, so
only regular files are opened: looked at before, and again once they are open. Every wing opens the files of a library
and of its call folders here, and nowhere else. This module knows no call folder.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import stat
from pathlib import Path
from typing import Literal

MAX_FILE_BYTES = 2**28  # far more than any file of a call has
_PLAIN_NAME = re.compile(r"\w[\w.() +-]*", re.ASCII)
_MAX_NAME_LENGTH = 255  # characters; of ASCII, so bytes too
# Do not follow a link, do not block, do not take over a terminal, and do not translate line endings on Windows.
_OPEN_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"))
_LINK_ERRNOS = (errno.ELOOP, errno.EMLINK)  # what systems say when O_NOFOLLOW meets a link
_ROOT_USER = 0


def is_plain_name(name: object) -> bool:
    """Whether this is the name of a file that lies in its folder itself: no path, no drive, not hidden."""
    return isinstance(name, str) and len(name) <= _MAX_NAME_LENGTH and _PLAIN_NAME.fullmatch(name) is not None


def is_regular(path: Path) -> bool:
    """Whether there is a regular file, itself and not by a link."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):  # also in a folder of somebody else, and for an invalid name
        return False


def is_link(path: Path) -> bool:
    """Whether there is a link, wherever it leads, or a junction of Windows."""
    with contextlib.suppress(OSError, ValueError):
        return _describes_link(os.lstat(path))
    return False


def _describes_link(status: os.stat_result) -> bool:
    is_junction = getattr(status, "st_reparse_tag", 0) == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)
    return stat.S_ISLNK(status.st_mode) or is_junction


def is_real_folder(path: Path) -> bool:
    """Whether there is a folder, itself and not by a link."""
    with contextlib.suppress(OSError, ValueError):
        check_folder(path)
        return True
    return False


def check_folder(path: Path) -> os.stat_result:
    """Return the status of a folder. Raises `OSError` for anything else, and for a link to a folder."""
    status = os.lstat(path)
    if _describes_link(status):
        raise _build_error(errno.ENOTDIR, "is a link", path)
    if not stat.S_ISDIR(status.st_mode):
        raise _build_error(errno.ENOTDIR, "is not a folder", path)
    return status


def check_private_folder(path: Path) -> None:
    """Raise `OSError` for what is no folder of this user's, or one that others may write to."""
    status = check_folder(path)
    if not hasattr(os, "geteuid"):  # Windows gives each user such folders
        return
    if status.st_uid != os.geteuid():
        raise _build_error(errno.EACCES, "belongs to another user", path)
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _build_error(errno.EACCES, "can be written by other users", path)


def create_folder(path: Path) -> None:
    """Create a folder, and the missing ones above it, that only their owner may enter. Raises `OSError`."""
    if not os.path.lexists(path.parent):
        create_private_folder(path.parent)
    path.mkdir(mode=0o700)  # with `parents`, those above it would get the mode of the umask


def create_private_folder(path: Path) -> None:
    """Create a folder as `create_folder` does, unless it exists. Raises `OSError` for a link."""
    with contextlib.suppress(FileExistsError):
        create_folder(path)
    check_folder(path)


def measure_regular(path: Path) -> int:
    """Return the size of a regular file, in bytes. Raises `OSError` for anything else."""
    status = os.lstat(path)
    _check_status(path, status)
    return status.st_size


def read_regular(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a regular file, without what is appended meanwhile. Raises as `open_regular` does."""
    with open_regular(path, max_bytes) as file:
        return file.read(os.fstat(file.fileno()).st_size)


def open_regular(path: Path, max_bytes: int | None = MAX_FILE_BYTES) -> io.BufferedReader:
    """Open a regular file for reading.

    Raises `OSError` for a link, a folder, a pipe or a device, for the file of another user in a folder of somebody
    else, and for a file of more than `max_bytes`.
    """
    _check_status(path, os.lstat(path), max_bytes)  # opening alone may change a device
    file = io.FileIO(path, "r", opener=_open_descriptor)
    try:
        _check_status(path, os.fstat(file.fileno()), max_bytes)
        return io.BufferedReader(file)
    except BaseException:
        file.close()
        raise


def open_private(path: Path, mode: Literal["r+", "a+", "x+"]) -> io.FileIO:
    """Open a regular file for writing, without a buffer. A new file can be read by its owner only.

    Raises `OSError` as `open_regular` does, and for a file that has a second name, which may be outside the library.
    """
    with contextlib.suppress(FileNotFoundError):
        _check_writable(path, os.lstat(path))
    file = io.FileIO(path, mode, opener=_open_descriptor)
    try:
        _check_writable(path, os.fstat(file.fileno()))
        return file
    except BaseException:
        file.close()
        raise


def _open_descriptor(path: str, flags: int) -> int:
    # An interrupt right here can lose the number of an open file, which is not locked and of which nothing was read.
    try:
        return os.open(path, flags | _OPEN_FLAGS, 0o600)
    except OSError as error:
        if error.errno in _LINK_ERRNOS:
            raise _build_error(errno.ELOOP, "is a link", path) from None
        raise


def _check_writable(path: Path, status: os.stat_result) -> None:
    _check_status(path, status)
    if status.st_nlink > 1:
        raise _build_error(errno.EMLINK, "has a second name", path)


def _check_status(path: Path, status: os.stat_result, max_bytes: int | None = None) -> None:
    """Raise `OSError` for a file that must not be opened."""
    if stat.S_ISLNK(status.st_mode):
        raise _build_error(errno.ELOOP, "is a link", path)
    if stat.S_ISDIR(status.st_mode):
        raise _build_error(errno.EISDIR, "is a folder", path)
    if not stat.S_ISREG(status.st_mode):
        raise _build_error(errno.EINVAL, "is no regular file", path)
    if not _has_accepted_owner(path, status):
        raise _build_error(errno.EACCES, "belongs to another user", path)
    if max_bytes is not None and status.st_size > max_bytes:
        raise _build_error(errno.EFBIG, f"is larger than {max_bytes / 1e6:,.0f} MB", path)


def _has_accepted_owner(path: Path, status: os.stat_result) -> bool:
    """Whether a file belongs to this user, to root, or to the owner of its folder, as in a course's shared library."""
    if not hasattr(os, "geteuid") or status.st_uid in (os.geteuid(), _ROOT_USER):
        return True
    return status.st_uid == path.parent.stat().st_uid


def _build_error(code: int, reason: str, path: Path | str) -> OSError:
    return OSError(code, f"{Path(path).name} {reason}", str(path))
