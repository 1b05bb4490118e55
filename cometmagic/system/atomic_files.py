"""How files are written so that a crash leaves either the old one or the new one, and never a part.

A file is written beside its place, flushed to the disk and only then given its name: over what was there
(`write_whole`), or where nothing was (`save_new`). This module knows no call folder.
"""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

RETRY_DELAYS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)  # seconds between tries while another program holds a file
MAX_NAME_BYTES = 255  # bytes; where a disk takes more, it counts characters
T = TypeVar("T")
IS_WINDOWS = os.name == "nt"


def write_atomic(path: Path, content: bytes | Iterable[bytes | memoryview], mode: int = 0o600) -> None:
    """Write a file, perhaps in pieces, so that `path` holds all of it or what it held before, also after a crash."""
    beside = _build_temp_path(path)
    try:
        _create_file(beside, (content,) if isinstance(content, bytes) else content, mode)
        _retry(beside.replace, path)
    except BaseException:
        _discard(beside)
        raise
    sync_folder(path.parent)


def read_with_retry(path: Path) -> bytes:
    """Return a file's content; Windows lets nobody read while it is being replaced."""
    return _retry(path.read_bytes) if IS_WINDOWS else path.read_bytes()


def save_new_file(preferred_path: Path, content: bytes, mode: int = 0o666) -> Path:
    """Write a new file and return where it lies: at `wanted`, or with a number when that name is taken.

    No file that is there is ever touched, whoever else saves in the folder. Raises `OSError`, and then
    nothing is left. After a crash the name holds all of it or does not exist, but where the disk has no
    links: there a part can be left.
    """
    beside = _build_temp_path(preferred_path)
    try:
        _create_file(beside, (content,), mode)
        target = next(path for path in _find_free_paths(preferred_path) if _try_publish(path, beside, content, mode))
    finally:
        _discard(beside)
    sync_folder(target.parent)
    return target


def _build_temp_path(path: Path) -> Path:
    """Return a hidden name, in the same folder, that nobody else has: for what shall become `path`."""
    ending = f".{secrets.token_hex(4)}.tmp"
    return path.with_name(_fit_name(f".{path.name}", ending, _read_name_limit(path.parent)))


def _create_file(path: Path, content: Iterable[bytes | memoryview], mode: int) -> None:
    """Write a file that was not there and flush it to the disk; nothing is left when that fails."""
    ours = False
    try:
        # In C from end to end: no interrupt can fall between an open file and the object that closes it.
        with open(path, "xb", opener=partial(os.open, mode=mode)) as file:
            ours = True
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        if ours:
            _discard(path)
        raise


def _try_publish(path: Path, temp_path: Path, content: bytes, mode: int) -> bool:
    """Give the file that lies beside the name `path`, and tell whether it was free."""
    try:
        if IS_WINDOWS:  # whose rename never overwrites, with or without links
            _retry(temp_path.rename, path)
        else:
            _link_or_create(path, temp_path, content, mode)
    except FileExistsError:
        return False
    return True


def _link_or_create(path: Path, temp_path: Path, content: bytes, mode: int) -> None:
    try:
        path.hardlink_to(temp_path)
        path.lstat()  # there are drives that link nothing and say they did
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        # Drives without links say so in many ways, so none is singled out: another fault meets the next step too.
        _discard(temp_path)  # there may be no room for both; further names then come straight here
        _create_verified_file(path, content, mode)


def _create_verified_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file at its final name and read it back, as drives without links are not to be trusted."""
    _create_file(path, (content,), mode)
    same = False
    try:
        same = path.read_bytes() == content
    finally:
        if not same:
            _discard(path)
    if not same:
        raise OSError(errno.EIO, "What was written reads back differently")


def _find_free_paths(preferred_path: Path) -> Iterator[Path]:
    """Yield `wanted`, then numbered names that were free on one look at the folder.

    Whether a name is free when it is taken only the disk can say: others save too, and letters may
    count as equal. The look spares trying thousands.
    """
    yield preferred_path
    taken: set[str] = set()
    with contextlib.suppress(OSError):  # one may write in folders that one may not list
        taken = {path.name for path in preferred_path.parent.iterdir()}
    longest = _read_name_limit(preferred_path.parent)
    for number in itertools.count(2):
        name = _fit_name(preferred_path.stem, f"-{number}{preferred_path.suffix}", longest)
        if name not in taken:
            yield preferred_path.with_name(name)


def _read_name_limit(folder: Path) -> int:
    """Return how many bytes a name may have: 255, or 143 where names are encrypted."""
    try:
        longest = os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # Windows has no such call, some systems no such fact
        return MAX_NAME_BYTES
    return min(longest, MAX_NAME_BYTES) if longest > 0 else MAX_NAME_BYTES


def _fit_name(stem: str, suffix: str, max_bytes: int) -> str:
    """Return `stem` and `ending` as one name, the stem cut between characters when it is too long."""
    while len(stem) > 1 and len(os.fsencode(stem + suffix)) > max_bytes:
        stem = stem[:-1]
    return stem + suffix


def _retry(operation: Callable[..., T], *arguments: object) -> T:
    """Rename, delete or read a file; Windows refuses while somebody else has it, which lasts for moments."""
    for pause in RETRY_DELAYS:
        try:
            return operation(*arguments)
        except PermissionError:
            time.sleep(pause)
    return operation(*arguments)


def _discard(path: Path) -> None:
    """Remove a file that is not needed; when even that fails, what happened before is what matters."""
    with contextlib.suppress(OSError):
        _retry(path.unlink, True)  # missing_ok


def open_private(path: Path, mode: str) -> io.FileIO:
    """Open a file without a buffer, one that is made for its owner alone.

    It is done in C from end to end: no interrupt can fall between an open file and the object that closes it.
    """
    return io.FileIO(path, mode, opener=partial(os.open, mode=0o600))


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(handle)
    except OSError:  # some network file systems flush no folders
        pass
    finally:
        os.close(handle)
