"""The ledger: what a live call may cost, written before it is sent, and afterwards what it did cost.

`<library>/ledger.jsonl` has two lines of JSON for each call; lines are only appended, so a crash damages
nothing. All kernels that use a library share its ledger, so the limits for a session and a day are checked
here. A call whose outcome is unknown counts at its worst case. The ledger holds no prompt and no key, and
knows nothing about sending or call folders.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cometmagic.costs import budget_errors
from cometmagic.costs.estimate import Price
from cometmagic.costs.ledger_entries import (
    MAX_LINE_BYTES,
    LedgerEntry,
    Outcome,
    Spending,
    build_entry,
    build_reservation,
    parse_entries,
    parse_usd,
    sum_entries,
)
from cometmagic.errors import ChargeStatus, LibraryError
from cometmagic.storage.call_folder import now
from cometmagic.storage.save_paths import LIBRARY_ADVICE, build_write_error
from cometmagic.storage.trust import LEDGER_FILE_NAME, create_library_folder
from cometmagic.system.atomic_files import sync_folder
from cometmagic.system.file_lock import Lock, LockBusyError, LockUnsupportedError, acquire_lock
from cometmagic.system.regular_files import open_private, read_regular

LOCK_FILE_NAME = ".ledger.lock"
LEDGER_LOCK_TIMEOUT = 10.0  # seconds
CAP_TOLERANCE = 1e-9  # dollars, for rounding errors in sums
HAS_ATOMIC_APPENDS = sys.platform != "win32"  # Windows seeks and then writes; another writer may write in between
_RESERVATIONS: dict[Path, dict[str, dict[str, Any]]] = {}  # this process's rows, by ledger path and call id


class Ledger:
    """The ledger of one library."""

    def __init__(self, root: Path) -> None:
        """`root` is the library's folder; it need not exist yet."""
        self.root = root
        self.path = root / LEDGER_FILE_NAME

    def reserve(
        self,
        calls: Mapping[str, tuple[str, Price]],
        *,
        tries: int = 1,
        session: str = "",
        session_cap: float | None = None,
        day_cap: float | None = None,
    ) -> None:
        """Record, before any call is sent, that each may cost its price for each of its tries.

        `calls` maps unique ids to (model, price); the caps are totals in dollars. Checking a cap and writing
        happen under one lock for all threads and kernels. Raises `BudgetError` when a cap would be exceeded or
        cannot be checked, and `LibraryError` when the ledger cannot be written; then no call is reserved.
        """
        common_fields = {"at": now(), "session": session, "tries": tries, "outcome": Outcome.OPEN}
        rows = [
            build_reservation(call_id, model, price, tries) | common_fields for call_id, (model, price) in calls.items()
        ]
        try:
            if session_cap is None and day_cap is None:
                self._write_rows(rows, self._append_uncapped)
                return
            budget_errors.check_prices(rows)
            with self._require_lock():
                self._check_caps(rows, session_cap, day_cap)
                self._write_rows(rows, self._append)
        except OSError as error:
            raise build_write_error(self.root, error, advice=LIBRARY_ADVICE) from None

    def _write_rows(self, rows: list[dict[str, Any]], write_row: Callable[[dict[str, Any]], None]) -> None:
        """Write all reservations, or none."""
        for number, row in enumerate(rows):
            try:
                write_row(row)
            except BaseException:
                for written_row in rows[:number]:
                    self.close(written_row["call"], 0.0, Outcome.UNSENT)
                raise
            self._cache_reservation(row)

    def close(self, call_id: str, usd: float | None, outcome: str, **reservation: Any) -> None:
        """Record how a call ended: "made", "nothing", "unknown" or "unsent"; the latest line counts.

        `usd` None stands for the worst case. `reservation` repeats fields of the reservation, so this line is
        enough if the ledger was deleted meanwhile. When the line cannot be written, the call stays open and
        counts at its worst case.
        """
        with contextlib.suppress(OSError):
            self._append_uncapped(
                {"call": call_id, "ended": now(), "usd": parse_usd(usd), "outcome": outcome} | reservation
            )
            if outcome == Outcome.UNSENT:
                _RESERVATIONS.get(self.path, {}).pop(call_id, None)

    def sum_spending(self, *, session: str | None = None, day: date | None = None) -> Spending:
        """Add up the calls that were reserved by a session, on a day (local time), both, or all of them."""
        return sum_entries(self.read_entries(), session, day)

    def read_entries(self) -> Iterator[LedgerEntry]:
        """Yield the calls in the order they were reserved; none when there is no file.

        Raises `LibraryError` when the file exists and cannot be read.
        """
        try:
            yield from parse_entries(self._read_content())
        except OSError as error:
            raise LibraryError(
                f"{self.path} cannot be read ({error.strerror}).", charge_status=ChargeStatus.PAST
            ) from None

    def _read_content(self) -> bytes:
        try:
            return read_regular(self.path)
        except FileNotFoundError:
            return b""

    def _check_caps(self, rows: list[dict[str, Any]], session_cap: float | None, day_cap: float | None) -> None:
        """Raise `BudgetError` when the reservations in `rows` would exceed a cap."""
        session, today = rows[0]["session"], datetime.fromisoformat(rows[0]["at"]).date()
        worst_case = math.fsum(row["worst"] for row in rows)
        entries = list(parse_entries(self._read_content()))
        for scope, cap, usd in self._sum_scopes(entries, session, today, session_cap, day_cap):
            if worst_case and not usd + worst_case <= cap + CAP_TOLERANCE:  # a cap that is NaN lets nothing through
                raise budget_errors.build_excess_error(rows, usd, scope, cap)

    def check_reservation(self, call_id: str, *, session_cap: float | None, day_cap: float | None) -> None:
        """Check, just before a call is sent, that it still fits: others may have cost more than they reserved.

        Raises `BudgetError` when what is recorded and reserved exceeds a cap, or a cap cannot be checked, and
        `LibraryError` when the ledger cannot be used. The reservation is released then, so that calls that wait beside
        this one find the room.
        """
        try:
            with self._require_lock():
                entries = list(parse_entries(self._read_content()))
                entry = next((entry for entry in entries if entry.call_id == call_id), None)
                if entry is None or not entry.usd:  # the ledger was deleted, or nothing is to be paid
                    return
                day = entry.reservation_time.date()
                for scope, cap, usd in self._sum_scopes(entries, entry.session, day, session_cap, day_cap):
                    if not usd <= cap + CAP_TOLERANCE:
                        self._append({"call": call_id, "worst": 0.0})
                        raise budget_errors.build_late_error(usd, scope, cap)
        except OSError as error:
            raise build_write_error(self.root, error, advice=LIBRARY_ADVICE) from None

    def _sum_scopes(
        self,
        entries: list[LedgerEntry],
        session: str,
        day: date,
        session_cap: float | None,
        day_cap: float | None,
    ) -> Iterator[tuple[str, float, float]]:
        """Yield the scope of each cap, the cap, and the dollars that are recorded and reserved in that scope."""
        if session_cap is not None:
            session_entries = [*entries, *self._find_deleted_entries(entries)]
            yield "session", session_cap, sum_entries(session_entries, session, None).usd
        if day_cap is not None:
            yield "day", day_cap, sum_entries(entries, None, day).usd

    def _cache_reservation(self, row: dict[str, Any]) -> None:
        """Remember what a session of this process has reserved, so it still counts if the file is deleted."""
        if row["session"]:
            _RESERVATIONS.setdefault(self.path, {})[row["call"]] = row

    def _find_deleted_entries(self, entries: list[LedgerEntry]) -> list[LedgerEntry]:
        """Return this process's reservations that are missing from the file, at their worst case."""
        known_ids = {entry.call_id for entry in entries}
        rows = [row for call_id, row in _RESERVATIONS.get(self.path, {}).items() if call_id not in known_ids]
        return [entry for entry in map(build_entry, rows) if entry is not None]

    @contextlib.contextmanager
    def _require_lock(self) -> Iterator[None]:
        """Hold the ledger's lock, or raise `BudgetError`: without the lock a cap cannot be checked."""
        try:
            lock = self._acquire_lock()
        except LockBusyError:
            raise budget_errors.build_busy_error(self.root / LOCK_FILE_NAME) from None
        except LockUnsupportedError:
            raise budget_errors.build_unlocked_error(self.root) from None
        with lock:
            yield

    def _acquire_lock(self) -> Lock:
        create_library_folder(self.root)
        return acquire_lock(self.root / LOCK_FILE_NAME, LEDGER_LOCK_TIMEOUT)

    def _append_uncapped(self, row: dict[str, Any]) -> None:
        """Append a line that no cap depends on, with the lock where appends need it and it is free."""
        with contextlib.ExitStack() as stack:
            if not HAS_ATOMIC_APPENDS:
                with contextlib.suppress(LockBusyError, LockUnsupportedError):
                    stack.enter_context(self._acquire_lock())
            self._append(row)

    def _append(self, row: dict[str, Any]) -> None:
        """Write one line to the disk in one piece, after a newline if a crash left an incomplete line."""
        line = json.dumps(row, allow_nan=False).encode() + b"\n"
        if len(line) >= MAX_LINE_BYTES:
            raise ValueError(f"{len(line)} bytes are too many for a line of the ledger")
        create_library_folder(self.root)
        with open_private(self.path, "a+") as file:
            handle = file.fileno()
            is_new = os.fstat(handle).st_size == 0
            line = line if is_new or _has_final_newline(handle) else b"\n" + line
            if os.write(handle, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        if is_new:
            sync_folder(self.root)


def _has_final_newline(handle: int) -> bool:
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1) == b"\n"
