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

from cometmagic.costs.accounts import account
from cometmagic.errors import LOOK_FIRST, Fate, LibraryError, TransportError
from cometmagic.options.declaration import Limits
from cometmagic.storage.fallback_storage import bring_home, lay_out, moved, strays
from cometmagic.storage.finalize import settle
from cometmagic.storage.index import planned_at
from cometmagic.storage.pending_scan import unfinished
from cometmagic.storage.redaction import blot, blot_answer
from cometmagic.storage.store import CallFolder, Library, State, worst_of_tries
from cometmagic.system.file_lock import Busy, NoLocks, hold

ON_ITS_WAY = timedelta(seconds=60)  # between the planning of a call and the moment its carrier takes it
MARGIN = timedelta(minutes=20)  # for the wait in a batch, beyond a call's own limit
UNFINISHED = (State.PLANNED, State.SENT, State.RECEIVED)


@contextmanager
def keep_from_others(folder: CallFolder, patience: float = 0.0) -> Iterator[None]:
    """Hold a call, so that one at a time carries or recovers it. Raises `Busy` when another does."""
    try:
        held = hold(folder.path / "request.json", patience, create=False)
    except NoLocks:
        yield
        return
    with held:
        yield


def pending(library: Library) -> Iterator[CallFolder]:
    """Yield the calls without an end that somebody carries, newest first."""
    for name in unfinished(library.root):
        folder = CallFolder(library.root / name)
        with contextlib.suppress(LibraryError, OSError, KeyError, ValueError):
            if folder.read()["state"] in UNFINISHED and is_carried(folder):
                yield folder


def is_carried(folder: CallFolder) -> bool:
    """Whether somebody is at work on a call, or may be about to."""
    call = folder.read()
    age = datetime.now().astimezone() - planned_at(call)
    if call["state"] == State.PLANNED and age < ON_ITS_WAY:
        return True
    try:
        with hold(folder.path / "request.json", create=False):
            return False
    except Busy:
        return True
    except NoLocks:
        return age < _longest(call)
    except OSError:
        return False


def _longest(call: dict[str, Any]) -> timedelta:
    """Return the age at which a call must have ended, where the disk has no locks to tell."""
    return MARGIN + timedelta(seconds=call.get("limits", {}).get("total_timeout") or Limits().total_timeout)


def left_behind(library: Library, newest: int | None = None) -> Iterator[CallFolder]:
    """Yield the calls among the `newest` ones that nobody carries and that have no end, or an untidy one."""
    for away in strays(library.root):
        with contextlib.suppress(LibraryError, OSError, KeyError, ValueError):
            if _has_ended(away.read()):
                lay_out(away, CallFolder(library.root / away.id))
                yield CallFolder(library.root / away.id)
    for name in unfinished(library.root, newest):
        folder = CallFolder(library.root / name)
        with contextlib.suppress(LibraryError, OSError, KeyError, ValueError):
            if (folder.read()["state"] in UNFINISHED or litter(folder)) and not is_carried(folder):
                yield folder


def _has_ended(call: dict[str, Any]) -> bool:
    """Whether a call is at its end, or must be: the lock of its carrier went with its folder."""
    age = datetime.now().astimezone() - planned_at(call)
    return call["state"] not in UNFINISHED or age > _longest(call)


def recover(folder: CallFolder, key: str = "") -> State:
    """Bring a call whose carrier is gone to its end, and return where it stands then.

    `key` is blotted out of what the answer echoes. Raises `Busy` when it has a carrier, `OSError` while its
    disk takes nothing.
    """
    with keep_from_others(folder):
        away = moved(folder)
        blot_answer(away or folder, key)
        _finish(away or folder)
        for place in filter(None, (away, folder)) if key else ():
            blot(place, key)
        if away is not None:
            with contextlib.suppress(OSError):  # its own disk is still full
                bring_home(away, folder)
                away = None
        account(away or folder)
    return State((away or folder).read()["state"])


def _finish(folder: CallFolder) -> None:
    state = folder.read()["state"]
    if state == State.PLANNED:
        before = worst_of_tries(folder.read())
        what = (
            "The call was planned and never sent."
            if before is None
            else "What carried the call ended between two tries."
        )
        folder.fail(TransportError(what, fate=before or Fate.UNSENT, do="Run the cell again."))
    elif state in (State.SENT, State.RECEIVED):
        if folder.has_answer:
            settle(folder)
        else:
            folder.fail(TransportError("The call was sent, and what carried it ended before an answer.", do=LOOK_FIRST))
    for path in litter(folder):
        path.unlink(missing_ok=True)


def litter(folder: CallFolder) -> list[Path]:
    """Return the files of a call that a crash has left and nobody needs."""
    found = list(folder.path.glob(".*.tmp"))
    call = folder.read()
    if call.get("state") == State.SETTLED and not call.get("spoilt") and folder.part.exists():
        found.append(folder.part)  # it was decoded, every image of it, and about to be deleted
    return found
