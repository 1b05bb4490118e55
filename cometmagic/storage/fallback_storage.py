"""Another place for a call whose disk fails, or whose folder vanishes, after the answer was paid for.

The whole call folder goes to the user's state folder, or to the one for temporary files, under its own
name; when its disk can be written again, it comes home. This module knows nothing of what an answer means.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cometmagic.errors import LibraryError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.system.atomic_files import write_atomic

RESPONSE_NAME = "response.part"
DOCUMENT_NAMES = ("request.json", "call.json")


@dataclass(frozen=True)
class CallBackup:
    """What is at hand of a call should its folder vanish: its documents, and its answer as an open file's number."""

    documents: Mapping[str, bytes] = field(default_factory=dict)
    response_fd: int | None = None


def read_documents(folder: CallFolder) -> dict[str, bytes]:
    """Return what `Hold` keeps of a folder. Raises `OSError` when it is gone already."""
    return {name: (folder.path / name).read_bytes() for name in DOCUMENT_NAMES}


def iter_fallback_roots() -> Iterator[Path]:
    """Yield the folders that stand in for a library, the best one first."""
    with contextlib.suppress(RuntimeError):  # no home
        yield _find_state_folder() / "cometmagic"
    yield Path(tempfile.gettempdir(), f"cometmagic-{_find_user_name()}")


def _find_state_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")


def _find_user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return str(getattr(os, "getuid", int)())


def move_to_fallback(folder: CallFolder, received_size: int, backup: CallBackup | None = None) -> CallFolder:
    """Copy a call, with the first `received` bytes of its answer, to another disk and return it there.

    Of a folder that has vanished goes what is held; its references are gone. Raises `OSError` when no place takes it.
    """
    refused, backup = OSError("there is no other place"), backup or CallBackup()
    for place in iter_fallback_roots():
        target = place / folder.id
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            _check_owner(place)
            target.mkdir()
        except OSError as error:  # it may be there: a call that was moved already must move on, not be cleared away
            refused = error
            continue
        try:
            _copy_files(folder, target, backup.documents)
            _copy_prefix(
                folder.response_path if backup.response_fd is None else backup.response_fd,
                target / RESPONSE_NAME,
                received_size,
            )
        except OSError as error:
            shutil.rmtree(target, ignore_errors=True)
            refused = error
            continue
        away = CallFolder(target)
        away.update(home=str(away.read().get("home") or folder.path))
        return away
    raise refused


def _check_owner(root: Path) -> None:
    """Refuse a folder that somebody else has laid out for us, in a place where everybody may write."""
    if hasattr(os, "getuid") and root.lstat().st_uid != os.getuid():
        raise PermissionError(f"{root} belongs to somebody else")


def _copy_files(folder: CallFolder, target: Path, documents: Mapping[str, bytes]) -> None:
    try:
        shutil.copytree(folder.path, target, ignore=shutil.ignore_patterns(RESPONSE_NAME, ".*"), dirs_exist_ok=True)
    except OSError:
        if not documents or (folder.path / "call.json").exists():
            raise
    for name, content in documents.items():
        if not (target / name).exists():
            write_atomic(target / name, content)


def _copy_prefix(source: Path | int, target: Path, length: int) -> None:
    if not length:
        return
    opened = source.open("rb") if isinstance(source, Path) else os.fdopen(os.dup(source), "rb")
    with opened as read, target.open("xb") as write:
        read.seek(0)
        while length > 0 and (block := read.read(min(length, 1 << 20))):
            write.write(block)
            length -= len(block)
        write.flush()
        os.fsync(write.fileno())


def find_fallback(folder: CallFolder) -> CallFolder | None:
    """Return where a call was moved to, or None."""
    for place in iter_fallback_roots():
        away = CallFolder(place / folder.id)
        with contextlib.suppress(LibraryError):
            if away.read().get("home") == str(folder.path):
                return away
    return None


def iter_orphaned_calls(root: Path) -> Iterator[CallFolder]:
    """Yield the calls of a library that lie elsewhere because their own folders are gone."""
    for place in iter_fallback_roots():
        for path in sorted(place.glob("*")) if place.is_dir() else ():
            away = CallFolder(path)
            with contextlib.suppress(LibraryError):
                home = Path(str(away.read().get("home") or ""))
                if home.parent == root and home.name == path.name and not home.exists():
                    yield away


def recreate_folder(fallback: CallFolder, folder: CallFolder) -> None:
    """Make a folder anew that is gone, for a call that lies elsewhere to come home to. Raises `OSError`."""
    folder.path.mkdir(parents=True, exist_ok=True)
    for name, content in read_documents(fallback).items():
        write_atomic(folder.path / name, content)


def restore_call(fallback: CallFolder, folder: CallFolder) -> None:
    """Put a call that was moved back into its own folder. Raises `OSError` while that disk takes nothing."""
    for path in fallback.path.iterdir():
        if path.name not in ("call.json", "request.json"):  # that one is the same, and bears the lock
            write_atomic(folder.path / path.name, path.read_bytes(), 0o666 if path.suffix != ".json" else 0o600)
    if not fallback.response_path.exists():
        folder.response_path.unlink(missing_ok=True)
    folder.update(**fallback.read() | {"home": None})
    shutil.rmtree(fallback.path)
