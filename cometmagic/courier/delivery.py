"""One prepared call folder to a settled one: post it, keep every byte that comes, settle.

The body is generated from the folder, the answer is written to `response.part` as it arrives. There is
one POST on one fresh connection: no retries, no redirects, and a total deadline of our own, because a
client's timeouts begin anew with every byte. Whatever happens, the folder says what became of the call.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, BinaryIO

import httpx

from cometmagic.courier.inflate import InflateError, inflater
from cometmagic.errors import CometError, Fate, TransportError
from cometmagic.foreign import line, redact
from cometmagic.library import CallFolder, State, now
from cometmagic.offline import service
from cometmagic.settings import Key
from cometmagic.settle import settle
from cometmagic.wire import body_chunks, body_length, explain
from cometmagic.wire.explain import ERROR_BYTES

Report = Callable[[dict[str, Any]], None]
UNSENT_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
LOOK_FIRST = "Look at the balance before trying again."


@dataclass(frozen=True)
class Limits:
    """Seconds and bytes a call may take."""

    connect: float = 10.0
    write: float = 60.0
    idle: float = 300.0
    total: float = 600.0
    body: int = 256 * 1024 * 1024


@dataclass(frozen=True)
class Live:
    """The way to a service: its address and the key."""

    base_url: str
    key: Key
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Offline:
    """The way to the service that is built in."""


Route = Live | Offline


async def deliver(folder: CallFolder, route: Route, report: Report) -> None:
    """Carry the call of `folder` and settle it; `report` gets one event at each step.

    Raises nothing but cancellation: what became of the call stands in the folder.
    """
    secret = route.key.reveal() if isinstance(route, Live) else ""
    try:
        if isinstance(route, Live):
            async with asyncio.timeout(route.limits.total):
                error = await _post(folder, route, report)
        else:
            error = await asyncio.to_thread(_ask_offline, folder, report)
    except Exception as problem:  # noqa: BLE001  # every failure must end in the folder, and none may show the key
        error = _failure(problem)
    if error is None or _holds_something(folder):
        report({"event": "settling"})
        folder.update(state=State.RECEIVED, received=now())
        await asyncio.to_thread(_settle, folder)
    # A cut answer may hold the whole image all the same; only when it does not, the failure stands.
    if error is not None and folder.read()["state"] != State.SETTLED:
        error.what = redact(error.what, secret)
        folder.fail(error)
    report({"event": "done"})


def _holds_something(folder: CallFolder) -> bool:
    return folder.part.exists() and folder.part.stat().st_size > 0


def _settle(folder: CallFolder) -> None:
    try:
        settle(folder)
    except OSError as problem:
        error = CometError(
            f"The answer came but could not be saved: {problem.strerror}.", fate=Fate.ANSWERED,
            do=f"What came is kept in {folder.part}.",
        )  # fmt: skip
        folder.update(error=error.record())


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
    url = f"{route.base_url}/v1beta/models/{call['model'].removeprefix('models/')}:generateContent"

    async def content() -> AsyncIterator[bytes]:
        for chunk in body_chunks(body, folder.path):
            yield chunk
        report({"event": "sent"})

    folder.update(state=State.SENT, sent=now())
    async with (
        httpx.AsyncClient(timeout=limits, follow_redirects=False, http2=False) as client,
        client.stream("POST", url, headers=headers, content=content()) as response,
    ):
        if not response.is_success:
            return explain(response.status_code, await _head(response), response.headers)
        folder.update(status=response.status_code, request_id=_request_id(response.headers))
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
    out = b""
    try:
        unpack = inflater(response.headers.get("content-encoding", ""))
        async for chunk in response.aiter_raw():
            out += b"".join(unpack.feed(chunk))
            if len(out) >= ERROR_BYTES:
                break
    except (InflateError, httpx.HTTPError):
        pass  # the status has been read; what else came is shown
    return out[:ERROR_BYTES]


def _request_id(headers: httpx.Headers) -> str:
    return line(headers.get("x-request-id") or headers.get("x-oneapi-request-id") or "", 100)


def _failure(problem: Exception) -> CometError:
    """Return what a failed connection means for the user; nothing of the exception is kept but its words."""
    said = line(problem, 200) or type(problem).__name__
    if isinstance(problem, UNSENT_ERRORS):
        if isinstance(problem.__cause__, ssl.SSLError) or "CERTIFICATE" in said or "SSL" in said:
            do = "A company proxy may need its certificate in SSL_CERT_FILE."
            return TransportError(f"No safe connection to the service: {said}.", fate=Fate.UNSENT, do=do)
        do = "Check the network, the proxy settings and COMETAPI_BASE_URL."
        return TransportError(f"Could not reach the service ({said}).", fate=Fate.UNSENT, do=do)
    if isinstance(problem, TimeoutError):
        return TransportError("The answer did not come within the total time limit.", do=LOOK_FIRST)
    if isinstance(problem, httpx.TimeoutException):
        return TransportError(f"The service stayed silent too long ({type(problem).__name__}).", do=LOOK_FIRST)
    if isinstance(problem, InflateError | httpx.HTTPError):
        return TransportError(f"The answer did not come whole: {said}.", do=LOOK_FIRST)
    if isinstance(problem, OSError):
        return TransportError(f"The answer could not be kept: {problem.strerror or said}.", do=LOOK_FIRST)
    return TransportError(f"The delivery failed ({type(problem).__name__}: {said}).", do=LOOK_FIRST)
