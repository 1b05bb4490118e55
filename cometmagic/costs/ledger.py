"""The record of money: what a live call may cost, written before it is sent, and then what it did cost.

It lies in `<library>/ledger.jsonl`: two lines of JSON for each call, only ever appended, so that no crash
spoils what is there. Limits for a session and a day are kept here, because this is where all kernels of
a library meet. What is not known to have ended well counts at its worst case. The ledger holds no
prompt and no key, and knows nothing of sending and of call folders.
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

from cometmagic.costs.estimate import Price
from cometmagic.costs.ledger_entries import (
    LedgerEntry,
    Outcome,
    Spending,
    build_entry,
    build_reservation,
    parse_entries,
    parse_usd,
    sum_entries,
)
from cometmagic.errors import BudgetError, ChargeStatus, LibraryError
from cometmagic.storage.call_folder import now
from cometmagic.storage.save_paths import LIBRARY_ADVICE, build_write_error
from cometmagic.system.atomic_files import open_private, sync_folder
from cometmagic.system.file_lock import Lock, LockBusyError, LockUnsupportedError, acquire_lock

LEDGER_FILE_NAME, LOCK_FILE_NAME = "ledger.jsonl", ".ledger.lock"
MAX_LINE_BYTES = 4096  # bytes
LEDGER_LOCK_TIMEOUT = 10.0  # seconds for the lock
CAP_TOLERANCE = 1e-9  # dollars, for sums of floats
HAS_ATOMIC_APPENDS = sys.platform != "win32"  # Windows seeks and then writes, and two writers may meet between
_RESERVATIONS: dict[Path, dict[str, dict[str, Any]]] = {}  # by this process, by ledger and call


class Ledger:
    """The money of one library."""

    def __init__(self, root: Path) -> None:
        """`root` is the library's folder, and need not exist yet."""
        self.root = root
        self.path = root / LEDGER_FILE_NAME

    def reserve(self, call_id: str, *, model: str, price: Price, **terms: Any) -> None:
        """Write down, before it is sent, that one call may cost `price`, as `reserve_all` does."""
        self.reserve_batch({call_id: (model, price)}, **terms)

    def reserve_batch(
        self,
        calls: Mapping[str, tuple[str, Price]],
        *,
        tries: int = 1,
        session: str = "",
        session_cap: float | None = None,
        day_cap: float | None = None,
    ) -> None:
        """Write down, before any is sent, that calls may cost their price for each of their tries.

        `calls` gives (model, price) for names that no other call has; the caps are dollars for all together.
        Looking at what is spent and writing are one step for all threads and kernels. Raises `BudgetError` when
        a cap would be exceeded or cannot be kept, and `LibraryError` when nothing can be written; then none is
        reserved.
        """
        shared = {"at": now(), "session": session, "tries": tries, "outcome": Outcome.OPEN}
        rows = [build_reservation(name, model, price, tries) | shared for name, (model, price) in calls.items()]
        try:
            if session_cap is None and day_cap is None:
                self._write_rows(rows, self._append_uncapped)
                return
            unpriced = next((row["model"] for row in rows if row["worst"] is None), None)
            if unpriced is not None:
                what = f"The price of {unpriced} is not known, so a limit of money cannot be kept."
                raise _build_budget_error(what, "Choose a model that is listed, or lift the limit.")
            with self._require_lock():
                self._check_caps(rows, session_cap, day_cap)
                self._write_rows(rows, self._append)
        except OSError as error:
            raise build_write_error(self.root, error, advice=LIBRARY_ADVICE) from None

    def _write_rows(self, rows: list[dict[str, Any]], write_row: Callable[[dict[str, Any]], None]) -> None:
        """Write reservations, all or none."""
        for number, row in enumerate(rows):
            try:
                write_row(row)
            except BaseException:
                for written in rows[:number]:
                    self.close(written["call"], 0.0, Outcome.UNSENT)
                raise
            self._cache_reservation(row)

    def close(self, call_id: str, usd: float | None, outcome: str, **reservation: Any) -> None:
        """Write down how a call ended: "made", "nothing", "unknown" or "unsent"; the last word counts.

        `usd` None stands for the worst case. `reserved` is what the first line said, in the same words: should
        the ledger have been deleted meanwhile, this line is enough. When the disk takes no more, the call stays
        open and counts at its worst case too.
        """
        with contextlib.suppress(OSError):
            self._append_uncapped(
                {"call": call_id, "ended": now(), "usd": parse_usd(usd), "outcome": outcome} | reservation
            )
            if outcome == Outcome.UNSENT:
                _RESERVATIONS.get(self.path, {}).pop(call_id, None)

    def sum_spending(self, *, session: str | None = None, day: date | None = None) -> Spending:
        """Add up what was reserved by a session, or on a day of the local calendar, or both, or all."""
        return sum_entries(self.read_entries(), session, day)

    def read_entries(self) -> Iterator[LedgerEntry]:
        """Yield the calls in the order of their reservation; none when the file is gone.

        Raises `LibraryError` when it is there and cannot be read.
        """
        try:
            yield from parse_entries(self._read_content())
        except OSError as error:
            raise LibraryError(
                f"{self.path} cannot be read ({error.strerror}).", charge_status=ChargeStatus.PAST
            ) from None

    def _read_content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""

    def _check_caps(self, rows: list[dict[str, Any]], session_cap: float | None, day_cap: float | None) -> None:
        """Raise `BudgetError` when what `rows` reserve would exceed a cap."""
        entries, worst, first = (
            list(parse_entries(self._read_content())),
            math.fsum(row["worst"] for row in rows),
            rows[0],
        )
        of_session = [*entries, *self._find_deleted_entries(entries)]
        today = datetime.fromisoformat(first["at"]).date()
        for cap, spent, told in (
            (session_cap, sum_entries(of_session, first["session"], None), "in this session; the limit for a session"),
            (day_cap, sum_entries(entries, None, today), "today in this library; the limit for a day"),
        ):
            if cap is None or worst == 0 or spent.usd + worst <= cap + CAP_TOLERANCE:
                continue
            this = "this" if len(rows) == 1 else f"the {len(rows)} pictures together"
            tries = first["tries"]
            this = f"{this.capitalize()} would be" if tries == 1 else f"With {tries} tries {this} could be"
            what = f"{this} {_format_usd(worst)} on top of {_format_usd(spent.usd)} spent {told} is {_format_usd(cap)}."
            raise _build_budget_error(what, "Raise the limit, or see with %gemini_library spend what it went to.")

    def _cache_reservation(self, row: dict[str, Any]) -> None:
        """Keep in mind what a session of this process has reserved: that is spent, whatever becomes of the file."""
        if row["session"]:
            _RESERVATIONS.setdefault(self.path, {})[row["call"]] = row

    def _find_deleted_entries(self, entries: list[LedgerEntry]) -> list[LedgerEntry]:
        """Return the calls of this process that the file has lost since, at their worst case."""
        known = {entry.call_id for entry in entries}
        rows = [row for call, row in _RESERVATIONS.get(self.path, {}).items() if call not in known]
        return [entry for entry in map(build_entry, rows) if entry is not None]

    @contextlib.contextmanager
    def _require_lock(self) -> Iterator[None]:
        """Keep all others from reserving under a cap, or refuse: what cannot be checked is not spent."""
        try:
            lock = self._acquire_lock()
        except LockBusyError:
            what = f"The limit of money cannot be checked: another notebook keeps hold of {self.root / LOCK_FILE_NAME}."
            raise _build_budget_error(what, "Try again, or lift the limit.") from None
        except LockUnsupportedError:
            what = f"The limit of money cannot be kept: the disk of {self.root} has no locks."
            raise _build_budget_error(
                what, "Set COMETMAGIC_LIBRARY to a folder on a local disk, or lift the limit."
            ) from None
        with lock:
            yield

    def _acquire_lock(self) -> Lock:
        self.root.mkdir(parents=True, exist_ok=True)
        return acquire_lock(self.root / LOCK_FILE_NAME, LEDGER_LOCK_TIMEOUT)

    def _append_uncapped(self, row: dict[str, Any]) -> None:
        """Append a line that no cap depends on: the lock is not needed, or not insisted on."""
        with contextlib.ExitStack() as held:
            if not HAS_ATOMIC_APPENDS:
                with contextlib.suppress(LockBusyError, LockUnsupportedError):
                    held.enter_context(self._acquire_lock())
            self._append(row)

    def _append(self, row: dict[str, Any]) -> None:
        """Write one line to the disk, in one piece, and apart from what a crash may have left without an end."""
        line = json.dumps(row, allow_nan=False).encode() + b"\n"
        if len(line) >= MAX_LINE_BYTES:
            raise ValueError(f"{len(line)} bytes are too many for a line of the ledger")
        self.root.mkdir(parents=True, exist_ok=True)
        with open_private(self.path, "a+") as file:
            handle = file.fileno()
            is_new = os.fstat(handle).st_size == 0
            line = line if is_new or _has_final_newline(handle) else b"\n" + line
            if os.write(handle, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        if is_new:
            sync_folder(self.root)


def _build_budget_error(message: str, advice: str) -> BudgetError:
    return BudgetError(message, advice=advice, charge_status=ChargeStatus.UNSENT)


def _has_final_newline(handle: int) -> bool:
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1) == b"\n"


def _format_usd(usd: float) -> str:
    """Return an amount in cents, to a tenth of a cent where that says more, and finer when it is tiny."""
    tenths = f"${usd:.3f}" if usd >= 0.001 or usd == 0 else f"${usd:.6f}"
    return tenths.removesuffix("0") if len(tenths.partition(".")[2]) == 3 else tenths
