"""A failed connection as one error: whether the request had left, and what to do.

Nothing of the exception is kept but its words: what httpx raises holds the request, and that the key.
"""

from __future__ import annotations

import ssl

import httpx

from cometmagic.courier.inflate import InflateError
from cometmagic.errors import CometError, Fate, TransportError
from cometmagic.foreign import line

UNSENT_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
LOOK_FIRST = "Look at the balance before trying again."


def failure(problem: Exception, *, sent: bool) -> CometError:
    """Return what a problem means for the user; `sent` is False when the request was still being prepared."""
    if isinstance(problem, CometError):
        return problem
    said = line(problem, 200) or type(problem).__name__
    if isinstance(problem, UNSENT_ERRORS):
        return _unsent(problem, said)
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
