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

from cometmagic.courier.endpoint import Live
from cometmagic.courier.gunzip import InflateError, Unasked, inflater
from cometmagic.courier.spool import Spool
from cometmagic.errors import CometError, LibraryError
from cometmagic.gemini.encode import body_chunks, body_length
from cometmagic.gemini.error_bodies import ERROR_BYTES, explain, request_id
from cometmagic.storage.fallback_storage import documents
from cometmagic.storage.store import CallFolder, State, now

Report = Callable[[dict[str, Any]], None]
EXPLAINING = 10.0  # seconds an error's body may take; its status is known by then
REPORT_EVERY = 0.2  # seconds; a 4K answer comes in hundreds of pieces
KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 30, "TCP_KEEPCNT": 5}  # macOS says KEEPALIVE


class Post:
    """One try; `sent` and `uploaded` tell afterwards how far it came."""

    def __init__(self, folder: CallFolder, route: Live, report: Report) -> None:
        """Begin with nothing sent."""
        self.folder = folder  # where the answer went: another one when the disk was full
        self.route = route
        self.report = report
        self.sent = False  # whether a byte of the request may have left
        self.uploaded = 0
        self.length = 0
        self._documents: dict[str, bytes] = {}

    async def send(self) -> CometError | None:
        """Send the request and keep the answer; return the error an answer other than 2xx stands for.

        Raises what httpx raises, `InflateError` and `OSError`.
        """
        call, body, limits = self.folder.read(), self.folder.body(), self.route.limits
        self.length = body_length(body, self.folder.path)
        model = quote(call["model"].removeprefix("models/"))
        url = httpx.URL(f"{self.route.base_url}/v1beta/models/{model}:generateContent")
        times = httpx.Timeout(
            connect=limits.connect_timeout,
            write=limits.write_timeout,
            read=limits.idle_timeout,
            pool=limits.connect_timeout,
        )
        trust = _trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        proxied = url.scheme == "https"  # plain HTTP stays on this machine, and a proxy would read the key
        client = httpx.AsyncClient(timeout=times, follow_redirects=False, verify=trust, trust_env=proxied)
        headers, tracing = self._headers(call), {"trace": self._trace}
        async with (
            client,
            client.stream("POST", url, headers=headers, content=self._content(body), extensions=tracing) as response,
        ):
            if not response.is_success:
                return explain(response.status_code, await _head(response), response.headers)
            with contextlib.suppress(OSError, LibraryError):  # the disk is full: the answer is what matters
                self.folder.update(status=response.status_code, request_id=request_id("", response.headers))
            await self._receive(response)
        return None

    def _headers(self, call: dict[str, Any]) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.route.key.reveal()}",
            "Content-Type": "application/json",
            "Content-Length": str(self.length),
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Connection": "close",
            "User-Agent": f"cometmagic/{version('cometmagic')}",
            "Idempotency-Key": str(call.get("id") or uuid.uuid4()),  # the call's: the same for each try
        }

    async def _content(self, body: dict[str, Any]) -> AsyncIterator[bytes]:
        for chunk in body_chunks(body, self.folder.path):
            self.uploaded += len(chunk)
            yield chunk
        self.report({"event": "sent"})

    async def _trace(self, step: str, facts: dict[str, Any]) -> None:
        """Take note of the steps of a connection, as httpcore tells them."""
        if step == "connection.connect_tcp.complete":
            _keep_alive(facts["return_value"].get_extra_info("socket"))
        elif step == "http11.send_request_headers.started" and facts["request"].method == b"POST":
            self.folder.update(state=State.SENT, sent=now())  # on disk before the first byte leaves
            self._documents = documents(self.folder)
            self.sent = True

    async def _receive(self, response: httpx.Response) -> None:
        """Write the body, unpacked, as it arrives."""
        unpack, cap = inflater(response.headers.get("content-encoding", "")), self.route.limits.largest_answer << 20
        received, told = 0, 0.0
        with Spool(self.folder, self._documents) as spool:
            try:
                async for chunk in response.aiter_raw():
                    received += len(chunk)
                    for piece in unpack.feed(chunk):
                        spool.write(piece)
                        if max(spool.size, received) > cap:
                            raise InflateError(f"the answer is larger than {cap >> 20} MB")
                    if time.monotonic() - told >= REPORT_EVERY:
                        told = time.monotonic()
                        self.report({"event": "receiving", "bytes": received})
                unpack.finish()
            finally:
                try:
                    spool.flush()
                finally:
                    self.folder = spool.folder


async def _head(response: httpx.Response) -> bytes:
    """Return the beginning of an error's body, unpacked as far as it can be."""
    out, unpack = bytearray(), inflater(response.headers.get("content-encoding", ""))
    if isinstance(unpack, Unasked):
        return b""
    # The status has been read: when the rest is cut, damaged or slow, what came is shown.
    with contextlib.suppress(InflateError, httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(EXPLAINING):
            async for chunk in response.aiter_raw():
                for piece in unpack.feed(chunk):
                    out += piece
                    if len(out) >= ERROR_BYTES:
                        return bytes(out[:ERROR_BYTES])
    return bytes(out)


def _keep_alive(connection: socket.socket | None) -> None:
    """Have the system look whether the other end is still there: models are silent for minutes, and routers forget."""
    if connection is None:
        return
    with contextlib.suppress(OSError):  # a path of bytes that is no TCP needs none
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@functools.lru_cache(maxsize=4)
def _trust(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Return the certificates that are trusted; reading them takes longer than everything else of a call."""
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    return httpx.create_ssl_context(trust_env=False)
