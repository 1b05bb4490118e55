"""The record of money: whole after every crash, and no limit that a race or a broken line gets past."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cometmagic.costs import ledger as module
from cometmagic.costs.estimate import Price
from cometmagic.costs.ledger import Ledger
from cometmagic.costs.ledger_entries import Spending
from cometmagic.errors import BudgetError, ChargeStatus, LibraryError
from cometmagic.storage.trust import create_library_folder
from cometmagic.system import file_lock
from cometmagic.system.file_lock import LockBusyError, LockUnsupportedError, acquire_lock
from tests.faults.pressed import Pressed, counts_open_files, open_files
from tests.subprocesses import program

MODEL = "gemini-3.1-flash-image-preview"
UNKNOWN = Price(None)
PATIENCE = 60.0


@pytest.fixture
def ledger(library_folder: Path) -> Ledger:
    return Ledger(library_folder)


def reserve(ledger: Ledger, call: str, usd: float | None = 0.1, **more: Any) -> None:
    ledger.reserve({call: (MODEL, Price(usd))}, **more)


def rows(ledger: Ledger) -> list[dict[str, Any]]:
    """Return all lines but blank ones: a writer that meets another one midway may begin a line too many."""
    return [json.loads(line) for line in ledger.path.read_bytes().split(b"\n") if line]


def today() -> date:
    return datetime.now().astimezone().date()


def say(process: subprocess.Popen[str], what: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(what) + "\n")
    process.stdin.flush()


def told(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


# What is written


def test_a_call_is_on_the_disk_before_it_is_sent(monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> None:
    flushed: list[bytes] = []
    fsync = os.fsync
    create_library_folder(ledger.root)

    def flushing(handle: int) -> None:
        flushed.append(ledger.path.read_bytes())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", flushing)
    reserve(ledger, "a", session_cap=1)

    assert len(flushed) == 2  # the line, and the name of the new file in its folder
    assert flushed[0] == ledger.path.read_bytes() != b""
    ledger.close("a", 0.1, "made")
    assert flushed[-1] == ledger.path.read_bytes()
    assert len(flushed) == 3


def test_a_line_holds_nothing_but_money(ledger: Ledger) -> None:
    reserve(ledger, "a", 0.067, tries=2, session="s")
    ledger.close("a", 0.06, "made")

    first, last = rows(ledger)
    datetime.fromisoformat(first.pop("at"))
    datetime.fromisoformat(last.pop("ended"))
    assert first == {"call": "a", "session": "s", "model": MODEL, "tries": 2, "worst": 0.134, "outcome": "open"}
    assert last == {"call": "a", "usd": 0.06, "outcome": "made"}
    assert ledger.path.stat().st_mode & 0o777 == 0o600
    assert ledger.path.name == "ledger.jsonl"


def test_each_line_is_one_short_write(monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> None:
    written: list[bytes] = []
    write = os.write

    def writing(handle: int, content: bytes) -> int:
        written.append(content)
        return write(handle, content)

    monkeypatch.setattr(os, "write", writing)
    ledger.reserve({"a": ("\N{CAT FACE}\ud800\n" * 9999, UNKNOWN)})
    ledger.close("a", None, "made")

    assert b"".join(written) == ledger.path.read_bytes()
    assert [line.count(b"\n") for line in written] == [1, 1]
    assert max(map(len, written)) < 4096
    with pytest.raises(ValueError, match="too many"):
        reserve(ledger, "a" * 4096)


@dataclass(frozen=True)
class Course:
    """How a call went, and what it counts for then."""

    told: str
    usd: float | None
    ended: tuple[float | None, str] | None
    counts: Spending
    shown: str


COURSES = [
    Course("open", 0.1, None, Spending(0.2, 1, 1, 0), "open"),
    Course("made", 0.1, (0.15, "made"), Spending(0.15, 1, 0, 0), "made"),
    Course("made, cost unknown", 0.1, (None, "made"), Spending(0.2, 1, 0, 0), "made"),
    Course("made, cost not a number", 0.1, (float("nan"), "made"), Spending(0.2, 1, 0, 0), "made"),
    Course("made, cost below zero", 0.1, (-5.0, "made"), Spending(0.2, 1, 0, 0), "made"),
    Course("made for more than thought", 0.1, (0.9, "made"), Spending(0.9, 1, 0, 0), "made"),
    Course("answered with nothing", 0.1, (None, "nothing"), Spending(0.2, 1, 0, 0), "nothing"),
    Course("refused", 0.1, (0.0, "nothing"), Spending(0.0, 1, 0, 0), "nothing"),
    Course("unknown", 0.1, (None, "unknown"), Spending(0.2, 1, 1, 0), "unknown"),
    Course("unknown, though somebody says free", 0.1, (0.0, "unknown"), Spending(0.2, 1, 1, 0), "unknown"),
    Course("a word nobody knows", 0.1, (0.0, "perhaps"), Spending(0.2, 1, 1, 0), "unknown"),
    Course("unsent", 0.1, (None, "unsent"), Spending(0.0, 0, 0, 0), "unsent"),
    Course("open, no price", None, None, Spending(0.0, 1, 1, 1), "open"),
    Course("unknown, no price", None, (None, "unknown"), Spending(0.0, 1, 1, 1), "unknown"),
    Course("unknown, no price, though somebody says free", None, (0.0, "unknown"), Spending(0.0, 1, 1, 1), "unknown"),
    Course("made, no price", None, (None, "made"), Spending(0.0, 1, 0, 1), "made"),
    Course("made, price known afterwards", None, (0.07, "made"), Spending(0.07, 1, 0, 0), "made"),
    Course("unsent, no price", None, (None, "unsent"), Spending(0.0, 0, 0, 0), "unsent"),
    Course("a price that is no number", float("nan"), None, Spending(0.0, 1, 1, 1), "open"),
]


@pytest.mark.parametrize("course", COURSES, ids=lambda course: course.told)
def test_what_a_call_counts_for(ledger: Ledger, course: Course) -> None:
    before = datetime.now().astimezone().replace(microsecond=0)
    reserve(ledger, "a", course.usd, tries=2, session="s")
    if course.ended:
        ledger.close("a", *course.ended)

    assert ledger.sum_spending() == ledger.sum_spending(session="s", day=today()) == course.counts
    (entry,) = ledger.read_entries()
    assert (entry.call_id, entry.session, entry.model, entry.outcome) == ("a", "s", MODEL, course.shown)
    assert before <= entry.reservation_time <= datetime.now().astimezone()
    assert entry.reservation_time.utcoffset() is not None
    assert entry.usd == (None if course.counts.unpriced_count else course.counts.usd)


def test_the_last_word_on_a_call_counts(ledger: Ledger) -> None:
    reserve(ledger, "a")
    for usd, outcome in ((None, "unknown"), (0.1, "made"), (0.07, "made"), (0.07, "made")):
        ledger.close("a", usd, outcome)
    assert ledger.sum_spending() == Spending(0.07, 1, 0, 0)


def test_sessions_and_days_are_told_apart(ledger: Ledger) -> None:
    for number, session in enumerate("aab"):
        reserve(ledger, str(number), session=session)
    assert [ledger.sum_spending(session=session).call_count for session in "abc"] == [2, 1, 0]
    assert ledger.sum_spending(day=today() - timedelta(1)) == Spending(0, 0, 0, 0)
    assert [entry.call_id for entry in ledger.read_entries()] == ["0", "1", "2"]


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_day_is_that_of_the_clock_on_the_wall(in_tokyo: None, ledger: Ledger) -> None:
    ledger.root.mkdir()
    for call, at in (("before", "14:59"), ("after", "15:00")):
        row = {"call": call, "at": f"2026-11-21T{at}:00.000+00:00", "worst": 0.1, "outcome": "open"}
        with ledger.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
    ledger.close("before", 0.1, "made")  # on another day; it still belongs to the day of its reservation

    assert ledger.sum_spending(day=date(2026, 11, 21)) == Spending(0.1, 1, 0, 0)
    assert ledger.sum_spending(day=date(2026, 11, 22)) == Spending(0.1, 1, 1, 0)


# Limits


def test_a_limit_is_told_in_one_line(ledger: Ledger) -> None:
    reserve(ledger, "a", 1.95, session="s")
    with pytest.raises(BudgetError) as caught:
        reserve(ledger, "b", 0.134, session="t", session_cap=1, day_cap=2)
    assert caught.value.message == (
        "This would be $0.134 on top of $1.950 spent today in this library; the limit for a day is $2.000."
    )
    assert caught.value.charge_status is ChargeStatus.UNSENT
    assert "Raise the limit" in caught.value.advice

    with pytest.raises(BudgetError) as caught:
        reserve(ledger, "b", 0.00004, tries=3, session="s", session_cap=1.95, day_cap=5)
    assert caught.value.message == (
        "With 3 tries this could be $0.0001 on top of $1.9500 spent in this session; "
        "the limit for a session is $1.9500."
    )
    assert len(rows(ledger)) == 1


@pytest.mark.parametrize("cap", ["session_cap", "day_cap"])
def test_a_limit_lets_through_what_fits_exactly(ledger: Ledger, cap: str) -> None:
    for number in range(3):
        reserve(ledger, str(number), 0.1, session="s", **{cap: 0.3})  # 0.1 + 0.1 + 0.1 > 0.3, say floats
    with pytest.raises(BudgetError):
        reserve(ledger, "3", 0.1, session="s", **{cap: 0.3})
    assert ledger.sum_spending().call_count == 3

    ledger.close("0", 0.05, "made")
    ledger.close("1", None, "unsent")
    reserve(ledger, "4", 0.15, session="s", **{cap: 0.3})
    ledger.close("2", None, "unknown")
    with pytest.raises(BudgetError):
        reserve(ledger, "5", 0.01, session="s", **{cap: 0.3})


def test_a_limit_counts_every_try(ledger: Ledger) -> None:
    with pytest.raises(BudgetError):
        reserve(ledger, "a", 0.1, tries=3, day_cap=0.25)
    reserve(ledger, "a", 0.1, tries=2, day_cap=0.25)


def test_a_limit_of_a_session_is_its_own(ledger: Ledger) -> None:
    reserve(ledger, "a", 1, session="s")
    reserve(ledger, "b", 1, session="t", session_cap=1)
    with pytest.raises(BudgetError):
        reserve(ledger, "c", 1, session="u", session_cap=1, day_cap=2)


def test_yesterday_does_not_count_today(ledger: Ledger) -> None:
    ledger.root.mkdir()
    at = (datetime.now().astimezone() - timedelta(days=1)).isoformat()
    ledger.path.write_text(json.dumps({"call": "a", "at": at, "worst": 5.0, "outcome": "open"}) + "\n")
    reserve(ledger, "b", 0.1, day_cap=0.1)
    assert ledger.sum_spending().usd == pytest.approx(5.1)


@pytest.mark.parametrize("cap", [0, float("nan"), -1])
def test_a_limit_of_nothing_refuses_what_costs_anything(ledger: Ledger, cap: float) -> None:
    with pytest.raises(BudgetError):
        reserve(ledger, "a", 1e-6, day_cap=cap)
    reserve(ledger, "b", 0.0, day_cap=cap)
    reserve(ledger, "c", 1.0)
    reserve(ledger, "d", 0.0, day_cap=cap)


@pytest.mark.parametrize(
    ("usd", "outcome", "caps", "words"),
    [
        (0.2, "made", {"session_cap": 0.3}, ""),
        (0.2, "made", {"day_cap": 0.3}, ""),
        (0.9, "unsent", {"day_cap": 0.3}, ""),
        (0.9, "made", {"session_cap": 1.1, "day_cap": 1.1}, ""),
        (
            0.9,
            "made",
            {"day_cap": 0.3},
            r"\$1\.000 spent today in this library; the limit for a day is \$0\.300",
        ),
        (0.21, "made", {"session_cap": 0.3, "day_cap": 5}, "in this session; the limit for a session"),
        (None, "unknown", {"day_cap": 0.15}, "today"),
        (0.0, "made", {"day_cap": float("nan")}, "today"),
    ],
)
def test_a_reservation_is_checked_again_before_it_is_sent(
    ledger: Ledger, usd: float | None, outcome: str, caps: dict[str, float], words: str
) -> None:
    both = {"session_cap": None, "day_cap": None} | caps
    for call in "abc":
        reserve(ledger, call, session="s" if call != "c" else "another", day_cap=0.3)
    ledger.close("a", usd, outcome)
    ledger.close("c", 0.0, "made")

    if not words:
        ledger.check_reservation("b", **both)
        return
    with pytest.raises(BudgetError, match=f"Not sent: the calls before it cost more than estimated.*{words}"):
        ledger.check_reservation("b", **both)
    spent = ledger.sum_spending().usd
    assert spent == (0.1 if usd is None else usd)  # what was reserved is free for another call
    ledger.check_reservation("b", **both)
    ledger.check_reservation("nobody's", **both)


@pytest.mark.parametrize("usd", [None, float("nan"), float("inf"), -0.1])
def test_l3_a_limit_cannot_be_kept_without_a_price(ledger: Ledger, usd: float | None) -> None:
    with pytest.raises(BudgetError, match=f"price of {MODEL} is not known.*Nothing was sent.*Choose a model"):
        reserve(ledger, "a", usd, day_cap=100)
    assert not ledger.path.exists()
    reserve(ledger, "a", usd)
    assert ledger.sum_spending() == Spending(0, 1, 1, 1)


@pytest.mark.parametrize("why", [LockBusyError, LockUnsupportedError])
def test_l2_without_the_lock_a_limit_refuses_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, ledger: Ledger, why: type[Exception]
) -> None:
    def refuse(*_: object) -> None:
        raise why

    monkeypatch.setattr(module, "acquire_lock", refuse)
    for cap in ("session_cap", "day_cap"):
        with pytest.raises(BudgetError, match=r"limit of money.*Nothing was sent.*lift the limit\."):
            reserve(ledger, "a", **{cap: 100})
    assert list(ledger.read_entries()) == []

    for whole in (True, False):
        monkeypatch.setattr(module, "HAS_ATOMIC_APPENDS", whole)
        reserve(ledger, f"a{whole}")
        ledger.close(f"a{whole}", 0.1, "made")
    assert ledger.sum_spending() == Spending(0.2, 2, 0, 0)


def test_a_lock_that_stays_taken_is_told(monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> None:
    monkeypatch.setattr(module, "LEDGER_LOCK_TIMEOUT", 0.05)
    ledger.root.mkdir()
    with acquire_lock(ledger.root / ".ledger.lock"):
        with pytest.raises(BudgetError, match="another notebook"):
            reserve(ledger, "a", day_cap=1)
        reserve(ledger, "b")
    reserve(ledger, "a", day_cap=1)


@pytest.mark.parametrize("whole", [True, False])
def test_where_appends_may_meet_they_take_turns(monkeypatch: pytest.MonkeyPatch, ledger: Ledger, whole: bool) -> None:
    asked: list[Path] = []

    def noted(path: Path, patience: float) -> Any:
        asked.append(path)
        return acquire_lock(path, patience)

    monkeypatch.setattr(module, "acquire_lock", noted)
    monkeypatch.setattr(module, "HAS_ATOMIC_APPENDS", whole)
    reserve(ledger, "a")
    ledger.close("a", 0.1, "made")
    assert asked == ([] if whole else [ledger.root / ".ledger.lock"] * 2)
    acquire_lock(ledger.root / ".ledger.lock").release()


# Damage


def test_h16_a_torn_line_is_skipped_and_spoils_no_other(ledger: Ledger) -> None:
    reserve(ledger, "first")
    whole = ledger.path.read_bytes()
    reserve(ledger, "torn")
    torn = ledger.path.read_bytes()[len(whole) :]

    for length in range(len(torn) + 1):
        ledger.path.write_bytes(whole + torn[:length])
        reserve(ledger, "after", day_cap=100)
        ledger.close("after", 0.3, "made")
        calls = [entry.call_id for entry in ledger.read_entries()]
        expected = ["first", "after"] if length < len(torn) - 1 else ["first", "torn", "after"]
        assert calls == expected, length
        assert ledger.sum_spending().usd == pytest.approx(0.1 + 0.3 + 0.1 * ("torn" in expected))


FOREIGN = [
    b"",
    b"\xff\xfe\x00\x80",
    b"\xef\xbb\xbf{}",
    b"{}",
    b"[]",
    b"null",
    b"7",
    b"NaN",
    b"{",
    b'"call"',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"call": 5, "at": "2026-11-22T10:00:00+00:00", "worst": 9}',
    b'{"call": "x", "worst": 9}',
    b'{"call": "x", "at": 5, "worst": 9}',
    b'{"call": "x", "at": "yesterday", "worst": 9}',
    b'{"call": "x", "at": "0001-01-01T00:00:00+14:00", "worst": 9}',
    b'{"call": "x", "ended": null, "usd": 9}',
    b'{"call": "\xff", "at": "2026-11-22T10:00:00+00:00", "worst": 9}',
    b'{"call": "x", "at": "2026-11-22T10:00:00+00:00", "worst": ' + b"9" * 5000 + b"}",
]
ODD = ["NaN", "Infinity", "-Infinity", "-9", "1e999", "9" * 400, "true", '"9"', "[9]", "null", "{}"]


def test_foreign_lines_are_skipped(ledger: Ledger) -> None:
    reserve(ledger, "a", session="s")
    with ledger.path.open("ab") as file:
        for line in FOREIGN:
            file.write(line + b"\r\n")
    reserve(ledger, "b", session="s", session_cap=0.2)

    assert [entry.call_id for entry in ledger.read_entries()] == ["a", "b"]
    assert ledger.sum_spending() == Spending(0.2, 2, 2, 0)


@pytest.mark.parametrize("amount", ODD)
def test_an_amount_that_is_none_lifts_no_limit(ledger: Ledger, amount: str) -> None:
    reserve(ledger, "a", 1.0)
    at = datetime.now().astimezone().isoformat()
    with ledger.path.open("a") as file:
        file.write(f'{{"call": "odd", "at": "{at}", "worst": {amount}, "outcome": ["made"], "session": 5}}\n')
        file.write(f'{{"call": "a", "usd": {amount}, "outcome": "made"}}\n')

    with pytest.raises(BudgetError):
        reserve(ledger, "b", 0.1, day_cap=1.0)
    assert ledger.sum_spending() == Spending(1.0, 2, 1, 1)


def test_a_call_whose_reservation_is_lost_still_counts(ledger: Ledger) -> None:
    reserve(ledger, "a", session="s")
    ledger.path.unlink()
    ledger.close("a", 0.1, "made")
    assert ledger.sum_spending(day=today()) == Spending(0.1, 1, 0, 0)
    assert ledger.sum_spending(session="s").call_count == 0
    ledger.close("b", None, "unknown")
    assert ledger.sum_spending(day=today()) == Spending(0.1, 2, 1, 1)


def test_h17_what_is_deleted_is_made_anew(ledger: Ledger) -> None:
    assert list(ledger.read_entries()) == []
    assert ledger.sum_spending() == Spending(0, 0, 0, 0)
    for deleted in (ledger.path, ledger.root / ".ledger.lock", ledger.root):
        reserve(ledger, "a", day_cap=0.1)
        if deleted == ledger.root:
            for path in ledger.root.iterdir():
                path.unlink()
            deleted.rmdir()
        else:
            deleted.unlink()
            ledger.path.unlink(missing_ok=True)
        assert list(ledger.read_entries()) == []
    reserve(ledger, "a")
    assert ledger.path.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_written_is_told_before_paying(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for root, why in ((tmp_path / "file", "it is not a folder"), (tmp_path / "file" / "below", "Not a directory")):
        for caps in ({}, {"day_cap": 1.0}):
            with pytest.raises(
                LibraryError, match=rf"^Cannot write in .*: {why}\. Nothing was sent.*COMETMAGIC_LIBRARY"
            ):
                reserve(Ledger(root), "a", **caps)


def test_what_cannot_be_read_is_told(ledger: Ledger) -> None:
    ledger.path.mkdir(parents=True)
    with pytest.raises(LibraryError, match=r"ledger\.jsonl cannot be read \(ledger\.jsonl is a folder\)\.$"):
        ledger.sum_spending()
    with pytest.raises(LibraryError, match=r"ledger\.jsonl is a folder.*Nothing was sent"):
        reserve(ledger, "a", day_cap=1)


@pytest.mark.parametrize("how", ["cut", "refused"])
def test_an_end_that_cannot_be_written_leaves_the_worst_case(
    monkeypatch: pytest.MonkeyPatch, ledger: Ledger, how: str
) -> None:
    write = os.write

    def failing(handle: int, content: bytes) -> int:
        if how == "refused":
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        return write(handle, content[:20])

    reserve(ledger, "a", 0.5)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", failing)
        ledger.close("a", 0.1, "made")
        with pytest.raises(LibraryError, match="Nothing was sent"):
            reserve(ledger, "b", 0.1, day_cap=9)
        with pytest.raises(LibraryError, match=r"No space left|quota"):
            reserve(ledger, "c", 0.1)
    assert ledger.sum_spending() == Spending(0.5, 1, 1, 0)

    reserve(ledger, "c", 0.1)
    assert ledger.sum_spending() == Spending(0.6, 2, 2, 0)


# Processes

KILLED = """
    import os, signal, sys
    from pathlib import Path
    from cometmagic.costs.estimate import Price
    from cometmagic.costs.ledger import Ledger
    ledger = Ledger(Path(sys.argv[1]))
    ledger.reserve({"killed": ("m", Price(0.4))}, day_cap=1.0)
    if sys.argv[2] == "alone":
        lock = ledger._acquire_lock()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("when", ["sent", "alone"])
def test_a_killed_kernel_leaves_its_reservation_and_no_lock(ledger: Ledger, when: str) -> None:
    with program(KILLED, ledger.root, when) as killed:
        assert killed.wait(PATIENCE) == -signal.SIGKILL

    reserve(ledger, "next", 0.6, day_cap=1.0)
    assert ledger.sum_spending() == Spending(1.0, 2, 2, 0)
    with pytest.raises(BudgetError):
        reserve(ledger, "more", 0.1, day_cap=1.0)


CALLS = 500  # of each writer: a line for the reservation and one for the end

WRITER = """
    import sys
    from pathlib import Path
    from tests.costs.test_ledger import write_lines
    print("0", flush=True)
    sys.stdin.readline()
    write_lines(Path(sys.argv[1]), sys.argv[2])
    print("1")
"""


def write_lines(root: Path, name: str) -> None:
    """Reserve and close calls on two threads at once. Nothing is flushed, so that writers meet more often."""

    def write(thread: str) -> None:
        ledger = Ledger(root)
        for number in range(CALLS):
            call = f"{name}-{thread}-{number}"
            reserve(ledger, call, 0.25, session=name)
            ledger.close(call, 0.125, "made")

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(os, "fsync", lambda _: None)
        list(pool.map(write, "ab"))


@counts_open_files
def test_i4_an_interrupt_at_any_moment_leaves_nothing_open(ledger: Ledger) -> None:
    """Of the ledger, and of the lock beside it."""
    reserve(ledger, "first", session_cap=100)
    for nth in itertools.count(1):
        before = open_files()
        with (
            Pressed(nth, Ledger._append, Ledger._acquire_lock, file_lock) as pressed,
            contextlib.suppress(KeyboardInterrupt),
        ):
            reserve(ledger, str(nth), session_cap=100)

        assert open_files() == before, pressed.where
        if not pressed.where:
            break

    assert nth > 80
    assert ledger.sum_spending().call_count > 1
    acquire_lock(ledger.root / module.LOCK_FILE_NAME).release()


def test_h16_many_writers_lose_and_mix_no_line(ledger: Ledger) -> None:
    """Four processes with two writers each, and 2,000 lines from each process."""
    names = [f"process-{number}" for number in range(4)]
    with contextlib.ExitStack() as running:
        processes = [running.enter_context(program(WRITER, ledger.root, name)) for name in names]
        assert [told(process) for process in processes] == [0] * 4
        for process in processes:
            say(process, "go")
        assert [told(process) for process in processes] == [1] * 4

    assert len(rows(ledger)) == 4 * 2 * 2 * CALLS
    assert {entry.call_id for entry in ledger.read_entries()} == {
        f"{name}-{thread}-{number}" for name in names for thread in "ab" for number in range(CALLS)
    }
    assert ledger.sum_spending() == Spending(4 * 2 * CALLS * 0.125, 4 * 2 * CALLS, 0, 0)
    assert [ledger.sum_spending(session=name).call_count for name in names] == [2 * CALLS] * 4


# The race for the last slot

THREADS, PROCESSES, ROUNDS = 16, 4, 12
PATIENT_ROUNDS = 20 * ROUNDS  # in which the control gets past at least once, also beside other workers
PRICE, SPENT = 0.134, 200  # dollars a call; calls made before

CONTENDER = """
    import sys
    from tests.costs.test_ledger import contend
    contend(sys.argv[1] == "locked")
"""


@dataclass(frozen=True)
class Score:
    """How many got through in a round, and what the ledger says of it."""

    fits: int
    threads: int
    processes: int
    written: int
    over: bool

    @property
    def overshoot(self) -> int:
        return max(self.written, self.threads + self.processes) - self.fits

    @property
    def is_exact(self) -> bool:
        return self.threads + self.processes == self.written == self.fits and not self.over


def attempt(root: str, call: str, cap: float) -> bool:
    """Tell whether a call got through."""
    try:
        reserve(Ledger(Path(root)), call, PRICE, session="s", session_cap=cap, day_cap=cap)
    except BudgetError as error:
        if "on top of" in error.message:
            return False
        raise  # not the limit refused it, but the want of a lock
    return True


def fill(ledger: Ledger) -> None:
    """Write down the calls that were made before, at once."""
    row = {"at": datetime.now().astimezone().isoformat(), "session": "s", "worst": PRICE, "outcome": "open"}
    ledger.root.mkdir(parents=True)
    ledger.path.write_text("".join(json.dumps({"call": f"before-{number}"} | row) + "\n" for number in range(SPENT)))


def unlock(patch: pytest.MonkeyPatch) -> None:
    """Take the lock out of the ledger, and nothing else: the control."""
    patch.setattr(module, "acquire_lock", lambda *_: contextlib.nullcontext())


def contend(is_locked: bool) -> None:
    """Make one attempt for each line of the standard input: a process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        if not is_locked:
            unlock(patch)
        for line in sys.stdin:
            sys.stdout.write(json.dumps(attempt(*json.loads(line))) + "\n")
            sys.stdout.flush()


@dataclass(frozen=True)
class Race:
    """Contenders that wait for their rounds."""

    place: Path
    pool: ThreadPoolExecutor
    threads: int
    processes: list[subprocess.Popen[str]]

    def run(self, number: int) -> Score:
        """Let all go at once for the last slots, of which there are one to three."""
        fits, root = 1 + number % 3, self.place / str(number)
        cap = (SPENT + fits) * PRICE
        ledger = Ledger(root)
        fill(ledger)
        barrier = threading.Barrier(self.threads + 1)

        def thread(name: int) -> bool:
            barrier.wait()
            return attempt(str(root), f"thread-{name}", cap)

        threads = [self.pool.submit(thread, name) for name in range(self.threads)]
        for name, process in enumerate(self.processes):
            say(process, [str(root), f"process-{name}", cap])
        barrier.wait()
        through = sum(thread.result() for thread in threads), sum(told(process) for process in self.processes)
        spent = ledger.sum_spending(session="s")
        return Score(fits, *through, written=spent.call_count - SPENT, over=spent.usd > cap + 1e-6)


@pytest.fixture
def race(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Race]]:
    with contextlib.ExitStack() as running:

        def prepare(threads: int, processes: int, *, is_locked: bool = True) -> Race:
            if not is_locked:
                unlock(monkeypatch)
            pool = running.enter_context(ThreadPoolExecutor(max(threads, 1)))
            word = "locked" if is_locked else "unlocked"
            started = [running.enter_context(program(CONTENDER, word)) for _ in range(processes)]
            prepared = Race(tmp_path / "rounds", pool, threads, started)
            prepared.run(-1)  # until all are up
            return prepared

        yield prepare


def judge(scores: list[Score]) -> str:
    """Return what went wrong in the rounds, or nothing."""
    over, short = sum(score.overshoot > 0 for score in scores), sum(score.overshoot < 0 for score in scores)
    odd = sum(not score.is_exact for score in scores)
    return f"{over} rounds over, {short} short, {odd} not exact" if odd else ""


def test_t14_no_race_gets_past_a_limit(race: Callable[..., Race]) -> None:
    prepared = race(THREADS, PROCESSES)
    assert judge([prepared.run(number) for number in range(ROUNDS)]) == ""


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_t14_no_race_gets_past_a_limit_in_500_rounds(race: Callable[..., Race]) -> None:
    prepared = race(THREADS, PROCESSES)
    scores = [prepared.run(number) for number in range(500)]
    assert judge(scores) == ""
    assert sum(score.threads for score in scores) > 0
    assert sum(score.processes for score in scores) > 0


@pytest.mark.parametrize(("threads", "processes"), [(THREADS, 0), (0, PROCESSES), (THREADS, PROCESSES)])
def test_t14_control_without_the_lock_the_limit_is_passed(
    race: Callable[..., Race], threads: int, processes: int
) -> None:
    prepared = race(threads, processes, is_locked=False)
    scores = [prepared.run(0)]
    while len(scores) < PATIENT_ROUNDS and scores[-1].overshoot <= 0:
        scores.append(prepared.run(len(scores)))
    assert any(score.overshoot > 0 for score in scores)
    assert "rounds over" in judge(scores)
