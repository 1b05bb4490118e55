"""What an earlier kernel left: brought to its end once nobody carries it, and never touched before."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cometmagic.costs.ledger import Ledger
from cometmagic.courier import recovery as recovering
from cometmagic.courier.recovery import find_recoverable_calls, recover
from cometmagic.courier.recovery_report import format_running_calls, recover_calls
from cometmagic.errors import ChargeStatus
from cometmagic.generation.generate import generate, start_generation
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from cometmagic.storage.unfinished_calls import find_unfinished_calls
from cometmagic.system.file_lock import LockBusyError, LockUnsupportedError, acquire_lock
from tests.courier.test_rate_limiter import ended
from tests.faults.leaks import KEY, leaks
from tests.faults.server import Held, response, send
from tests.gemini.answers import answer, answering, body, image, picture, text
from tests.waiting import wait_for

ANSWER = answer(text("Here it is."), image(thoughtSignature="s" * 500))
EARLIER = (datetime.now().astimezone() - timedelta(minutes=5)).isoformat(timespec="milliseconds")


@pytest.fixture
def library(library_folder: Path) -> Library:
    return Library(library_folder)


@pytest.fixture
def made(serving: Any, library: Library) -> CallFolder:
    """Return a call that went well."""
    with serving(answering(ANSWER)):
        generate("a red bicycle")
    [folder] = library.iter_folders()
    return folder


def back(folder: CallFolder, state: CallState, part: bytes | None = None) -> None:
    """Bring a call back to an earlier state, with these bytes of its answer."""
    for path in folder.path.iterdir():
        if path.name not in ("call.json", "request.json"):
            path.unlink()
    call = {name: value for name, value in folder.read().items() if name not in ("files", "usage", "settled", "notes")}
    call |= {"state": state, "planned": EARLIER}
    (folder.path / "call.json").write_text(json.dumps(call, indent=1))
    if part is not None:
        folder.response_path.write_bytes(part)


WHOLE = body(ANSWER)
LEFT: dict[str, tuple[CallState, bytes | None, CallState]] = {
    "never-sent": (CallState.PLANNED, None, CallState.FAILED),
    "sent-without-answer": (CallState.SENT, None, CallState.UNKNOWN),
    "sent-with-an-empty-answer": (CallState.SENT, b"", CallState.UNKNOWN),
    "cut-before-the-picture": (CallState.SENT, WHOLE[:90], CallState.UNKNOWN),
    "cut-after-the-picture": (CallState.SENT, WHOLE[:-120], CallState.SETTLED),
    "whole-and-not-noted": (CallState.SENT, WHOLE, CallState.SETTLED),
    "received": (CallState.RECEIVED, WHOLE, CallState.SETTLED),
}


@pytest.mark.parametrize("name", LEFT)
def test_i9_to_i12_what_was_left_is_brought_to_its_end(library: Library, made: CallFolder, name: str) -> None:
    before, part, after = LEFT[name]
    back(made, before, part)
    (made.path / ".image.1234.tmp").write_bytes(b"half")

    [told] = recover_calls(library.root)

    call = made.read()
    assert call["state"] == after
    assert "a red bicycle" in told
    assert not list(made.path.glob(".*"))
    if after is CallState.SETTLED:
        assert told.startswith("Recovered the picture")
        assert (made.path / "image.png").read_bytes() == picture()
        assert not made.response_path.exists()
    else:
        assert (
            call["error"]["fate"] == (ChargeStatus.UNSENT if after is CallState.FAILED else ChargeStatus.UNKNOWN).name
        )
        assert str(ChargeStatus[call["error"]["fate"]]) in told
    assert list(recover_calls(library.root)) == []


def test_a_crash_before_the_last_deletion_is_tidied_up(library: Library, made: CallFolder) -> None:
    made.response_path.write_bytes(WHOLE)

    [told] = recover_calls(library.root)

    assert told.startswith("Tidied up")
    assert not made.response_path.exists()
    assert made.read()["state"] == CallState.SETTLED


def test_an_answer_that_is_kept_on_purpose_stays(serving: Any, library: Library) -> None:
    spoilt = answer(image(), {"inlineData": {"mimeType": "image/png", "data": "???"}})
    with serving(answering(spoilt)):
        generate("a cat")
    [folder] = library.iter_folders()

    assert list(recover_calls(library.root)) == []
    assert folder.response_path.exists()


def test_a_call_that_somebody_carries_is_left_alone(serving: Any, library: Library) -> None:
    held = Held()
    with serving(held.steps(send(response(WHOLE)))):
        call = start_generation("a cat")
        wait_for(lambda: call.folder.read()["state"] == CallState.SENT)

        assert list(recover_calls(library.root)) == []
        [told] = format_running_calls(library.root)
        with pytest.raises(LockBusyError):
            recover(call.folder)

        held.let_go.set()
        ended(call)
    assert "'a cat'" in told
    assert "sent for" in told
    assert call.result().image.data == picture()
    assert list(format_running_calls(library.root)) == []


def test_a_call_on_its_way_to_the_courier_is_left_alone(library: Library, made: CallFolder) -> None:
    back(made, CallState.PLANNED)
    made.update(planned=datetime.now().astimezone().isoformat())

    assert list(find_recoverable_calls(library)) == []
    assert len(list(format_running_calls(library.root))) == 1


@pytest.mark.parametrize(("minutes", "left"), [(5, False), (60, True)])
def test_without_locks_the_age_decides(
    library: Library, made: CallFolder, monkeypatch: pytest.MonkeyPatch, minutes: int, left: bool
) -> None:
    def no_locks(*_: object, **__: object) -> None:
        raise LockUnsupportedError

    back(made, CallState.SENT)
    made.update(planned=(datetime.now().astimezone() - timedelta(minutes=minutes)).isoformat())
    monkeypatch.setattr(recovering, "acquire_lock", no_locks)

    assert bool(list(find_recoverable_calls(library))) is left


def test_what_is_no_call_is_left_alone(library: Library, made: CallFolder) -> None:
    strange = library.root / "20260101-000000-mine-123456"
    strange.mkdir()
    (strange / "call.json").write_text("[1]")
    (library.root / "2026-notes.txt").write_text("mine")
    shutil.copytree(made.path, library.root / "20260101-000000-copy-abcdef")

    assert find_unfinished_calls(library.root) == []
    assert list(recover_calls(library.root)) == []


def test_the_newest_are_looked_at(library: Library, made: CallFolder) -> None:
    for number in range(5):
        copy = CallFolder(library.root / f"20200101-00000{number}-x-abcdef")
        shutil.copytree(made.path, copy.path)
        back(copy, CallState.SENT)

    assert len(find_unfinished_calls(library.root, 3)) == 2
    assert len(find_unfinished_calls(library.root)) == 5


def test_folders_that_were_never_planned_vanish(library: Library, made: CallFolder) -> None:
    """Only old ones: another kernel may be at work on a new one."""
    import os

    old, new = (library.root / f".{name}.new.tmp" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
        (folder / "request.json").write_text("{}")
    os.utime(old, (0, 0))

    library.remove_temp_folders()

    assert (old.exists(), new.exists()) == (False, True)


def test_an_echo_of_the_key_is_blotted_out_of_what_is_recovered(library: Library, made: CallFolder) -> None:
    back(made, CallState.SENT, body(answer(text(f"key {KEY}"), image())))
    assert leaks(library.root)

    list(recover_calls(library.root))

    assert made.read()["state"] == CallState.SETTLED
    assert not leaks(library.root)


def test_the_ledger_learns_of_it(library: Library, made: CallFolder) -> None:
    back(made, CallState.SENT)
    ledger = Ledger(library.root).path
    ledger.write_text("".join(line + "\n" for line in ledger.read_text().splitlines() if '"open"' in line))
    assert Ledger(library.root).sum_spending().uncertain_count == 1

    list(recover_calls(library.root))

    [entry] = Ledger(library.root).read_entries()
    assert entry.outcome == "unknown"
    assert entry.usd == pytest.approx(0.067, abs=0.001)


def test_a_lock_dies_with_its_holder(library: Library, made: CallFolder) -> None:
    """The control of the carrier's lock: a killed process holds nothing."""
    back(made, CallState.SENT)
    program = (
        "import sys\nfrom pathlib import Path\nfrom cometmagic.system.file_lock import acquire_lock\n"
        "held = acquire_lock(Path(sys.argv[1]))\nprint('held', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, made.path / "request.json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert list(find_recoverable_calls(library)) == []
        holder.kill()
        holder.wait()

    assert [folder.id for folder in find_recoverable_calls(library)] == [made.id]
    acquire_lock(made.path / "request.json").release()
