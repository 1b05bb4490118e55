"""The courier's log: a small file in the library that says what the courier did and when, and why it crashed.

It is for debugging, so it holds no prompts, keys or paths: a call is named by the end of its folder's name.
The couriers of several kernels write to the same file, a line at a time.
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
from cometmagic.storage.trust import is_trusted
from cometmagic.system.regular_files import is_regular, measure_regular, open_private

LOG_FILE = "courier.log"
MAX_LOG_BYTES = 128 * 1024  # then the file becomes courier.log.1, replacing the previous one


def log_event(folder: CallFolder, event: str, **fields: Any) -> None:
    """Write a line about a call and its state. A full disk is no reason to stop."""
    with contextlib.suppress(LibraryError, OSError):
        call = folder.read()
        error = call.get("error")
        values = {"call": folder.id[-6:], "state": call.get("state"), "status": call.get("status")}
        values |= {"source": call.get("source"), "tries": len(call.get("tries", [])), "error": error and error["type"]}
        write_line(folder.path.parent, event, **{name: value for name, value in values.items() if value} | fields)


def log_crash(root: Path, exception: BaseException) -> None:
    """Write where an exception was raised; its message is left out, as it may quote anything."""
    frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(exception.__traceback__)]
    write_line(root, "crash", kind=type(exception).__name__, where=frames[-6:])


def write_line(root: Path, event: str, **fields: Any) -> None:
    """Append one line to the log of a library, if it is trusted."""
    if not is_trusted(root):
        return
    path = root / LOG_FILE
    line = json.dumps({"at": now(), "pid": os.getpid(), "event": event} | fields) + "\n"
    with contextlib.suppress(OSError):
        if is_regular(path) and measure_regular(path) > MAX_LOG_BYTES:
            path.replace(path.with_name(f"{LOG_FILE}.1"))
        with open_private(path, "a+") as file:
            file.write(line.encode())
