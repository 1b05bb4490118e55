"""Several pictures at once from Python: order, failures in place, money, recordings, sketches, interrupts."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import threading
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import cometmagic
from cometmagic import ImageResult, ImageResults, agenerate_many, generate_many
from cometmagic.costs.ledger import Ledger
from cometmagic.courier import client
from cometmagic.errors import (
    APIError,
    BudgetError,
    ChargeStatus,
    CometError,
    Interrupted,
    LibraryError,
    NoImageError,
    OptionError,
    TransportError,
)
from cometmagic.generation.session import get_last_folder
from cometmagic.storage.library import Library
from tests.courier.test_retry import BUSY, refusing
from tests.faults.server import Connection, Held, Step, recv_request, response, send
from tests.generation.conftest import CheckRefused
from tests.notebook.answers import CANARY, FINAL, answering, full, image, painted, serving
from tests.notebook.answers import body as answer_of
from tests.waiting import wait_for

COLORS = ("red", "green", "blue", "gold")
PRICE = 0.067  # dollars for a 1K image of the default model
GOOD = response(full())


def in_color(connection: Connection) -> None:
    """Answer with a picture in the colour that the prompt names."""
    prompt = json.loads(connection.exchange.body)["contents"][0]["parts"][0]["text"]
    connection.send(response(answer_of(image(painted(color=prompt.split()[-1])))))


def has_left(held: Held) -> bool:
    return not held.inside


def painting() -> list[Step]:
    return [recv_request(), in_color]


def states(library: Path) -> Counter[str]:
    return Counter(folder.read()["state"] for folder in Library(library).iter_folders())


def outcomes(library: Path) -> Counter[str]:
    return Counter(entry.outcome for entry in Ledger(library).read_entries())


def test_results_stand_in_the_order_of_their_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are given in the opposite order."""
    held = [Held() for _ in COLORS]
    with serving(monkeypatch, *[one.steps(in_color) for one in held]) as server:

        def let_go() -> None:
            wait_for(lambda: sum(one.inside for one in held) == len(COLORS))
            for one in reversed(held):
                one.let_go.set()
                wait_for(partial(has_left, one))

        thread = threading.Thread(target=let_go)
        thread.start()
        results = generate_many([f"a cat in {color}" for color in COLORS])
        thread.join()

    assert isinstance(results, ImageResults)
    assert [one.image.data for one in results.results] == [painted(color=color) for color in COLORS]
    assert results.labels == [f"a cat in {color}" for color in COLORS]
    assert len(server.log) == 4
    assert results.cost == pytest.approx(sum(one.cost or 0.0 for one in results.results))


def test_failures_stand_in_their_place_and_raise_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = refusing("400 Bad Request")
    words = answering(answer_of({"text": "I would rather not."}))
    with serving(monkeypatch, painting(), refused, words, painting()):
        results = generate_many([f"a cat in {color}" for color in COLORS], at_once=1)

    assert [type(one) for one in results] == [ImageResult, APIError, NoImageError, ImageResult]
    assert [one.image.data for one in results.results] == [painted(color="red"), painted(color="gold")]
    assert [error.charge_status for error in results.errors] == [ChargeStatus.REFUSED, ChargeStatus.ANSWERED]
    assert results.uncertain_count == 1
    assert results.failure is None


def test_all_failures_are_kept_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[refusing("400 Bad Request")] * 3):
        results = generate_many("a cat", count=3)

    assert (results.results, len(results.errors), results.cost) == ([], 3, 0)
    assert isinstance(results.failure, APIError)
    assert str(results.failure).endswith("Check the options and --extra. 3 of 3 pictures failed.")


def test_one_prompt_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[answering()] * 4) as server:
        results = generate_many("a cat", sweep={"aspect_ratio": ["1:1", "16:9"], "image_size": ["1K", "2K"]}, at_once=1)

    sent = [json.loads(exchange.body)["generationConfig"]["imageConfig"] for exchange in server.log]
    assert sent == [{"aspectRatio": ratio, "imageSize": size} for ratio in ("1:1", "16:9") for size in ("1K", "2K")]
    assert results.labels[0] == "aspect-ratio 1:1 · image-size 1K"


def test_several_prompts_are_swept_each(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[answering()] * 4):
        results = generate_many(["a cat", ["a dog like this", painted()]], count=2)

    assert results.labels == ["a cat · #1", "a cat · #2", "a dog like this · #1", "a dog like this · #2"]


def test_images_are_read_once_for_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sketch = tmp_path / "sketch.png"
    sketch.write_bytes(painted("PNG"))
    with serving(monkeypatch, *[answering()] * 3) as server:
        generate_many(["a", "b", "c"], images=sketch)

    bodies = [json.loads(exchange.body)["contents"][0]["parts"] for exchange in server.log]
    assert [len(parts) for parts in bodies] == [2, 2, 2]


@pytest.mark.parametrize(
    ("prompts", "given", "told"),
    [
        (None, {}, "NoneType is no list of prompts"),
        (5, {}, "int is no list of prompts"),
        (b"a cat", {}, "bytes is no list of prompts"),
        ({"a": "cat"}, {}, "dict is no list of prompts"),
        (["a cat", ""], {}, "There is no prompt"),
        (["a cat", None], {}, "There is no prompt"),
        ("", {}, "There is no prompt"),
        (["a cat"] * 101, {}, "These would be 101 pictures"),
        (["a cat"] * 51, {"count": 2}, "These would be 102 pictures"),
        ("a cat", {"aspect_ration": "1:1"}, "did you mean aspect_ratio"),
        (["a cat", "a dog"], {"dry_run": True}, "A dry run sends nothing"),
        (["a cat", f"a {CANARY}"], {}, "The prompt holds your API key"),
        (["a cat"], {"images": "nowhere.png"}, "nowhere.png"),
    ],
)
def test_nothing_is_sent_when_anything_is_wrong(
    check_refused: CheckRefused, prompts: Any, given: dict[str, Any], told: str
) -> None:
    check_refused(lambda: generate_many(prompts, **given), told)


def test_nothing_asked_is_nothing_made(library_folder: Path) -> None:
    assert len(generate_many([])) == 0
    assert len(generate_many(iter(list[str]()))) == 0
    assert not library_folder.exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"max_cost": 0.2},
            "nothing was charged. Ask for fewer than 4 pictures, or raise --max-cost.",
        ),
        (
            {"max_cost": 0.3, "retry_unknown": 1},
            "nothing was charged. Leave out --retry-unknown, or",
        ),
        ({"max_cost": 0.3, "retry_unknown": 1}, "This may cost 2 × $0.268"),
        ({"session_cap": 0.2}, "The 4 pictures together would be $0.268 on top of $0.000 spent in this session"),
        ({"day_cap": 0.2}, "spent today in this library"),
        ({"day_cap": 0.3, "retry_unknown": 1}, "With 2 tries the 4 pictures together could be $0.536 on top of"),
        ({"max_cost": 5, "sweep": {"model": ["gemini-3-pro-image", "some-new-model"]}}, "not known"),
        ({"day_cap": 5, "sweep": {"model": ["gemini-3-pro-image", "some-new-model"]}}, "some-new-model is not known"),
    ],
)
def test_a_limit_refuses_all_of_them_before_any(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path, given: dict[str, Any], told: str
) -> None:
    given = given if "sweep" in given else {"count": 4, **given}
    with serving(monkeypatch, *[answering()] * 4) as server, pytest.raises(BudgetError) as caught:
        generate_many("a cat", **given)

    assert told in str(caught.value)
    assert caught.value.charge_status is ChargeStatus.UNSENT
    assert server.log == []
    assert states(library_folder) == {}
    assert Ledger(library_folder).sum_spending().usd == 0


def test_control_a_limit_that_holds_lets_all_of_them_through(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path
) -> None:
    monkeypatch.setattr("cometmagic.generation.session.SESSION_ID", "of this test")
    with serving(monkeypatch, *[answering()] * 4) as server:
        generate_many("a cat", count=4, max_cost=0.27, session_cap=0.27, day_cap=0.27)
        with pytest.raises(BudgetError):
            generate_many("a cat", count=4, day_cap=0.27)

    assert len(server.log) == 4
    assert states(library_folder) == {"settled": 4}
    assert outcomes(library_folder) == {"made": 4}


def test_a_failure_in_the_middle_of_planning_leaves_nothing_under_way(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path
) -> None:
    opened, make = list[Any](), Library.create_folder

    def opening(self: Library, *given: Any, **facts: Any) -> Any:
        if len(opened) == 2:
            raise LibraryError("The disk of it has only 1 MB left.")
        opened.append(make(self, *given, **facts))
        return opened[-1]

    monkeypatch.setattr(Library, "create_folder", opening)
    with serving(monkeypatch, *[answering()] * 4) as server, pytest.raises(LibraryError, match="1 MB left"):
        generate_many("a cat", count=4, day_cap=1)

    assert server.log == []
    assert states(library_folder) == {"failed": 2}
    assert {folder.read()["error"]["fate"] for folder in Library(library_folder).iter_folders()} == {"UNSENT"}
    assert outcomes(library_folder) == {"unsent": 4}
    assert Ledger(library_folder).sum_spending().usd == 0


def test_an_interrupt_says_what_becomes_of_each(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    held = Held()
    scenarios = [[recv_request(), send(GOOD)], refusing("400 Bad Request"), *[held.steps(send(GOOD))] * 2]
    monkeypatch.setattr("cometmagic.generation.call.CANCEL_TIMEOUT", 30.0)
    with serving(monkeypatch, *scenarios) as server:
        with pytest.raises(Interrupted) as told:
            generate_many([f"cat {number}" for number in range(7)], at_once=2, progress=pressing(held))
        held.let_go.set()
        wait_for(lambda: outcomes(library_folder)["made"] == 3)

    assert str(told.value) == (
        "Of 7 pictures 1 is saved, 2 go on and may be charged, 3 were not sent, 1 failed; "
        f"what comes will be saved in {library_folder}."
    )
    assert len(server.log) == 4
    assert states(library_folder) == {"settled": 3, "failed": 4}
    assert outcomes(library_folder) == {"made": 3, "unsent": 3, "nothing": 1}


def pressing(held: Held) -> Any:
    """Return a progress callback that is interrupted when two have ended and two are held by the service."""
    ended: list[int] = []

    def pressed(event: dict[str, Any]) -> None:
        ended.extend([event["number"]] if event["event"] == "done" else [])
        if len(ended) == 2:
            wait_for(lambda: held.inside == 2)
            raise KeyboardInterrupt

    return pressed


def test_an_interrupt_before_anything_left_costs_nothing(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    """Another batch holds the only place."""
    held = Held()
    monkeypatch.setattr("cometmagic.generation.call.CANCEL_TIMEOUT", 30.0)
    with serving(monkeypatch, held.steps(send(GOOD))) as server:
        first = threading.Thread(target=lambda: generate_many("a cat", count=1, at_once=1))
        first.start()
        wait_for(lambda: held.inside)

        def press() -> None:
            wait_for(lambda: states(library_folder)["planned"] == 3)
            os.kill(os.getpid(), 2)

        presser = threading.Thread(target=press)
        presser.start()
        with pytest.raises(Interrupted) as told:
            generate_many("a dog", count=3, at_once=1)
        presser.join()
        held.let_go.set()
        first.join()

    assert str(told.value) in (
        "None of the 3 pictures was sent, so nothing was charged.",
        str(ChargeStatus.UNSENT),  # it came before the last was handed over
    )
    assert len(server.log) == 1
    assert outcomes(library_folder) == {"made": 1, "unsent": 3}


def test_three_unknown_outcomes_stop_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[refusing("504 Gateway Timeout")] * 8) as server:
        results = generate_many("a cat", count=8, at_once=1)

    assert len(server.log) == 3
    assert [error.charge_status for error in results.errors] == [ChargeStatus.UNKNOWN] * 3 + [ChargeStatus.UNSENT] * 5
    assert results.uncertain_count == 3
    assert str(results.failure).endswith(
        "look at the balance before trying again. 8 of 8 pictures failed, and 2 of the others may have been charged."
    )


def test_a_pause_of_the_service_holds_all_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = refusing("429 Slow", BUSY, **{"Retry-After": "1"})
    waits: list[dict[str, Any]] = []

    def noted(event: dict[str, Any]) -> None:
        waits.extend([event] if event["event"] == "waiting" else [])

    with serving(monkeypatch, busy, *[answering()] * 6) as server:
        results = generate_many("a cat", count=6, at_once=2, progress=noted)

    assert len(results.results) == 6
    assert len(server.log) == 7
    assert {event["again"] for event in waits} == {True, False}  # the one that met it, and those that did not
    assert len({event["number"] for event in waits}) > 1


def test_equal_requests_are_replayed_as_different_recordings_in_their_order(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path
) -> None:
    with serving(monkeypatch, *[answering(full(painted(color=color))) for color in COLORS]) as server:
        live = generate_many("a cat", count=4, at_once=1)

    for source in ("auto", "replay"):
        again = generate_many("a cat", count=4, source=source)
        assert [one.folder for one in again.results] == [one.folder for one in live.results]
        assert {one.source for one in again.results} == {"replay"}
        assert again.cost == 0
    newest = generate_many("a cat", count=2, source="replay")
    assert [one.folder for one in newest.results] == [one.folder for one in live.results[2:]]
    assert len(server.log) == 4
    assert states(library_folder) == {"settled": 4}


def test_too_few_recordings_are_told(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    with serving(monkeypatch, *[answering()] * 2):
        generate_many("a cat", count=2)

    with pytest.raises(OptionError, match=r"There are only 2 recordings of this request in .*--count"):
        generate_many("a cat", count=3, source="replay")
    with pytest.raises(OptionError, match="There is no recording of this request"):
        generate_many(["a cat", "a dog"], source="replay")
    assert [one.source for one in generate_many("a cat", count=3).results] == ["replay", "replay", "offline"]


def test_sketches_of_the_same_differ() -> None:
    results = generate_many("a red bicycle", count=3)

    assert [one.source for one in results.results] == ["offline"] * 3
    assert len({one.image.data for one in results.results}) == 3
    assert results.cost == 0


def test_pictures_are_saved_under_names_that_tell_them_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(monkeypatch, *[answering()] * 8):
        for _ in range(2):
            generate_many("a cat", sweep={"aspect_ratio": ["1:1", "16:9"]}, save="out/")
        generate_many("a cat", count=2, save="cat.png")
        generate_many(["a red cat", "a dog"], save="out")

    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jpg") if "library" not in path.parts}
    assert found == {
        "out/a-cat-aspect-ratio-1-1.jpg",
        "out/a-cat-aspect-ratio-1-1-2.jpg",
        "out/a-cat-aspect-ratio-16-9.jpg",
        "out/a-cat-aspect-ratio-16-9-2.jpg",
        "cat-1.jpg",
        "cat-2.jpg",
        "out/a-red-cat.jpg",
        "out/a-dog.jpg",
    }


def test_what_cannot_be_saved_is_told_after_the_others_were(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    save = ImageResult.save

    def full_disk(self: ImageResult, path: str | Path) -> Path:
        if str(path).endswith("-2"):
            raise LibraryError("Cannot save to it.", charge_status=ChargeStatus.PAST)
        return save(self, path)

    monkeypatch.setattr(ImageResult, "save", full_disk)
    with serving(monkeypatch, *[answering()] * 3), pytest.raises(LibraryError, match="Cannot save to it"):
        generate_many("a cat", count=3, save=str(tmp_path / "cat"))

    assert sorted(path.name for path in tmp_path.glob("*.jpg")) == ["cat-1.jpg", "cat-3.jpg"]


def test_the_last_picture_of_a_batch_is_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[answering()] * 2):
        results = generate_many("a cat", count=2)

    assert get_last_folder() == results.results[-1].folder


def test_a_result_of_a_batch_is_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[answering(full(painted(color=color))) for color in COLORS[:2]], answering()) as server:
        results = generate_many("a cat", count=2, at_once=1)
        edited = results.results[1].edit("make it green")

    parts = json.loads(server.log[-1].body)["contents"][0]["parts"]
    assert [part.get("text") for part in parts] == ["make it green", None]
    assert edited.request.references[0].data == painted(color="green")


async def _waited_for(work: Any) -> tuple[Any, int]:
    task, turns = asyncio.ensure_future(work), 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0.01)
    return task.result(), turns


def test_awaiting_leaves_the_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[answering(after=0.5)] * 3):
        results, turns = asyncio.run(_waited_for(agenerate_many("a cat", count=3)))

    assert len(results.results) == 3
    assert turns > 10


def test_a_cancelled_await_says_what_becomes_of_each(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    held = Held()
    monkeypatch.setattr("cometmagic.generation.wait.CANCEL_TIMEOUT", 30.0)

    async def asked() -> None:
        task = asyncio.ensure_future(agenerate_many("a cat", count=4, at_once=2))
        while held.inside < 2:  # noqa: ASYNC110  # news of a thread
            await asyncio.sleep(0.01)
        task.cancel()
        await task

    with serving(monkeypatch, *[held.steps(send(GOOD))] * 2) as server:
        with pytest.raises(asyncio.CancelledError, match="Of 4 pictures 2 go on and may be charged, 2 were not sent"):
            asyncio.run(asked())
        held.let_go.set()
        wait_for(lambda: outcomes(library_folder)["made"] == 2)
    assert len(server.log) == 2


def test_a_batch_of_forty_is_one_of_few_threads_and_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen places are asked for, so that the number of connections is not the only limit."""

    def files() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # links that vanish meanwhile

    held, seen = Held(), list[tuple[int, int, int]]()
    with serving(monkeypatch, answering(), *[held.steps(send(GOOD))] * 40) as server:
        cometmagic.generate("a cat")
        running = client.get_courier()
        assert isinstance(running, client.ProcessCourier)
        courier = running._process.pid
        before = files(), threading.active_count(), len(os.listdir(f"/proc/{courier}/task"))  # noqa: PTH208

        def look() -> None:
            wait_for(lambda: held.inside == 16)
            theirs = len(os.listdir(f"/proc/{courier}/task"))  # noqa: PTH208
            seen.append((files() - before[0], threading.active_count() - before[1], theirs - before[2]))
            held.let_go.set()

        looker = threading.Thread(target=look)
        looker.start()
        results = generate_many("a dog", count=40, at_once=16)
        looker.join()

    assert len(results.results) == 40
    assert held.most == 16
    assert len(server.log) == 41
    [(more_files, more_threads, in_courier)] = seen
    of_server = 16  # its connections, and a thread for each, are this process's as well
    assert more_files <= of_server + 2
    assert more_threads <= of_server + 3
    assert in_courier <= 2


def test_results_pickle_with_their_errors_and_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    words = answering(answer_of({"text": "I would rather not."}))
    with serving(
        monkeypatch, answering(), words, refusing("429 Slow", b'{"error": {"code": 429, "message": "daily quota"}}')
    ):
        results = generate_many(["one", "two"], at_once=1)

    again = pickle.loads(pickle.dumps(results))  # noqa: S301  # our own
    assert again.labels == results.labels == ["one", "two"]
    assert again[0] == results[0]
    assert isinstance(again[1], NoImageError)
    assert str(again[1]) == str(results[1])
    assert again[1].response.text == "I would rather not."


def test_slices_keep_their_labels() -> None:
    results = generate_many(["one", "two", "three"], source="offline")

    assert isinstance(results[1:], ImageResults)
    assert (results[1:].labels, results[-1], len(results[::2])) == (["two", "three"], results.results[2], 2)


def test_what_has_come_reads_like_what_is_on_its_way() -> None:
    results = generate_many(["one", "two"], source="offline")

    assert results.done
    assert results.result(1.0) is results
    one = results.results[0]
    assert (one.done, one.result()) == (True, one)
    assert "nothing to cancel" in one.cancel()


def test_an_error_of_a_batch_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(b"{}"), answering()):
        results = generate_many("a cat", count=2, at_once=1)

    [error] = results.errors
    assert isinstance(error, CometError)
    assert not isinstance(error, TransportError)
    assert isinstance(results.results[0], ImageResult)
    assert results.results[0].image.data == FINAL
