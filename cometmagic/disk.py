"""How files are written so that a crash leaves either the old one or the new one, and never a part.

A file is written beside its place, flushed to the disk and then renamed. This module knows no call
folder.
"""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

HELD = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)  # seconds between tries while another program holds a file


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file so that `path` holds all of it or what it held before, also after a crash."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _replace(beside: Path, path: Path) -> None:
    """Rename over a file; Windows refuses while somebody reads it, which lasts for moments."""
    for pause in HELD:
        try:
            beside.replace(path)
        except PermissionError:
            time.sleep(pause)
        else:
            return
    beside.replace(path)


def near(path: Path) -> str:
    """Return a path as seen from the working folder, or as it is when it does not lie below that."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, on another drive, or the working folder is gone
        return str(path)


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
