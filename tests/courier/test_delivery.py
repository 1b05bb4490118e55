"""What a delivery leaves behind whatever happens: an end that is told, a folder that says what became of it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from cometmagic.costs.ledger import Ledger
from cometmagic.courier.http.transport_errors import build_transport_error
from cometmagic.courier.recovery_report import recover_calls
from cometmagic.courier.route import LiveRoute, OfflineRoute
from cometmagic.errors import ChargeStatus
from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.options.declaration import Options
from cometmagic.options.settings import Key
from cometmagic.storage import settle as settling
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from tests.faults.asking import Asker, deliver
from tests.faults.leaks import KEY, leaks
from tests.faults.server import fin, leave_unread, recv_request, response, rst, send, sliced
from tests.gemini.answers import answer, answering, body, image, picture, text

Events = list[dict[str, Any]]


def planned(root: Path, *parts: TextPart | ImagePart) -> CallFolder:
    return Library(root).create_folder(
        ImageRequest((Turn(parts or (TextPart("x"),)),), Options()), source="live", preview=16
    )


def delivered(folder: CallFolder, url: str, key: str = KEY) -> Events:
    events: Events = []
    asyncio.run(deliver(folder, LiveRoute(url, Key(key, "the test")), events.append))
    return events


def test_the_events_of_a_good_call(serving: Any, library_folder: Path) -> None:
    with serving(answering(answer(image()))) as server:
        events = delivered(planned(library_folder), server.url)

    names = [event["event"] for event in events]
    assert [name for index, name in enumerate(names) if name not in names[:index]] == [
        "sent", "receiving", "settling", "done"
    ]  # fmt: skip
    assert names.count("done") == 1


def test_a_reference_that_vanished_means_nothing_was_sent(serving: Any, library_folder: Path) -> None:
    folder = planned(library_folder, TextPart("x"), ImagePart("image/png", content=picture()))
    (folder.path / "reference-1.png").unlink()

    with serving([recv_request()]) as server:
        events = delivered(folder, server.url)

    assert server.log == []
    assert events[-1] == {"event": "done"}
    assert folder.read()["state"] == CallState.FAILED
    assert folder.read()["error"]["fate"] == ChargeStatus.UNSENT.name


WHOLE = response(body(answer(text("x" * 3000), image(), text("y" * 3000))))


@pytest.mark.skipif(os.name == "nt", reason="Windows deletes no open files")
@pytest.mark.parametrize("what", ["call", "library"])
@pytest.mark.parametrize("when", ["sent", "receiving", "settling"])
def test_h17_a_folder_that_vanishes_loses_no_picture(
    serving: Any, library_folder: Path, monkeypatch: pytest.MonkeyPatch, when: str, what: str
) -> None:
    monkeypatch.setattr("cometmagic.courier.http.transport.PROGRESS_INTERVAL", 0)
    folder = planned(library_folder)
    folder.update(id="a1", estimate={"usd": 0.1, "basis": ""})
    events: Events = []

    def report(event: dict[str, Any]) -> None:
        if event["event"] == when and when not in [before["event"] for before in events]:
            shutil.rmtree(folder.path if what == "call" else library_folder)
        events.append(event)

    with serving([recv_request(), sliced(WHOLE, 1000, 0.001)]) as server:
        asyncio.run(deliver(folder, LiveRoute(server.url, Key(KEY, "the test")), report))

    assert events[-1] == {"event": "done"}
    assert not folder.path.exists()
    [away] = [CallFolder(Path(event["folder"])) for event in events if event["event"] == "moved"]
    assert not away.path.is_relative_to(library_folder)
    assert away.is_complete
    assert (away.path / "image.png").read_bytes() == picture()
    assert [(entry.call_id, entry.outcome) for entry in Ledger(library_folder).read_entries()] == [("a1", "made")]

    [told] = recover_calls(library_folder)

    assert str(folder.path) in told
    assert folder.is_complete
    assert (folder.path / "image.png").read_bytes() == picture()
    assert not away.path.exists()
    assert not leaks(library_folder)


def test_a_folder_that_vanishes_with_what_was_never_answered_ends_the_call(serving: Any, library_folder: Path) -> None:
    folder = planned(library_folder)
    events: Events = []

    def report(event: dict[str, Any]) -> None:
        events.append(event)
        if event["event"] == "sent":
            shutil.rmtree(folder.path)

    with serving([recv_request()]) as server:
        asyncio.run(deliver(folder, LiveRoute(server.url, Key(KEY, "the test")), report))

    assert [event["event"] for event in events] == ["sent", "done"]


def test_a_folder_that_vanished_before_ends_the_call(library_folder: Path) -> None:
    folder, events = planned(library_folder), list[dict[str, Any]]()
    shutil.rmtree(folder.path)

    asyncio.run(deliver(folder, OfflineRoute(), events.append))

    assert events == [{"event": "done"}]


@pytest.mark.usefixtures("carried_here")
@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), RecursionError("deep"), KeyError("x")])
def test_h1_what_cannot_be_saved_stays_where_it_came(
    ask: Asker, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    # The failure is put between receiving and saving; the connection is real.
    def failing(*_: object) -> None:
        raise problem

    monkeypatch.setattr(settling, "save_images", failing)
    monkeypatch.setattr("tests.faults.asking.Outcome.check", lambda _: None)

    outcome = ask(*answering(answer(image())))

    assert "could not be saved" in str(outcome.told)
    assert str(outcome.folder.response_path) in str(outcome.told)
    assert outcome.told.charge_status is ChargeStatus.ANSWERED
    assert outcome.state is CallState.RECEIVED
    assert outcome.folder.response_path.read_bytes() == body(answer(image()))

    monkeypatch.undo()
    assert settling.settle(outcome.folder) is None  # what recovery does later
    assert (outcome.folder.path / "image.png").read_bytes() == picture()


ECHO = f"your headers: Authorization: Bearer {KEY}"
ECHOES = {
    "in-the-words": answer(text(ECHO), image()),
    "in-long-words": answer(text("x" * 6000 + ECHO), image()),
    "in-words-only": answer(text(ECHO)),
    "in-the-reason": answer(finish=KEY),
    "in-the-model-version": answer(image()) | {"modelVersion": KEY},
    "in-an-error": {"error": {"message": ECHO, "code": KEY}},
    "in-an-unknown-field": answer(image(), headers={"authorization": ECHO}),
    "in-no-json": f"<html><title>{ECHO}</title>{ECHO}".encode(),
    "in-a-cut-answer": body(answer(text(ECHO)))[:-3],
}


@pytest.mark.parametrize("name", ECHOES)
def test_j6_an_answer_that_echoes_the_key(ask: Asker, name: str) -> None:
    # `ask` searches everything that is left for every piece of the key.
    outcome = ask(*answering(ECHOES[name]))

    if outcome.error is None:
        assert outcome.made.image.data == picture()
        assert not leaks([outcome.made.text.encode()])


def test_j6_the_request_id_of_a_good_answer(ask: Asker) -> None:
    assert ask(*answering(answer(image()), **{"X-Request-Id": KEY})).call["request_id"] == "[key]"


@pytest.mark.parametrize("key", ["sk-9qXv7", "sk-9qXv7Lm/", 'q"9\\X/7Lm', "sk-9qXv7LmZ2bW"])
@pytest.mark.parametrize("slash", ["/", "\\/"])
def test_j6_a_short_or_strange_key_is_blotted_out_too(serving: Any, library_folder: Path, key: str, slash: str) -> None:
    echoing = [
        answer(text(f"you sent {key}!"), image(), image("!no base64!")),
        answer(text(f"you sent {key}!"), finish=key),
    ]
    for document in echoing:
        folder = planned(library_folder)
        with serving(answering(body(document).replace(b"/", slash.encode()))) as server:
            delivered(folder, server.url, key)

        assert "you sent **" in (folder.path / "answer.json").read_text("utf-8")
        for path in folder.path.iterdir():
            content = path.read_text("utf-8", "replace").replace("\\/", "/")
            assert key not in content
            assert json.dumps(key)[1:-1] not in content


def test_j6_the_paths_an_error_names_stay_whole(serving: Any, tmp_path: Path) -> None:
    root = tmp_path / "offline" / "pictures"
    folder = planned(root)
    key = f"sk-offline{folder.id[-8:]}response.part-pictures"
    with serving(answering(b"nonsense")) as server:
        delivered(folder, server.url, key)
    assert str(folder.response_path) in folder.read()["error"]["what"]

    folder = planned(root)
    with serving(answering({"error": {"message": f"bad key {key}"}})) as server:
        delivered(folder, server.url, key)
    assert "bad key ****" in folder.read()["error"]["what"]
    assert key not in folder.read()["error"]["what"]


BROKEN = {"closed": [recv_request(), fin()], "reset": [recv_request(), rst()], "unread": [leave_unread(), rst()]}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_connection_is_told_in_words(ask: Asker, name: str) -> None:
    told = str(ask(*BROKEN[name]).told)

    assert "did not come whole" in told
    assert "Error" not in told.replace("TransportError", "")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (httpx.ReadError, "peer went away"),
        (httpx.WriteError, "peer went away"),
        (httpx.RemoteProtocolError, "it breaks HTTP's rules"),  # its words are those of a parser
    ],
)
def test_the_words_of_a_broken_connection(kind: type[httpx.TransportError], words: str) -> None:
    assert "whole: the connection broke." in str(build_transport_error(kind(""), is_sent=True))
    assert f"whole: {words}." in str(build_transport_error(kind("peer went away"), is_sent=True))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_name_their_variable(
    ask: Asker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "company.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    outcome = ask()

    assert f"SSL_CERT_FILE names {file}, which cannot be read" in str(outcome.told)
    assert outcome.told.charge_status is ChargeStatus.UNSENT
    assert outcome.log == []


def test_the_courier_lives_on_after_failures(ask: Asker) -> None:
    for _ in range(3):
        assert ask(recv_request(), send(b"nonsense\r\n\r\n")).error
        assert ask(recv_request(), send(response(body(answer(image()))))).made.image.data == picture()
