"""A failed connection as one error: whether the request had left, and what to do.

Nothing of the exception is kept but its words: what httpx raises holds the request, and that the key.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

import httpx

from cometmagic.courier.http.content_decoding import DamagedError, InflateError
from cometmagic.errors import BALANCE_ADVICE, ChargeStatus, CometError, TransportError
from cometmagic.system.sanitize import clean_line

DAMAGED_REASON = "damaged"
# What fails before the request begins to leave, and never after.
UNSENT_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def build_transport_error(
    exception: Exception, *, is_sent: bool, upload_progress: tuple[int, int] = (0, 0)
) -> CometError:
    """Return what a problem means for the user; `sent` is False when no byte of the request can have left.

    `uploaded` is how many bytes of how many were handed to the connection. `.reason` of the error says
    what stood against a connection: `connection`, `name` or `tls`, which may pass, or nothing, when it
    will not; or that the answer is `damaged`.
    """
    if isinstance(exception, CometError):
        return exception
    said = clean_line(exception, 200) or _build_default_text(exception)
    if isinstance(exception, UNSENT_ERRORS) or (not is_sent and isinstance(exception, httpx.TransportError)):
        return _build_connection_error(exception, said)
    if not is_sent:
        return _build_preparation_error(exception, said)
    reason = DAMAGED_REASON if isinstance(exception, DamagedError) else ""
    return TransportError(_describe_failure(exception, said, *upload_progress), advice=BALANCE_ADVICE, reason=reason)


def _build_preparation_error(exception: Exception, text: str) -> CometError:
    if isinstance(exception, TimeoutError):
        return TransportError(
            "The request could not be sent within the total time limit.", charge_status=ChargeStatus.UNSENT
        )
    if _is_certificate_error(exception):
        return _build_certificate_error(exception)
    what = f"The request could not be prepared ({type(exception).__name__}: {text})."
    return TransportError(what, charge_status=ChargeStatus.UNSENT)


def _build_connection_error(exception: Exception, text: str) -> CometError:
    causes = list(_iter_causes(exception))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes) or "CERTIFICATE" in text:
        do = "A company proxy may need its certificate in SSL_CERT_FILE."
        return TransportError(
            f"No safe connection to the service: {text}.", charge_status=ChargeStatus.UNSENT, advice=do
        )
    do = "Check the network, the proxy settings and COMETAPI_BASE_URL."
    what = f"Could not reach the service ({text})."
    return TransportError(what, charge_status=ChargeStatus.UNSENT, advice=do, reason=_find_reason(exception, causes))


def _find_reason(exception: Exception, causes: list[BaseException]) -> str:
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "name"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "tls"
    may_pass = (httpx.NetworkError, httpx.TimeoutException)
    return "connection" if isinstance(exception, may_pass) else ""


def _iter_causes(exception: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what led to it; connecting tries several addresses at once, hence the groups."""
    yield exception
    inner = exception.exceptions if isinstance(exception, BaseExceptionGroup) else ()
    for cause in (*inner, exception.__cause__, exception.__context__ if exception.__cause__ is None else None):
        if cause is not None:
            yield from _iter_causes(cause)


def _build_default_text(exception: Exception) -> str:
    """Return the words for a problem that has none of its own."""
    broken = (httpx.NetworkError, httpx.RemoteProtocolError)
    return "the connection broke" if isinstance(exception, broken) else type(exception).__name__


def _is_certificate_error(exception: Exception) -> bool:
    """Whether it arose when the user's certificates were read: unlike other files, they go unnamed in it."""
    kinds = (FileNotFoundError, IsADirectoryError, PermissionError, ssl.SSLError)
    return bool(os.environ.get("SSL_CERT_FILE")) and isinstance(exception, kinds) and exception.filename is None


def _build_certificate_error(exception: Exception) -> CometError:
    file, why = (
        clean_line(os.environ.get("SSL_CERT_FILE"), 200),
        getattr(exception, "strerror", "") or type(exception).__name__,
    )
    do = "Correct the variable SSL_CERT_FILE or remove it."
    return TransportError(
        f"SSL_CERT_FILE names {file}, which cannot be read ({why}).", charge_status=ChargeStatus.UNSENT, advice=do
    )


def _describe_failure(exception: Exception, text: str, uploaded_bytes: int, content_length: int) -> str:
    match exception:
        case httpx.TransportError() if uploaded_bytes < content_length:
            how_far = f"after {uploaded_bytes / 1e6:.1f} of {content_length / 1e6:.1f} MB"
            return f"The connection broke {how_far} of the request ({text.rstrip('.')})."
        case httpx.TimeoutException():
            return f"The service stayed silent too long ({type(exception).__name__})."
        case InflateError() | httpx.HTTPError():
            return f"The answer did not come whole: {text.rstrip('.')}."
        case TimeoutError():
            return "The answer did not come within the total time limit."
        case OSError():
            return f"A file of the call could not be read or written: {exception.strerror or text}."
    return f"The delivery failed ({type(exception).__name__}: {text})."
