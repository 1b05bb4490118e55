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
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cometmagic.costs.estimate import Price
from cometmagic.errors import BudgetError, Fate, LibraryError
from cometmagic.storage.store import HOW_TO_MOVE, now, unwritable
from cometmagic.system.atomic_files import open_private, sync_folder
from cometmagic.system.file_lock import Busy, Lock, NoLocks, hold

FILE, LOCK = "ledger.jsonl", ".ledger.lock"
LONGEST_LINE = 4096  # bytes
LONGEST_MODEL = 200  # letters of a model's name
PATIENCE = 10.0  # seconds for the lock
TOLERANCE = 1e-9  # dollars, for sums of floats
APPENDS_ARE_WHOLE = sys.platform != "win32"  # Windows seeks and then writes, and two writers may meet between
_RESERVED: dict[Path, dict[str, dict[str, Any]]] = {}  # by this process, by ledger and call
OUTCOMES = OPEN, MADE, NOTHING, UNKNOWN, UNSENT = "open", "made", "nothing", "unknown", "unsent"


@dataclass(frozen=True)
class Entry:
    """One call. `usd` is what it counts for, None when neither a price nor an amount is known."""

    call: str
    at: datetime  # when it was reserved
    session: str
    model: str
    usd: float | None
    outcome: str  # "open" while it has not ended


@dataclass(frozen=True)
class Spending:
    """What some calls cost; calls that never left are not among them."""

    usd: float
    calls: int
    unsure: int  # reserved and not ended, or ended with an unknown outcome: in `usd` at their worst case
    unpriced: int  # not in `usd`, because nobody knows what they cost


class Ledger:
    """The money of one library."""

    def __init__(self, root: Path) -> None:
        """`root` is the library's folder, and need not exist yet."""
        self.root = root
        self.path = root / FILE

    def reserve(self, call: str, *, model: str, price: Price, **terms: Any) -> None:
        """Write down, before it is sent, that one call may cost `price`, as `reserve_all` does."""
        self.reserve_all({call: (model, price)}, **terms)

    def reserve_all(
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
        shared = {"at": now(), "session": session, "tries": tries, "outcome": OPEN}
        rows = [_reservation(name, model, price, tries) | shared for name, (model, price) in calls.items()]
        try:
            if session_cap is None and day_cap is None:
                self._write(rows, self._note)
                return
            unpriced = next((row["model"] for row in rows if row["worst"] is None), None)
            if unpriced is not None:
                what = f"The price of {unpriced} is not known, so a limit of money cannot be kept."
                raise _refusal(what, "Choose a model that is listed, or lift the limit.")
            with self._alone():
                self._check(rows, session_cap, day_cap)
                self._write(rows, self._append)
        except OSError as error:
            raise unwritable(self.root, error, do=HOW_TO_MOVE) from None

    def _write(self, rows: list[dict[str, Any]], write: Callable[[dict[str, Any]], None]) -> None:
        """Write reservations, all or none."""
        for number, row in enumerate(rows):
            try:
                write(row)
            except BaseException:
                for written in rows[:number]:
                    self.close(written["call"], 0.0, UNSENT)
                raise
            self._remember(row)

    def close(self, call: str, usd: float | None, outcome: str, **reserved: Any) -> None:
        """Write down how a call ended: "made", "nothing", "unknown" or "unsent"; the last word counts.

        `usd` None stands for the worst case. `reserved` is what the first line said, in the same words: should
        the ledger have been deleted meanwhile, this line is enough. When the disk takes no more, the call stays
        open and counts at its worst case too.
        """
        with contextlib.suppress(OSError):
            self._note({"call": call, "ended": now(), "usd": _amount(usd), "outcome": outcome} | reserved)
            if outcome == UNSENT:
                _RESERVED.get(self.path, {}).pop(call, None)

    def spending(self, *, session: str | None = None, day: date | None = None) -> Spending:
        """Add up what was reserved by a session, or on a day of the local calendar, or both, or all."""
        return _add_up(self.entries(), session, day)

    def entries(self) -> Iterator[Entry]:
        """Yield the calls in the order of their reservation; none when the file is gone.

        Raises `LibraryError` when it is there and cannot be read.
        """
        try:
            yield from _entries(self._content())
        except OSError as error:
            raise LibraryError(f"{self.path} cannot be read ({error.strerror}).", fate=Fate.PAST) from None

    def _content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""

    def _check(self, rows: list[dict[str, Any]], session_cap: float | None, day_cap: float | None) -> None:
        """Raise `BudgetError` when what `rows` reserve would exceed a cap."""
        entries, worst, first = list(_entries(self._content())), math.fsum(row["worst"] for row in rows), rows[0]
        of_session = [*entries, *self._deleted(entries)]
        today = datetime.fromisoformat(first["at"]).date()
        for cap, spent, told in (
            (session_cap, _add_up(of_session, first["session"], None), "in this session; the limit for a session"),
            (day_cap, _add_up(entries, None, today), "today in this library; the limit for a day"),
        ):
            if cap is None or worst == 0 or spent.usd + worst <= cap + TOLERANCE:
                continue
            this = "this" if len(rows) == 1 else f"the {len(rows)} pictures together"
            tries = first["tries"]
            this = f"{this.capitalize()} would be" if tries == 1 else f"With {tries} tries {this} could be"
            what = f"{this} {_told(worst)} on top of {_told(spent.usd)} spent {told} is {_told(cap)}."
            raise _refusal(what, "Raise the limit, or see with %gemini_library spend what it went to.")

    def _remember(self, row: dict[str, Any]) -> None:
        """Keep in mind what a session of this process has reserved: that is spent, whatever becomes of the file."""
        if row["session"]:
            _RESERVED.setdefault(self.path, {})[row["call"]] = row

    def _deleted(self, entries: list[Entry]) -> list[Entry]:
        """Return the calls of this process that the file has lost since, at their worst case."""
        known = {entry.call for entry in entries}
        rows = [row for call, row in _RESERVED.get(self.path, {}).items() if call not in known]
        return [entry for entry in map(_entry, rows) if entry is not None]

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep all others from reserving under a cap, or refuse: what cannot be checked is not spent."""
        try:
            lock = self._lock()
        except Busy:
            what = f"The limit of money cannot be checked: another notebook keeps hold of {self.root / LOCK}."
            raise _refusal(what, "Try again, or lift the limit.") from None
        except NoLocks:
            what = f"The limit of money cannot be kept: the disk of {self.root} has no locks."
            raise _refusal(what, "Set COMETMAGIC_LIBRARY to a folder on a local disk, or lift the limit.") from None
        with lock:
            yield

    def _lock(self) -> Lock:
        self.root.mkdir(parents=True, exist_ok=True)
        return hold(self.root / LOCK, PATIENCE)

    def _note(self, row: dict[str, Any]) -> None:
        """Append a line that no cap depends on: the lock is not needed, or not insisted on."""
        with contextlib.ExitStack() as held:
            if not APPENDS_ARE_WHOLE:
                with contextlib.suppress(Busy, NoLocks):
                    held.enter_context(self._lock())
            self._append(row)

    def _append(self, row: dict[str, Any]) -> None:
        """Write one line to the disk, in one piece, and apart from what a crash may have left without an end."""
        line = json.dumps(row, allow_nan=False).encode() + b"\n"
        if len(line) >= LONGEST_LINE:
            raise ValueError(f"{len(line)} bytes are too many for a line of the ledger")
        self.root.mkdir(parents=True, exist_ok=True)
        with open_private(self.path, "a+") as file:
            handle = file.fileno()
            is_new = os.fstat(handle).st_size == 0
            line = line if is_new or _ends_a_line(handle) else b"\n" + line
            if os.write(handle, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        if is_new:
            sync_folder(self.root)


def _reservation(name: str, model: str, price: Price, tries: int) -> dict[str, Any]:
    each = _amount(price.usd)
    return {"call": name, "model": model[:LONGEST_MODEL], "worst": None if each is None else each * tries}


def _refusal(what: str, do: str) -> BudgetError:
    return BudgetError(what, do=do, fate=Fate.UNSENT)


def _ends_a_line(handle: int) -> bool:
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1) == b"\n"


def _entries(content: bytes) -> Iterator[Entry]:
    calls: dict[str, dict[str, Any]] = {}
    for row in map(_row, content.split(b"\n")):
        if row is not None:
            calls[row["call"]] = calls.get(row["call"], {}) | row
    yield from (entry for row in calls.values() if (entry := _entry(row)) is not None)


def _row(line: bytes) -> dict[str, Any] | None:
    """Return a line's object; None for torn lines and foreign ones."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and isinstance(row.get("call"), str) else None


def _entry(row: dict[str, Any]) -> Entry | None:
    """Return the call that its lines, laid over each other, tell of; None when they tell no time."""
    try:
        at = datetime.fromisoformat(row.get("at") or row["ended"]).astimezone()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    outcome = row["outcome"] if row.get("outcome") in OUTCOMES else UNKNOWN
    usd, worst = _amount(row.get("usd")), _amount(row.get("worst"))
    if outcome == UNSENT:
        usd = 0.0
    elif usd is None or outcome in (OPEN, UNKNOWN):
        usd = worst
    return Entry(row["call"], at, str(row.get("session", "")), str(row.get("model", "")), usd, outcome)


def _add_up(entries: Iterable[Entry], session: str | None, day: date | None) -> Spending:
    sent = [
        entry
        for entry in entries
        if entry.outcome != UNSENT and session in (None, entry.session) and day in (None, entry.at.date())
    ]
    priced = [entry.usd for entry in sent if entry.usd is not None]
    unsure = sum(entry.outcome in (OPEN, UNKNOWN) for entry in sent)
    return Spending(math.fsum(priced), len(sent), unsure, len(sent) - len(priced))


def _amount(value: Any) -> float | None:
    """Return dollars that can be added up, else None: no NaN, which is above no limit, and nothing below zero."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= sys.float_info.max else None


def _told(usd: float) -> str:
    """Return an amount in cents, to a tenth of a cent where that says more, and finer when it is tiny."""
    tenths = f"${usd:.3f}" if usd >= 0.001 or usd == 0 else f"${usd:.6f}"
    return tenths.removesuffix("0") if len(tenths.partition(".")[2]) == 3 else tenths
