"""The one path from a request to a result: what is checked first, and which source answers."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from cometmagic import agenerate, generate
from cometmagic.errors import (
    ChargeStatus,
    CometError,
    Interrupted,
    LibraryError,
    MissingKeyError,
    OptionError,
    TransportError,
)
from cometmagic.generation.plan import plan
from cometmagic.storage.library import Library
from tests.faults.server import FaultServer
from tests.generation.conftest import CheckRefused
from tests.notebook.answers import CANARY, FINAL, answering, painted, serving
from tests.ports import listening


def test_without_a_key_a_sketch_is_drawn(library_folder: Path) -> None:
    result = generate("a red bicycle", aspect_ratio="16:9")

    assert (result.source, result.cost) == ("offline", 0.0)
    assert result.image.pil().size == (1376, 768)
    assert result.folder.parent == library_folder


def test_a_recording_is_found_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering()) as server:
        live = generate("a red bicycle", images=[painted()], seed=7)

    for source in ("auto", "replay"):
        result = generate("a red bicycle", images=[painted()], seed=7, source=source)
        assert (result.source, result.folder, result.cost) == ("replay", live.folder, 0.0)
        assert result.image.data == FINAL
    assert len(server.log) == 1
    assert generate("a red bicycle", images=[painted()], seed=7, source="offline").source == "offline"


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "a red  bicycle"},
        {"seed": 8},
        {"model": "gemini-3-pro-image"},
        {"images": [painted(color="red")]},
        {"extra": {"generationConfig": {"topK": 5}}},
    ],
)
def test_another_request_is_not_taken_for_a_recording(monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"prompt": "a red bicycle", "seed": 7, "images": [painted()]}
    with serving(monkeypatch, answering()):
        generate(**asked)

    with pytest.raises(OptionError, match="There is no recording of this request"):
        generate(**asked | other, source="replay")
    assert generate(**asked | other).source == "offline"


def test_a_key_is_used_before_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(), answering()) as server:
        first, second = generate("a cat"), generate("a cat")

    assert (first.source, second.source) == ("live", "live")
    assert first.folder != second.folder
    assert len(server.log) == 2


def test_the_source_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETMAGIC_SOURCE", "live")
    with pytest.raises(MissingKeyError, match="needs an API key"):
        generate("a cat")
    assert generate("a cat", source="offline").source == "offline"

    monkeypatch.setenv("COMETMAGIC_SOURCE", "offline")
    with serving(monkeypatch, answering()) as server:
        assert generate("a cat").source == "offline"
        assert server.log == []


@pytest.mark.parametrize(
    ("prompt", "given", "told"),
    [
        ("", {}, "There is no prompt"),
        ([], {}, "There is no prompt"),
        ([painted()], {}, "There is no prompt"),
        ("a\0b", {}, "The prompt has a null character at position 2"),
        ("a\ud800b", {}, "The prompt has a broken character at position 2"),
        ("a cat", {"system": "a\ud800"}, "--system has a broken character at position 2"),
        ("a cat", {"alt": "\0."}, "--alt has a null character at position 1"),
        ("a cat", {"extra": {"a": "\udfff"}}, "--extra has a broken character"),
        (f"draw {CANARY}", {}, "The prompt holds your API key"),
        ("a cat", {"extra": {"a": [CANARY]}}, "--extra holds your API key"),
        ("x" * 200_001, {}, "The prompt has 200,001 characters"),
        (["a cat", 5], {}, "int is not an image"),
        ("a cat", {"images": ["nowhere.png"]}, "There is no image file nowhere.png"),
        ("a cat", {"images": [b"<svg/>"]}, "no picture that can be sent"),
        ("a cat", {"aspect_ration": "1:1"}, "There is no option 'aspect_ration'; did you mean aspect_ratio?"),
    ],
)
def test_what_cannot_be_sent_is_told_before(
    check_refused: CheckRefused, prompt: Any, given: dict[str, Any], told: str
) -> None:
    check_refused(lambda: generate(prompt, **given), told)


def test_the_picture_is_saved_where_it_was_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(monkeypatch, answering(), answering()):
        generate("a cat", save="pictures/")
        generate("a cat", save="pictures/")

    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["a-cat-2.jpg", "a-cat.jpg"]
    assert (tmp_path / "pictures" / "a-cat.jpg").read_bytes() == FINAL


def test_events_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[dict[str, Any]] = []
    with serving(monkeypatch, answering()):
        generate("a cat", progress=events.append)

    assert list(dict.fromkeys(event["event"] for event in events)) == ["sent", "receiving", "settling", "done"]


@pytest.mark.usefixtures("carried_here", "soon")
def test_a_service_that_is_not_there(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    with listening() as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("COMETAPI_KEY", CANARY)
    monkeypatch.setenv("COMETAPI_BASE_URL", f"http://127.0.0.1:{port}")

    with pytest.raises(TransportError, match=r"^Could not reach the service .*Nothing was sent"):
        generate("a cat")

    [folder] = Library(library_folder).iter_folders()
    assert folder.read()["state"] == "failed"


async def _beside(work: Any) -> tuple[Any, int]:
    """Await `work` and count how often the loop came round meanwhile."""
    task, turns = asyncio.ensure_future(work), 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0.01)
    return task.result(), turns


def test_awaiting_leaves_the_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(after=0.5)):
        result, turns = asyncio.run(_beside(agenerate("a cat")))

    assert result.image.data == FINAL
    assert turns > 10


def test_a_call_that_is_cancelled_is_kept(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    async def left(server: FaultServer) -> None:
        going = asyncio.ensure_future(agenerate("a cat"))
        while not server.posts:  # noqa: ASYNC110  # news of a thread
            await asyncio.sleep(0.01)
        await asyncio.wait_for(going, 0.01)

    with serving(monkeypatch, answering(after=0.5)) as server:
        with pytest.raises(TimeoutError):
            asyncio.run(left(server))
        [folder] = Library(library_folder).iter_folders()
        deadline = time.monotonic() + 20
        while folder.read()["state"] != "settled" and time.monotonic() < deadline:
            time.sleep(0.02)

    assert (folder.path / "image.jpg").read_bytes() == FINAL
    assert len(server.log) == 1


def test_every_error_of_the_package_is_one_family() -> None:
    with pytest.raises(CometError):
        generate("")


@pytest.mark.parametrize("model", ["../../../admin", "a/../b", "/x", "x//y", "."])
def test_a_model_name_leads_to_no_other_address(model: str) -> None:
    with pytest.raises(OptionError, match="is no name of a model"):
        generate("a cat", model=model)


def test_one_image_is_as_good_as_a_list_of_one(library_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "sketch.png"
    path.write_bytes(painted("PNG"))
    for given in (str(path), path, path.read_bytes(), [path], (str(path),)):
        assert [part.data for part in plan("x", images=given).request.references] == [path.read_bytes()]


@pytest.mark.parametrize("prompt", [None, [], (), "", [None], {"a": "b"}, 5, b"a cat"])
def test_what_is_no_prompt_is_told_in_one_line(prompt: Any) -> None:
    with pytest.raises(OptionError) as told:
        generate(prompt)

    assert told.value.charge_status is ChargeStatus.UNSENT


def test_a_working_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.delenv("COMETMAGIC_LIBRARY")

    with pytest.raises(LibraryError, match=r"^The working folder is gone\. Nothing was sent"):
        generate("a cat")


def test_an_interrupt_tells_where_the_picture_will_be(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    def pressed(_: object) -> None:
        raise KeyboardInterrupt

    with serving(monkeypatch, answering(after=0.5)), pytest.raises(Interrupted, match="may be charged") as told:
        generate("a cat", progress=pressed)

    [folder] = [path.parent for path in library_folder.glob("*/call.json")]
    assert folder.name in str(told.value)
    deadline = time.monotonic() + 20
    while not (folder / "image.jpg").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (folder / "image.jpg").read_bytes() == FINAL
