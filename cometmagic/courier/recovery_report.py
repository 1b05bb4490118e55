"""Recovery and running calls as lines of text, for the notebook.

The courier does the recovery, so that the kernel needs to load neither HTTP nor Pillow. This module sends nothing
and prints nothing.
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
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.storage.index import parse_planned_time
from cometmagic.storage.library import Library
from cometmagic.storage.trust import describe_untrusted, is_trusted
from cometmagic.system.formatting import format_bytes, format_path
from cometmagic.system.sanitize import clean_line

RECOVERY_TIMEOUT = 60.0  # seconds for all recoveries together; a large response takes one or two


def recover_calls(root: Path, limit: int | None = None) -> Iterator[str]:
    """Recover the calls that no process works on, and yield a line about each."""
    library = Library(root)
    if not library.is_trusted:
        yield describe_untrusted(root)
        return
    library.remove_temp_folders()
    previous_states = {folder: folder.read()["state"] for folder in find_recoverable_calls(library, limit)}
    jobs = [(folder, client.start_recovery(folder.path, _find_valid_key())) for folder in previous_states]
    deadline = time.monotonic() + RECOVERY_TIMEOUT
    for folder, job in jobs:
        job.done_event.wait(max(0.0, deadline - time.monotonic()))
        yield _format_recovery(folder, previous_state=previous_states[folder])


def _find_valid_key() -> Key | None:
    try:
        return find_key()
    except CometError:  # an invalid key cannot have been sent
        return None


def _format_recovery(folder: CallFolder, previous_state: str) -> str:
    call = folder.read()
    state, error, prompt = call["state"], call.get("error"), f"{clean_line(call['prompt'], 60)!r}"
    if state == CallState.SETTLED:
        verb = "Recovered" if previous_state != CallState.SETTLED else "Tidied up after"
        return f"{verb} the picture of {prompt}: {format_path(folder.path)}"
    if state in (CallState.FAILED, CallState.UNKNOWN) and error:
        time_text = f"{parse_planned_time(call):%Y-%m-%d %H:%M}"
        return f"No picture of {prompt} from {time_text}: {restore_error(error)} ({format_path(folder.path)})"
    return f"{prompt} could not be recovered now: {format_path(folder.path)}"


def format_running_calls(root: Path) -> Iterator[str]:
    """Yield a line about each call that a process works on."""
    if not is_trusted(root):
        yield describe_untrusted(root)
    for folder in find_running_calls(Library(root)):
        call = folder.read()
        age = (datetime.now().astimezone() - parse_planned_time(call)).total_seconds()
        abandoned_text = ", abandoned" if call.get("abandoned") else ""
        received_size = folder.received_size
        received_text = f", {format_bytes(received_size)} received" if received_size else ""
        title = f"{clean_line(call['prompt'], 60)!r} by {clean_line(call['model'], 60)}"
        yield f"{title}: {call['state']}{abandoned_text} for {age:.0f} s{received_text} ({format_path(folder.path)})"
