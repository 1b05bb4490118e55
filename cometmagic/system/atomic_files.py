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

HELD = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)  # seconds between tries while another program holds a file
LONGEST_NAME = 255  # bytes; where a disk takes more, it counts characters
T = TypeVar("T")
WINDOWS = os.name == "nt"


def write_whole(path: Path, content: bytes | Iterable[bytes | memoryview], mode: int = 0o600) -> None:
    """Write a file, perhaps in pieces, so that `path` holds all of it or what it held before, also after a crash."""
    beside = _name_beside(path)
    try:
        _create(beside, (content,) if isinstance(content, bytes) else content, mode)
        _patiently(beside.replace, path)
    except BaseException:
        _discard(beside)
        raise
    sync_folder(path.parent)


def read_whole(path: Path) -> bytes:
    """Return a file's content; Windows lets nobody read while it is being replaced."""
    return _patiently(path.read_bytes) if WINDOWS else path.read_bytes()


def save_new(wanted: Path, content: bytes, mode: int = 0o666) -> Path:
    """Write a new file and return where it lies: at `wanted`, or with a number when that name is taken.

    No file that is there is ever touched, whoever else saves in the folder. Raises `OSError`, and then
    nothing is left. After a crash the name holds all of it or does not exist, but where the disk has no
    links: there a part can be left.
    """
    beside = _name_beside(wanted)
    try:
        _create(beside, (content,), mode)
        target = next(path for path in _free_names(wanted) if _take(path, beside, content, mode))
    finally:
        _discard(beside)
    sync_folder(target.parent)
    return target


def _name_beside(path: Path) -> Path:
    """Return a hidden name, in the same folder, that nobody else has: for what shall become `path`."""
    ending = f".{secrets.token_hex(4)}.tmp"
    return path.with_name(_fitted(f".{path.name}", ending, _longest_name(path.parent)))


def _create(path: Path, content: Iterable[bytes | memoryview], mode: int) -> None:
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


def _take(path: Path, beside: Path, content: bytes, mode: int) -> bool:
    """Give the file that lies beside the name `path`, and tell whether it was free."""
    try:
        if WINDOWS:  # whose rename never overwrites, with or without links
            _patiently(beside.rename, path)
        else:
            _link(path, beside, content, mode)
    except FileExistsError:
        return False
    return True


def _link(path: Path, beside: Path, content: bytes, mode: int) -> None:
    try:
        path.hardlink_to(beside)
        path.lstat()  # there are drives that link nothing and say they did
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        # Drives without links say so in many ways, so none is singled out: another fault meets the next step too.
        _discard(beside)  # there may be no room for both; further names then come straight here
        _create_checked(path, content, mode)


def _create_checked(path: Path, content: bytes, mode: int) -> None:
    """Write a file at its final name and read it back, as drives without links are not to be trusted."""
    _create(path, (content,), mode)
    same = False
    try:
        same = path.read_bytes() == content
    finally:
        if not same:
            _discard(path)
    if not same:
        raise OSError(errno.EIO, "What was written reads back differently")


def _free_names(wanted: Path) -> Iterator[Path]:
    """Yield `wanted`, then numbered names that were free on one look at the folder.

    Whether a name is free when it is taken only the disk can say: others save too, and letters may
    count as equal. The look spares trying thousands.
    """
    yield wanted
    taken: set[str] = set()
    with contextlib.suppress(OSError):  # one may write in folders that one may not list
        taken = {path.name for path in wanted.parent.iterdir()}
    longest = _longest_name(wanted.parent)
    for number in itertools.count(2):
        name = _fitted(wanted.stem, f"-{number}{wanted.suffix}", longest)
        if name not in taken:
            yield wanted.with_name(name)


def _longest_name(folder: Path) -> int:
    """Return how many bytes a name may have: 255, or 143 where names are encrypted."""
    try:
        longest = os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # Windows has no such call, some systems no such fact
        return LONGEST_NAME
    return min(longest, LONGEST_NAME) if longest > 0 else LONGEST_NAME


def _fitted(stem: str, ending: str, longest: int) -> str:
    """Return `stem` and `ending` as one name, the stem cut between characters when it is too long."""
    while len(stem) > 1 and len(os.fsencode(stem + ending)) > longest:
        stem = stem[:-1]
    return stem + ending


def _patiently(step: Callable[..., T], *arguments: object) -> T:
    """Rename, delete or read a file; Windows refuses while somebody else has it, which lasts for moments."""
    for pause in HELD:
        try:
            return step(*arguments)
        except PermissionError:
            time.sleep(pause)
    return step(*arguments)


def _discard(path: Path) -> None:
    """Remove a file that is not needed; when even that fails, what happened before is what matters."""
    with contextlib.suppress(OSError):
        _patiently(path.unlink, True)  # missing_ok


def open_private(path: Path, mode: str) -> io.FileIO:
    """Open a file without a buffer, one that is made for its owner alone.

    It is done in C from end to end: no interrupt can fall between an open file and the object that closes it.
    """
    return io.FileIO(path, mode, opener=partial(os.open, mode=0o600))


def near(path: Path) -> str:
    """Return a path as seen from the working folder, or as it is when it does not lie below that."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, on another drive, or the working folder is gone
        return str(path)


def amount(size: int) -> str:
    """Return a number of bytes as people read it: `12.3 kB`."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


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
