"""I1 to I7: what an interrupt costs. Nothing before sending; afterwards the picture still comes."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from cometmagic.costs.ledger import Ledger
from cometmagic.courier import client
from cometmagic.errors import ChargeStatus, Interrupted
from cometmagic.generation.generate import agenerate, generate, start_generation
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from tests.courier.test_rate_limiter import ended
from tests.courier.test_retry import BUSY, refusing
from tests.faults.leaks import KEY
from tests.faults.server import Held, response, send
from tests.gemini.answers import answer, answering, body, image, picture
from tests.waiting import PATIENCE, wait_for

WHOLE = response(body(answer(image())))


@pytest.fixture
def held() -> Held:
    return Held()


def only_call(library: Path) -> dict[str, Any]:
    [folder] = Library(library).iter_folders()
    return dict(folder.read())


def at_first(name: str) -> Any:
    """Return a progress callback that is interrupted at the first event of this name."""

    def pressed(event: dict[str, Any]) -> None:
        if event["event"] == name:
            raise KeyboardInterrupt

    return pressed


def test_i1_the_picture_comes_after_an_interrupt(serving: Any, held: Held, library_folder: Path) -> None:
    with serving(held.steps(send(WHOLE))) as server:
        with pytest.raises(Interrupted, match="goes on and may be charged; its image will be saved in"):
            generate("a cat", progress=at_first("sent"))
        held.let_go.set()
        wait_for(lambda: only_call(library_folder)["state"] == CallState.SETTLED)

    [folder] = Library(library_folder).iter_folders()
    assert (folder.path / "image.png").read_bytes() == picture()
    assert len(server.log) == 1


def test_i3_a_call_that_waits_for_its_place_is_taken_back(serving: Any, held: Held, library_folder: Path) -> None:
    with serving(held.steps(send(WHOLE)), answering(answer(image()))) as server:
        first = start_generation("one", at_once=1)
        wait_for(lambda: held.inside)
        second = start_generation("two", at_once=1)

        told = second.stop()

        held.let_go.set()
        ended(first)
    assert told == "The call was interrupted before it was sent. Nothing was sent, so nothing was charged."
    assert len(server.log) == 1
    assert second.folder.read()["error"]["fate"] == ChargeStatus.UNSENT.name
    entries = {entry.call_id: entry for entry in Ledger(library_folder).read_entries()}
    assert entries[second.folder.read()["id"]].outcome == "unsent"
    assert entries[first.folder.read()["id"]].outcome == "made"


def test_i5_an_interrupt_in_a_wait_is_not_charged(serving: Any, library_folder: Path) -> None:
    with (
        serving(refusing("429 Slow", BUSY, **{"Retry-After": "100"})) as server,
        pytest.raises(Interrupted, match=r"waited for another try. The service refused .* not normally charged"),
    ):
        generate("a cat", progress=at_first("waiting"))

    assert len(server.log) == 1
    assert only_call(library_folder)["state"] == CallState.FAILED
    assert Ledger(library_folder).sum_spending().usd == 0


def test_an_interrupt_after_the_end_says_where_the_picture_is(serving: Any, library_folder: Path) -> None:
    with serving(answering(answer(image()))), pytest.raises(Interrupted, match="Its image is saved in"):
        generate("a cat", progress=at_first("done"))


def test_an_abandoned_call_is_kept_all_the_same(serving: Any, held: Held) -> None:
    with serving(held.steps(send(WHOLE))):
        call = start_generation("a cat")
        wait_for(lambda: held.inside)
        call.abandon()
        wait_for(lambda: call.folder.read().get("abandoned"))
        held.let_go.set()
        ended(call)

    assert call.result().image.data == picture()
    assert call.folder.read()["abandoned"]


def test_i7_a_cancelled_await_detaches(serving: Any, held: Held, library_folder: Path) -> None:
    async def asked() -> None:
        task = asyncio.ensure_future(agenerate("a cat"))
        while not held.inside:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.01)
        task.cancel()
        await task

    with serving(held.steps(send(WHOLE))) as server:
        with pytest.raises(
            asyncio.CancelledError, match="goes on and may be charged; its image will be saved in"
        ) as told:
            asyncio.run(asked())
        held.let_go.set()
        wait_for(lambda: only_call(library_folder)["state"] == CallState.SETTLED)

    assert told.value._render_traceback_() == [f"Interrupted: {told.value}"]  # type: ignore[attr-defined]
    assert len(server.log) == 1


@pytest.mark.parametrize("how", ["wait_for", "timeout", "group"])
def test_i7_other_ways_to_cancel_detach_as_well(serving: Any, held: Held, library_folder: Path, how: str) -> None:
    async def asked() -> None:
        if how == "wait_for":
            await asyncio.wait_for(agenerate("a cat"), 2.0)
        elif how == "timeout":
            async with asyncio.timeout(2.0):
                await agenerate("a cat")
        else:
            async with asyncio.TaskGroup() as group:
                group.create_task(agenerate("a cat"))
                while not held.inside:  # noqa: ASYNC110  # as above
                    await asyncio.sleep(0.01)
                raise TimeoutError

    with serving(held.steps(send(WHOLE))) as server:
        with pytest.raises((TimeoutError, ExceptionGroup)):
            asyncio.run(asked())
        held.let_go.set()
        wait_for(lambda: only_call(library_folder)["state"] in (CallState.SETTLED, CallState.FAILED))

    assert len(server.log) <= 1
    assert len(server.log) == (only_call(library_folder)["state"] == CallState.SETTLED)


def test_i8_many_interrupts_leave_nothing_behind(serving: Any, held: Held) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # links that vanish meanwhile

    held.let_go.set()
    with serving(*[held.steps(send(WHOLE))] * 31):
        generate("a cat")
        before, threads = open_files(), threading.active_count()
        for _ in range(30):
            with pytest.raises(Interrupted):
                generate("a cat", progress=at_first("sent"))
        assert client.get_courier().is_alive
        deadline = time.monotonic() + 30
        while client.get_courier()._jobs and time.monotonic() < deadline:
            time.sleep(0.02)

    assert client.get_courier()._jobs == {}
    assert threading.active_count() <= threads + 1  # the server's
    assert open_files() <= before + 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_i15_a_forked_child_has_a_courier_of_its_own(serving: Any) -> None:
    with serving(answering(answer(image())), answering(answer(image()))) as server:
        generate("a cat")
        mine = client.get_courier()
        assert isinstance(mine, client.ProcessCourier)
        child = os.fork()
        if child == 0:
            made = generate("a dog")
            os._exit(0 if made.image.data == picture() and client.get_courier() is not mine else 1)

        assert os.waitpid(child, 0)[1] == 0
        assert client.get_courier() is mine
        assert mine.is_alive
    assert len(server.log) == 2


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a key; and wait for the courier's word, however busy the machine is."""
    monkeypatch.setenv("COMETAPI_KEY", KEY)
    for module in ("call", "wait"):
        monkeypatch.setattr(f"cometmagic.generation.{module}.CANCEL_TIMEOUT", PATIENCE)
