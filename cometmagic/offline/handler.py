"""One connection to the offline service: routes, keys and framing like CometAPI's.

The content of a response comes from service.py; starting and stopping is the job of server.py. Keys, queries
and prompts are neither stored nor printed.
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

from cometmagic.offline import error_responses, service
from cometmagic.offline.body_reader import BodyTooLargeError, MalformedBodyError, read_body
from cometmagic.options import models
from cometmagic.system.sanitize import clean_line

_GENERATE_PATH = re.compile(r"/v1beta/models/(?P<model>[^/]+):(?P<method>generateContent|streamGenerateContent)")
_JSON_TYPE = "application/json; charset=UTF-8"
_SSE_TYPE = "text/event-stream"
_HTML_TYPE = "text/html; charset=utf-8"
_INDEX_PAGE = (
    b"<!doctype html>\n<html><head><title>cometmagic offline service</title></head>"
    b"<body><p>The API is under <code>/v1beta/models/</code>.</p></body></html>\n"
)
_EVENT_PAYLOAD = slice(len("data: "), -len("\r\n\r\n"))
_GZIP_WBITS = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class LoggedRequest:
    """One request in the log: never a header, a query or a body."""

    method: str
    path: str
    status: int


class Listener(ThreadingHTTPServer):
    """A server that tracks its open connections, so that it can stop at once."""

    daemon_threads = False  # so that server_close waits for them
    allow_reuse_port = False
    delay = 0.0
    gzip = False

    def __init__(self, address: tuple[str, int]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.request_log: list[LoggedRequest] = []
        self.stop_event = threading.Event()
        self._open_sockets: set[socket.socket] = set()
        super().__init__(address, RequestHandler)

    def server_bind(self) -> None:
        # HTTPServer's version looks up the host's name, which may use the network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open_sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # clients may disconnect at any time
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.stop_event.set()
        self.shutdown()
        for connection in list(self._open_sockets):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already closed
        self.server_close()


class RequestHandler(BaseHTTPRequestHandler):
    """Handles the requests of one connection."""

    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._route(b"")

    def do_POST(self) -> None:
        try:
            body = read_body(self.headers, self.rfile)
        except (MalformedBodyError, BodyTooLargeError) as error:
            self.close_connection = True
            status = 413 if isinstance(error, BodyTooLargeError) else 400
            response = error_responses.build_google_error(str(error), status)
            self._send(response.status, response.body, _JSON_TYPE)
            return
        self._route(body)

    def _route(self, body: bytes) -> None:
        url = urlsplit(self.path)
        match = _GENERATE_PATH.fullmatch(url.path)
        if self.command == "GET" and url.path == "/":
            self._send(200, _INDEX_PAGE, _HTML_TYPE)
        elif not (match and self.command == "POST") and not (url.path in _MODEL_LISTS and self.command == "GET"):
            # Like CometAPI, which redirects a wrong path to its web page.
            self._send(301, _INDEX_PAGE, _HTML_TYPE, location="/")
        elif not self._read_key():
            response = error_responses.build_comet_error("Invalid token", 401, "", url.path.encode())
            self._send(response.status, response.body, _JSON_TYPE)
        elif match is None:
            self._send(200, json.dumps(_MODEL_LISTS[url.path]()).encode(), _JSON_TYPE)
        elif self.server.stop_event.wait(self.server.delay):
            self.close_connection = True  # stopped during the delay: no response
        else:
            is_sse = parse_qs(url.query).get("alt") == ["sse"]
            self._generate(unquote(match["model"]), match["method"], body, is_sse=is_sse)

    def _read_key(self) -> str:
        """Return the API key, from either header."""
        scheme, _, credentials = self.headers.get("Authorization", "").strip().partition(" ")
        bearer_key = credentials if scheme.lower() == "bearer" else scheme
        return (self.headers.get("x-goog-api-key", "") or bearer_key).strip()

    def _generate(self, model: str, method: str, body: bytes, *, is_sse: bool) -> None:
        if method == "generateContent":
            self._send(*service.answer(model, body), _JSON_TYPE)
            return
        status, events = service.stream(model, body)
        if status == 200 and is_sse:
            self._send_stream(events)
        elif status == 200:
            self._send(200, b"[" + b",\r\n".join(event[_EVENT_PAYLOAD] for event in events) + b"]", _JSON_TYPE)
        else:
            error_body = b"".join(events)
            self._send(status, error_body if is_sse else b"[" + error_body + b"]", _JSON_TYPE)

    def _send(self, status: int, body: bytes, content_type: str, **headers: str) -> None:
        is_compressed = self._should_compress(content_type)
        body = zlib.compress(body, 1, _GZIP_WBITS) if is_compressed else body
        self._send_head(status, content_type, is_compressed=is_compressed, content_length=str(len(body)), **headers)
        self.wfile.write(body)

    def _send_stream(self, events: Iterable[bytes]) -> None:
        is_compressed = self._should_compress(_SSE_TYPE)
        is_chunked = self.request_version != "HTTP/1.0"
        self.close_connection |= not is_chunked
        headers = {"transfer_encoding": "chunked"} if is_chunked else {}
        self._send_head(200, _SSE_TYPE, is_compressed=is_compressed, **headers)
        for block in _compress_events(events) if is_compressed else events:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if is_chunked else block)
        if is_chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _should_compress(self, content_type: str) -> bool:
        return self.server.gzip and content_type != _HTML_TYPE and "gzip" in self.headers.get("Accept-Encoding", "")

    def _send_head(self, status: int, content_type: str, *, is_compressed: bool, **headers: str) -> None:
        self.server.request_log.append(LoggedRequest(self.command, clean_line(urlsplit(self.path).path, 200), status))
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-").title(), value)
        if is_compressed:
            self.send_header("Content-Encoding", "gzip")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def version_string(self) -> str:
        return "cometmagic-offline"

    def log_message(self, *_: Any) -> None:
        """Print nothing: a path may contain private text."""


def _compress_events(events: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the events compressed, each flushed so that the client can read it at once."""
    compressor = zlib.compressobj(1, wbits=_GZIP_WBITS)
    for event in events:
        yield compressor.compress(event) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()


def _build_gemini_list() -> dict[str, Any]:
    methods = ["generateContent", "streamGenerateContent"]
    return {
        "models": [
            {"name": f"models/{name}", "displayName": model.title, "supportedGenerationMethods": methods}
            for name, model in _list_models()
        ]
    }


def _build_openai_list() -> dict[str, Any]:
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "owned_by": "google"} for name, _ in _list_models()],
    }


def _list_models() -> list[tuple[str, models.Model]]:
    return [(name, model) for model in models.MODELS if not model.retirement_date for name in model.names]


_MODEL_LISTS = {"/v1beta/models": _build_gemini_list, "/v1/models": _build_openai_list}
