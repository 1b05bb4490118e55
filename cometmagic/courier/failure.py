"""A failed connection as one error: whether the request had left, and what to do.

Nothing of the exception is kept but its words: what httpx raises holds the request, and that the key.
"""

from __future__ import annotations

import os
import ssl

import httpx

from cometmagic.courier.inflate import InflateError
from cometmagic.errors import LOOK_FIRST, CometError, Fate, TransportError
from cometmagic.foreign import line

UNSENT_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def failure(problem: Exception, *, sent: bool) -> CometError:
    """Return what a problem means for the user; `sent` is False when the request was still being prepared."""
    if isinstance(problem, CometError):
        return problem
    said = line(problem, 200) or _unsaid(problem)
    if isinstance(problem, UNSENT_ERRORS):
        return _unsent(problem, said)
    if not sent and _is_of_certificates(problem):
        return _no_certificates(problem)
    if not sent:
        return TransportError(
            f"The request could not be prepared ({type(problem).__name__}: {said}).", fate=Fate.UNSENT
        )
    return TransportError(_what(problem, said), do=LOOK_FIRST)


def _unsent(problem: Exception, said: str) -> CometError:
    if isinstance(problem.__cause__, ssl.SSLError) or "CERTIFICATE" in said or "SSL" in said:
        do = "A company proxy may need its certificate in SSL_CERT_FILE."
        return TransportError(f"No safe connection to the service: {said}.", fate=Fate.UNSENT, do=do)
    do = "Check the network, the proxy settings and COMETAPI_BASE_URL."
    return TransportError(f"Could not reach the service ({said}).", fate=Fate.UNSENT, do=do)


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


def _what(problem: Exception, said: str) -> str:
    match problem:
        case httpx.TimeoutException():
            return f"The service stayed silent too long ({type(problem).__name__})."
        case InflateError() | httpx.HTTPError():
            return f"The answer did not come whole: {said.rstrip('.')}."
        case TimeoutError():
            return "The answer did not come within the total time limit."
        case OSError():
            return f"A file of the call could not be read or written: {problem.strerror or said}."
    return f"The delivery failed ({type(problem).__name__}: {said})."
