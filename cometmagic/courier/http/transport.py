"""One POST of a planned call: the request is sent, and the response's bytes are written to `response.part`.

Each attempt uses a new connection and follows no redirects; the body is decompressed strictly as it arrives. It is
recorded exactly whether any byte of the request may have been sent, because then it may be charged. Retries, and what
a response means, are decided elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import httpx

from cometmagic.courier.http.content_decoding import InflateError, build_decoder
from cometmagic.courier.http.environment import get_proxy, load_certificates
from cometmagic.courier.http.redirects import detach_location, get_location
from cometmagic.courier.http.status_line import StatusRecorder
from cometmagic.courier.job import EventSink
from cometmagic.courier.route import LiveRoute
from cometmagic.courier.spool import ResponseSpool
from cometmagic.errors import CometError, LibraryError
from cometmagic.gemini.encode import iter_body, measure_body
from cometmagic.gemini.failures.answer_marks import has_answer
from cometmagic.gemini.failures.error_bodies import find_request_id, parse_error_response
from cometmagic.gemini.failures.error_document import MAX_ERROR_BYTES
from cometmagic.gemini.file_kinds import describe_binary
from cometmagic.gemini.tolerant.base64_sniffer import elide_base64
from cometmagic.storage.call_folder import CallFolder, now
from cometmagic.storage.call_record import CallRecord, CallState
from cometmagic.storage.fallback_storage import read_documents
from cometmagic.storage.redaction import redact_error
from cometmagic.system.redactor import Redactor

ERROR_BODY_TIMEOUT = 10.0  # seconds for the body of an error, whose status is known by then
PROGRESS_INTERVAL = 0.2  # seconds; a 4K image arrives in hundreds of pieces
KEEPALIVE_OPTIONS = {
    "TCP_KEEPIDLE": 60,
    "TCP_KEEPALIVE": 60,  # TCP_KEEPIDLE on macOS
    "TCP_KEEPINTVL": 30,
    "TCP_KEEPCNT": 5,
}


class PostAttempt:
    """One attempt; `is_sent` and `uploaded_bytes` say afterwards how much was sent."""

    def __init__(self, folder: CallFolder, route: LiveRoute, emit: EventSink, redactor: Redactor) -> None:
        """Start with nothing sent; `redactor` removes the key from all that the service says."""
        self.folder = folder  # the folder of the response: another one after a full disk
        self.route = route
        self._emit = emit
        self._redactor = redactor
        self.is_sent = False  # whether any byte of the request may have been sent
        self.uploaded_bytes = 0
        self.content_length = 0
        self._documents: dict[str, bytes] = {}
        self._status_recorder = StatusRecorder()

    async def send(self) -> CometError | None:
        """Send the request and save the answer; return the error for a status other than 2xx.

        Raises httpx's errors, `InflateError`, `OSError`, and `OptionError` for a proxy or certificates that cannot be
        used.
        """
        try:
            error = await self._post()
            return error and redact_error(error, self._redactor, self.folder)
        except httpx.RemoteProtocolError:
            if self._status_recorder.status < 300:
                raise
        return parse_error_response(self._status_recorder.status, b"")  # its headers cannot be read

    async def _post(self) -> CometError | None:
        call, body = self.folder.read(), self.folder.read_body()
        self.content_length = measure_body(body, self.folder.path)
        model = quote(call["model"].removeprefix("models/"))
        url = httpx.URL(f"{self.route.base_url}/v1beta/models/{model}:generateContent")
        client = self._build_client(url)
        content, extensions = self._stream_body(body), {"trace": self._trace}
        async with (
            client,
            client.stream(
                "POST", url, headers=self._build_headers(call), content=content, extensions=extensions
            ) as response,
        ):
            headers = {name: self._redactor.redact(value) for name, value in response.headers.items()}
            if not response.is_success:
                headers["location"] = self._redactor.redact(get_location(response))
                return await self._receive_error(response, headers, has_images=call.get("references") != 0)
            self._record_status(response.status_code, headers)
            await self._receive(self._iter_pieces(response))
        return None

    def _record_status(self, status: int, headers: Mapping[str, str]) -> None:
        with contextlib.suppress(OSError, LibraryError):  # on a full disk, go on: the body matters more
            self.folder.update(status=status, request_id=find_request_id("", headers))

    def _build_client(self, url: httpx.URL) -> httpx.AsyncClient:
        limits = self.route.limits
        timeout = httpx.Timeout(
            connect=limits.connect_timeout,
            write=limits.write_timeout,
            read=limits.idle_timeout,
            pool=limits.connect_timeout,
        )
        return httpx.AsyncClient(
            timeout=timeout,
            follow_redirects=False,
            verify=load_certificates(),
            proxy=get_proxy(str(url)),
            trust_env=False,  # httpx would stop at any proxy it cannot use, also at one that is not for this address
            event_hooks={"response": [detach_location]},
        )

    def _build_headers(self, call: CallRecord) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.route.key.reveal()}",
            "Content-Type": "application/json",
            "Content-Length": str(self.content_length),
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Connection": "close",
            "User-Agent": f"cometmagic/{version('cometmagic')}",
            "Idempotency-Key": str(call.get("id") or uuid.uuid4()),  # the same for each attempt
        }

    async def _stream_body(self, body: dict[str, Any]) -> AsyncIterator[bytes]:
        for chunk in iter_body(body, self.folder.path):
            self.uploaded_bytes += len(chunk)
            yield chunk
        self._emit({"event": "sent"})

    async def _trace(self, event_name: str, info: dict[str, Any]) -> None:
        """Record the steps of a connection, as httpcore reports them."""
        if event_name.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._status_recorder.record(info["return_value"])
        if event_name == "connection.connect_tcp.complete":
            _enable_keepalive(info["return_value"].get_extra_info("socket"))
        elif event_name == "http11.send_request_headers.started" and info["request"].method == b"POST":
            self.folder.update(state=CallState.SENT, sent=now())  # on disk before the first byte leaves
            self._documents = read_documents(self.folder)
            self.is_sent = True

    async def _iter_pieces(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """Yield the decompressed body as it arrives. Raises `InflateError` for more bytes than may come."""
        decoder = build_decoder(response.headers.get("content-encoding", ""))
        received_size, report_time = 0, 0.0
        async for chunk in response.aiter_raw():
            received_size += len(chunk)
            self._check_size(received_size)
            for piece in decoder.feed(chunk):
                yield piece
            if time.monotonic() - report_time >= PROGRESS_INTERVAL:
                report_time = time.monotonic()
                self._emit({"event": "receiving", "bytes": received_size})
        for piece in decoder.finish():
            yield piece

    def _check_size(self, size: int) -> None:
        if size > self.route.limits.largest_answer << 20:
            raise InflateError(f"the answer is larger than {self.route.limits.largest_answer} MB")

    async def _receive(self, pieces: AsyncIterator[bytes], beginning: bytes = b"") -> None:
        """Write the `beginning` of a body, and the rest as it arrives."""
        with ResponseSpool(self.folder, self._documents, self._redactor) as spool:
            try:
                spool.write(beginning)
                async for piece in pieces:
                    spool.write(piece)
                    self._check_size(spool.size)
            finally:
                try:
                    spool.flush()
                finally:
                    self.folder = spool.folder

    async def _receive_error(
        self, response: httpx.Response, headers: Mapping[str, str], *, has_images: bool
    ) -> CometError:
        """Return the error that a response reports; an answer in it is saved too, as it was paid for."""
        pieces = self._iter_pieces(response)
        status = response.status_code
        body = bytes(await _read_error_body(pieces, status))
        if has_answer(body, status):
            self._record_status(status, headers)
            with contextlib.suppress(InflateError, httpx.HTTPError):  # what came is read, and the status is known
                await self._receive(pieces, body)
        text = describe_binary(body, len(body)) or elide_base64(_decode_text(body, response.charset_encoding))
        error_body = self._redactor.redact(text).encode()
        return parse_error_response(status, error_body, headers, has_images=has_images)


async def _read_error_body(pieces: AsyncIterator[bytes], status: int) -> bytearray:
    """Return the beginning of an error's body, decompressed as far as possible; all of it, or as much as tells."""
    body, next_check = bytearray(), 1024
    # The status is known. When the body is cut short, damaged or slow, its beginning is enough.
    with contextlib.suppress(InflateError, httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(ERROR_BODY_TIMEOUT):
            async for piece in pieces:
                body += piece
                if len(body) >= next_check:
                    if len(body) >= MAX_ERROR_BYTES or has_answer(body, status):
                        break
                    next_check = 2 * len(body)
    return body


def _decode_text(body: bytes, charset: str | None) -> str:
    """Return a text in UTF-8, or else in the charset that its Content-Type declares."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        with contextlib.suppress(LookupError):
            return body.decode(charset or "utf-8", "replace")
        return body.decode("utf-8", "replace")


def _enable_keepalive(connection: socket.socket | None) -> None:
    """Turn on TCP keep-alive: a model may send nothing for minutes, and routers drop idle connections."""
    if connection is None:
        return
    with contextlib.suppress(OSError):  # a connection without TCP needs no keep-alive
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE_OPTIONS.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
