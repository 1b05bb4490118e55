"""One prepared call folder to a settled one: post it, keep every byte that comes, settle.

The body is generated from the folder, the answer is written to `response.part` as it arrives. There is
one POST on one fresh connection: no retries, no redirects, and a total deadline of our own, because a
client's timeouts begin anew with every byte. Whatever happens, the folder says what became of the call.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import ssl
import uuid
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx

from cometmagic.courier.blot import blot
from cometmagic.courier.failure import failure
from cometmagic.courier.inflate import InflateError, Unasked, inflater
from cometmagic.courier.route import Live, Offline, Route
from cometmagic.errors import CometError, Fate, LibraryError, NoImageError
from cometmagic.foreign import line
from cometmagic.library import CallFolder, State, now
from cometmagic.offline import service
from cometmagic.settle import settle
from cometmagic.wire import body_chunks, body_length, explain
from cometmagic.wire.explain import ERROR_BYTES, request_id

Report = Callable[[dict[str, Any]], None]
EXPLAINING = 10.0  # seconds an error's body may take; its status is known by then


async def deliver(folder: CallFolder, route: Route, report: Report) -> None:
    """Carry the call of `folder` and settle it; `report` gets one event at each step, and `done` in any case.

    Raises nothing but cancellation: what became of the call stands in the folder.
    """
    try:
        error = await _carried(folder, route, report)
        if error is None or folder.has_answer:
            report({"event": "settling"})
            folder.update(state=State.RECEIVED, received=now())
            told = await asyncio.to_thread(_settle, folder)
            # What came may hold the whole image all the same, or a plain refusal; then the failure says less.
            error = None if told is None or isinstance(told, NoImageError) else error
        if error is not None:
            folder.fail(error)
        if isinstance(route, Live):
            await asyncio.to_thread(blot, folder, route.key.reveal())
    except (OSError, LibraryError):
        pass  # the folder is gone or the disk is full: what was written last still stands
    finally:
        report({"event": "done"})


async def _carried(folder: CallFolder, route: Route, report: Report) -> CometError | None:
    """Bring the answer into `response.part`; return what went wrong."""
    try:
        if isinstance(route, Offline):
            return await asyncio.to_thread(_ask_offline, folder, report)
        async with asyncio.timeout(route.limits.total):
            return await _post(folder, route, report)
    except Exception as problem:  # noqa: BLE001  # every failure must end in the folder, and none may show the key
        return failure(problem, sent=folder.read()["state"] != State.PLANNED)


def _settle(folder: CallFolder) -> CometError | None:
    """Settle, and return the error of an answer that has no image or cannot be saved."""
    try:
        return settle(folder)
    except Exception as problem:  # noqa: BLE001  # the answer is paid for: whatever happens, say where it lies
        why = problem.strerror if isinstance(problem, OSError) else f"{type(problem).__name__}: {line(problem, 200)}"
        what, do = f"The answer came but could not be saved ({why}).", f"What came is kept in {folder.part}."
        error = CometError(what, fate=Fate.ANSWERED, do=do)
        folder.update(error=error.record())
        return error


def _ask_offline(folder: CallFolder, report: Report) -> CometError | None:
    """Ask the service that is built in, with the very bytes that would have gone out."""
    call = folder.update(state=State.SENT, sent=now())
    report({"event": "sent"})
    status, body = service.answer(call["model"], b"".join(body_chunks(folder.body(), folder.path)))
    if status != 200:
        return explain(status, body)
    with folder.part.open("wb") as file:
        file.write(body)
        os.fsync(file.fileno())
    return None


async def _post(folder: CallFolder, route: Live, report: Report) -> CometError | None:
    """Send the request once and keep the answer; return the error an answer other than 2xx stands for."""
    call, body = folder.read(), folder.body()
    limits = httpx.Timeout(
        connect=route.limits.connect, write=route.limits.write, read=route.limits.idle, pool=route.limits.connect
    )
    headers = {
        "Authorization": f"Bearer {route.key.reveal()}",
        "Content-Type": "application/json",
        "Content-Length": str(body_length(body, folder.path)),
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Connection": "close",
        "User-Agent": f"cometmagic/{version('cometmagic')}",
        "Idempotency-Key": str(uuid.uuid4()),
    }
    model = quote(call["model"].removeprefix("models/"))
    url = httpx.URL(f"{route.base_url}/v1beta/models/{model}:generateContent")

    async def content() -> AsyncIterator[bytes]:
        for chunk in body_chunks(body, folder.path):
            yield chunk
        report({"event": "sent"})

    trust = _trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    proxied = url.scheme == "https"  # plain HTTP stays on this machine, and a proxy would read the key
    client = httpx.AsyncClient(timeout=limits, follow_redirects=False, verify=trust, trust_env=proxied)
    folder.update(state=State.SENT, sent=now())  # everything that can fail without a connection has been done
    async with client, client.stream("POST", url, headers=headers, content=content()) as response:
        if not response.is_success:
            return explain(response.status_code, await _head(response), response.headers)
        folder.update(status=response.status_code, request_id=request_id("", response.headers))
        with folder.part.open("wb") as file:
            await _receive(response, file, route.limits.body, report)
            file.flush()
            os.fsync(file.fileno())
    return None


async def _receive(response: httpx.Response, file: BinaryIO, cap: int, report: Report) -> None:
    """Write the body to `file`, unpacked, as it arrives."""
    unpack, received, unpacked = inflater(response.headers.get("content-encoding", "")), 0, 0
    async for chunk in response.aiter_raw():
        received += len(chunk)
        for piece in unpack.feed(chunk):
            unpacked += len(piece)
            if unpacked > cap:
                raise InflateError(f"the answer is larger than {cap >> 20} MB")
            file.write(piece)
        report({"event": "receiving", "bytes": received})
    unpack.finish()


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


@functools.lru_cache(maxsize=4)
def _trust(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Return the certificates that are trusted; reading them takes longer than everything else of a call."""
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    return httpx.create_ssl_context(trust_env=False)
