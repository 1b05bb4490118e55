"""The fault server itself: it does what it is told, and writes down what was seen."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.faults.server import (
    FaultServer,
    Step,
    chunked,
    drip,
    fin,
    half_close,
    hang,
    limit,
    recv_request,
    response,
    rst,
    send,
    sleep,
    sliced,
)  # fmt: skip

REQUEST = b"POST /x HTTP/1.1\r\nHost: a\r\nX-Thing: yes\r\nContent-Length: 5\r\n\r\nhello"


def exchanged(server: FaultServer, request: bytes = REQUEST) -> bytes:
    """Send a request and return what comes back until the end."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as sock:
        sock.sendall(request)
        out = b""
        while block := sock.recv(65536):
            out += block
    return out


@pytest.mark.parametrize(
    ("steps", "got", "delivered"),
    [
        ([send(b"abc")], b"abc", True),
        ([limit(b"abcdef", 4), fin()], b"abcd", False),
        ([sliced(b"abcdef", 4, 0.01)], b"abcdef", True),
        ([drip(b"abc", 0.01)], b"abc", True),
        ([send(b"a"), sleep(0.05), send(b"b")], b"ab", True),
        ([send(b"a"), half_close()], b"a", True),
        ([fin()], b"", False),
    ],
    ids=["send", "limit", "sliced", "drip", "sleep", "half-close", "fin"],
)
def test_steps(steps: list[Step], got: bytes, delivered: bool) -> None:
    with FaultServer([recv_request(), *steps]) as server:
        assert exchanged(server) == got

    (exchange,) = server.log
    assert exchange.start_line == "POST /x HTTP/1.1"
    assert exchange.headers["x-thing"] == "yes"
    assert exchange.body == b"hello"
    assert exchange.complete
    assert exchange.sent == len(got)
    assert exchange.delivered == delivered


def test_a_reset_is_a_reset() -> None:
    with FaultServer([recv_request(), rst()]) as server, pytest.raises(ConnectionResetError):
        exchanged(server)


def test_a_request_that_does_not_end_is_not_complete() -> None:
    with FaultServer([recv_request()]) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as sock:
            sock.sendall(REQUEST[:-2])

    assert not server.log[0].complete


def test_each_connection_has_its_scenario_and_one_too_many_is_seen() -> None:
    with FaultServer([recv_request(), send(b"one")], [recv_request(), send(b"two")]) as server:
        got = [exchanged(server), exchanged(server)]
        address = urlsplit(server.url)
        socket.create_connection((address.hostname or "", address.port or 0), timeout=10).close()

    assert got == [b"one", b"two"]
    assert len(server.log) == 3


def test_a_hanging_connection_ends_with_the_server() -> None:
    begun = time.monotonic()
    with FaultServer([hang()], [sleep(60)], [drip(b"a" * 1000, 60)]) as server:
        address = urlsplit(server.url)
        place = (address.hostname or "", address.port or 0)
        opened = [socket.create_connection(place, timeout=10) for _ in range(3)]

    for sock in opened:
        sock.close()
    assert time.monotonic() - begun < 10


def test_http_helpers() -> None:
    assert response(b"ab", "404 No", {"X": "y"}) == (
        b"HTTP/1.1 404 No\r\nContent-Type: application/json\r\nContent-Length: 2\r\nX: y\r\n\r\nab"
    )
    assert b"Content-Length" not in response(b"ab", length=False)
    assert chunked(b"abcde", 2) == b"2\r\nab\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n"
