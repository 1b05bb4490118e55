"""F10: a body that ends too early, at every byte: what came whole is saved, and what it may lack is told."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cometmagic.errors import ChargeStatus, CometError, TransportError
from cometmagic.gemini.decode import decode_response
from cometmagic.gemini.parts import TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.generation.call import read_result
from cometmagic.options.declaration import Options
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from cometmagic.storage.settle import settle
from tests.faults.asking import Asker
from tests.faults.server import fin, limit, recv_request, response, send
from tests.gemini.answers import answer, answering, body, image, picture, text

DRAFT, FINAL = picture("PNG", "blue"), picture("PNG")


def cuts(content: bytes) -> Iterator[bytes]:
    """Yield every beginning of `content` but the last, which is `content`."""
    return (content[:length] for length in range(len(content)))


def saved(folder: CallFolder, content: bytes) -> CometError | None:
    """Settle `content` in a folder that is used again and again."""
    for left in folder.path.iterdir():
        if left.name not in ("call.json", "request.json"):
            left.unlink()
    folder.response_path.write_bytes(content)
    folder.update(state=CallState.RECEIVED, notes=[], files=[])
    return settle(folder)


@pytest.fixture
def folder(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> CallFolder:
    """Return a call folder; the disk is not waited for, because nothing here crashes."""
    monkeypatch.setattr("os.fsync", lambda _: None)
    return Library(library_folder).create_folder(
        ImageRequest((Turn((TextPart("x"),)),), Options()), source="live", preview=16
    )


def test_a_marked_draft_is_never_final_without_a_word(folder: CallFolder) -> None:
    content = body(answer(image(DRAFT, thought=True), image(FINAL)))
    whole_draft = content.index(b'"thought"') - 4
    whole_final = content.rindex(b'"}}') + 1
    for piece in cuts(content):
        error = saved(folder, piece)
        if len(piece) < whole_draft:
            assert isinstance(error, TransportError), len(piece)
            assert error.charge_status is ChargeStatus.UNKNOWN
        elif len(piece) >= whole_final:
            assert error is None, len(piece)
            assert read_result(folder).image.data == FINAL
        if error is None and read_result(folder).image.data == DRAFT:
            assert "may be a draft" in "".join(folder.read()["notes"]), len(piece)
        if error is not None:
            assert folder.response_path.read_bytes() == piece
    assert saved(folder, content) is None
    assert folder.read()["notes"] == []


def test_an_unmarked_draft_is_never_final_without_a_word(folder: CallFolder) -> None:
    content = body(answer(text("first"), image(DRAFT), image(FINAL), text("done")))
    drafts = 0
    for piece in cuts(content):
        if saved(folder, piece) is None and read_result(folder).image.data == DRAFT:
            drafts += 1
            assert "may be a draft" in "".join(folder.read()["notes"])
    assert drafts > len(FINAL)  # the control: such cuts exist


def test_a_stream_is_salvaged_too(folder: CallFolder) -> None:
    event = b"data: " + body(answer(image(DRAFT), finish=None)) + b"\r\n\r\n"
    content = event + b"data: " + body(answer(image(FINAL)))
    for piece in cuts(content):
        error = saved(folder, piece)
        if len(piece) >= len(event):
            assert error is None
            assert "may be a draft" in "".join(folder.read()["notes"]) or read_result(folder).image.data == FINAL


@pytest.mark.parametrize("share", [0.03, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["content-length", "close-delimited"])
def test_f10_end_to_end(ask: Asker, kind: str, share: float) -> None:
    content = body(answer(text("x" * 300), image(FINAL, thoughtSignature="s" * 9000), text("y" * 900)))
    whole = response(content, length=kind == "content-length")
    cut = len(whole) - len(content) + int(len(content) * share)

    outcome = ask(recv_request(), limit(whole, cut), fin())

    assert not outcome.exchange.delivered
    if share < 0.5:
        assert isinstance(outcome.told, TransportError)
        assert outcome.told.charge_status is ChargeStatus.UNKNOWN
        assert outcome.folder.response_path.read_bytes() == content[: int(len(content) * share)]
    else:
        assert outcome.made.image.data == FINAL
        assert "cut short" in outcome.notes


HALF = FINAL[: len(FINAL) // 2]
# What came, whether its picture is whole, and how the caption begins.
CAPTIONS: dict[str, tuple[bytes, bool, str]] = {
    "cut-whole": (body(answer(image(FINAL)))[:-30], True, "The answer was cut short;"),
    "cut-damaged": (body(answer(image(HALF)))[:-30], False, "The answer was cut short."),
    "open-whole": (b"data: " + body(answer(image(FINAL), finish=None)), True, "The answer has no end mark"),
    "open-damaged": (b"data: " + body(answer(image(HALF), finish=None)), False, "The answer has no end mark"),
}


@pytest.mark.parametrize("name", CAPTIONS)
def test_a_damaged_picture_is_not_called_whole(ask: Asker, name: str) -> None:
    content, is_whole, beginning = CAPTIONS[name]

    outcome = ask(*answering(content))

    assert beginning in outcome.notes
    assert ("came whole" in outcome.notes) == is_whole
    assert ("is incomplete or damaged" in outcome.notes) == (not is_whole)


@pytest.mark.parametrize("is_whole", [True, False])
def test_the_caption_of_a_picture_that_came_with_an_error_says_the_same(ask: Asker, is_whole: bool) -> None:
    content = body(answer(image(FINAL if is_whole else HALF)))

    outcome = ask(recv_request(), send(response(content, status="429 Too Many Requests")))

    assert "The service answered 429." in outcome.notes
    assert ("came whole" in outcome.notes) == is_whole
    assert ("is incomplete or damaged" in outcome.notes) == (not is_whole)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_what_is_kept_of_a_broken_connection_is_named(ask: Asker, share: float) -> None:
    content = b"data: " + body(answer(image(DRAFT, thought=True), finish=None)) + b"\n\n"
    whole = response(content, headers={"Content-Length": str(len(content) + 100)})

    outcome = ask(recv_request(), limit(whole, len(whole) - int(len(content) * (1 - share))), fin())

    assert "the connection ended within it" in outcome.told.message
    assert str(outcome.folder.response_path) in outcome.told.message
    assert ("thought-1.png" in outcome.told.message) == (share == 1.0)
    assert (outcome.folder.path / "thought-1.png").exists() == (share == 1.0)
    assert outcome.told.message == outcome.folder.read()["error"]["what"]


@pytest.mark.parametrize("ending", ["\\", "\\u", "\\ud8", "\\ud83d", "\\ud83d\\", "\\\\", "ü"], ids=ascii)
def test_a_long_text_cut_in_an_escape(ask: Asker, ending: str) -> None:
    content = b'{"candidates": [{"content": {"parts": [' + body(image()) + b', {"text": "' + b"x" * 5000

    outcome = ask(*answering(content + ending.encode()))

    assert outcome.made.image.data == FINAL
    assert outcome.made.text.startswith("x" * 5000)
    json.loads((outcome.folder.path / "answer.json").read_bytes())


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "content", [b"[1," * 300_000, b'{"a":[1,2,' * 100_000, b"[" + b"1," * 700_000, b'["' * 500_000]
)
def test_a_long_cut_body_takes_no_longer_than_a_short_one(content: bytes) -> None:
    with contextlib.suppress(MalformedError):
        decode_response(content)


@settings(max_examples=100)
@given(st.data())
def test_any_mutation_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(body(answer(text("words"), image(DRAFT, thought=True), image(FINAL))))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        junk = data.draw(
            st.sampled_from([b"", b'"', b"\\", b"{", b"]", b"null", b"\xff", b"\0", b'"parts":', b"1e999"])
        )
        content[at : at + data.draw(st.integers(0, 30))] = junk
    with contextlib.suppress(MalformedError):
        decode_response(bytes(content))


@settings(max_examples=100)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]:,"\\ 1aeu\n\r', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(MalformedError):
        decode_response(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["candidates", "content", "parts", "text", "inlineData", "inline_data", "data", "thought", "fileData",
                 "fileUri", "error", "message", "promptFeedback", "usageMetadata", "groundingMetadata",
                 "groundingChunks", "web", "webSearchQueries", "searchEntryPoint", "finishReason", "code"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=100)
@given(JSON)
def test_any_json_is_read_or_refused(tree: object) -> None:
    try:
        decode_response(json.dumps(tree).encode())
    except MalformedError:
        assert not isinstance(tree, dict)
