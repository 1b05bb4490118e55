"""One connection to the offline service: routes, keys and framing as CometAPI's.

What is answered is service.py's; who listens and for how long is server.py's. Nothing of a key, a query or
a prompt is kept or printed.
"""

from __future__ import annotations

import json
import re
import socket
import socketserver
import sys
import threading
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cometmagic.offline import error_replies, service
from cometmagic.offline.request_body import BadBodyError, TooLargeError, receive
from cometmagic.options import models
from cometmagic.system.sanitize import clean_line

_CALL = re.compile(r"/v1beta/models/(?P<model>[^/]+):(?P<verb>generateContent|streamGenerateContent)")
_JSON = "application/json; charset=UTF-8"
_SSE = "text/event-stream"
_HTML = "text/html; charset=utf-8"
_PAGE = (
    b"<!doctype html>\n<html><head><title>cometmagic offline service</title></head>"
    b"<body><p>The API is under <code>/v1beta/models/</code>.</p></body></html>\n"
)
_EVENT = slice(len("data: "), -len("\r\n\r\n"))
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Seen:
    """One request as it is remembered: never a header, a query or a body."""

    method: str
    path: str
    status: int


class Listener(ThreadingHTTPServer):
    """A server that can be stopped at once: it knows its open connections."""

    daemon_threads = False  # so that server_close waits for them
    allow_reuse_port = False
    delay = 0.0
    gzip = False

    def __init__(self, address: tuple[str, int]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.seen: list[Seen] = []
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(address, Connection)

    def server_bind(self) -> None:
        # HTTPServer's own looks the host's name up, which can leave the machine.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that went away is no news
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it ended by itself
        self.server_close()


class Connection(BaseHTTPRequestHandler):
    """One connection."""

    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        try:
            body = receive(self.headers, self.rfile)
        except (BadBodyError, TooLargeError) as error:
            self.close_connection = True
            refused = error_replies.google(str(error), 413 if isinstance(error, TooLargeError) else 400)
            self._send(refused.status, refused.body, _JSON)
            return
        self._answer(body)

    def _answer(self, body: bytes) -> None:
        address = urlsplit(self.path)
        call = _CALL.fullmatch(address.path)
        if self.command == "GET" and address.path == "/":
            self._send(200, _PAGE, _HTML)
        elif not (call and self.command == "POST") and not (address.path in _LISTS and self.command == "GET"):
            # As CometAPI does: a wrong path leads to its web page.
            self._send(301, _PAGE, _HTML, location="/")
        elif not self._key():
            refused = error_replies.comet("Invalid token", 401, "", address.path.encode())
            self._send(refused.status, refused.body, _JSON)
        elif call is None:
            self._send(200, json.dumps(_LISTS[address.path]()).encode(), _JSON)
        elif self.server.stopping.wait(self.server.delay):
            self.close_connection = True  # stopped while it waited: no answer
        else:
            as_events = parse_qs(address.query).get("alt") == ["sse"]
            self._call(unquote(call["model"]), call["verb"], body, as_events=as_events)

    def _key(self) -> str:
        """Return the key that was sent, in either header."""
        scheme, _, rest = self.headers.get("Authorization", "").strip().partition(" ")
        bearer = rest if scheme.lower() == "bearer" else scheme
        return (self.headers.get("x-goog-api-key", "") or bearer).strip()

    def _call(self, model: str, verb: str, body: bytes, *, as_events: bool) -> None:
        if verb == "generateContent":
            self._send(*service.answer(model, body), _JSON)
            return
        status, events = service.stream(model, body)
        if status == 200 and as_events:
            self._send_stream(events)
        elif status == 200:
            self._send(200, b"[" + b",\r\n".join(event[_EVENT] for event in events) + b"]", _JSON)
        else:
            refused = b"".join(events)
            self._send(status, refused if as_events else b"[" + refused + b"]", _JSON)

    def _send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        packed = self._packs(kind)
        body = zlib.compress(body, 1, _GZIP) if packed else body
        self._head(status, kind, packed=packed, content_length=str(len(body)), **headers)
        self.wfile.write(body)

    def _send_stream(self, events: Iterable[bytes]) -> None:
        packed = self._packs(_SSE)
        chunked = self.request_version != "HTTP/1.0"
        self.close_connection |= not chunked
        self._head(200, _SSE, packed=packed, **({"transfer_encoding": "chunked"} if chunked else {}))
        for piece in _packed(events) if packed else events:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _packs(self, kind: str) -> bool:
        return self.server.gzip and kind != _HTML and "gzip" in self.headers.get("Accept-Encoding", "")

    def _head(self, status: int, kind: str, *, packed: bool, **headers: str) -> None:
        self.server.seen.append(Seen(self.command, clean_line(urlsplit(self.path).path, 200), status))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-").title(), value)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def version_string(self) -> str:
        return "cometmagic-offline"

    def log_message(self, *_: Any) -> None:
        """Print nothing: a path may hold what should not be seen."""


def _packed(events: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the events compressed, each complete as it goes out."""
    packer = zlib.compressobj(1, wbits=_GZIP)
    for event in events:
        yield packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def _gemini_list() -> dict[str, Any]:
    verbs = ["generateContent", "streamGenerateContent"]
    return {
        "models": [
            {"name": f"models/{name}", "displayName": row.title, "supportedGenerationMethods": verbs}
            for name, row in _served()
        ]
    }


def _openai_list() -> dict[str, Any]:
    return {"object": "list", "data": [{"id": name, "object": "model", "owned_by": "google"} for name, _ in _served()]}


def _served() -> list[tuple[str, models.Model]]:
    return [(name, row) for row in models.MODELS if not row.retirement_date for name in row.names]


_LISTS = {"/v1beta/models": _gemini_list, "/v1/models": _openai_list}
