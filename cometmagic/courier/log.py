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
from cometmagic.storage.call_folder import CallFolder, now

LOG_FILE = "courier.log"
MAX_LOG_BYTES = 128 * 1024  # bytes; then the file becomes courier.log.1, and the one before that goes


def log_event(folder: CallFolder, event: str, **fields: Any) -> None:
    """Write a line about a call, with where it stands. A disk that takes no line is no reason to stop."""
    with contextlib.suppress(LibraryError, OSError):
        call = folder.read()
        error = call.get("error") or {}
        told = {"call": folder.id[-6:], "state": call.get("state"), "status": call.get("status")}
        told |= {"source": call.get("source"), "tries": len(call.get("tries", [])), "error": error.get("type")}
        write_line(folder.path.parent, event, **{name: value for name, value in told.items() if value} | fields)


def log_crash(root: Path, exception: BaseException) -> None:
    """Write where in the program a problem arose; its words may be anybody's and are left out."""
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(exception.__traceback__)]
    write_line(root, "crash", kind=type(exception).__name__, where=where[-6:])


def write_line(root: Path, event: str, **fields: Any) -> None:
    """Append one line to the log of a library."""
    path = root / LOG_FILE
    line = json.dumps({"at": now(), "pid": os.getpid(), "event": event} | fields) + "\n"
    with contextlib.suppress(OSError):
        if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
            path.replace(path.with_name(f"{LOG_FILE}.1"))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
