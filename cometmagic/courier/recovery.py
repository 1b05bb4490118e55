"""Calls that nobody carries any more, brought to their end by what their folders hold.

Whoever carries a call holds a lock on its folder, which the system drops when he dies. A carrier may die
at any step: before sending, while the answer came, while it was decoded. What is whole is saved; what was
sent and never answered is written down as perhaps charged. This module sends nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cometmagic.costs.charges import record_cost
from cometmagic.errors import BALANCE_ADVICE, ChargeStatus, LibraryError, TransportError
from cometmagic.options.declaration import Limits
from cometmagic.storage.call_folder import CallFolder, CallState, find_worst_charge_status
from cometmagic.storage.fallback_storage import find_fallback, iter_orphaned_calls, recreate_folder, restore_call
from cometmagic.storage.index import parse_planned_time
from cometmagic.storage.library import Library
from cometmagic.storage.redaction import redact_folder, redact_response
from cometmagic.storage.settle import settle
from cometmagic.storage.unfinished_calls import find_unfinished_calls
from cometmagic.system.file_lock import LockBusyError, LockUnsupportedError, acquire_lock

START_GRACE_PERIOD = timedelta(seconds=60)  # between the planning of a call and the moment its carrier takes it
BATCH_WAIT_MARGIN = timedelta(minutes=20)  # for the wait in a batch, beyond a call's own limit
UNFINISHED_STATES = (CallState.PLANNED, CallState.SENT, CallState.RECEIVED)


@contextmanager
def lock_call(folder: CallFolder, timeout: float = 0.0) -> Iterator[None]:
    """Hold a call, so that one at a time carries or recovers it. Raises `Busy` when another does."""
    try:
        held = acquire_lock(folder.path / "request.json", timeout, create=False)
    except LockUnsupportedError:
        yield
        return
    with held:
        yield


def find_running_calls(library: Library) -> Iterator[CallFolder]:
    """Yield the calls without an end that somebody carries, newest first."""
    for name in find_unfinished_calls(library.root):
        folder = CallFolder(library.root / name)
        with contextlib.suppress(LibraryError, OSError, KeyError, ValueError):
            if folder.read()["state"] in UNFINISHED_STATES and is_running(folder):
                yield folder


def is_running(folder: CallFolder) -> bool:
    """Whether somebody is at work on a call, or may be about to."""
    call = folder.read()
    age = datetime.now().astimezone() - parse_planned_time(call)
    if call["state"] == CallState.PLANNED and age < START_GRACE_PERIOD:
        return True
    try:
        with acquire_lock(folder.path / "request.json", create=False):
            return False
    except LockBusyError:
        return True
    except LockUnsupportedError:
        return age < _compute_max_age(call)
    except OSError:
        return False


def _compute_max_age(call: dict[str, Any]) -> timedelta:
    """Return the age at which a call must have ended, where the disk has no locks to tell."""
    return BATCH_WAIT_MARGIN + timedelta(seconds=call.get("limits", {}).get("total_timeout") or Limits().total_timeout)


def find_recoverable_calls(library: Library, limit: int | None = None) -> Iterator[CallFolder]:
    """Yield the calls among the `newest` ones that nobody carries and that have no end, or an untidy one."""
    for away in iter_orphaned_calls(library.root):
        with contextlib.suppress(LibraryError, OSError, KeyError, ValueError):
            if _has_ended(away.read()):
                recreate_folder(away, CallFolder(library.root / away.id))
                yield CallFolder(library.root / away.id)
    for name in find_unfinished_calls(library.root, limit):
        folder = CallFolder(library.root / name)
        with contextlib.suppress(LibraryError, OSError, KeyError, ValueError):
            if (folder.read()["state"] in UNFINISHED_STATES or find_stale_files(folder)) and not is_running(folder):
                yield folder


def _has_ended(call: dict[str, Any]) -> bool:
    """Whether a call is at its end, or must be: the lock of its carrier went with its folder."""
    age = datetime.now().astimezone() - parse_planned_time(call)
    return call["state"] not in UNFINISHED_STATES or age > _compute_max_age(call)


def recover(folder: CallFolder, key: str = "") -> CallState:
    """Bring a call whose carrier is gone to its end, and return where it stands then.

    `key` is blotted out of what the answer echoes. Raises `Busy` when it has a carrier, `OSError` while its
    disk takes nothing.
    """
    with lock_call(folder):
        away = find_fallback(folder)
        redact_response(away or folder, key)
        _finish(away or folder)
        for place in filter(None, (away, folder)) if key else ():
            redact_folder(place, key)
        if away is not None:
            with contextlib.suppress(OSError):  # its own disk is still full
                restore_call(away, folder)
                away = None
        record_cost(away or folder)
    return CallState((away or folder).read()["state"])


def _finish(folder: CallFolder) -> None:
    state = folder.read()["state"]
    if state == CallState.PLANNED:
        before = find_worst_charge_status(folder.read())
        what = (
            "The call was planned and never sent."
            if before is None
            else "What carried the call ended between two tries."
        )
        folder.fail(TransportError(what, charge_status=before or ChargeStatus.UNSENT, advice="Run the cell again."))
    elif state in (CallState.SENT, CallState.RECEIVED):
        if folder.has_raw_response:
            settle(folder)
        else:
            folder.fail(
                TransportError("The call was sent, and what carried it ended before an answer.", advice=BALANCE_ADVICE)
            )
    for path in find_stale_files(folder):
        path.unlink(missing_ok=True)


def find_stale_files(folder: CallFolder) -> list[Path]:
    """Return the files of a call that a crash has left and nobody needs."""
    found = list(folder.path.glob(".*.tmp"))
    call = folder.read()
    if call.get("state") == CallState.SETTLED and not call.get("spoilt") and folder.response_path.exists():
        found.append(folder.response_path)  # it was decoded, every image of it, and about to be deleted
    return found
