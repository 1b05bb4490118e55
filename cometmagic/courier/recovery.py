"""Recovery of calls that no process works on any more, from what their folders hold.

A process holds a lock on the folder of the call it works on; the system releases it when the process dies. That
can happen at any step: before sending, while the response arrives, while it is decoded. A complete response is
saved; a call without a response is recorded as possibly charged. This module sends nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from cometmagic.costs.charges import record_cost
from cometmagic.errors import BALANCE_ADVICE, ChargeStatus, LibraryError, TransportError
from cometmagic.options.declaration import Limits
from cometmagic.options.settings import Key
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallRecord, CallState, find_worst_charge_status
from cometmagic.storage.fallback_storage import find_fallback, iter_orphaned_calls, recreate_folder, restore_call
from cometmagic.storage.index import parse_planned_time
from cometmagic.storage.library import Library
from cometmagic.storage.redaction import redact_response
from cometmagic.storage.settle import settle
from cometmagic.storage.trust import check_trusted
from cometmagic.storage.unfinished_calls import find_unfinished_calls
from cometmagic.system.file_lock import LockBusyError, LockUnsupportedError, acquire_lock
from cometmagic.system.redactor import Redactor
from cometmagic.system.regular_files import is_regular

START_GRACE_PERIOD = timedelta(seconds=60)  # from planning a call until a courier locks its folder
BATCH_WAIT_MARGIN = timedelta(minutes=20)  # for the wait in a batch, on top of a call's own time limit
UNFINISHED_STATES = (CallState.PLANNED, CallState.SENT, CallState.RECEIVED)


@contextmanager
def lock_call(folder: CallFolder, timeout: float = 0.0) -> Iterator[None]:
    """Lock a call, so that only one process delivers or recovers it. Raises `LockBusyError` when another does."""
    try:
        lock = acquire_lock(folder.path / "request.json", timeout, create=False)
    except LockUnsupportedError:
        yield
        return
    with lock:
        yield


def find_running_calls(library: Library) -> Iterator[CallFolder]:
    """Yield the calls that a process works on, newest first; none in a library that is not trusted."""
    if not library.is_trusted:
        return
    for call_id in find_unfinished_calls(library.root):
        folder = CallFolder(library.root / call_id)
        with contextlib.suppress(LibraryError, OSError):
            if folder.read()["state"] in UNFINISHED_STATES and is_running(folder):
                yield folder


def is_running(folder: CallFolder) -> bool:
    """Whether a process works on a call, or may be about to start."""
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


def _compute_max_age(call: CallRecord) -> timedelta:
    """Return the age at which a call must have ended, for disks without locks."""
    return BATCH_WAIT_MARGIN + timedelta(seconds=call.get("limits", {}).get("total_timeout") or Limits().total_timeout)


def find_recoverable_calls(library: Library, limit: int | None = None) -> Iterator[CallFolder]:
    """Yield the calls without a process that have not ended or left files behind, among the newest `limit` calls.

    A library that is not trusted has none.
    """
    if not library.is_trusted:
        return
    for fallback in iter_orphaned_calls(library.root):
        with contextlib.suppress(LibraryError, OSError):
            if _has_ended(fallback.read()):
                recreate_folder(fallback, CallFolder(library.root / fallback.id))
                yield CallFolder(library.root / fallback.id)
    for call_id in find_unfinished_calls(library.root, limit):
        folder = CallFolder(library.root / call_id)
        with contextlib.suppress(LibraryError, OSError):
            if (folder.read()["state"] in UNFINISHED_STATES or find_stale_files(folder)) and not is_running(folder):
                yield folder


def _has_ended(call: CallRecord) -> bool:
    """Whether a call has ended, or must have by its age: its lock is gone with its folder."""
    age = datetime.now().astimezone() - parse_planned_time(call)
    return call["state"] not in UNFINISHED_STATES or age > _compute_max_age(call)


def recover(folder: CallFolder, key: Key | None = None) -> CallState:
    """Finish a call that no process works on, and return its state.

    `key` is removed from what the response echoes. Raises `LockBusyError` when a process works on the call, `OSError`
    while its disk cannot be written, and `LibraryError` when its library is not trusted.
    """
    check_trusted(folder.path.parent)
    redactor = Redactor([key])
    with lock_call(folder):
        fallback = find_fallback(folder)
        for call_folder in filter(None, (fallback, folder)):
            redact_response(call_folder, redactor)
        _finish(fallback or folder, redactor)
        if fallback is not None:
            with contextlib.suppress(OSError):  # its own disk is still full
                restore_call(fallback, folder)
                fallback = None
        record_cost(fallback or folder)
    return CallState((fallback or folder).read()["state"])


def _finish(folder: CallFolder, redactor: Redactor) -> None:
    state = folder.read()["state"]
    if state == CallState.PLANNED:
        charge_status = find_worst_charge_status(folder.read())
        message = "The call was planned and never sent."
        if charge_status is not None:
            message = "What carried the call ended between two tries."
        charge_status = charge_status or ChargeStatus.UNSENT
        folder.fail(TransportError(message, charge_status=charge_status, advice="Run the cell again."))
    elif state in (CallState.SENT, CallState.RECEIVED):
        if folder.has_raw_response:
            settle(folder, redactor=redactor)
        else:
            message = "The call was sent, and what carried it ended before an answer."
            folder.fail(TransportError(message, advice=BALANCE_ADVICE))
    for path in find_stale_files(folder):
        path.unlink(missing_ok=True)


def find_stale_files(folder: CallFolder) -> list[Path]:
    """Return the files that a crash left in a call's folder and that are no longer needed."""
    paths = list(filter(is_regular, folder.path.glob(".*.tmp")))
    call = folder.read()
    if call["state"] == CallState.SETTLED and not call.get("spoilt") and folder.has_file(folder.response_path.name):
        paths.append(folder.response_path)  # all its images were saved, and it was about to be deleted
    return paths
