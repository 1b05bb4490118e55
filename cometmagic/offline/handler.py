"""One connection to the offline service: routes and keys like CometAPI's.

The content of a response comes from service.py; requests are read by request_head.py and body_reader.py, strictly and
with time limits. Web pages get nothing: another site could reach this service from the user's browser. Keys, queries
and prompts are neither stored nor printed.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
import zlib
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote

from cometmagic.offline import body_reader, error_responses, model_list, service
from cometmagic.offline.listener import Listener, LoggedRequest
from cometmagic.offline.request_head import ProtocolError, RequestHead, read_head
from cometmagic.offline.timed_reader import TimedReader
from cometmagic.system.sanitize import clean_line

HEAD_TIMEOUT = 30.0  # seconds for a head, the wait for it included
BODY_TIMEOUT = 120.0  # seconds
WRITE_TIMEOUT = 60.0  # seconds for each block of a response
_DRAIN_TIMEOUT = 1.0  # seconds
# Like relays, which answer Google's paths under both versions, and list models as OpenAI does under /v1.
_PATH_PATTERN = re.compile(
    r"/(?P<version>v1|v1beta)/models"
    r"(?:/(?P<model>[^/]+?)(?::(?P<action>generateContent|streamGenerateContent|countTokens))?)?"
)
_JSON_TYPE = "application/json; charset=UTF-8"
_SSE_TYPE = "text/event-stream"
_HTML_TYPE = "text/html; charset=utf-8"
_HTML_START = b"<"  # no JSON begins like this
_INDEX_PAGE = (
    b"<!doctype html>\n<html><head><title>cometmagic offline service</title></head>"
    b"<body><p>The API is under <code>/v1beta/models/</code>.</p></body></html>\n"
)
_EVENT_PAYLOAD = slice(len("data: "), -len("\r\n\r\n"))
_GZIP_WBITS = 16 + zlib.MAX_WBITS


class RequestHandler(BaseHTTPRequestHandler):
    """Handles the requests of one connection."""

    server: Listener
    protocol_version = request_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.rfile.close()  # it has no total time limit
        self._reader = TimedReader(self.connection)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        self.close_connection = True  # until the whole request has been read
        try:
            request = self._read_request()
        except ProtocolError as error:
            self._send_error(error_responses.build_google_error(str(error), error.status))
            self._drain()
        except TimeoutError:
            return
        else:
            if request is not None:
                self._route(*request)

    def _read_request(self) -> tuple[RequestHead, bytes] | None:
        """Return the next request, None when the client has none. Raises `ProtocolError` and `TimeoutError`."""
        self.head = RequestHead("", "", "", "1.1", {})  # for the response to a head that cannot be read
        self._reader.start(HEAD_TIMEOUT)
        head = read_head(self.rfile)
        if head is None:
            return None
        self.head = head
        self._check_sender()
        if head.method not in ("GET", "POST"):
            raise ProtocolError(f"The method {head.method} is not supported.", 405)
        self._answer_expectation()
        self._reader.start(BODY_TIMEOUT)
        body = body_reader.read_body(head, self.rfile)
        connection = head.headers.get("connection", "").lower()
        self.close_connection = connection == "close" or (head.version == "1.0" and connection != "keep-alive")
        return head, body

    def _check_sender(self) -> None:
        """Raise `ProtocolError` for a request that a web page sends, or that is meant for another host."""
        host, origin = self.head.headers.get("host"), self.head.headers.get("origin")
        if host is not None and self.head.host not in self.server.host_names:
            raise ProtocolError("The Host header does not name this machine.", 421)
        if origin is not None and origin != f"http://{host}":
            raise ProtocolError("Requests from web pages are not accepted.", 403)

    def _answer_expectation(self) -> None:
        """Tell a client that waits before it sends the body whether it should send it."""
        length = body_reader.measure_body(self.head)
        if self.head.headers.get("expect", "").lower() != "100-continue" or self.head.version == "1.0":
            return
        if length is not None and length > body_reader.MAX_BODY_BYTES:
            raise body_reader.build_size_error()
        self.send_response_only(100)
        self.end_headers()

    def _drain(self) -> None:
        """Read what still arrives: closing resets a connection with unread bytes, and the response may be lost."""
        self._reader.start(_DRAIN_TIMEOUT)
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while self._reader.read(2**16):
                pass

    def _route(self, head: RequestHead, body: bytes) -> None:
        match = _PATH_PATTERN.fullmatch(head.path)
        if head.method == "GET" and head.path == "/":
            self._send(200, _INDEX_PAGE)
        elif match is None or head.method != ("POST" if match["action"] else "GET"):
            # CometAPI itself redirects a wrong path to a web page, which tells a class less.
            self._send_error(error_responses.build_path_error(head.method, clean_line(head.path, 200)))
        elif not (self._read_google_key() or self._read_bearer_key()):
            self._send_error(error_responses.build_comet_error("Invalid token", 401, "", head.path.encode()))
        elif match["action"] is None:
            self._send_models(unquote(match["model"] or ""), is_gemini=self._is_gemini(match["version"]))
        elif self.server.stop_event.wait(self.server.delay):
            self.close_connection = True  # stopped during the delay: no response
        else:
            self._answer(match["action"], unquote(match["model"]), body)

    def _read_google_key(self) -> str:
        """Return the API key in the places that only Google's clients use."""
        query_key = parse_qs(self.head.query).get("key", [""])[0]
        return (self.head.headers.get("x-goog-api-key", "") or query_key).strip()

    def _read_bearer_key(self) -> str:
        scheme, _, credentials = self.head.headers.get("authorization", "").strip().partition(" ")
        return (credentials if scheme.lower() == "bearer" else scheme).strip()

    def _is_gemini(self, version: str) -> bool:
        """Whether models are described as Google does. Relays tell Google's clients by where they put the key."""
        return version == "v1beta" or bool(self._read_google_key())

    def _send_models(self, name: str, *, is_gemini: bool) -> None:
        """Send one model, or without a name the list of all."""
        query = parse_qs(self.head.query)
        page_size, page_token = (query.get(field, [""])[0] for field in ("pageSize", "pageToken"))
        try:
            models = model_list.describe(name, is_gemini=is_gemini, page_size=page_size, page_token=page_token)
            self._send(200, json.dumps(models).encode())
        except error_responses.ServiceError as error:
            self._send_error(error)

    def _answer(self, action: str, model: str, body: bytes) -> None:
        if action == "countTokens":
            self._send(*service.count_tokens(model, body))
        elif action == "generateContent":
            self._send(*service.answer(model, body))
        else:
            self._stream(model, body, is_sse=parse_qs(self.head.query).get("alt") == ["sse"])

    def _stream(self, model: str, body: bytes, *, is_sse: bool) -> None:
        status, events = service.stream(model, body)
        if status == 200 and is_sse:
            self._send_stream(events)
        elif status == 200:
            self._send(200, b"[" + b",\r\n".join(event[_EVENT_PAYLOAD] for event in events) + b"]")
        else:
            error_body = b"".join(events)
            is_list = not is_sse and not error_body.startswith(_HTML_START)
            self._send(status, b"[" + error_body + b"]" if is_list else error_body)

    def _send_error(self, error: error_responses.ServiceError) -> None:
        headers = {"allow": "GET, POST"} if error.status == 405 else {}
        self._send(error.status, error.body, **headers)

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        content_type = _HTML_TYPE if body.startswith(_HTML_START) else _JSON_TYPE
        is_compressed = self._should_compress(content_type)
        body = zlib.compress(body, 1, _GZIP_WBITS) if is_compressed else body
        self._send_head(status, content_type, is_compressed=is_compressed, content_length=str(len(body)), **headers)
        self.wfile.write(body)

    def _send_stream(self, events: Iterable[bytes]) -> None:
        is_compressed = self._should_compress(_SSE_TYPE)
        is_chunked = self.head.version != "1.0"
        self.close_connection |= not is_chunked
        headers = {"transfer_encoding": "chunked"} if is_chunked else {}
        self._send_head(200, _SSE_TYPE, is_compressed=is_compressed, **headers)
        for block in _compress_events(events) if is_compressed else events:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if is_chunked else block)
        if is_chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _should_compress(self, content_type: str) -> bool:
        return (
            self.server.gzip and content_type != _HTML_TYPE and "gzip" in self.head.headers.get("accept-encoding", "")
        )

    def _send_head(self, status: int, content_type: str, *, is_compressed: bool, **headers: str) -> None:
        self.server.request_log.append(LoggedRequest(self.head.method, clean_line(self.head.path, 200), status))
        self.connection.settimeout(WRITE_TIMEOUT)
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

    def log_request(self, *_: Any) -> None:
        """Print nothing: a path may contain private text."""


def _compress_events(events: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the events compressed, each flushed so that the client can read it at once."""
    compressor = zlib.compressobj(1, wbits=_GZIP_WBITS)
    for event in events:
        yield compressor.compress(event) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()
