"""The thread of a panel: one for all its runs, in their order, gone when there are none."""

from __future__ import annotations

import threading

import pytest

from cometmagic.widget.run import thread as run_thread
from cometmagic.widget.run.thread import RunThread
from tests.waiting import wait_for


def named(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_jobs_are_done_in_order_on_one_thread() -> None:
    work, done = RunThread("one"), list[tuple[int, threading.Thread]]()

    for number in range(50):
        work.submit(lambda number=number: done.append((number, threading.current_thread())))  # type: ignore[misc]
    wait_for(lambda: len(done) == 50)

    assert [number for number, _ in done] == list(range(50))
    assert len({thread.ident for _, thread in done}) == 1
    assert named("one") == [done[0][1]]
    assert done[0][1].daemon


def test_there_is_no_thread_before_the_first_job_and_none_a_while_after_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_thread, "IDLE_SECONDS", 0.01)
    work, done = RunThread("idle"), threading.Event()
    assert named("idle") == []

    work.submit(done.set)
    assert done.wait(30)

    wait_for(lambda: named("idle") == [])


def test_no_job_is_lost_when_it_comes_as_the_thread_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_thread, "IDLE_SECONDS", 0.0)
    work, done = RunThread("race"), list[int]()

    for number in range(500):
        work.submit(lambda number=number: done.append(number))  # type: ignore[misc]
        if number % 3 == 0:
            wait_for(lambda number=number: number in done)  # type: ignore[misc]

    wait_for(lambda: len(done) == 500)
    assert done == list(range(500))
