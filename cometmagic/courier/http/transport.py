"""One POST of a prepared call folder: the request goes out, the answer's bytes go into `response.part`.

One fresh connection and no redirects; what is packed is unpacked strictly as it arrives. It is known to
the byte whether the request may have left, because money hangs on it. Whether there is another try, and
what an answer means, is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import httpx

from cometmagic.courier.http.content_decoding import InflateError, UnsupportedDecoder, build_decoder
from cometmagic.courier.route import LiveRoute
from cometmagic.courier.spool import ResponseSpool
from cometmagic.errors import CometError, LibraryError
from cometmagic.gemini.encode import iter_body, measure_body
from cometmagic.gemini.error_bodies import MAX_ERROR_BYTES, find_request_id, parse_error_response
from cometmagic.storage.call_folder import CallFolder, CallState, now
from cometmagic.storage.fallback_storage import read_documents

EventSink = Callable[[dict[str, Any]], None]
ERROR_BODY_TIMEOUT = 10.0  # seconds an error's body may take; its status is known by then
PROGRESS_INTERVAL = 0.2  # seconds; a 4K answer comes in hundreds of pieces
KEEPALIVE_OPTIONS = {
    "TCP_KEEPIDLE": 60,
    "TCP_KEEPALIVE": 60,
    "TCP_KEEPINTVL": 30,
    "TCP_KEEPCNT": 5,
}  # macOS says KEEPALIVE


class PostAttempt:
    """One try; `sent` and `uploaded` tell afterwards how far it came."""

    def __init__(self, folder: CallFolder, route: LiveRoute, emit: EventSink) -> None:
        """Begin with nothing sent."""
        self.folder = folder  # where the answer went: another one when the disk was full
        self.route = route
        self._emit = emit
        self.is_sent = False  # whether a byte of the request may have left
        self.uploaded_bytes = 0
        self.content_length = 0
        self._documents: dict[str, bytes] = {}

    async def send(self) -> CometError | None:
        """Send the request and keep the answer; return the error an answer other than 2xx stands for.

        Raises what httpx raises, `InflateError` and `OSError`.
        """
        call, body, limits = self.folder.read(), self.folder.read_body(), self.route.limits
        self.content_length = measure_body(body, self.folder.path)
        model = quote(call["model"].removeprefix("models/"))
        url = httpx.URL(f"{self.route.base_url}/v1beta/models/{model}:generateContent")
        times = httpx.Timeout(
            connect=limits.connect_timeout,
            write=limits.write_timeout,
            read=limits.idle_timeout,
            pool=limits.connect_timeout,
        )
        trust = _build_ssl_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        proxied = url.scheme == "https"  # plain HTTP stays on this machine, and a proxy would read the key
        client = httpx.AsyncClient(timeout=times, follow_redirects=False, verify=trust, trust_env=proxied)
        headers, tracing = self._build_headers(call), {"trace": self._trace}
        async with (
            client,
            client.stream(
                "POST", url, headers=headers, content=self._stream_body(body), extensions=tracing
            ) as response,
        ):
            if not response.is_success:
                return parse_error_response(response.status_code, await _read_error_body(response), response.headers)
            with contextlib.suppress(OSError, LibraryError):  # the disk is full: the answer is what matters
                self.folder.update(status=response.status_code, request_id=find_request_id("", response.headers))
            await self._receive(response)
        return None

    def _build_headers(self, call: dict[str, Any]) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.route.key.reveal()}",
            "Content-Type": "application/json",
            "Content-Length": str(self.content_length),
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Connection": "close",
            "User-Agent": f"cometmagic/{version('cometmagic')}",
            "Idempotency-Key": str(call.get("id") or uuid.uuid4()),  # the call's: the same for each try
        }

    async def _stream_body(self, body: dict[str, Any]) -> AsyncIterator[bytes]:
        for chunk in iter_body(body, self.folder.path):
            self.uploaded_bytes += len(chunk)
            yield chunk
        self._emit({"event": "sent"})

    async def _trace(self, event_name: str, info: dict[str, Any]) -> None:
        """Take note of the steps of a connection, as httpcore tells them."""
        if event_name == "connection.connect_tcp.complete":
            _enable_keepalive(info["return_value"].get_extra_info("socket"))
        elif event_name == "http11.send_request_headers.started" and info["request"].method == b"POST":
            self.folder.update(state=CallState.SENT, sent=now())  # on disk before the first byte leaves
            self._documents = read_documents(self.folder)
            self.is_sent = True

    async def _receive(self, response: httpx.Response) -> None:
        """Write the body, unpacked, as it arrives."""
        unpack, cap = (
            build_decoder(response.headers.get("content-encoding", "")),
            self.route.limits.largest_answer << 20,
        )
        received, told = 0, 0.0
        with ResponseSpool(self.folder, self._documents) as spool:
            try:
                async for chunk in response.aiter_raw():
                    received += len(chunk)
                    for piece in unpack.feed(chunk):
                        spool.write(piece)
                        if max(spool.size, received) > cap:
                            raise InflateError(f"the answer is larger than {cap >> 20} MB")
                    if time.monotonic() - told >= PROGRESS_INTERVAL:
                        told = time.monotonic()
                        self._emit({"event": "receiving", "bytes": received})
                unpack.finish()
            finally:
                try:
                    spool.flush()
                finally:
                    self.folder = spool.folder


async def _read_error_body(response: httpx.Response) -> bytes:
    """Return the beginning of an error's body, unpacked as far as it can be."""
    out, unpack = bytearray(), build_decoder(response.headers.get("content-encoding", ""))
    if isinstance(unpack, UnsupportedDecoder):
        return b""
    # The status has been read: when the rest is cut, damaged or slow, what came is shown.
    with contextlib.suppress(InflateError, httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(ERROR_BODY_TIMEOUT):
            async for chunk in response.aiter_raw():
                for piece in unpack.feed(chunk):
                    out += piece
                    if len(out) >= MAX_ERROR_BYTES:
                        return bytes(out[:MAX_ERROR_BYTES])
    return bytes(out)


def _enable_keepalive(connection: socket.socket | None) -> None:
    """Have the system look whether the other end is still there: models are silent for minutes, and routers forget."""
    if connection is None:
        return
    with contextlib.suppress(OSError):  # a path of bytes that is no TCP needs none
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE_OPTIONS.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@functools.lru_cache(maxsize=4)
def _build_ssl_context(certificate_file: str | None, certificate_folder: str | None) -> ssl.SSLContext:
    """Return the certificates that are trusted; reading them takes longer than everything else of a call."""
    if certificate_file or certificate_folder:
        return ssl.create_default_context(cafile=certificate_file or None, capath=certificate_folder or None)
    return httpx.create_ssl_context(trust_env=False)
