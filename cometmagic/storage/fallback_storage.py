"""A second place for a call whose disk fails, or whose folder disappears, after the answer was paid for.

The whole call folder is copied to the user's state folder, or else to the folder for temporary files, under
its own name; when its disk can be written again, it is moved back. Where others may write, they could have put
something there: only a folder that is this user's, and that nobody else may write to, is written or read. This module
does not look into answers.
"""

from __future__ import annotations

import contextlib
import getpass
import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cometmagic.errors import LibraryError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.trust import create_library_folder
from cometmagic.system.atomic_files import write_atomic
from cometmagic.system.regular_files import (
    check_private_folder,
    create_private_folder,
    is_regular,
    open_private,
    open_regular,
    read_regular,
)
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
    return {name: folder.read_file(name) for name in DOCUMENT_NAMES}


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
        fallback.update(home=str(find_home(folder, fallback.read())))
        return fallback
    raise last_error


def _copy_call(folder: CallFolder, root: Path, received_size: int, backup: CallBackup) -> CallFolder:
    """Copy a call to a new folder in `root`; after an `OSError` the new folder is removed."""
    target = root / folder.id
    _create_root(root)
    with contextlib.suppress(OSError):  # a mark is not worth the image
        create_library_folder(root)
    # Fails if it exists: a call that was moved before goes to the next root, and is not deleted.
    target.mkdir(mode=0o700)
    try:
        _copy_files(folder, target, backup.documents)
        source = folder.response_path if backup.response_fd is None else backup.response_fd
        _copy_prefix(source, target / RESPONSE_NAME, received_size)
    except OSError:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return CallFolder(target)


def _create_root(root: Path) -> None:
    """Create a fallback folder, or close one that others may enter. Raises `OSError` when others may have written."""
    create_private_folder(root)
    try:
        check_private_folder(root)
    except PermissionError:  # only an empty one can be replaced
        root.rmdir()
        root.mkdir(mode=0o700)
    root.chmod(0o700)


def _iter_private_roots() -> Iterator[Path]:
    """Yield the fallback folders that exist and that nobody else can have written in."""
    for root in iter_fallback_roots():
        with contextlib.suppress(OSError):
            check_private_folder(root)
            yield root


def find_home(folder: CallFolder, call: Mapping[str, Any]) -> Path:
    """Return a call's own folder: of a copy in a fallback folder, the one that its call.json names.

    In any other folder, which may be somebody else's, call.json does not decide where anything is written.
    """
    home = call.get("home")
    is_copy = isinstance(home, str) and folder.path.parent in _iter_private_roots()
    return Path(str(home)) if is_copy else folder.path


def _copy_files(folder: CallFolder, target: Path, documents: Mapping[str, bytes]) -> None:
    try:
        for path in folder.list_files():
            if path.name != RESPONSE_NAME:
                write_atomic(target / path.name, read_regular(path))
    except OSError:
        if not documents or folder.has_file("call.json"):
            raise
    for name, content in documents.items():
        if not is_regular(target / name):
            write_atomic(target / name, content)


def _copy_prefix(source: Path | int, target: Path, length: int) -> None:
    if not length:
        return
    source_file = open_regular(source, None) if isinstance(source, Path) else os.fdopen(os.dup(source), "rb")
    with source_file as reader, io.BufferedRandom(open_private(target, "x+")) as writer:
        reader.seek(0)
        while length > 0 and (chunk := reader.read(min(length, 1 << 20))):
            writer.write(chunk)
            length -= len(chunk)
        writer.flush()
        os.fsync(writer.fileno())


def find_fallback(folder: CallFolder) -> CallFolder | None:
    """Return the copy of a call that was moved, or None."""
    for root in _iter_private_roots():
        fallback = CallFolder(root / folder.id)
        with contextlib.suppress(LibraryError):
            if fallback.read().get("home") == str(folder.path):
                return fallback
    return None


def iter_orphaned_calls(root: Path) -> Iterator[CallFolder]:
    """Yield the moved calls of a library whose own folders are gone."""
    for fallback_root in _iter_private_roots():
        for path in sorted(fallback_root.glob("*")):
            fallback = CallFolder(path)
            with contextlib.suppress(LibraryError):
                home = Path(str(fallback.read().get("home") or ""))
                if home == root / path.name and not os.path.lexists(home):
                    yield fallback


def recreate_folder(fallback: CallFolder, folder: CallFolder) -> None:
    """Create the missing folder of a moved call again, so that it can be restored. Raises `OSError`."""
    create_library_folder(folder.path.parent)
    create_private_folder(folder.path)
    for name, content in read_documents(fallback).items():
        write_atomic(folder.path / name, content)


def restore_call(fallback: CallFolder, folder: CallFolder) -> None:
    """Move a call back to its own folder. Raises `OSError` while that disk cannot be written."""
    for path in fallback.list_files():
        if path.name not in DOCUMENT_NAMES:  # request.json is the same, and is locked
            write_atomic(folder.path / path.name, read_regular(path))
    if not fallback.has_file(RESPONSE_NAME):
        folder.response_path.unlink(missing_ok=True)
    folder.update(**fallback.read() | {"home": None})
    shutil.rmtree(fallback.path)
