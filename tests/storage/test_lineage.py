"""What a call goes on from: one image for an edit, the earlier turns byte for byte for a conversation."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cometmagic
from cometmagic import CometError, ImageResult, LibraryError, OptionError, generate
from cometmagic.storage import lineage
from cometmagic.storage.library import Library
from cometmagic.storage.recording_pack import pack
from tests.faults.server import FaultServer, recv_request, response, send
from tests.notebook.answers import DRAFT, FINAL, answering, body, image, painted, serving

COLORS = ["red", "green", "blue", "teal", "navy"]
LONG = base64.b64encode(bytes(range(256)) * 40).decode()  # longer than what is kept as a Python string


def asked(server: FaultServer, number: int) -> dict[str, Any]:
    """Return the body of the `number`-th request."""
    found: dict[str, Any] = json.loads(server.log[number].body)
    return found


def signed(final: bytes = FINAL, signature: str = LONG) -> bytes:
    """Return an answer as Gemini 3 gives it: thoughts, words and image with signatures, an empty part with one."""
    return body(
        {"text": "Thinking.", "thought": True},
        image(DRAFT, thought=True),
        {"text": "  Here you are:\u200b\r\n\n", "thoughtSignature": "c2ln+/=="},
        image(final, mime_type="image/png", thoughtSignature=signature),
        {"text": "", "thoughtSignature": "ZW5k"},
    )


def model_parts(answer: bytes) -> list[dict[str, Any]]:
    """Return what has to be sent back of an answer: all parts that are no thoughts, as they came."""
    parts = json.loads(answer)["candidates"][0]["content"]["parts"]
    return [part for part in parts if not part.get("thought")]


def test_an_edit_sends_the_final_image_in_a_user_turn_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(signed()), answering(signed(painted(color="navy")))) as server:
        first = generate("a cat")
        second = first.edit("make it blue", images=[painted("PNG", color="red")])

    [turn] = asked(server, 1)["contents"]
    assert turn["role"] == "user"
    assert [list(part) for part in turn["parts"]] == [["text"], ["inlineData"], ["inlineData"]]
    assert turn["parts"][1]["inlineData"] == {"mimeType": "image/jpeg", "data": base64.b64encode(FINAL).decode()}
    assert second.call["parent"] == {"id": first.folder.name, "how": "edit"}


@pytest.mark.parametrize(
    "signature", [LONG, "short+/==", "a\\/b\\u003d", 'with "quotes" and ünïcode', LONG.replace("A", "\\")]
)
def test_a_conversation_sends_the_earlier_turns_back_as_they_came(
    monkeypatch: pytest.MonkeyPatch, signature: str
) -> None:
    answers = [signed(signature=signature), signed(painted(color="navy"), signature[::-1]), signed()]
    with serving(monkeypatch, *map(answering, answers)) as server:
        result = generate("a cat", system="be brief")
        result = result.chat("make it blue")
        result = result.chat("and at night", images=painted("PNG"))

    contents = asked(server, 2)["contents"]
    assert [turn["role"] for turn in contents] == ["user", "model", "user", "model", "user"]
    assert contents[0]["parts"] == [{"text": "a cat"}]
    assert contents[1]["parts"] == model_parts(answers[0])
    assert contents[3]["parts"] == model_parts(answers[1])
    assert [list(part) for part in contents[4]["parts"]] == [["text"], ["inlineData"]]  # a foreign image is the user's
    assert result.call["parent"]["how"] == "chat"
    assert result.warnings == []


def test_escaped_signatures_mean_the_same_when_they_are_sent_back(monkeypatch: pytest.MonkeyPatch) -> None:
    escaped = signed().replace(b"/", b"\\/").replace(b'=="', b'\\u003d\\u003d"')
    with serving(monkeypatch, answering(escaped), answering()) as server:
        generate("a cat").chat("again")

    assert asked(server, 1)["contents"][1]["parts"] == model_parts(signed())


def test_a_file_that_is_no_image_is_not_sent_with_a_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other reference is looked at before it is sent, and earlier turns may be somebody else's."""
    with serving(monkeypatch, *[answering(signed()) for _ in range(3)]) as server:
        result = generate("a cat").chat("again")
        next(result.folder.glob("reference-1.*")).write_bytes(b"export TOKEN=hunter2")
        edited = result.chat("and again")

    assert [turn["role"] for turn in asked(server, 2)["contents"]] == ["user"]
    assert base64.b64encode(b"export TOKEN").decode() not in server.log[2].body.decode()
    assert edited.call["parent"]["how"] == "edit"


def test_a_conversation_is_cut_to_whole_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, *[answering(signed()) for _ in range(5)]) as server:
        result = generate("turn 0")
        for number in range(1, 5):
            result = result.chat(f"turn {number}")

    contents = asked(server, 4)["contents"]
    assert [turn["role"] for turn in contents] == ["user", "model"] * 3 + ["user"]
    assert contents[0]["parts"] == [{"text": "turn 1"}]
    assert result.warnings == ["The conversation is long: its first turn was left out."]


def test_without_signatures_a_conversation_becomes_an_edit_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(body(image(FINAL))), answering()) as server:
        result = generate("a cat").chat("again")

    [turn] = asked(server, 1)["contents"]
    assert [list(part) for part in turn["parts"]] == [["text"], ["inlineData"]]
    assert any("thought signatures" in warning and "--edit" in warning for warning in result.warnings)
    assert result.call["parent"]["how"] == "edit"


def test_a_model_that_signs_nothing_is_talked_to_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = "gemini-2.5-flash-image"
    with serving(monkeypatch, answering(body(image(FINAL))), answering()) as server:
        generate("a cat", model=model).chat("again")

    assert [turn["role"] for turn in asked(server, 1)["contents"]] == ["user", "model", "user"]
    assert f"/models/{model}:" in server.log[1].start_line  # a conversation stays with its model


def test_a_packed_recording_has_no_signatures_left_and_is_edited(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path, tmp_path: Path
) -> None:
    with serving(monkeypatch, answering(signed()), answering()) as server:
        result = generate("a cat")
        pack(Library(library_folder), tmp_path / "pack")
        Library(tmp_path / "pack").trust()
        packed = ImageResult(tmp_path / "pack" / result.folder.name)
        again = packed.chat("again")

    assert len(asked(server, 1)["contents"]) == 1
    assert any("are not kept here" in warning for warning in again.warnings)


def test_a_conversation_is_packed_without_its_signatures_and_replayed(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path, tmp_path: Path
) -> None:
    with serving(monkeypatch, answering(signed()), answering(signed(painted(color="navy")))):
        first = generate("a cat")
        second = first.chat("again")
    pack(Library(library_folder), tmp_path / "pack")
    assert any("signature" in path.name for path in second.folder.iterdir())  # the control
    assert not any("signature" in path.name for path in (tmp_path / "pack").rglob("*"))

    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(tmp_path / "pack"))
    replayed = generate("again", chat=first, source="replay")

    assert replayed.image.data == second.image.data


@pytest.mark.parametrize("largest", [lineage.MAX_HISTORY_BYTES, len(LONG) * 3 // 2], ids=["by count", "by size"])
def test_a_packed_conversation_is_replayed_turn_by_turn(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path, tmp_path: Path, largest: int
) -> None:
    monkeypatch.setattr(lineage, "MAX_HISTORY_BYTES", largest)
    with serving(monkeypatch, *[answering(signed(painted(color=color))) for color in COLORS]) as server:
        made = [generate("a cat", thoughts=True)]
        for _ in COLORS[1:]:
            made.append(made[-1].chat("again", aspect_ratio="16:9"))
    pack(Library(library_folder), tmp_path / "pack")
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(tmp_path / "pack"))

    shown = [generate("a cat", thoughts=True)]
    for _ in COLORS[1:]:
        shown.append(shown[-1].chat("again", aspect_ratio="16:9"))
    other = shown[-1].chat("and now something else")

    assert [result.source for result in shown] == ["replay"] * len(COLORS)
    assert [result.image.data for result in shown] == [result.image.data for result in made]
    assert not any("signatures" in warning for result in shown for warning in result.warnings)
    assert other.source == "offline"  # the control: what was not recorded is an edit, and says so
    assert any("are not kept here" in warning for warning in other.warnings)
    assert server.posts == len(COLORS)


def test_edit_means_the_last_result_of_this_session_or_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (generate(word, source="offline", image_size="512") for word in ("cat", "dog"))
    assert generate("again", edit=True, image_size="512").call["parent"]["id"] == second.folder.name
    for given in (first, first.folder.name, first.folder.name[-6:], first.folder):
        assert generate("again", edit=given, image_size="512").call["parent"]["id"] == first.folder.name

    program = "import cometmagic; print(cometmagic.generate('x', edit=True, image_size='512').call['parent']['id'])"
    newest = generate("newest", image_size="512")
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == newest.folder.name  # a new kernel goes on where the last one stopped


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"edit": "nothing-like-it"}, "There is no call 'nothing-like-it'"),
        ({"edit": True, "chat": True}, "--edit and --chat cannot both be given."),
        ({"edit": 5}, "int is no result."),
        ({"edit": [1, 2]}, "These are several results."),
        ({"chat": True}, "There is no earlier picture"),
    ],
)
def test_what_cannot_be_gone_on_from_is_told_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], told: str
) -> None:
    monkeypatch.setattr("cometmagic.generation.session._last_folder", [])
    with serving(monkeypatch, answering()) as server, pytest.raises((OptionError, LibraryError)) as error:
        generate("again", **given)

    assert str(error.value).startswith(told)
    assert "Nothing was sent, so nothing was charged." in str(error.value)
    assert server.posts == 0


def test_a_call_without_a_picture_cannot_be_edited(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    refused = [recv_request(), send(response(body({"text": "No."})))]
    with serving(monkeypatch, refused) as server:
        with pytest.raises(CometError):
            generate("a cat")
        [folder] = library_folder.glob("*/call.json")
        with pytest.raises(LibraryError, match="has no final image"):
            generate("again", edit=folder.parent.name)
    assert server.posts == 1


def test_the_offline_service_takes_a_conversation_and_refuses_a_forged_one() -> None:
    first = generate("a red bicycle", source="offline", image_size="512")
    assert first.chat("at night", image_size="512").image.data

    file = first.folder / "answer.json"
    file.write_bytes(file.read_bytes().replace(b'"thoughtSignature":"', b'"thoughtSignature":"AAAA'))
    with pytest.raises(cometmagic.APIError, match="signature is not valid"):
        first.chat("at night", image_size="512")
