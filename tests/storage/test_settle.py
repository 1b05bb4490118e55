"""Settling: files by role, answer.json that is read again, states, and a disk that fails."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest
from PIL import Image

from cometmagic.errors import NoImageError, TransportError
from cometmagic.gemini.parts import TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.generation.call import read_result
from cometmagic.generation.result import ImageResult
from cometmagic.options.declaration import Options
from cometmagic.storage.call_folder import SMALL_PREVIEW_BYTES, CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from cometmagic.storage.settle import settle
from tests.gemini.answers import answer, body, image, picture, text
from tests.notebook.answers import gravel, painted

RED, BLUE, GREEN = picture("PNG"), picture("JPEG", "blue"), picture("WEBP", "green")


def received(root: Path, document: Any, preview: int = 64) -> CallFolder:
    request = ImageRequest((Turn((TextPart("a red bicycle"),)),), Options())
    folder = Library(root).create_folder(request, source="live", preview=preview)
    folder.response_path.write_bytes(body(document))
    folder.update(state=CallState.RECEIVED)
    return folder


def names(folder: CallFolder) -> set[str]:
    return {path.name for path in folder.path.iterdir()}


def test_the_files_of_an_answer(library_folder: Path) -> None:
    parts = [image(RED, thought=True), image(BLUE, thought=True), text("so"), image(GREEN), image(b"?"), image(BLUE)]
    folder = received(library_folder, answer(*parts))

    assert settle(folder) is None

    assert names(folder) == {
        "call.json", "request.json", "answer.json", "thought-1.png", "thought-2.jpg", "image-1.webp", "image-2.bin",
        "image.jpg", "preview.jpg", "preview-thought-1.jpg", "preview-thought-2.jpg",
    }  # fmt: skip
    rows = {row["name"]: row for row in folder.read()["files"]}
    assert [row["role"] for row in rows.values()] == ["thought", "thought", "other", "other", "image"]
    for name, row in rows.items():
        content = (folder.path / name).read_bytes()
        assert (row["size"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (rows["image.jpg"]["width"], rows["image.jpg"]["height"]) == (48, 32)
    assert rows["image-2.bin"]["width"] is None


def test_answer_json_is_the_answer_with_files_for_images(library_folder: Path) -> None:
    sent = answer(text("wörds"), image(RED, thoughtSignature="s" * 5000), usageMetadata={"x": 1.5}, odd=[None, True])
    folder = received(library_folder, sent)

    settle(folder)

    saved = json.loads((folder.path / "answer.json").read_text("utf-8"))
    sent["candidates"][0]["content"]["parts"][1]["inlineData"]["data"] = {"file": "image.png"}
    assert saved == sent


def test_answer_json_alone_gives_the_same_answer(library_folder: Path) -> None:
    folder = received(library_folder, answer(text("a", thought=True), image(RED, thought=True), text("b"), image(BLUE)))
    settle(folder)

    result = read_result(folder)

    assert [part.data for part in result.images] == [BLUE]
    assert [part.data for part in result.thoughts] == [RED]
    assert (result.text, result.thought_text) == ("b", "a")
    assert all(part.path and part.width for part in (*result.images, *result.thoughts))


def test_an_answer_cannot_name_files_of_the_machine(library_folder: Path) -> None:
    (library_folder.parent / "secret.png").write_bytes(RED)
    parts = [image() | {"inlineData": {"data": {"file": name}}} for name in ("../secret.png", "call.json", "image.png")]
    folder = received(library_folder, answer(*parts))

    assert isinstance(settle(folder), NoImageError)
    assert names(folder) == {"call.json", "request.json", "answer.json", "response.part"}


def test_settling_twice_is_settling_once(library_folder: Path) -> None:
    document = answer(image(RED, thought=True), image(BLUE))
    folder = received(library_folder, document)
    settle(folder)
    first = {name: (folder.path / name).read_bytes() for name in names(folder) - {"call.json"}}

    folder.response_path.write_bytes(body(document))
    settle(folder)

    assert {name: (folder.path / name).read_bytes() for name in names(folder) - {"call.json"}} == first


FREE, BILLED = "You will not be charged.", "This request was billed at $0.50."


@pytest.mark.parametrize(
    ("reason", "message", "notes"),
    [
        ("STOP", None, []),
        ("", "", []),
        ("stop", None, []),
        ("FINISH_REASON_UNSPECIFIED", None, []),
        ("STOP", "so", []),  # what the answer says already
        ("STOP", BILLED, [f"The service says: {BILLED}"]),
        ("STOP", f"{FREE} {FREE}", [f"The service says: {FREE}"]),
        ("MAX_TOKENS", None, ["A picture came, though the answer ended with MAX_TOKENS."]),
        (
            "IMAGE_OTHER",
            FREE,
            ["A picture came, though the answer ended with IMAGE_OTHER.", f"The service says: {FREE}"],
        ),
        ("A_NEW_ONE", "x" * 900 + f". {FREE}", ["A picture came, though the answer ended with A_NEW_ONE.", FREE]),
        ("STOP", {"text": BILLED}, []),
    ],
    ids=range(11),
)
def test_how_an_answer_with_a_picture_ended_is_said(
    library_folder: Path, reason: str, message: Any, notes: list[str]
) -> None:
    document = answer(text("so"), image(RED))
    document["candidates"][0] |= {"finishReason": reason, "finishMessage": message}
    folder = received(library_folder, document)

    assert settle(folder) is None

    written = folder.read()["notes"]
    assert len(written) == len(notes)
    assert all(note.endswith(expected) for note, expected in zip(written, notes, strict=True))
    assert all(len(note) < 700 for note in written)


def test_a_prompt_that_was_blocked_beside_a_picture_is_said(library_folder: Path) -> None:
    feedback = {"blockReason": "OTHER", "blockReasonMessage": FREE}
    folder = received(library_folder, answer(image(RED), promptFeedback=feedback))

    assert settle(folder) is None

    assert folder.read()["notes"][1] == f"The service says: {FREE}"


def test_no_preview_is_asked_for(library_folder: Path) -> None:
    folder = received(library_folder, answer(image(RED)), preview=0)

    settle(folder)

    assert "preview.jpg" not in names(folder)
    assert ImageResult(folder.path).preview() == ("image/png", RED)


@pytest.mark.parametrize(
    ("content", "preview", "small"),
    [
        (painted(width=600, height=300), 1024, (512, 256)),  # more pixels than front ends without HTML need
        (gravel(512, 512), 1024, None),  # few pixels, and too heavy; how many are left depends on what it shows
        (
            painted(width=600, height=300),
            0,
            (512, 256),
        ),  # the original is embedded once, and this where HTML is not shown
    ],
)
def test_a_large_preview_has_a_small_one_beside_it(
    library_folder: Path, content: bytes, preview: int, small: tuple[int, int] | None
) -> None:
    folder = received(library_folder, answer(image(content)), preview)

    settle(folder)

    made = folder.path / "preview-small.jpg"
    assert small is None or Image.open(io.BytesIO(made.read_bytes())).size == small
    assert made.stat().st_size <= SMALL_PREVIEW_BYTES
    assert folder.read()["notes"] == []


def test_a_small_preview_stands_for_both(library_folder: Path) -> None:
    folder = received(library_folder, answer(image(painted(width=500, height=300))), 1024)

    settle(folder)

    assert "preview-small.jpg" not in names(folder)


@pytest.mark.parametrize("preview", [1024, 0])
def test_a_picture_that_cannot_be_drawn_has_no_small_one(library_folder: Path, preview: int) -> None:
    folder = received(library_folder, answer(image(gravel(600, 600)[:9000])), preview)

    assert settle(folder) is None

    assert not {name for name in names(folder) if name.startswith("preview")}
    assert len(folder.read()["notes"]) == bool(preview)


def test_h1_a_full_disk_leaves_what_came_and_no_litter(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = received(library_folder, answer(image(RED)))

    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            settle(folder)

    assert names(folder) == {"call.json", "request.json", "response.part"}
    assert folder.read()["state"] == CallState.RECEIVED
    assert settle(folder) is None
    assert ImageResult(folder.path).image.data == RED


def test_every_failing_write_leaves_the_answer_and_no_litter(
    library_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, failed = os.fsync, 0
    for nth in range(1, 30):
        folder, calls = received(library_folder, answer(image(RED, thought=True), image(BLUE))), 0

        def failing(handle: int, nth: int = nth) -> None:
            nonlocal calls
            calls += 1
            if calls == nth:
                raise OSError(errno.EIO, "broken disk")
            original(handle)

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", failing)
            try:
                settle(folder)
            except OSError:
                failed += 1
        assert not [name for name in names(folder) if name.endswith(".tmp")]
        if folder.read()["state"] != CallState.SETTLED:
            assert folder.response_path.read_bytes() == body(answer(image(RED, thought=True), image(BLUE)))
            assert settle(folder) is None
        assert ImageResult(folder.path).image.data == BLUE
        if calls < nth:
            break
    assert failed >= 4  # both images, answer.json, call.json at least


def test_g21_pillow_that_breaks_costs_the_preview_only(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = received(library_folder, answer(image(RED)))
    monkeypatch.setattr(Image, "open", lambda *_, **__: 1 / 0)

    assert settle(folder) is None
    assert ImageResult(folder.path).image.data == RED
    assert "image.png is incomplete or damaged" in "".join(folder.read()["notes"])


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_what_is_no_answer_stays(library_folder: Path, content: bytes) -> None:
    folder = received(library_folder, content)

    assert isinstance(settle(folder), TransportError)
    assert folder.response_path.read_bytes() == content
    assert folder.read()["state"] == CallState.UNKNOWN
    assert names(folder) == {"call.json", "request.json", "response.part"}
