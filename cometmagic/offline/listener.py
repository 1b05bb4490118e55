"""The listening socket of the offline service: it accepts a limited number of connections, and can stop at once.

handler.py handles each connection; this module knows no routes.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import sys
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cometmagic.offline.error_responses import build_google_error

MAX_CONNECTIONS = 128  # twice as many as one kernel opens
MAX_LOGGED_REQUESTS = 1000
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class LoggedRequest:
    """One request in the log: never a header, a query or a body."""

    method: str
    path: str
    status: int


class Listener(ThreadingHTTPServer):
    """A server that tracks its open connections."""

    daemon_threads = False  # so that server_close waits for them
    allow_reuse_port = False
    request_queue_size = MAX_CONNECTIONS
    delay = 0.0
    gzip = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.host_names = (*_LOOPBACK_NAMES, f"[{address[0]}]" if ":" in address[0] else address[0])
        self.request_log: deque[LoggedRequest] = deque(maxlen=MAX_LOGGED_REQUESTS)
        self.stop_event = threading.Event()
        self._open_sockets: set[socket.socket] = set()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # HTTPServer's version looks up the host's name, which may use the network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002  # the server's own signature
        if len(self._open_sockets) < MAX_CONNECTIONS:
            return True
        with contextlib.suppress(OSError):
            request.send(_build_overload_response())
        return False

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open_sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients may disconnect at any time, or read nothing.
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop listening, close all connections and wait for their threads."""
        self.stop_event.set()
        self.shutdown()
        for connection in list(self._open_sockets):
            with contextlib.suppress(OSError):  # already closed
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


def _build_overload_response() -> bytes:
    """Return the response to a connection too many: one that makes clients try again."""
    body = build_google_error("The model is overloaded. Please try again later.", 503).body
    head = f"HTTP/1.1 503 Service Unavailable\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return f"{head}Content-Type: application/json\r\n\r\n".encode() + body
