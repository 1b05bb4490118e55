"""A1, C1 to C11, D1 to D5: connections that are refused, cut or nonsense, each told once and never retried."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest

from cometmagic.errors import ChargeStatus, NoImageError, OptionError, TransportError
from cometmagic.generation.generate import generate
from cometmagic.storage.call_record import CallState
from tests.faults.asking import Asker, Outcome
from tests.faults.leaks import KEY
from tests.faults.server import (
    FaultServer,
    Step,
    chunked,
    fin,
    half_close,
    limit,
    recv_request,
    response,
    rst,
    send,
    sleep,
    sliced,
)  # fmt: skip
from tests.gemini.answers import answer, answering, body, image, picture, text
from tests.ports import listening

WHOLE = body(answer(text("x" * 500), image(thoughtSignature="s" * 5000), text("y" * 200)))
CHUNKED = {"Transfer-Encoding": "chunked"}


def failed(ask: Asker, *steps: Step) -> Outcome:
    outcome = ask(*steps)
    assert isinstance(outcome.told, TransportError)
    return outcome


@pytest.mark.usefixtures("carried_here", "soon")
def test_a1_a_refused_connection(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as taken:
        port = taken.getsockname()[1]
    serve = ask.serving

    @contextlib.contextmanager
    def nobody(*scenarios: list[Step]) -> Iterator[FaultServer]:
        with serve(*scenarios) as server:
            monkeypatch.setenv("COMETAPI_BASE_URL", f"http://127.0.0.1:{port}")
            yield server

    ask.serving = nobody
    outcome = failed(ask)

    assert outcome.log == []
    assert outcome.told.charge_status is ChargeStatus.UNSENT
    assert "Could not reach the service" in str(outcome.told)
    assert "COMETAPI_BASE_URL" in outcome.told.advice
    assert outcome.state is CallState.FAILED


FOREIGN = re.compile(r"bytearray|b'|illegal|[Bb]uffer|peer|malformed chunk|[A-Z]\w+Error")
SILENT: dict[str, tuple[list[Step], str]] = {
    "C1-closed-without-answer": ([recv_request(), fin()], "the connection ended before it"),
    "C1-closed-at-once": ([fin()], ""),
    "C1-half-closed": ([recv_request(), half_close()], "the connection ended before it"),
    "C2-reset-after-request": ([recv_request(), rst()], ""),
    "C5-words": (
        [recv_request(), send(b"hello, I am no server\r\n\r\n")],
        "what came is no answer of HTTP",
    ),
    "C5-tls": ([recv_request(), send(b"\x15\x03\x01\x00\x02\x02\x28")], "it breaks HTTP's rules"),
    "C5-http-09": ([recv_request(), send(b"<html>old</html>")], "the connection ended before it"),
    "C5-bad-status": (
        [recv_request(), send(b"HTTP/1.1 2000 Fine\r\n\r\n")],
        "what came is no answer of HTTP",
    ),
    "C6-large-header": (
        [recv_request(), send(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000)],
        "its headers are too long",
    ),
    "C7-two-lengths": (
        [recv_request(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")],
        "it breaks HTTP's rules",
    ),
    "C7-bad-header": ([recv_request(), send(b"HTTP/1.1 200 OK\r\nX Y: 5\r\n\r\n")], "one of its headers is malformed"),
    "C11-only-100": (
        [recv_request(), send(b"HTTP/1.1 100 Continue\r\n\r\n"), fin()],
        "the connection ended before it",
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_no_answer_may_have_cost_money(ask: Asker, name: str) -> None:
    steps, words = SILENT[name]

    outcome = failed(ask, *steps)

    assert outcome.state is CallState.UNKNOWN
    assert outcome.told.charge_status is ChargeStatus.UNKNOWN
    assert f"did not come whole: {words}" in str(outcome.told)
    assert not FOREIGN.search(str(outcome.told))
    assert "balance" in outcome.told.advice
    assert outcome.exchange.complete or "at-once" in name


WAYS = {
    "D1-length": (response(WHOLE), True),
    "D3-chunked": (response(chunked(WHOLE, 400), headers=CHUNKED, length=False), True),
    "D4-close-delimited": (response(WHOLE, length=False), True),
    "D5-length-too-small": (response(WHOLE, headers={"Content-Length": "100"}), False),
}


@pytest.mark.parametrize("ending", [fin, rst], ids=["fin", "rst"])
@pytest.mark.parametrize("name", WAYS)
def test_a_body_cut_before_the_image(ask: Asker, name: str, ending: type) -> None:
    whole, _ = WAYS[name]

    # The pause lets a reset come after the bytes: it overtakes what is not read yet.
    outcome = failed(ask, recv_request(), limit(whole, len(whole) - len(WHOLE) + 300), sleep(0.1), ending())

    assert outcome.told.charge_status is ChargeStatus.UNKNOWN
    assert not outcome.exchange.delivered
    assert WHOLE.startswith(outcome.folder.response_path.read_bytes())
    assert len(outcome.folder.response_path.read_bytes()) >= 100


@pytest.mark.parametrize("ending", [fin, rst], ids=["fin", "rst"])
@pytest.mark.parametrize("name", [name for name, (_, cut) in WAYS.items() if cut])
def test_a_body_cut_after_the_image(ask: Asker, name: str, ending: type) -> None:
    whole, _ = WAYS[name]

    outcome = ask(recv_request(), limit(whole, len(whole) - 150), sleep(0.1), ending())

    assert not outcome.exchange.delivered
    assert outcome.made.image.data == picture()
    assert "cut short" in outcome.notes


def test_d3_a_bad_chunk_size(ask: Asker) -> None:
    outcome = failed(
        ask, recv_request(), send(response(b'5\r\n{"can\r\nxyz\r\n', headers=CHUNKED, length=False)), fin()
    )

    assert outcome.told.charge_status is ChargeStatus.UNKNOWN
    assert "a piece of it" in str(outcome.told)
    assert outcome.folder.response_path.read_bytes() == b'{"can'


def test_d3_a_whole_answer_without_the_last_chunk_is_whole(ask: Asker) -> None:
    whole = response(chunked(WHOLE).removesuffix(b"0\r\n\r\n"), headers=CHUNKED, length=False)

    outcome = ask(recv_request(), send(whole), fin())

    assert outcome.made.image.data == picture()
    assert outcome.notes == ""


def test_a_whole_refusal_is_told_when_the_connection_breaks_after_it(ask: Asker) -> None:
    refusal = body({"candidates": [{"finishReason": "IMAGE_SAFETY", "finishMessage": "no"}]})

    outcome = ask(recv_request(), limit(response(refusal + b"  "), len(response(refusal + b"  ")) - 1), fin())

    assert isinstance(outcome.told, NoImageError)
    assert "IMAGE_SAFETY" in str(outcome.told)


GOOD: dict[str, list[Step]] = {
    "chunked": [recv_request(), send(response(chunked(WHOLE, 7), headers=CHUNKED, length=False))],
    "C8-length-and-chunked": [
        recv_request(), send(response(chunked(WHOLE), headers=CHUNKED | {"Content-Length": "9"}, length=False))
    ],
    "close-delimited": [recv_request(), send(response(WHOLE, length=False)), fin()],
    "sliced": [recv_request(), sliced(response(WHOLE), 97)],
    "B9-1xx-first": [recv_request(), send(b"HTTP/1.1 100 Continue\r\n\r\n" * 50), send(response(WHOLE))],
    "C13-cookie": answering(WHOLE, **{"Set-Cookie": "a=b"}),
    "D16-bytes-after-the-end": [recv_request(), send(response(WHOLE) + b"HTTP/1.1 500 Later\r\n\r\n")],
    "half-closed-after": [recv_request(), send(response(WHOLE)), half_close()],
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_an_answer_that_comes_is_taken(ask: Asker, name: str) -> None:
    outcome = ask(*GOOD[name])

    assert outcome.made.image.data == picture()
    assert outcome.exchange.delivered
    assert outcome.notes == ""


def test_what_is_sent(ask: Asker) -> None:
    exchange = ask(*answering(WHOLE), model="some model/of?mine#x", aspect_ratio="1:1").exchange

    path = "/v1beta/models/some%20model/of%3Fmine%23x:generateContent"
    assert exchange.start_line == f"POST {path} HTTP/1.1"
    assert exchange.complete
    assert exchange.headers["connection"] == "close"
    assert exchange.headers["accept-encoding"] == "gzip"
    assert "transfer-encoding" not in exchange.headers
    assert {"authorization", "content-type", "content-length", "idempotency-key"} <= set(exchange.headers)
    assert "x-goog-api-key" not in exchange.headers
    assert "cookie" not in exchange.headers


def test_two_calls_are_two_connections_with_keys_of_their_own(ask: Asker) -> None:
    first, second = (ask(*answering(WHOLE)).exchange.headers["idempotency-key"] for _ in range(2))

    assert first != second


def test_a_proxy_never_gets_what_stays_on_this_machine(ask: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain HTTP is for this machine only; through a proxy it would carry the key in clear."""
    with FaultServer([recv_request(), fin()]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")

        outcome = ask(*answering(answer(image())))

    assert outcome.made.image.data == picture()
    assert proxy.log == []


DEAD_PROXIES = {
    "HTTPS_PROXY": ("http://127.0.0.1:{port}", "Could not reach the proxy of HTTPS_PROXY"),
    "all_proxy": ("http://me:hunter2@127.0.0.1:{port}", "Could not reach the proxy of all_proxy"),
    "https_proxy": ("http://127.0.0.1:{answering}", "Could not reach the service through the proxy of https_proxy"),
}


@pytest.mark.usefixtures("carried_here", "soon")
@pytest.mark.parametrize("variable", DEAD_PROXIES)
def test_a_proxy_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    address, words = DEAD_PROXIES[variable]
    with listening() as taken:
        port = taken.getsockname()[1]
    refusing = [recv_request(), send(response(b"", "403 Forbidden"))]
    with FaultServer(refusing, refusing) as proxy:
        monkeypatch.setenv("COMETAPI_KEY", KEY)
        monkeypatch.setenv("COMETAPI_BASE_URL", "https://192.0.2.1")
        monkeypatch.setenv(variable, address.format(port=port, answering=proxy.url.rpartition(":")[2]))

        with pytest.raises(TransportError, match=words) as told:
            generate("a cat")

    assert told.value.charge_status is ChargeStatus.UNSENT
    assert "hunter2" not in str(told.value)


def test_a_proxy_that_cannot_be_used_is_told_as_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETAPI_KEY", KEY)
    monkeypatch.setenv("COMETAPI_BASE_URL", "https://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "gopher://127.0.0.1:9")

    with pytest.raises(OptionError, match=r"HTTPS_PROXY begins with gopher://") as told:
        generate("a cat")

    assert told.value.charge_status is ChargeStatus.UNSENT
