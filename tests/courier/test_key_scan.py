"""The key appears nowhere, however a service quotes it and however the call ends.

The failures, the shapes of keys and their writings are a product that `-m full` runs whole; by default each failure and
each writing is met once. The calls run on a thread of this process, where more can be seen than in another one.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import itertools
import json
import logging
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

import cometmagic
from cometmagic.courier import recorder
from cometmagic.system.redactor import Redactor
from tests.faults.server import FaultServer, Step, limit, recv_request, response, send
from tests.gemini.answers import answer, body, image, picture, text
from tests.key_scan import KEYS, WRITINGS, leaks, pieces, shown_frames
from tests.ports import listening

pytestmark = pytest.mark.usefixtures("carried_here", "soon")

Scenarios = list[list[Step]]


def reply(content: bytes | str, status: str = "200 OK", **headers: str) -> list[Step]:
    """Return the steps of one answer."""
    content = content.encode() if isinstance(content, str) else content
    return [recv_request(), send(response(content, status, {name: plain(value) for name, value in headers.items()}))]


def plain(words: str) -> str:
    """Return a header's value; a header holds no other letters."""
    return words.encode("ascii", "ignore").decode()


def refusal(quoted: str, code: str = "some_code") -> str:
    """Return an error's body, with the quoted key as it stands, so that JSON's escapes are undone."""
    message = f"Your key {quoted} is bad (request id: 20-{plain(quoted)})"
    return f'{{"error": {{"message": "{message}", "code": "{code}"}}}}'


def words(quoted: str, *parts: dict[str, object]) -> str:
    """Return an answer whose words quote the key."""
    return json.dumps(answer(text("You sent KEY here"), *parts)).replace("KEY", quoted)


def split(quoted: str, **fields: object) -> str:
    """Return an answer whose parts quote the key a few letters at a time."""
    return json.dumps(answer(*({"text": piece, **fields} for piece in pieces(quoted)), image()))


def streamed(quoted: str) -> str:
    """Return the same as events of a stream, with the picture in the last one."""
    documents = [*(answer(text(piece)) for piece in pieces(quoted)), answer(image())]
    return "".join(f"data: {json.dumps(document)}\n\n" for document in documents)


def grounded(quoted: str) -> str:
    """Return an answer whose queries quote the key a few letters at a time."""
    document = answer(image())
    document["candidates"][0]["groundingMetadata"] = {"webSearchQueries": list(pieces(quoted))}
    return json.dumps(document)


def refused(status: str) -> Callable[[str], Scenarios]:
    """Return the scenarios of a status, as often as it may be asked for."""
    return lambda quoted: [reply(refusal(quoted), status)] * 4


GOOD = body(answer(image()))
STATUSES = ("400 Bad", "401 No", "403 No", "404 No", "429 Slow", "500 Bad", "503 Busy")
FAILURES: dict[str, Callable[[str], Scenarios]] = {
    **{status[:3]: refused(status) for status in STATUSES},
    "429-waited": lambda quoted: [reply(refusal(quoted), "429 Slow", **{"Retry-After": "0"}), reply(GOOD)],
    "429-used-up": lambda quoted: [reply(refusal(quoted, "insufficient_user_quota"), "429 Slow")],
    "503-waited": lambda quoted: [reply(refusal(f"is overloaded {quoted}"), "503 Busy"), reply(words(quoted, image()))],
    "code": lambda quoted: [reply(refusal("", plain(quoted)), "400 Bad")],
    "redirect": lambda quoted: [reply("", "302 Moved", Location=f"/v1?key={quoted}")],
    "200-error": lambda quoted: [reply(refusal(quoted))],
    "200-text": lambda quoted: [reply(words(quoted))],
    "200-image-and-text": lambda quoted: [reply(words(quoted, image(thoughtSignature="c2ln")))],
    "200-image-and-error": lambda quoted: [reply(words(quoted, image())[:-1] + f", {refusal(quoted)[1:]}")],
    "200-split": lambda quoted: [reply(split(quoted))],
    "200-split-thoughts": lambda quoted: [reply(split(quoted, thought=True))],
    "200-split-words": lambda quoted: [reply(json.dumps(answer(*map(text, pieces(quoted)))))],
    "200-split-candidates": lambda quoted: [
        reply(json.dumps({"candidates": [answer(text(piece))["candidates"][0] for piece in pieces(quoted)]}))
    ],
    "200-stream": lambda quoted: [reply(streamed(quoted))],
    "200-queries": lambda quoted: [reply(grounded(quoted))],
    "200-version": lambda quoted: [reply(words("", image())[:-1] + f', "modelVersion": "{quoted}"}}')],
    "200-blocked": lambda quoted: [reply(f'{{"promptFeedback": {{"blockReason": "{quoted}"}}}}')],
    "broken-json": lambda quoted: [reply(f'{{"candidates": [{quoted}')],
    "cut": lambda quoted: [[recv_request(), limit(response(words(quoted).encode()), 230)]],
    "html": lambda quoted: [reply(f"<html><title>Login {quoted}</title><body>{quoted}</body></html>")],
    "html-error": lambda quoted: [reply(f"<html><title>No {quoted}</title></html>", "502 Bad")],
    "plain-error": lambda quoted: [reply(f"no such key: {quoted}", "401 No")],
    "gzip": lambda quoted: [reply(gzip.compress(refusal(quoted).encode()), "401 No", **{"Content-Encoding": "gzip"})],
    "encoding": lambda quoted: [reply(GOOD, **{"Content-Encoding": quoted[:40]})],
    "headers": lambda quoted: [reply(GOOD, **{"X-Request-Id": quoted, "Retry-After": quoted, "CF-Ray": quoted})],
    "error-headers": lambda quoted: [reply("{}", "400 Bad", **{"X-Request-Id": quoted, "Retry-After": quoted})],
    "no-http": lambda quoted: [[recv_request(), send(f"NOTHTTP {plain(quoted)}\r\n\r\n".encode())]],
}


class Look:
    """Makes a call and collects all that can be seen of it."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture) -> None:
        self.root, self._patch, self._log = root, patch, log
        log.set_level(logging.DEBUG)

    def __call__(self, key: str, scenarios: Scenarios) -> str:
        place = self.root / str(sum(1 for _ in self.root.iterdir()))
        self._patch.setenv("COMETMAGIC_LIBRARY", str(place / "library"))
        self._patch.setenv("COMETAPI_KEY", key)
        with FaultServer(*scenarios) as server:
            self._patch.setenv("COMETAPI_BASE_URL", server.url)
            seen = self._make()
        assert server.posts == len(scenarios) or server.posts == 1
        assert all(key in exchange.headers["authorization"] for exchange in server.log)
        seen += [repr((record.getMessage(), record.args, record.exc_info)) for record in self._log.records]
        self._log.clear()
        with contextlib.suppress(cometmagic.LibraryError):  # a call without an image is not packed
            cometmagic.library().pack(place / "pack")
        files = [path for path in place.rglob("*") if path.is_file()]
        return "\n".join([*seen, *(f"{path.name} {path.read_bytes().decode('latin-1')}" for path in files)])

    def _make(self) -> list[str]:
        events: list[dict[str, object]] = []
        try:
            result = cometmagic.generate("a red bicycle", progress=events.append)
        except cometmagic.CometError as error:
            seen = [str(error), pickle.dumps(error).decode("latin-1"), shown_frames(error)]
        else:
            response = result.response
            seen = [repr(result), str(result), result.text, response.thought_text, "".join(response.grounding.queries)]
            seen += [repr(result._repr_mimebundle_())]
        return [*seen, json.dumps(events, ensure_ascii=False)]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Look:
    (tmp_path / "calls").mkdir()
    return Look(tmp_path / "calls", monkeypatch, caplog)


def blind(patch: pytest.MonkeyPatch) -> None:
    """Let the package redact nothing."""
    patch.setattr(Redactor, "redact_joined", lambda _, texts: list(texts))
    patch.setattr(Redactor, "redact_body", lambda *_, **__: False)


CYCLES = zip(itertools.cycle(FAILURES), itertools.cycle(WRITINGS), itertools.cycle(KEYS), strict=False)
SHORT = list(itertools.islice(CYCLES, max(len(FAILURES), len(WRITINGS))))


@pytest.mark.parametrize(("failure", "writing", "shape"), SHORT)
def test_the_key_is_nowhere(look: Look, failure: str, writing: str, shape: str) -> None:
    key = KEYS[shape]

    assert leaks(look(key, FAILURES[failure](WRITINGS[writing](key))), key) == []


@pytest.mark.full
@pytest.mark.parametrize("shape", KEYS)
@pytest.mark.parametrize("failure", FAILURES)
def test_the_key_is_nowhere_in_any_writing(look: Look, failure: str, shape: str) -> None:
    key = KEYS[shape]
    for writing in WRITINGS.values():
        assert leaks(look(key, FAILURES[failure](writing(key))), key) == []


@pytest.mark.parametrize("failure", FAILURES)
def test_a_package_that_redacts_nothing_is_caught(look: Look, monkeypatch: pytest.MonkeyPatch, failure: str) -> None:
    """The control: in each failure the key would be seen."""
    blind(monkeypatch)

    assert leaks(look(KEYS["hex"], FAILURES[failure](KEYS["hex"])), KEYS["hex"])


def test_a_service_that_is_not_there(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("COMETAPI_BASE_URL", address)
    monkeypatch.setenv("COMETAPI_KEY", KEYS["signs"])

    seen = "\n".join(look._make())

    assert "Could not reach the service" in seen
    assert leaks(seen, KEYS["signs"]) == []


def test_a_key_in_the_bytes_of_an_image(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment in a file, say. Only the whole key as it is: what else looks like a part of it may be the image."""
    scenario = [reply(body(answer(image(picture() + 2000 * b"." + KEYS["hex"].encode()))))]

    assert leaks(look(KEYS["hex"], scenario), KEYS["hex"]) == []

    blind(monkeypatch)
    assert leaks(look(KEYS["hex"], scenario), KEYS["hex"])


def test_a_delivery_that_breaks_is_recovered_without_the_key(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    original, broken = recorder.CallRecorder.settle, list[object]()

    def settle(self: recorder.CallRecorder) -> object:
        if not broken:
            broken.append(self)
            raise RuntimeError("a bug")
        return original(self)

    monkeypatch.setattr(recorder.CallRecorder, "settle", settle)

    seen = look(KEYS["prefix"], [reply(words(KEYS["prefix"], image()))])

    assert broken
    assert "You sent *****" in seen
    assert leaks(seen, KEYS["prefix"]) == []


def test_the_scan_finds_base64_of_a_header() -> None:
    header = base64.b64encode(f"Authorization: Bearer {KEYS['hex']}".encode()).decode()

    assert leaks(f"sent {header}", KEYS["hex"])
    assert leaks("sent QXV0aG9yaXphdGlvbjogQmVhcmVyIA==", KEYS["hex"]) == []


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("shape", KEYS)
def test_the_scan_finds_each_planted_writing(writing: str, shape: str) -> None:
    planted = WRITINGS[writing](KEYS[shape])

    assert leaks(f"some {planted} text", KEYS[shape])
    assert leaks(json.dumps(f"some {planted} text").encode(), KEYS[shape])
    assert leaks("some text sk- without", KEYS[shape]) == []
