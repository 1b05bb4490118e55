"""A server on a loopback socket that answers exactly as badly as it is told to.

A *scenario* is a list of steps in Toxiproxy's words; each connection takes the next one. Everything that
was seen is written down in `log`, which is the ground truth a test compares the disk with: what was
asked, and whether the last byte of the answer left. It knows nothing of the package it is used on.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import trustme

from tests.ports import listening

PATIENCE = 30.0  # seconds after which a stuck step gives up, so that a broken test ends
_BLOCK = 256 * 1024


@dataclass
class Exchange:
    """One connection as the server saw it."""

    start_line: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = False  # the whole request came
    promised: int = 0  # bytes that all steps together would send
    sent: int = 0

    @property
    def delivered(self) -> bool:
        """Whether the last byte of the answer was sent."""
        return 0 < self.promised <= self.sent


class Connection:
    """The server's end of one connection; its methods are the steps."""

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self.socket = sock
        self.stopping = stopping
        self.exchange = Exchange()

    def receive(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            block = self.socket.recv(_BLOCK)
            if not block:
                return
            head += block
        raw, _, body = head.partition(b"\r\n\r\n")
        self.exchange.start_line, *lines = raw.decode("latin-1").split("\r\n")
        self.exchange.headers = {
            name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)
        }
        missing = int(self.exchange.headers.get("content-length", 0)) - len(body)
        pieces = [body]
        while missing > 0 and (block := self.socket.recv(_BLOCK)):
            pieces.append(block)
            missing -= len(block)
        self.exchange.body = b"".join(pieces)
        self.exchange.complete = missing <= 0

    def send(self, content: bytes, *, promised: int | None = None) -> None:
        self.exchange.promised += len(content) if promised is None else promised
        for start in range(0, len(content), _BLOCK):
            block = content[start : start + _BLOCK]
            self.socket.sendall(block)
            self.exchange.sent += len(block)

    def wait(self, seconds: float) -> bool:
        """Wait, and tell whether to go on."""
        return not self.stopping.wait(seconds)


Step = Callable[[Connection], None]


def recv_request() -> Step:
    """Read the whole request."""
    return Connection.receive


def leave_unread() -> Step:
    """Wait until the request begins to come, and read nothing of it."""

    def step(connection: Connection) -> None:
        connection.socket.recv(1, socket.MSG_PEEK)

    return step


def sleep(seconds: float) -> Step:
    """Do nothing for a while."""

    def step(connection: Connection) -> None:
        connection.wait(seconds)

    return step


def send(content: bytes) -> Step:
    """Send all of it at once."""
    return lambda connection: connection.send(content)


def limit(content: bytes, length: int) -> Step:
    """Send the first `length` bytes of what was promised."""
    return lambda connection: connection.send(content[:length], promised=len(content))


def sliced(content: bytes, size: int, pause: float = 0.0) -> Step:
    """Send slices of `size` bytes with a pause after each."""

    def step(connection: Connection) -> None:
        connection.exchange.promised += len(content)
        for start in range(0, len(content), size):
            connection.send(content[start : start + size], promised=0)
            if pause and not connection.wait(pause):
                return

    return step


def drip(content: bytes, pause: float) -> Step:
    """Send byte by byte."""
    return sliced(content, 1, pause)


def half_close() -> Step:
    """Say that nothing more will be sent, and go on reading."""
    return lambda connection: connection.socket.shutdown(socket.SHUT_WR)


def encrypted(authority: trustme.CA, name: str) -> Step:
    """Speak TLS from here on, with a certificate for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    def step(connection: Connection) -> None:
        connection.socket = context.wrap_socket(connection.socket, server_side=True)

    return step


def fin() -> Step:
    """Close in an orderly way."""
    return lambda connection: connection.socket.close()


def rst() -> Step:
    """Close with a reset."""

    def step(connection: Connection) -> None:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.socket.close()

    return step


def hang() -> Step:
    """Keep the connection open until the client leaves or the server stops."""

    def step(connection: Connection) -> None:
        connection.socket.settimeout(0.05)
        while connection.wait(0):
            with contextlib.suppress(TimeoutError):
                if not connection.socket.recv(_BLOCK):
                    return

    return step


class Held:
    """Steps that hold an answer back until it is let go, and count how many are held."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.inside = 0
        self.most = 0
        self._lock = threading.Lock()

    def steps(self, *after: Step) -> list[Step]:
        return [recv_request(), self._hold, *after]

    def _hold(self, connection: Connection) -> None:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        while not self.let_go.wait(0.01) and connection.wait(0):
            pass
        with self._lock:
            self.inside -= 1


def response(
    body: bytes, status: str = "200 OK", headers: Mapping[str, str] | None = None, *, length: bool = True
) -> bytes:
    """Return the bytes of a whole HTTP answer."""
    lines = {"Content-Type": "application/json"} | ({"Content-Length": str(len(body))} if length else {})
    lines |= headers or {}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


def chunked(body: bytes, size: int = 1000) -> bytes:
    """Return a body in HTTP's chunks of `size` bytes."""
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


class FaultServer:
    """Serves one scenario to each connection; a connection too many is written down and closed."""

    def __init__(self, *scenarios: list[Step]) -> None:
        self.log: list[Exchange] = []
        self._scenarios = list(scenarios)
        self._stopping = threading.Event()
        self._listener = listening()
        self._accepting = threading.Thread(target=self._accept, name="fault-server", daemon=True)
        self._playing: list[threading.Thread] = []
        self._last: Any = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def posts(self) -> int:
        """How many requests came, whole or in part; a connection without a byte is none."""
        return sum(bool(exchange.start_line) for exchange in self.log)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        # The last in the queue: every connection made before is still taken and written down.
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            self._last = last.getsockname()
            last.connect(self._listener.getsockname())
            self._accepting.join(PATIENCE)
        self._stopping.set()
        for thread in self._playing:
            thread.join(PATIENCE)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            accepted, address = self._listener.accept()
            if address == self._last:
                accepted.close()
                return
            accepted.settimeout(PATIENCE)
            connection = Connection(accepted, self._stopping)
            scenario = self._scenarios.pop(0) if self._scenarios else []
            self.log.append(connection.exchange)
            self._playing.append(threading.Thread(target=self._play, args=(connection, scenario), daemon=True))
            self._playing[-1].start()

    def _play(self, connection: Connection, scenario: list[Step]) -> None:
        with connection.socket, contextlib.suppress(OSError):  # the client may leave at any step
            for step in scenario:
                step(connection)
