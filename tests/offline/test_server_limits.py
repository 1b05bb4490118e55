"""The offline service against clients and web pages that mean harm: each is refused, and costs it nothing for long."""

from __future__ import annotations

import contextlib
import gc
import socket
import threading
import tracemalloc
from collections.abc import Iterator

import pytest

from cometmagic.offline import body_reader, handler, listener, timed_reader
from cometmagic.offline.server import Server, serve
from tests.offline.test_server import KEY, UNARY, WORDS, ask, raw, server
from tests.waiting import wait_for

__all__ = ["server"]  # the fixture


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """Return a server for many tests: stopping one takes a fifth of a second."""
    with serve() as running:
        yield running


GOOD_LINES = (f"POST {UNARY} HTTP/1.1", "Host: localhost", "Authorization: x", f"Content-Length: {len(WORDS)}")


def head(*lines: str, without: str = "no such header") -> bytes:
    """Return a head of good lines and these; a line of the same header, or a request line, replaces the good one."""
    request_line = next((line for line in lines if " HTTP/" in line), GOOD_LINES[0])
    names = {line.partition(":")[0].lower() for line in lines} | {without}
    kept = [line for line in GOOD_LINES[1:] if line.partition(":")[0].lower() not in names]
    added = [line for line in lines if line is not request_line]
    return "\r\n".join([request_line, *kept, *added, "", ""]).encode("latin-1")


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


CHUNKED = "Transfer-Encoding: chunked"
MALFORMED: dict[str, tuple[bytes, int]] = {
    # one body, two lengths
    "both lengths": (head(CHUNKED, f"Content-Length: {len(WORDS)}") + WORDS, 400),
    "two equal lengths": (head("Content-Length: 2", "Content-Length: 2") + b"{}", 400),
    "two lengths": (head("Content-Length: 2", "Content-Length: 9") + b"{}", 400),
    **{f"length {text!r}": (head(f"Content-Length: {text}") + b"{}", 400)
       for text in ("", "2, 2", "+2", "-2", "0x2", "2 2", "2.0", "\xb2", "1" * 40, "two")},
    **{f"encoding {text!r}": (head(f"Transfer-Encoding: {text}", without="content-length") + b"0\r\n\r\n", 400)
       for text in ("", "identity", "gzip, chunked", "chunked, chunked", "xchunked", "chunked\x0b", "chunked;q=1")},
    "chunks of an old client": (
        head(f"POST {UNARY} HTTP/1.0", CHUNKED, without="content-length") + b"0\r\n\r\n", 400
    ),
    **{f"chunk {size!r}": (head(CHUNKED, without="content-length") + size + b"\r\n{}\r\n0\r\n\r\n", 400)
       for size in (b"", b"2g", b" 2", b"0x2", b"+2", b"2 2", b"2\n", b"-2", b"2\r", b"1" * 13, b"\xd9\xa2")},
    "a long chunk line": (head(CHUNKED, without="content-length") + b"2;" + b"x" * 9000 + b"\r\n{}\r\n0\r\n\r\n", 431),
    "trailers without end": (head(CHUNKED, without="content-length") + b"0\r\n" + b"X: x\r\n" * 200, 431),
    # lines that programs read differently
    "a folded line": (head("X: a\r\n b") + WORDS, 400),
    "a folded length": (head("Content-Length:\r\n 2") + b"{}", 400),
    "a space before the colon": (head("Content-Length : 2") + b"{}", 400),
    "no colon": (head("X") + WORDS, 400),
    "no name": (head(": x") + WORDS, 400),
    "a null character": (head("X: a\0b") + WORDS, 400),
    "a lone line feed": (head("X: a\nY: b") + WORDS, 400),
    "a lone carriage return": (head("X: a\rY: b") + WORDS, 400),
    "only line feeds": (head().replace(b"\r\n", b"\n") + WORDS, 400),
    "headers without end": (head()[:-2], 400),
    **{f"line {line!r}": (head(f"{line} HTTP/1.1") + WORDS, 400) for line in (
        f"POST http://localhost{UNARY}", f"POST http://evil.example{UNARY}", "CONNECT localhost:443", "OPTIONS *",
        f"POST {UNARY} x", f"POST  {UNARY}", f"post {UNARY}",
        f" POST {UNARY}", f"POST {UNARY}\0", "POST", f"POST\t{UNARY}",
        "POST \xe9", "POST ?alt=sse", f"POST \\{UNARY}", "A" * 99 + f" {UNARY}",
    )},
    **{f"version {text!r}": (head().replace(b"HTTP/1.1", text) + WORDS, 400)
       for text in (b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1.10", b"HTTP/1.1 ", b"http/1.1", b"")},
    # hosts
    "no host": (head(without="host") + WORDS, 400),
    "an empty host": (head("Host:") + WORDS, 400),
    "two hosts": (head("Host: localhost", "Host: evil.example") + WORDS, 400),
    # sizes
    "a long line": (head(f"X: {'x' * 9000}") + WORDS, 431),
    "a long path": (head(f"GET /{'x' * 9000} HTTP/1.1") + WORDS, 431),
    "many headers": (head(*(f"X-{number}: x" for number in range(200))) + WORDS, 431),
    "two keys": (head("Authorization: a", "Authorization: b") + WORDS, 400),
    # methods
    **{method: (head(f"{method} {UNARY} HTTP/1.1") + WORDS, 405)
       for method in ("PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "PATCH", "CONNECT", "BREW")},
}  # fmt: skip


def test_the_control_the_same_request_without_harm_is_answered(shared: Server) -> None:
    assert statuses(raw(shared, head() + WORDS)) == [200]


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_refused_once_and_the_connection_ends(shared: Server, name: str) -> None:
    request, status = MALFORMED[name]

    # What follows would be a second request, if the first were read in another way.
    answer = raw(shared, request, head() + WORDS)

    assert statuses(answer) == [status]
    assert b"\r\nConnection: close\r\n" in answer
    assert b"access-control" not in answer.lower()


def test_requests_that_come_together_are_answered_in_order(server: Server) -> None:
    answer = raw(server, head() + WORDS + head("GET /v1/models HTTP/1.1", "Content-Length: 0") + head() + WORDS)

    assert statuses(answer) == [200, 200, 200]
    assert [logged.method for logged in server.requests] == ["POST", "GET", "POST"]


def test_the_body_of_a_get_is_no_second_request(server: Server) -> None:
    hidden = head() + WORDS

    answer = raw(server, head("GET / HTTP/1.1", f"Content-Length: {len(hidden)}") + hidden)

    assert statuses(answer) == [200]
    assert len(server.requests) == 1


# -- web pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example:{port}", "0.0.0.0",  # noqa: S104  # refused
     "192.168.0.1", "[::2]", "localhost.", "x@localhost", "localhost:{port}:1", "localhost/", "127.0.0.2", "127.1"],
)  # fmt: skip
def test_a_request_for_another_host_is_refused(shared: Server, host: str) -> None:
    port = shared.url.rpartition(":")[2]

    assert statuses(raw(shared, head(f"Host: {host.format(port=port)}") + WORDS)) == [421]


@pytest.mark.parametrize("host", ["localhost", "LocalHost:{port}", "127.0.0.1", "127.0.0.1:{port}", "[::1]:{port}"])
def test_a_request_for_this_machine_is_answered(shared: Server, host: str) -> None:
    port = shared.url.rpartition(":")[2]

    assert statuses(raw(shared, head(f"Host: {host.format(port=port)}") + WORDS)) == [200]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:1", "https://localhost", "file://", "", "*", "localhost"],
)
def test_a_request_from_a_web_page_is_refused(shared: Server, origin: str) -> None:
    answer = raw(shared, head(f"Origin: {origin}") + WORDS)

    assert statuses(answer) == [403]
    assert b"access-control" not in answer.lower()


def test_a_preflight_allows_nothing_and_a_page_of_the_service_itself_may_ask(shared: Server) -> None:
    preflight = head("OPTIONS /v1/models HTTP/1.1", "Origin: http://localhost", "Access-Control-Request-Method: POST")

    assert b"access-control" not in raw(shared, preflight + WORDS).lower()
    assert statuses(raw(shared, head("Origin: http://localhost") + WORDS)) == [200]


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "//evil.example/", "//[", "/%2e%2e/x", "/v1beta/models/..%2f..%2fx:y", "/\\x", "/#x"]
)
def test_no_path_leads_anywhere(shared: Server, path: str) -> None:
    answer = raw(shared, head(f"GET {path} HTTP/1.1", "Content-Length: 0"))

    assert statuses(answer) == [404]
    assert b"\r\nContent-Type: application/json" in answer


@pytest.mark.parametrize("model", ["..%2f..%2fx", "%00", "%ff%fe", "%ed%a0%80", "a%0d%0aX:%20y", "x" * 5000])
def test_a_strange_model_is_an_unknown_one(shared: Server, model: str) -> None:
    answer = raw(shared, head(f"POST /v1beta/models/{model}:generateContent HTTP/1.1") + WORDS)

    assert statuses(answer) == [503]
    assert b"\r\nX: y" not in answer


# -- time and memory -----------------------------------------------------------------------------------


def dial(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=60)


def drip(wire: socket.socket) -> bytes:
    """Send a byte at a time until the server answers or leaves; return what it said."""
    wire.settimeout(0.02)
    with contextlib.suppress(ConnectionError):
        while True:
            wire.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                return wire.recv(65536)
    return b""


@pytest.mark.parametrize("beginning", [b"", head(), head()[:30], head(CHUNKED, without="content-length") + b"FF\r\n"])
@pytest.mark.parametrize("is_silent", [True, False])
def test_a_slow_request_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch, beginning: bytes, is_silent: bool
) -> None:
    monkeypatch.setattr(timed_reader, "READ_TIMEOUT", 0.2 if is_silent else 60)
    monkeypatch.setattr(handler, "HEAD_TIMEOUT", 60 if is_silent else 0.2)
    monkeypatch.setattr(handler, "BODY_TIMEOUT", 60 if is_silent else 0.2)

    with dial(server) as wire:
        wire.sendall(beginning)
        assert (wire.recv(65536) if is_silent else drip(wire)) == b""

    assert server.requests == []


def test_a_client_that_reads_nothing_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "WRITE_TIMEOUT", 0.1)
    monkeypatch.setattr(handler, "_INDEX_PAGE", bytes(2**24))  # more than fits into the buffers of two sockets
    threads = threading.active_count()

    with dial(server) as wire:
        wire.sendall(head("GET / HTTP/1.1", "Content-Length: 0"))
        wait_for(lambda: server.requests)
        wait_for(lambda: threading.active_count() == threads)


def test_a_client_that_waits_before_its_body_is_told_to_send_it_or_not(shared: Server) -> None:
    waiting = "Expect: 100-continue"

    assert statuses(raw(shared, head(waiting), WORDS)) == [100, 200]
    assert statuses(raw(shared, head(waiting, f"Content-Length: {body_reader.MAX_BODY_BYTES + 1}"))) == [413]


def test_the_limit_of_a_body_is_that_of_the_service(shared: Server) -> None:
    small, large = (b"x" * size for size in (body_reader.MAX_BODY_BYTES, body_reader.MAX_BODY_BYTES + 1))

    assert body_reader.MAX_BODY_BYTES == 20 * 2**20
    assert [ask(shared, "POST", UNARY, body, KEY)[0].status for body in (small, large)] == [400, 413]


@pytest.mark.parametrize(
    "request_", [head("Content-Length: 100000000000"), head(CHUNKED, without="content-length") + b"ffffffff\r\nabc"]
)
def test_a_body_that_says_it_is_vast_is_refused_at_once(shared: Server, request_: bytes) -> None:
    with dial(shared) as wire:
        wire.settimeout(timed_reader.READ_TIMEOUT / 2)
        wire.sendall(request_)

        assert wire.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_connection_too_many_is_refused_until_another_ends(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MAX_CONNECTIONS", 2)
    with dial(server), dial(server):
        wait_for(lambda: len(server._listener._open_sockets) == 2)
        assert statuses(raw(server, b"")) == [503]
    wait_for(lambda: not server._listener._open_sockets)

    assert statuses(raw(server, head() + WORDS)) == [200]


@pytest.fixture
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("_traced")
def test_five_hundred_hostile_connections_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MAX_LOGGED_REQUESTS", 50)
    requests = [request for request, _ in MALFORMED.values()]

    def visit(server: Server, count: int) -> tuple[int, int]:
        """Return the threads and the bytes that there are after `count` connections."""
        for number in range(count):
            raw(server, requests[number % len(requests)])
        wait_for(lambda: not server._listener._open_sockets)
        gc.collect()
        return threading.active_count(), tracemalloc.get_traced_memory()[0]

    with serve() as server:
        visit(server, 100)
        threads, size = visit(server, 20)
        more_threads, more_size = visit(server, 500)
        assert (more_threads - threads, len(server.requests)) == (0, 50)
        assert more_size - size < 100_000
        kept = [bytearray(1000) for _ in range(500)]
        with dial(server):  # the control: a connection that is open, and a kilobyte for each, are found
            wait_for(lambda: threading.active_count() > threads)
            assert tracemalloc.get_traced_memory()[0] - size > 100_000 < sum(map(len, kept))
