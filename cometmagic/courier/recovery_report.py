"""What earlier kernels left: calls still under way, and calls to bring to their end.

The courier does the work, so that a kernel that only looks back stays light. Everything is told in lines
of text; nothing is sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cometmagic.courier import client
from cometmagic.courier.recovery import find_recoverable_calls, find_running_calls
from cometmagic.errors import CometError, restore_error
from cometmagic.options.settings import Key, find_key
from cometmagic.storage.call_folder import CallFolder, CallState
from cometmagic.storage.index import parse_planned_time
from cometmagic.storage.library import Library
from cometmagic.system.formatting import format_bytes, format_path
from cometmagic.system.sanitize import clean_line

RECOVERY_TIMEOUT = 60.0  # seconds for all recoveries together; a large answer takes one or two


def recover_calls(root: Path, limit: int | None = None) -> Iterator[str]:
    """Bring the calls to their end that nobody carries any more, and yield a line about each."""
    library = Library(root)
    library.remove_temp_folders()
    unfinished = {folder: folder.read()["state"] for folder in find_recoverable_calls(library, limit)}
    jobs = [(folder, client.start_recovery(folder.path, _find_valid_key())) for folder in unfinished]
    until = time.monotonic() + RECOVERY_TIMEOUT
    for folder, job in jobs:
        job.done_event.wait(max(0.0, until - time.monotonic()))
        yield _format_recovery(folder, previous_state=unfinished[folder])


def _find_valid_key() -> Key | None:
    try:
        return find_key()
    except CometError:  # whatever stands there is no key that could have been sent
        return None


def _format_recovery(folder: CallFolder, previous_state: str) -> str:
    call = folder.read()
    state, name = CallState(call["state"]), f"{clean_line(call.get('prompt', ''), 60)!r}"
    if state is CallState.SETTLED:
        verb = "Recovered" if previous_state != CallState.SETTLED else "Tidied up after"
        return f"{verb} the picture of {name}: {format_path(folder.path)}"
    if state in (CallState.FAILED, CallState.UNKNOWN) and call.get("error"):
        when = f"{parse_planned_time(call):%Y-%m-%d %H:%M}"
        return f"No picture of {name} from {when}: {restore_error(call['error'])} ({format_path(folder.path)})"
    return f"{name} could not be recovered now: {format_path(folder.path)}"


def format_running_calls(root: Path) -> Iterator[str]:
    """Yield a line about each call that somebody carries."""
    for folder in find_running_calls(Library(root)):
        call = folder.read()
        age = (datetime.now().astimezone() - parse_planned_time(call)).total_seconds()
        abandoned = ", abandoned" if call.get("abandoned") else ""
        size = f", {format_bytes(received)} received" if (received := folder.received_size) else ""
        what = f"{clean_line(call.get('prompt', ''), 60)!r} by {clean_line(call.get('model', ''), 60)}"
        yield f"{what}: {call['state']}{abandoned} for {age:.0f} s{size} ({format_path(folder.path)})"
