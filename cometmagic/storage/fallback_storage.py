"""A second place for a call whose disk fails, or whose folder disappears, after the answer was paid for.

The whole call folder is copied to the user's state folder, or else to the folder for temporary files, under
its own name; when its disk can be written again, it is moved back. This module does not look into answers.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cometmagic.errors import LibraryError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.trust import create_library_folder
from cometmagic.system.atomic_files import write_atomic
from cometmagic.system.state_folder import find_state_folder

RESPONSE_NAME = "response.part"
DOCUMENT_NAMES = ("request.json", "call.json")


@dataclass(frozen=True)
class CallBackup:
    """What can be saved of a call if its folder disappears: its documents, and the descriptor of its response file."""

    documents: Mapping[str, bytes] = field(default_factory=dict)
    response_fd: int | None = None


def read_documents(folder: CallFolder) -> dict[str, bytes]:
    """Return the `documents` of a `CallBackup`. Raises `OSError` when the folder is gone already."""
    return {name: (folder.path / name).read_bytes() for name in DOCUMENT_NAMES}


def iter_fallback_roots() -> Iterator[Path]:
    """Yield the folders that can replace a library, the best one first."""
    with contextlib.suppress(RuntimeError):  # no home folder
        yield find_state_folder()
    yield Path(tempfile.gettempdir(), f"cometmagic-{_find_user_name()}")


def _find_user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container the user id may have no name
        return str(getattr(os, "getuid", int)())


def move_to_fallback(folder: CallFolder, received_size: int, backup: CallBackup | None = None) -> CallFolder:
    """Copy a call, with the first `received_size` bytes of its answer, to another disk and return the copy.

    If the folder has disappeared, `backup` is copied, without the reference images. Raises `OSError` when no
    fallback folder can be written.
    """
    last_error = OSError("there is no other place")
    for root in iter_fallback_roots():
        try:
            fallback = _copy_call(folder, root, received_size, backup or CallBackup())
        except OSError as error:
            last_error = error
            continue
        fallback.update(home=str(fallback.read().get("home") or folder.path))
        return fallback
    raise last_error


def _copy_call(folder: CallFolder, root: Path, received_size: int, backup: CallBackup) -> CallFolder:
    """Copy a call to a new folder in `root`; after an `OSError` the new folder is removed."""
    target = root / folder.id
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    _check_owner(root)
    with contextlib.suppress(OSError):  # a mark is not worth the image
        create_library_folder(root)
    target.mkdir()  # fails if it exists: a call that was moved before goes to the next root and is not deleted
    try:
        _copy_files(folder, target, backup.documents)
        source = folder.response_path if backup.response_fd is None else backup.response_fd
        _copy_prefix(source, target / RESPONSE_NAME, received_size)
    except OSError:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return CallFolder(target)


def _check_owner(root: Path) -> None:
    """Raise `PermissionError` for a folder that another user created, in a place where everybody may write."""
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
    source_file = source.open("rb") if isinstance(source, Path) else os.fdopen(os.dup(source), "rb")
    with source_file as reader, target.open("xb") as writer:
        reader.seek(0)
        while length > 0 and (chunk := reader.read(min(length, 1 << 20))):
            writer.write(chunk)
            length -= len(chunk)
        writer.flush()
        os.fsync(writer.fileno())


def find_fallback(folder: CallFolder) -> CallFolder | None:
    """Return the copy of a call that was moved, or None."""
    for root in iter_fallback_roots():
        fallback = CallFolder(root / folder.id)
        with contextlib.suppress(LibraryError):
            if fallback.read().get("home") == str(folder.path):
                return fallback
    return None


def iter_orphaned_calls(root: Path) -> Iterator[CallFolder]:
    """Yield the moved calls of a library whose own folders are gone."""
    for fallback_root in iter_fallback_roots():
        for path in sorted(fallback_root.glob("*")) if fallback_root.is_dir() else ():
            fallback = CallFolder(path)
            with contextlib.suppress(LibraryError):
                original_path = Path(str(fallback.read().get("home") or ""))
                if original_path.parent == root and original_path.name == path.name and not original_path.exists():
                    yield fallback


def recreate_folder(fallback: CallFolder, folder: CallFolder) -> None:
    """Create the missing folder of a moved call again, so that it can be restored. Raises `OSError`."""
    create_library_folder(folder.path.parent)
    folder.path.mkdir(exist_ok=True)
    for name, content in read_documents(fallback).items():
        write_atomic(folder.path / name, content)


def restore_call(fallback: CallFolder, folder: CallFolder) -> None:
    """Move a call back to its own folder. Raises `OSError` while that disk cannot be written."""
    for path in fallback.path.iterdir():
        if path.name not in ("call.json", "request.json"):  # request.json is the same, and is locked
            write_atomic(folder.path / path.name, path.read_bytes(), 0o666 if path.suffix != ".json" else 0o600)
    if not fallback.response_path.exists():
        folder.response_path.unlink(missing_ok=True)
    folder.update(**fallback.read() | {"home": None})
    shutil.rmtree(fallback.path)
