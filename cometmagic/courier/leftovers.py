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
from cometmagic.courier.recovery import left_behind, pending
from cometmagic.errors import CometError, revive
from cometmagic.options.settings import Key, find_key
from cometmagic.storage.index import planned_at
from cometmagic.storage.store import CallFolder, Library, State
from cometmagic.system.atomic_files import amount, near
from cometmagic.system.sanitize import line

PATIENCE = 60.0  # seconds for all recoveries together; a large answer takes one or two


def recover_left_behind(root: Path, newest: int | None = None) -> Iterator[str]:
    """Bring the calls to their end that nobody carries any more, and yield a line about each."""
    library = Library(root)
    library.tidy()
    unfinished = {folder: folder.read()["state"] for folder in left_behind(library, newest)}
    jobs = [(folder, client.recover(folder.path, _key())) for folder in unfinished]
    until = time.monotonic() + PATIENCE
    for folder, job in jobs:
        job.finished.wait(max(0.0, until - time.monotonic()))
        yield _told(folder, before=unfinished[folder])


def _key() -> Key | None:
    try:
        return find_key()
    except CometError:  # whatever stands there is no key that could have been sent
        return None


def _told(folder: CallFolder, before: str) -> str:
    call = folder.read()
    state, name = State(call["state"]), f"{line(call.get('prompt', ''), 60)!r}"
    if state is State.SETTLED:
        verb = "Recovered" if before != State.SETTLED else "Tidied up after"
        return f"{verb} the picture of {name}: {near(folder.path)}"
    if state in (State.FAILED, State.UNKNOWN) and call.get("error"):
        when = f"{planned_at(call):%Y-%m-%d %H:%M}"
        return f"No picture of {name} from {when}: {revive(call['error'])} ({near(folder.path)})"
    return f"{name} could not be recovered now: {near(folder.path)}"


def under_way(root: Path) -> Iterator[str]:
    """Yield a line about each call that somebody carries."""
    for folder in pending(Library(root)):
        call = folder.read()
        age = (datetime.now().astimezone() - planned_at(call)).total_seconds()
        abandoned = ", abandoned" if call.get("abandoned") else ""
        size = f", {amount(received)} received" if (received := folder.received) else ""
        what = f"{line(call.get('prompt', ''), 60)!r} by {line(call.get('model', ''), 60)}"
        yield f"{what}: {call['state']}{abandoned} for {age:.0f} s{size} ({near(folder.path)})"
