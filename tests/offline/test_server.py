"""The offline service over real sockets: routes, keys, framing, and how it stops."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from cometmagic.gemini.decode import decode_response
from cometmagic.gemini.failures.error_bodies import parse_error_response
from cometmagic.offline import body_reader, service
from cometmagic.offline.server import Server, run, serve
from cometmagic.options import models
from cometmagic.options.model_lifecycle import is_refused
from tests.offline.asking import FLASH, SMALL, THOUGHTS, png, request, shown, text

KEY = {"Authorization": "Bearer offline"}
UNARY = f"/v1beta/models/{FLASH}:generateContent"
STREAM = f"/v1beta/models/{FLASH}:streamGenerateContent"
WORDS = json.dumps(request(text("offline:text-only"))).encode()
PICTURE = json.dumps(request(text("a story of a cat"), **SMALL, **THOUGHTS)).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


def dial(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]), timeout=60)


def ask(
    server: Server, method: str, path: str, body: Any = None, headers: dict[str, str] = KEY, *, chunked: bool = False
) -> tuple[http.client.HTTPResponse, bytes]:
    """Return the response and its whole body, over a connection of its own."""
    connection = dial(server)
    try:
        connection.request(method, path, body, headers, encode_chunked=chunked)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def raw(server: Server, *pieces: bytes) -> bytes:
    """Return everything the server sends after these bytes."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=60) as wire:
        for piece in pieces:
            wire.sendall(piece)
        wire.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: wire.recv(65536), b""))


# -- routes -----------------------------------------------------------------------------------------


def test_an_answer_over_the_socket_is_the_services_own(server: Server) -> None:
    response, body = ask(server, "POST", UNARY, PICTURE)

    assert (response.status, body) == service.answer(FLASH, PICTURE)
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert int(response.headers["Content-Length"]) == len(body)


def test_a_stream_over_the_socket_is_the_services_own(server: Server) -> None:
    response, body = ask(server, "POST", f"{STREAM}?alt=sse", PICTURE)

    assert body == b"".join(service.stream(FLASH, PICTURE)[1])
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert [image.thought for image in decode_response(body).encoded_images] == [True, True, False]


def test_a_stream_without_alt_sse_is_one_list(server: Server) -> None:
    _, body = ask(server, "POST", STREAM, PICTURE)

    assert len(json.loads(body)) == len(list(service.stream(FLASH, PICTURE)[1]))
    assert decode_response(body).response.finish_reason == "STOP"


def test_a_refused_stream_is_plain_json_and_in_a_list_without_alt_sse(server: Server) -> None:
    response, body = ask(server, "POST", f"{STREAM}?alt=sse", b"{}")
    _, listed = ask(server, "POST", STREAM, b"{}")

    assert response.status == 400
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert [json.loads(body)] == json.loads(listed)


def test_a_model_name_may_be_quoted(server: Server) -> None:
    response, _ = ask(server, "POST", UNARY.replace("-", "%2D"), WORDS)

    assert response.status == 200


def test_an_unknown_model_is_503_in_cometapis_envelope(server: Server) -> None:
    response, body = ask(server, "POST", "/v1beta/models/sora-2:generateContent", WORDS)

    assert (response.status, parse_error_response(response.status, body).details["code"]) == (503, "model_not_found")


def test_both_lists_name_every_model_that_is_served(server: Server) -> None:
    names = [name for row in models.MODELS for name in row.names if not is_refused(name)]
    gemini = json.loads(ask(server, "GET", "/v1beta/models")[1])
    openai = json.loads(ask(server, "GET", "/v1/models")[1])

    assert [row["name"] for row in gemini["models"]] == [f"models/{name}" for name in names]
    assert [row["id"] for row in openai["data"]] == names
    assert openai["object"] == "list"


def test_the_list_of_gemini_comes_in_pages(server: Server) -> None:
    pages, token = list[dict[str, Any]](), ""
    while not pages or token:
        response, body = ask(server, "GET", f"/v1beta/models?pageSize=3&pageToken={token}")
        assert response.status == 200
        pages.append(json.loads(body))
        token = pages[-1].get("nextPageToken", "")

    whole = json.loads(ask(server, "GET", "/v1beta/models")[1])["models"]
    assert [model for page in pages for model in page["models"]] == whole
    assert max(len(page["models"]) for page in pages) == 3
    wrong = ("pageSize=-1", "pageSize=abc", "pageToken=zzz", "pageToken=page-999")
    assert [ask(server, "GET", f"/v1beta/models?{query}")[0].status for query in wrong] == [400] * 4


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/v1alpha/models/{FLASH}:generateContent"),
        ("POST", f"/v1beta/models/{FLASH}:embedContent"),
        ("POST", f"/v1beta/models/{FLASH}"),
        ("POST", f"/v1beta/v1beta/models/{FLASH}:generateContent"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1beta/models"),
        ("GET", UNARY),
        ("GET", "/v2"),
        ("POST", "/"),
    ],
)
def test_a_wrong_path_is_404_in_the_relays_envelope(server: Server, method: str, path: str) -> None:
    response, body = ask(server, method, path, b"{}" if method == "POST" else None)

    assert (response.status, response.headers["Content-Type"]) == (404, "application/json; charset=UTF-8")
    assert json.loads(body)["error"] == {
        "message": f"Invalid URL ({method} {path})",
        "type": "invalid_request_error",
        "param": "",
        "code": "",
    }
    assert parse_error_response(404, body).status == 404
    assert ask(server, "GET", "/")[1].startswith(b"<!doctype html>")


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_both_versions_answer(server: Server, version: str) -> None:
    path = UNARY.replace("v1beta", version)

    assert ask(server, "POST", path, WORDS)[1] == service.answer(FLASH, WORDS)[1]
    assert ask(server, "POST", path.replace("generate", "streamGenerate"), WORDS)[0].status == 200


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        (f"/v1beta/models/{FLASH}", KEY, "name"),
        (f"/v1/models/{FLASH}", KEY, "id"),
        (f"/v1/models/{FLASH}", {"x-goog-api-key": "x"}, "name"),
        (f"/v1/models/{FLASH}?key=x", {}, "name"),
        (f"/v1beta/models/{FLASH.replace('-', '%2D')}", KEY, "name"),
    ],
)
def test_one_model_is_described_as_its_client_expects(
    server: Server, path: str, headers: dict[str, str], name: str
) -> None:
    response, body = ask(server, "GET", path, None, headers)
    described = json.loads(body)

    assert response.status == 200
    assert described[name] == {"name": f"models/{FLASH}", "id": FLASH}[name]
    assert ("supportedGenerationMethods" in described) == (name == "name")


@pytest.mark.parametrize(
    ("path", "code"), [("/v1beta/models/sora-2", "NOT_FOUND"), ("/v1/models/sora-2", "model_not_found")]
)
def test_an_unknown_model_is_not_found(server: Server, path: str, code: str) -> None:
    response, body = ask(server, "GET", path)

    assert response.status == 404
    assert parse_error_response(404, body).details["code"] == code
    assert "sora-2" in json.loads(body)["error"]["message"]


def test_tokens_are_counted_as_an_answer_counts_them(server: Server) -> None:
    document = request(text("a cat in a hat"), shown(png()))
    wrapped = {"generateContentRequest": document | {"model": f"models/{FLASH}"}}
    usage = json.loads(
        service.answer(FLASH, json.dumps(request(text("a cat in a hat"), shown(png()), **SMALL)).encode())[1]
    )
    for body in (document, wrapped):
        response, answer = ask(server, "POST", UNARY.replace("generateContent", "countTokens"), json.dumps(body))
        counted = json.loads(answer)
        assert response.status == 200
        assert counted["totalTokens"] == usage["usageMetadata"]["promptTokenCount"]
        assert counted["promptTokensDetails"] == usage["usageMetadata"]["promptTokensDetails"]


@pytest.mark.parametrize(
    ("model", "body", "status"),
    [
        (FLASH, b"{", 400),
        (FLASH, b"{}", 400),
        (FLASH, b'{"contents": [{"parts": []}]}', 400),
        (FLASH, b'{"contents": [{"parts": [{"text": "x"}]}], "labels": {}}', 400),
        ("sora-2", b'{"contents": [{"parts": [{"text": "x"}]}]}', 503),
    ],
)
def test_a_count_that_cannot_be_made_is_refused(server: Server, model: str, body: bytes, status: int) -> None:
    response, answer = ask(server, "POST", f"/v1beta/models/{model}:countTokens", body)

    assert response.status == status
    assert json.loads(answer)["error"]["message"]


# -- keys -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer x"}, {"authorization": "bearer x"}, {"Authorization": "x"}, {"x-goog-api-key": "x"}],
)
def test_any_key_is_good_in_either_header(server: Server, headers: dict[str, str]) -> None:
    assert ask(server, "POST", UNARY, WORDS, headers)[0].status == 200
    assert ask(server, "GET", "/v1/models", None, headers)[0].status == 200


def test_a_key_in_the_address_is_good_and_not_logged(server: Server) -> None:
    assert ask(server, "POST", f"{UNARY}?key=sk-0123456789", WORDS, {})[0].status == 200
    assert ask(server, "POST", f"{STREAM}?alt=sse&key=sk-0123456789", WORDS, {})[0].status == 200
    assert ask(server, "POST", f"{UNARY}?key=", WORDS, {})[0].status == 401
    assert "0123456789" not in repr(server.requests)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": ""}, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}, {"x-goog-api-key": " "}],
)
def test_no_key_is_401_in_cometapis_envelope(server: Server, headers: dict[str, str]) -> None:
    response, body = ask(server, "POST", UNARY, WORDS, headers)

    assert response.status == 401
    assert json.loads(body)["error"]["type"] == "comet_api_error"
    assert ask(server, "GET", "/v1beta/models", None, headers)[0].status == 401


def test_the_log_holds_neither_keys_nor_prompts(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    secret = "sk-a-very-secret-key-0123456789"
    prompt = json.dumps(request(text("my private thought offline:text-only"))).encode()
    ask(server, "POST", f"{UNARY}?key={secret}", prompt, {"Authorization": f"Bearer {secret}"})
    ask(server, "GET", f"/{secret}", None, {"x-goog-api-key": secret})

    assert [(seen.method, seen.status) for seen in server.requests] == [("POST", 200), ("GET", 404)]
    assert server.requests[0].path == UNARY
    assert "secret" not in repr(server.requests)
    assert "private" not in repr(server.requests)
    assert capfd.readouterr() == ("", "")


# -- framing ----------------------------------------------------------------------------------------


def test_a_connection_serves_one_request_after_another(server: Server) -> None:
    connection = dial(server)
    for path, body, status in ((UNARY, WORDS, 200), (UNARY, b"{", 400), ("/nowhere", WORDS, 404), (UNARY, WORDS, 200)):
        connection.request("POST", path, body, KEY)
        response = connection.getresponse()
        assert response.status == status
        response.read()
    connection.close()


def test_a_chunked_body_is_read(server: Server) -> None:
    pieces = [WORDS[:7], WORDS[7:]]
    response, body = ask(server, "POST", UNARY, iter(pieces), KEY | {"Transfer-Encoding": "chunked"}, chunked=True)

    assert (response.status, body) == service.answer(FLASH, WORDS)


def test_chunk_extensions_and_trailers_are_skipped(server: Server) -> None:
    head = (
        f"POST {UNARY} HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    answer = raw(server, head, b"%X;name=value\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(WORDS), WORDS))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Content-Length: -1", b""),
        ("Content-Length: many", b""),
        ("Content-Length: 1" + "0" * 40, b""),
        ("Content-Length: 100", b"short"),
        ("Transfer-Encoding: chunked", b"zz\r\n"),
        ("Transfer-Encoding: chunked", b""),
        ("Transfer-Encoding: chunked", b"-5\r\nhello\r\n"),
        ("Transfer-Encoding: chunked", b"2\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"9\r\nhello"),
    ],
)
def test_a_body_that_is_badly_framed_is_400_and_the_connection_ends(server: Server, header: str, body: bytes) -> None:
    answer = raw(
        server, f"POST {UNARY} HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\n{header}\r\n\r\n".encode(), body
    )

    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_read_to_its_end_and_413(
    server: Server, monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    monkeypatch.setattr(body_reader, "MAX_BODY_BYTES", 3 * 2**20)
    body = b"x" * (8 * 2**20)
    headers = KEY | ({"Transfer-Encoding": "chunked"} if chunked else {})
    sent: Any = iter([body]) if chunked else body
    response, answer = ask(server, "POST", UNARY, sent, headers, chunked=chunked)

    assert (response.status, response.headers["Connection"]) == (413, "close")
    assert "exceeds the limit" in json.loads(answer)["error"]["message"]


def test_a_body_without_end_is_not_read_for_ever(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_reader, "MAX_BODY_BYTES", 2**20)
    monkeypatch.setattr(body_reader, "_MAX_DISCARDED_BYTES", 2**21)
    head = f"POST {UNARY} HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\nContent-Length: {2**40}\r\n\r\n".encode()

    assert raw(server, head, b"x" * (3 * 2**20)).startswith(b"HTTP/1.1 413 ")


def test_a_body_at_the_limit_is_taken(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_reader, "MAX_BODY_BYTES", len(WORDS))

    assert ask(server, "POST", UNARY, WORDS)[0].status == 200


def test_an_old_client_gets_its_stream_unchunked(server: Server) -> None:
    head = f"POST {STREAM}?alt=sse HTTP/1.0\r\nAuthorization: x\r\nContent-Length: {len(WORDS)}\r\n\r\n".encode()
    headers, _, body = raw(server, head, WORDS).partition(b"\r\n\r\n")

    assert b"chunked" not in headers
    assert body == b"".join(service.stream(FLASH, WORDS)[1])


# -- compression ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [UNARY, f"{STREAM}?alt=sse", STREAM])
def test_answers_are_compressed_when_both_sides_want_it(server: Server, path: str) -> None:
    plain, body = ask(server, "POST", path, WORDS, KEY | {"Accept-Encoding": "gzip"})
    with serve(gzip=True) as packing:
        packed, small = ask(packing, "POST", path, WORDS, KEY | {"Accept-Encoding": "gzip, br"})
        unasked, same = ask(packing, "POST", path, WORDS)

    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small) == body
    assert (unasked.headers["Content-Encoding"], same) == (None, body)


# -- beginning and end ------------------------------------------------------------------------------


def test_two_servers_run_side_by_side_and_closing_twice_is_harmless() -> None:
    with serve() as one, serve() as other:
        assert one.url != other.url
        one.close()
        assert ask(other, "GET", "/v1/models")[0].status == 200
    with pytest.raises(ConnectionRefusedError):
        ask(one, "GET", "/v1/models")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104  # refused is what is tested
def test_only_this_machine_is_listened_on(host: str) -> None:
    with pytest.raises(ValueError, match="is not a loopback address"):
        serve(host=host)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_the_other_loopback_works_too() -> None:
    try:
        server = serve(host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with server:
        assert server.url.startswith("http://[::1]:")
        with socket.create_connection(("::1", int(server.url.rpartition(":")[2])), timeout=60) as wire:
            wire.sendall(b"GET /v1/models HTTP/1.0\r\nx-goog-api-key: x\r\n\r\n")
            assert wire.recv(15) == b"HTTP/1.1 200 OK"


def test_closing_ends_idle_connections_and_answers_that_wait() -> None:
    with serve(delay=3600) as server, closing(dial(server)) as idle, closing(dial(server)) as waiting:
        idle.connect()
        waiting.request("POST", UNARY, WORDS, KEY)
        while len(server._listener._open_sockets) < 2:
            time.sleep(0.01)
        server.close()
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            waiting.getresponse().read()


def test_an_answer_comes_after_its_delay() -> None:
    with serve(delay=0.05) as server:
        assert ask(server, "POST", UNARY, WORDS)[0].status == 200


def test_a_client_that_goes_away_is_no_news(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    head = (
        f"POST {UNARY} HTTP/1.1\r\nHost: [::1]\r\nAuthorization: x\r\nContent-Length: {len(PICTURE)}\r\n\r\n".encode()
    )
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=60) as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # leaves with a reset
            wire.sendall(head + PICTURE)
    server.close()

    assert capfd.readouterr() == ("", "")


RUN = "import sys; from cometmagic.offline.server import run; sys.exit(run(int(sys.argv[1]), 0))"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals between processes")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_run_tells_how_to_use_it_and_stops_cleanly(name: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        url = first.split()[5]
        while "Ctrl-C stops it." not in (line := child.stdout.readline()):
            first += line
        os.kill(child.pid, getattr(signal, name))
        out, err = child.communicate(timeout=60)

    assert f"COMETAPI_BASE_URL={url} COMETAPI_KEY=sk-0000000000\n" in first
    assert "'Authorization: Bearer sk-0000000000'" in first
    assert "(any key, no network, no cost)" in first
    assert f"curl {url}/v1beta/models/{models.DEFAULT_MODEL}:generateContent" in first
    assert (child.returncode, out.strip(), err) == (0, "Stopped.", "")


def test_run_says_when_the_port_is_taken(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    port = int(server.url.rpartition(":")[2])

    assert run(port, 0) == 1
    assert capsys.readouterr().err.startswith(f"cannot listen on port {port}: ")
