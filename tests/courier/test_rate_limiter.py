"""One gate for a batch: places, the pause a 429 asks for, and an end after three unknown outcomes in a row."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cometmagic.courier import retry
from cometmagic.courier.rate_limiter import RateLimiter
from cometmagic.errors import ChargeStatus, CometError
from cometmagic.generation.call import Call
from cometmagic.generation.generate import start_generation
from cometmagic.generation.launch import launch_batch, submit_call
from cometmagic.generation.plan import build_plan
from cometmagic.generation.reserve import reserve_calls
from tests.courier.test_retry import BUSY, refusing
from tests.faults.server import Held, Step, fin, recv_request, response, send
from tests.gemini.answers import answer, answering, body, image, picture
from tests.waiting import wait_for

PATIENCE = 30.0
GOOD = answering(answer(image()))


def ended(*calls: Call) -> None:
    for call in calls:
        assert call.job is not None
        assert call.job.done_event.wait(PATIENCE)


def test_at_most_so_many_calls_are_under_way(serving: Any) -> None:
    held = Held()
    with serving(*[held.steps(send(response(body(answer(image())))))] * 7) as server:
        calls = [start_generation(f"cat {number}", at_once=3) for number in range(7)]
        wait_for(lambda: held.inside == 3)
        held.let_go.set()
        ended(*calls)

    assert held.most == 3
    assert [call.result().image.data for call in calls] == [picture()] * 7
    assert len(server.log) == 7


@pytest.mark.usefixtures("carried_here")
def test_e13_a_429_holds_all_calls_back(serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four find the door closed together; nobody else knocks until the pause is over, and then two at a time."""
    monkeypatch.setattr(retry, "JITTER", 0.0)
    held = Held()
    busy = refusing("429 Slow", BUSY, **{"Retry-After": "1.5"})
    good = send(response(body(answer(image()))))
    with serving(*[held.steps(*busy[1:])] * 4, *[[recv_request(), good]] * 12) as server:
        calls = [start_generation(f"cat {number}", at_once=4) for number in range(12)]
        held.let_go.set()
        ended(*calls)

    assert [call.result().image.data for call in calls] == [picture()] * 12
    assert len(server.log) == 16
    waits = [call for call in calls if call.result().call.get("tries")]
    assert len(waits) == 4


def test_calls_that_are_turned_away_together_halve_the_limit_once() -> None:
    async def count_slots() -> int:
        limiter, active = RateLimiter(), 0

        async def hold() -> None:
            nonlocal active
            async with limiter.acquire_slot(8, lambda _: None, 0):
                active += 1
                await asyncio.Event().wait()

        limiter._max_concurrency = 8
        for _ in range(4):
            limiter.throttle(0.01)
        tasks = [asyncio.create_task(hold()) for _ in range(8)]
        await asyncio.wait(tasks, timeout=0.1)
        for task in tasks:
            task.cancel()
        return active

    assert asyncio.run(count_slots()) == 4


@pytest.mark.usefixtures("carried_here")
def test_e21_after_three_unknown_outcomes_the_rest_is_not_sent(serving: Any) -> None:
    held = Held()
    storm = held.steps(send(response(b"", "504 Gateway Timeout")))
    with serving(*[storm] * 10) as server:
        calls = [start_generation(f"cat {number}", at_once=1) for number in range(10)]
        held.let_go.set()
        ended(*calls)

    errors = []
    for call in calls:
        with pytest.raises(CometError) as told:
            call.result()
        errors.append(told.value)
    assert len(server.log) == 3
    assert [error.charge_status for error in errors] == [ChargeStatus.UNKNOWN] * 3 + [ChargeStatus.UNSENT] * 7
    assert "of the last 3 requests it is not known" in str(errors[-1])


STORM, SLOW = refusing("504 Gateway"), refusing("429 Slow", BUSY, **{"Retry-After": "0"})
STREAKS: dict[str, tuple[int, int, list[list[Step]], int]] = {
    "each-tried-again": (10, 1, [STORM], 3),
    "closed-and-tried-again": (10, 2, [[recv_request(), fin()]], 3),
    "two-calls": (2, 3, [STORM], 3),
    "refusals-between": (10, 0, [SLOW, STORM], 6),
    "alone": (1, 3, [STORM], 4),
}  # fmt: skip


@pytest.mark.usefixtures("carried_here", "soon")
@pytest.mark.parametrize("name", STREAKS)
def test_each_request_of_unknown_outcome_counts(serving: Any, name: str) -> None:
    count, retry_unknown, answers, posts = STREAKS[name]
    held = Held()
    with serving(held.steps(*answers[0][1:]), *(answers[number % len(answers)] for number in range(1, 30))) as server:
        calls = [start_generation(f"cat {number}", at_once=1, retry_unknown=retry_unknown) for number in range(count)]
        held.let_go.set()
        ended(*calls)

    assert len(server.log) == posts


@pytest.mark.usefixtures("carried_here")
@pytest.mark.parametrize(("batch_id", "posts"), [("", 6), ("a batch", 3)])
def test_a_batch_whose_calls_come_one_after_the_other_is_stopped_too(serving: Any, batch_id: str, posts: int) -> None:
    """As on a machine that is slow to hand them over, before a service that is quick to fail."""
    with serving(*[refusing("504 Gateway Timeout")] * 6) as server:
        for plan in [build_plan(f"cat {number}") for number in range(6)]:
            [call] = reserve_calls([plan], "a session", lambda: False)
            ended(submit_call(call, batch_id))

    assert len(server.log) == posts


@pytest.mark.usefixtures("carried_here", "soon")
def test_a_batch_of_one_keeps_all_its_tries(serving: Any) -> None:
    with serving(*[refusing("504 Gateway Timeout")] * 6) as server:
        ended(*launch_batch([build_plan("a cat", retry_unknown=3)]).calls)

    assert len(server.log) == 4


@pytest.mark.usefixtures("carried_here")
def test_a_good_answer_between_unknown_ones_goes_on(serving: Any) -> None:
    held = Held()
    storm, good = held.steps(send(response(b"", "504 Gateway Timeout"))), GOOD
    with serving(storm, storm, good, storm, storm, good) as server:
        calls = [start_generation(f"cat {number}", at_once=1) for number in range(6)]
        held.let_go.set()
        ended(*calls)

    assert len(server.log) == 6


@pytest.mark.usefixtures("carried_here")
def test_calls_asked_for_after_the_stop_are_sent(serving: Any) -> None:
    with serving(*[refusing("504 Gateway")] * 3, GOOD):
        for _ in range(3):
            ended(start_generation("a cat"))
        last = start_generation("a cat")
        ended(last)

    assert last.result().image.data == picture()


def test_calls_start_in_the_order_in_which_they_came() -> None:
    """A call that comes at the moment when a slot is free does not overtake those that wait for it."""

    async def run() -> list[int]:
        limiter, order = RateLimiter(), list[int]()

        async def call(number: int) -> None:
            async with limiter.acquire_slot(1, lambda _: None, 0):
                order.append(number)
                await asyncio.sleep(0)
                if number == 0:  # it runs when the slot is free, and before those who wait have been woken
                    tasks.append(asyncio.create_task(call(3)))

        tasks = [asyncio.create_task(call(number)) for number in range(3)]
        for task in tasks:
            await task
        return order

    assert asyncio.run(run()) == [0, 1, 2, 3]
