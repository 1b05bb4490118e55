"""The courier's log: a small file in the library that says what it did when, and why it died.

It is for finding faults, so it holds neither prompts nor keys nor paths: a call is named by the end of its
folder's name. Couriers of several kernels write into the same file, a line at a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import traceback
from pathlib import Path
from typing import Any

from cometmagic.errors import LibraryError
from cometmagic.storage.store import CallFolder, now

FILE = "courier.log"
LARGEST = 128 * 1024  # bytes; then the file becomes courier.log.1, and the one before that goes


def note(folder: CallFolder, event: str, **facts: Any) -> None:
    """Write a line about a call, with where it stands. A disk that takes no line is no reason to stop."""
    with contextlib.suppress(LibraryError, OSError):
        call = folder.read()
        error = call.get("error") or {}
        told = {"call": folder.id[-6:], "state": call.get("state"), "status": call.get("status")}
        told |= {"source": call.get("source"), "tries": len(call.get("tries", [])), "error": error.get("type")}
        write(folder.path.parent, event, **{name: value for name, value in told.items() if value} | facts)


def crash(folder: Path, problem: BaseException) -> None:
    """Write where in the program a problem arose; its words may be anybody's and are left out."""
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(problem.__traceback__)]
    write(folder, "crash", kind=type(problem).__name__, where=where[-6:])


def write(folder: Path, event: str, **facts: Any) -> None:
    """Append one line to the log of a library."""
    path = folder / FILE
    line = json.dumps({"at": now(), "pid": os.getpid(), "event": event} | facts) + "\n"
    with contextlib.suppress(OSError):
        if path.exists() and path.stat().st_size > LARGEST:
            path.replace(path.with_name(f"{FILE}.1"))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
