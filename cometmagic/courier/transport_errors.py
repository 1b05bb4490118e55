"""A failed connection as one error: whether the request had left, and what to do.

Nothing of the exception is kept but its words: what httpx raises holds the request, and that the key.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

import httpx

from cometmagic.courier.gunzip import DamagedError, InflateError
from cometmagic.errors import LOOK_FIRST, CometError, Fate, TransportError
from cometmagic.system.sanitize import line

DAMAGED = "damaged"
# What fails before the request begins to leave, and never after.
UNSENT_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def failure(problem: Exception, *, sent: bool, uploaded: tuple[int, int] = (0, 0)) -> CometError:
    """Return what a problem means for the user; `sent` is False when no byte of the request can have left.

    `uploaded` is how many bytes of how many were handed to the connection. `.reason` of the error says
    what stood against a connection: `connection`, `name` or `tls`, which may pass, or nothing, when it
    will not; or that the answer is `damaged`.
    """
    if isinstance(problem, CometError):
        return problem
    said = line(problem, 200) or _unsaid(problem)
    if isinstance(problem, UNSENT_ERRORS) or (not sent and isinstance(problem, httpx.TransportError)):
        return _unsent(problem, said)
    if not sent:
        return _unprepared(problem, said)
    reason = DAMAGED if isinstance(problem, DamagedError) else ""
    return TransportError(_what(problem, said, *uploaded), do=LOOK_FIRST, reason=reason)


def _unprepared(problem: Exception, said: str) -> CometError:
    if isinstance(problem, TimeoutError):
        return TransportError("The request could not be sent within the total time limit.", fate=Fate.UNSENT)
    if _is_of_certificates(problem):
        return _no_certificates(problem)
    what = f"The request could not be prepared ({type(problem).__name__}: {said})."
    return TransportError(what, fate=Fate.UNSENT)


def _unsent(problem: Exception, said: str) -> CometError:
    causes = list(_causes(problem))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes) or "CERTIFICATE" in said:
        do = "A company proxy may need its certificate in SSL_CERT_FILE."
        return TransportError(f"No safe connection to the service: {said}.", fate=Fate.UNSENT, do=do)
    do = "Check the network, the proxy settings and COMETAPI_BASE_URL."
    what = f"Could not reach the service ({said})."
    return TransportError(what, fate=Fate.UNSENT, do=do, reason=_reason(problem, causes))


def _reason(problem: Exception, causes: list[BaseException]) -> str:
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "name"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "tls"
    may_pass = (httpx.NetworkError, httpx.TimeoutException)
    return "connection" if isinstance(problem, may_pass) else ""


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what led to it; connecting tries several addresses at once, hence the groups."""
    yield problem
    inner = problem.exceptions if isinstance(problem, BaseExceptionGroup) else ()
    for cause in (*inner, problem.__cause__, problem.__context__ if problem.__cause__ is None else None):
        if cause is not None:
            yield from _causes(cause)


def _unsaid(problem: Exception) -> str:
    """Return the words for a problem that has none of its own."""
    broken = (httpx.NetworkError, httpx.RemoteProtocolError)
    return "the connection broke" if isinstance(problem, broken) else type(problem).__name__


def _is_of_certificates(problem: Exception) -> bool:
    """Whether it arose when the user's certificates were read: unlike other files, they go unnamed in it."""
    kinds = (FileNotFoundError, IsADirectoryError, PermissionError, ssl.SSLError)
    return bool(os.environ.get("SSL_CERT_FILE")) and isinstance(problem, kinds) and problem.filename is None


def _no_certificates(problem: Exception) -> CometError:
    file, why = line(os.environ.get("SSL_CERT_FILE"), 200), getattr(problem, "strerror", "") or type(problem).__name__
    do = "Correct the variable SSL_CERT_FILE or remove it."
    return TransportError(f"SSL_CERT_FILE names {file}, which cannot be read ({why}).", fate=Fate.UNSENT, do=do)


def _what(problem: Exception, said: str, uploaded: int, length: int) -> str:
    match problem:
        case httpx.TransportError() if uploaded < length:
            how_far = f"after {uploaded / 1e6:.1f} of {length / 1e6:.1f} MB"
            return f"The connection broke {how_far} of the request ({said.rstrip('.')})."
        case httpx.TimeoutException():
            return f"The service stayed silent too long ({type(problem).__name__})."
        case InflateError() | httpx.HTTPError():
            return f"The answer did not come whole: {said.rstrip('.')}."
        case TimeoutError():
            return "The answer did not come within the total time limit."
        case OSError():
            return f"A file of the call could not be read or written: {problem.strerror or said}."
    return f"The delivery failed ({type(problem).__name__}: {said})."
