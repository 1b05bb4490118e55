"""Atomic writes: after a crash, a file has its old content or its new content, and never a part of it.

The content is written to a temporary file in the same folder and flushed to the disk. Then that file gets its final
name: it replaces a file (`write_atomic`), or takes a free name (`save_new_file`). This module knows no call folder.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from cometmagic.system.regular_files import MAX_FILE_BYTES, read_regular

RETRY_DELAYS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)  # seconds between tries while another program has a file open
MAX_NAME_BYTES = 255  # bytes; file systems that allow more count characters
T = TypeVar("T")
IS_WINDOWS = os.name == "nt"


def write_atomic(path: Path, content: bytes | Iterable[bytes | memoryview], mode: int = 0o600) -> None:
    """Write a file, perhaps in pieces. After a crash, `path` has its old content or all of the new."""
    temp_path = _build_temp_path(path)
    try:
        _create_file(temp_path, (content,) if isinstance(content, bytes) else content, mode)
        _retry(temp_path.replace, path)
    except BaseException:
        _discard(temp_path)
        raise
    sync_folder(path.parent)


def read_with_retry(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return a regular file's content. On Windows, a file cannot be read while it is being replaced."""
    return _retry(read_regular, path, max_bytes) if IS_WINDOWS else read_regular(path, max_bytes)


def save_new_file(preferred_path: Path, content: bytes, mode: int = 0o666) -> Path:
    """Write a new file and return its path: `preferred_path`, or with a number when that name is taken.

    Existing files are never changed, even when other programs save to the folder at the same time. Raises `OSError`,
    and then no file is left. After a crash the file is complete or does not exist; only on a disk without hard links
    can a part be left.
    """
    temp_path = _build_temp_path(preferred_path)
    try:
        _create_file(temp_path, (content,), mode)
        target = next(path for path in _find_free_paths(preferred_path) if _try_publish(path, temp_path, content, mode))
    finally:
        _discard(temp_path)
    sync_folder(target.parent)
    return target


def _build_temp_path(path: Path) -> Path:
    """Return a hidden name in the same folder that nobody else uses."""
    suffix = f".{secrets.token_hex(4)}.tmp"
    return path.with_name(_fit_name(f".{path.name}", suffix, _read_name_limit(path.parent)))


def _create_file(path: Path, content: Iterable[bytes | memoryview], mode: int) -> None:
    """Write a new file and flush it to the disk. When that fails, no file is left."""
    is_created = False
    try:
        # All in C: no interrupt can come between opening the file and creating the object that closes it.
        with open(path, "xb", opener=partial(os.open, mode=mode)) as file:
            is_created = True
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        if is_created:
            _discard(path)
        raise


def _try_publish(path: Path, temp_path: Path, content: bytes, mode: int) -> bool:
    """Give the temporary file the name `path`, and return whether that name was free."""
    try:
        if IS_WINDOWS:  # where renaming never overwrites, with or without hard links
            _retry(temp_path.rename, path)
        else:
            _link_or_create(path, temp_path, content, mode)
    except FileExistsError:
        return False
    return True


def _link_or_create(path: Path, temp_path: Path, content: bytes, mode: int) -> None:
    try:
        path.hardlink_to(temp_path)
        path.lstat()  # some drives report success without creating a link
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        # Drives without links raise many different errors. Any other error comes up again in the next step.
        _discard(temp_path)  # there may be no room for both; for further names, the link fails at once
        _create_verified_file(path, content, mode)


def _create_verified_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file under its final name and read it back, because drives without links are not reliable."""
    _create_file(path, (content,), mode)
    is_same = False
    try:
        is_same = path.read_bytes() == content
    finally:
        if not is_same:
            _discard(path)
    if not is_same:
        raise OSError(errno.EIO, "What was written reads back differently")


def _find_free_paths(preferred_path: Path) -> Iterator[Path]:
    """Yield `preferred_path`, then numbered names that were free when the folder was listed.

    A name may still be taken when it is used: others save too, and the disk may ignore case. Listing the folder
    avoids trying thousands of names.
    """
    yield preferred_path
    used_names: set[str] = set()
    with contextlib.suppress(OSError):  # some folders can be written but not listed
        used_names = {path.name for path in preferred_path.parent.iterdir()}
    max_bytes = _read_name_limit(preferred_path.parent)
    for number in itertools.count(2):
        name = _fit_name(preferred_path.stem, f"-{number}{preferred_path.suffix}", max_bytes)
        if name not in used_names:
            yield preferred_path.with_name(name)


def _read_name_limit(folder: Path) -> int:
    """Return the longest name in bytes: 255, or less where names are encrypted."""
    try:
        max_bytes = os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # unknown on Windows and some other systems
        return MAX_NAME_BYTES
    return min(max_bytes, MAX_NAME_BYTES) if max_bytes > 0 else MAX_NAME_BYTES


def _fit_name(stem: str, suffix: str, max_bytes: int) -> str:
    """Return `stem` and `suffix` as one name, the stem cut between characters when it is too long."""
    while len(stem) > 1 and len(os.fsencode(stem + suffix)) > max_bytes:
        stem = stem[:-1]
    return stem + suffix


def _retry(operation: Callable[..., T], *arguments: object) -> T:
    """Rename, delete or read a file. Windows refuses that for moments, while another program has the file open."""
    for delay in RETRY_DELAYS:
        try:
            return operation(*arguments)
        except PermissionError:
            time.sleep(delay)
    return operation(*arguments)


def _discard(path: Path) -> None:
    """Remove a file that is not needed. An error here is ignored: the one before it matters more."""
    with contextlib.suppress(OSError):
        _retry(path.unlink, True)  # missing_ok


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, where the system can do that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows cannot open folders
        return
    try:
        os.fsync(handle)
    except OSError:  # some network file systems cannot flush folders
        pass
    finally:
        os.close(handle)
