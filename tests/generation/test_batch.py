"""Calls that begin together: all or none, however the asker leaves, and what is told of them on the way."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from cometmagic.costs.ledger import Ledger
from cometmagic.errors import ChargeStatus, CometError, Interrupted, OptionError, TransportError
from cometmagic.generation import launch
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import CancelCheck
from cometmagic.generation.launch import launch_batch
from cometmagic.generation.plan import build_plans
from cometmagic.generation.wait import launch_on_thread
from cometmagic.storage.library import Library
from tests.courier.test_retry import BUSY, refusing
from tests.faults.server import Held, response, send
from tests.notebook.answers import FINAL, answering, full, serving
from tests.waiting import PATIENCE, wait_for

GOOD = response(full())


def leaving_after(looks: int) -> CancelCheck:
    """Return what tells that the asker has left, from that look on."""
    seen: list[int] = []

    def unwanted() -> bool:
        seen.append(1)
        return len(seen) > looks

    return unwanted


def ends(library: Path) -> tuple[Counter[str], Counter[str]]:
    """Return the states of the folders and the ledger's outcomes."""
    return (
        Counter(folder.read()["state"] for folder in Library(library).iter_folders()),
        Counter(entry.outcome for entry in Ledger(library).read_entries()),
    )


@pytest.mark.parametrize("looks", range(5))
def test_whoever_leaves_while_it_is_planned_has_sent_nothing(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path, looks: int
) -> None:
    with (
        serving(monkeypatch, *[answering()] * 4) as server,
        pytest.raises(TransportError, match=r"^The call was interrupted before it was sent\. Nothing was sent"),
    ):
        launch_batch(build_plans("a cat", count=4), leaving_after(looks))

    assert server.log == []
    assert ends(library_folder) == ({"failed": looks} if looks else {}, {"unsent": 4})
    assert Ledger(library_folder).sum_spending().call_count == 0


def test_whoever_leaves_while_it_is_handed_over_takes_back_what_waits(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path
) -> None:
    held = Held()
    with serving(monkeypatch, *[held.steps(send(GOOD))] * 4) as server:
        batch = launch_batch(build_plans("a cat", count=4, at_once=1), leaving_after(5))
        wait_for(lambda: batch.has_cancel_reply)
        held.let_go.set()
        wait_for(lambda: not batch.is_running)

    assert len(server.log) <= 1
    assert ends(library_folder)[1]["unsent"] >= 3


def test_a_courier_that_takes_no_more_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path
) -> None:
    held, started, start = Held(), list[object](), launch.submit_call

    def starting(call: object, batch_id: str) -> object:
        if len(started) == 2:
            raise OSError("no pipe")
        started.append(call)
        return start(call, batch_id)  # type: ignore[arg-type]  # it is one

    monkeypatch.setattr(launch, "submit_call", starting)
    with serving(monkeypatch, *[held.steps(send(GOOD))] * 4) as server:
        with pytest.raises(OSError, match="no pipe"):
            launch_batch(build_plans("a cat", count=4, at_once=1))
        held.let_go.set()
        wait_for(lambda: not {"planned", "sent", "received"} & set(ends(library_folder)[0]))

    assert len(server.log) <= 1
    wait_for(lambda: ends(library_folder)[1]["unsent"] >= 3)  # the ledger is written after the folder


def test_an_interrupt_waits_until_nothing_is_half_begun(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    planned = build_plans("a cat", count=2, source="offline")

    def begin(left: CancelCheck) -> Batch:
        os.kill(os.getpid(), signal.SIGINT)
        wait_for(left)
        return launch_batch(planned, left)

    with pytest.raises(Interrupted) as told:
        launch_on_thread(begin)

    assert str(told.value) == "Nothing was sent, so nothing was charged."
    assert ends(library_folder)[0] == {}


def test_an_interrupt_when_all_are_handed_over_says_what_becomes_of_them(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path
) -> None:
    held = Held()
    monkeypatch.setattr("cometmagic.generation.call.CANCEL_TIMEOUT", PATIENCE)
    with serving(monkeypatch, *[held.steps(send(GOOD))] * 3) as server:
        planned = build_plans("a cat", count=3, at_once=2)

        def begin(left: CancelCheck) -> Batch:
            batch = launch_batch(planned)
            wait_for(lambda: held.inside == 2)
            os.kill(os.getpid(), signal.SIGINT)
            wait_for(left)
            return batch

        with pytest.raises(Interrupted) as told:
            launch_on_thread(begin)
        held.let_go.set()
        wait_for(lambda: ends(library_folder)[0]["settled"] == 2)

    assert str(told.value).startswith("Of 3 pictures 2 go on and may be charged, 1 was not sent; what comes will be")
    assert len(server.log) == 2


def test_what_is_wrong_is_raised_where_it_was_asked() -> None:
    def begin(left: CancelCheck) -> Batch:
        raise OptionError("There is something wrong.")

    with pytest.raises(OptionError, match="something wrong"):
        launch_on_thread(begin)


def test_how_many_stand_where_is_counted(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    held = Held()
    scenarios = [answering(), refusing("400 Bad"), answering(b"{}"), *[held.steps(send(GOOD))] * 2]
    with serving(monkeypatch, *scenarios):
        batch = launch_batch(build_plans("a cat", count=6, at_once=1))
        wait_for(lambda: held.inside)
        assert batch.outcome_counts == {"saved": 1, "failed": 2, "sent": 1, "planned": 2}
        wait_for(lambda: batch.done_count == 3)
        assert batch.describe_outcome() == (
            "Of 6 pictures 1 is saved, 1 goes on and may be charged, 2 are not sent yet, 1 failed, "
            f"1 failed and may have been charged; what comes will be saved in {library_folder}."
        )
        batch.cancel()
        wait_for(lambda: batch.has_cancel_reply)
        held.let_go.set()
        wait_for(lambda: not batch.is_running)

    assert batch.outcome_counts == {"saved": 2, "failed": 2, "unsent": 2}
    assert batch.describe_outcome().endswith(f"1 failed and may have been charged; they lie in {library_folder}.")
    assert batch.estimate.usd == pytest.approx(6 * 0.067, abs=0.001)


def test_a_pause_is_counted_down(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = refusing("429 Slow", BUSY, **{"Retry-After": "30"})
    with serving(monkeypatch, busy) as server:
        batch = launch_batch(build_plans("a cat", count=3, at_once=1))
        assert batch.pause == (0.0, "")
        events = batch.iter_events()
        wait_for(lambda: (next(events) or {}).get("event") == "waiting")

        seconds, why = batch.pause
        told = batch.stop()
        wait_for(lambda: not batch.is_running)

    assert 25 < seconds <= 31
    assert why
    assert "charged" not in told or "nothing was charged" in told
    assert batch.outcome_counts["unsent"] + batch.outcome_counts["failed"] == 3
    assert len(server.log) == 1


def test_sketches_are_never_said_to_be_charged(library_folder: Path) -> None:
    batch = launch_batch(build_plans("a cat", count=3, source="offline"))

    assert "charged" not in batch.describe_outcome()
    wait_for(lambda: not batch.is_running)
    assert batch.describe_outcome() == f"Of 3 pictures 3 are saved; they lie in {library_folder}."
    assert batch.estimate.usd == 0


def test_a_folder_that_somebody_removes_is_told_and_not_fatal(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path
) -> None:
    with serving(monkeypatch, *[answering()] * 2):
        batch = launch_batch(build_plans("a cat", count=2))
        wait_for(lambda: not batch.is_running)
    shutil.rmtree(batch.calls[0].folder.path)

    assert "1 failed and may have been charged" in batch.describe_outcome()
    results = batch.collect_results()
    assert isinstance(results[0], CometError)
    assert results[0].charge_status is ChargeStatus.UNKNOWN
    assert results.results[0].image.data == FINAL


def test_all_events_come_with_the_number_of_their_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[answering()] * 3):
        batch = launch_batch(build_plans("a cat", count=3))
        events = [event for event in batch.iter_events() if event is not None]

    for number in range(3):
        mine = [event["event"] for event in events if event["number"] == number]
        assert list(dict.fromkeys(mine)) == ["sent", "receiving", "settling", "done"]
