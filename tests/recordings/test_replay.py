"""Every published shape of an answer comes through the courier, and its folder says the same when it is read later."""

from __future__ import annotations

import json

import pytest

import cometmagic
from cometmagic.errors import NoImageError
from cometmagic.generation.call import read_result
from cometmagic.generation.result import ImageResult
from cometmagic.storage.call_folder import CallFolder
from tests.faults.asking import Asker
from tests.faults.server import recv_request, response, send
from tests.recordings.shapes import ADDRESS, DRAFT, FINAL, SHAPES, SIGNATURE

PICTURES = [name for name, shape in SHAPES.items() if not shape.error]
ERRORS = [name for name, shape in SHAPES.items() if shape.error]


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_comes_and_is_found_again_later(ask: Asker, name: str) -> None:
    shape = SHAPES[name]

    made = ask(recv_request(), send(response(shape.content, shape.status))).made

    for result in (made, ImageResult(made.folder)):  # the second one reads the folder anew
        assert (result.image.data, result.image.mime_type) == (FINAL, "image/jpeg")
        assert [part.data for part in result.images] == [FINAL]
        assert [part.data for part in result.thoughts] == [DRAFT] * shape.drafts
        assert (result.text, result.thought_text) == (shape.words, shape.thoughts)
        assert result.usage.total == shape.total
    notes = "\n".join(made.call.get("notes", []))
    assert shape.notes in notes
    assert bool(notes) is bool(shape.notes)
    saved = (made.folder / "answer.json").read_bytes()
    json.loads(saved)
    assert len(saved) < 4000 + saved.count(SIGNATURE.encode()) * len(SIGNATURE), "a picture is still in it"


@pytest.mark.parametrize("name", ERRORS)
def test_the_reason_is_told_and_told_again_later(ask: Asker, name: str) -> None:
    shape = SHAPES[name]

    outcome = ask(recv_request(), send(response(shape.content, shape.status)))

    assert shape.error in str(outcome.told)
    with pytest.raises(type(outcome.told)) as later:
        read_result(CallFolder(outcome.folder.path))
    assert str(later.value) == str(outcome.told)
    if ADDRESS in shape.error:
        assert isinstance(outcome.told, NoImageError)
        assert outcome.told.response.addresses == (ADDRESS,)
        assert str(outcome.folder.response_path) in str(outcome.told)
        assert "run the cell again" not in str(outcome.told)


@pytest.mark.parametrize("name", ["under-data-beside-a-code", "chat-completion-with-images", "responses-api"])
def test_a_picture_from_elsewhere_in_the_body_is_edited_packed_and_replayed(
    ask: Asker, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ask(recv_request(), send(response(SHAPES[name].content))).made
    pack = made.folder.parent.with_name("pack")
    cometmagic.library().pack(pack)

    edited = cometmagic.generate("in blue", edit=made, source="offline")
    assert FINAL in [part.data for part in edited.request.references]

    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(pack))
    monkeypatch.delenv("COMETAPI_KEY")
    replayed = cometmagic.generate("a red bicycle")
    assert (replayed.source, replayed.image.data) == ("replay", FINAL)
