"""Exceptions of an attempt as errors for the user: what failed, whether it may have been charged, what to do.

Only the text of an exception is used: httpx's exceptions hold the request, and with it the key.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator

import httpx

from cometmagic.courier.http.content_decoding import DamagedError, InflateError, PackedError
from cometmagic.errors import BALANCE_ADVICE, ChargeStatus, CometError, TransportError
from cometmagic.system.sanitize import clean_line

DAMAGED_REASON = "damaged"
# These are raised only before any byte of the request is sent.
UNSENT_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
# How the texts of h11 begin, which quote what came, and what they mean.
_PROTOCOL_ERRORS = {
    "Server disconnected": "the connection ended before it",
    "peer closed connection": "the connection ended within it",
    "Receive buffer too long": "its headers are too long",
    "illegal status line": "what came is no answer of HTTP",
    "illegal header line": "one of its headers is malformed",
    "illegal chunk": "a piece of it has no length",
    "malformed chunk": "a piece of it is longer than its length",
}


def build_transport_error(
    exception: Exception,
    *,
    is_sent: bool,
    upload_progress: tuple[int, int] = (0, 0),
    proxy_variable: str = "",
    redact: Callable[[str], str] = str,
) -> CometError:
    """Return the error an exception means; `is_sent` is False when no byte of the request can have been sent.

    `upload_progress` is the number of bytes passed to the connection and their total; `proxy_variable` names what sets
    the proxy of the request, if it has one; `redact` removes the key from
    the exception's text, which may quote the service. `details["reason"]` of the
    error is `connection`, `name` or `tls` for a failed connection that may work later, `damaged` for a damaged
    response, and otherwise empty.
    """
    if isinstance(exception, CometError):
        return exception.with_traceback(None)
    text = _simplify(exception, redact(clean_line(exception, 200))) or _build_default_text(exception)
    if isinstance(exception, UNSENT_ERRORS) or (not is_sent and isinstance(exception, httpx.TransportError)):
        return _build_connection_error(exception, text, proxy_variable)
    if not is_sent:
        return _build_preparation_error(exception, text)
    reason = DAMAGED_REASON if isinstance(exception, DamagedError) else ""
    return TransportError(_describe_failure(exception, text, *upload_progress), advice=BALANCE_ADVICE, reason=reason)


def _simplify(exception: Exception, text: str) -> str:
    """Return a text of the library that reads HTTP in plain words, and any other as it is."""
    if not isinstance(exception, httpx.RemoteProtocolError) or not text:
        return text
    return next(
        (words for start, words in _PROTOCOL_ERRORS.items() if text.startswith(start)), "it breaks HTTP's rules"
    )


def _build_preparation_error(exception: Exception, text: str) -> CometError:
    if isinstance(exception, TimeoutError):
        return TransportError(
            "The request could not be sent within the total time limit.", charge_status=ChargeStatus.UNSENT
        )
    message = f"The request could not be prepared ({type(exception).__name__}: {text})."
    return TransportError(message, charge_status=ChargeStatus.UNSENT)


def _build_connection_error(exception: Exception, text: str, proxy_variable: str) -> CometError:
    causes = list(_iter_causes(exception))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes) or "CERTIFICATE" in text:
        message = f"No safe connection to the service: {text}."
        advice = "A company proxy may need its certificate in SSL_CERT_FILE."
        return TransportError(message, charge_status=ChargeStatus.UNSENT, advice=advice)
    reason = _find_reason(exception, causes)
    target, advice = "service", "Check the network, the proxy settings and COMETAPI_BASE_URL."
    if proxy_variable and reason in ("connection", "name"):  # the service's own address is the proxy's affair
        target, advice = f"proxy of {proxy_variable}", f"Correct or unset {proxy_variable}, or check the network."
    elif proxy_variable:
        target = f"service through the proxy of {proxy_variable}"
    message = f"Could not reach the {target} ({text})."
    return TransportError(message, charge_status=ChargeStatus.UNSENT, advice=advice, reason=reason)


def _find_reason(exception: Exception, causes: list[BaseException]) -> str:
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "name"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "tls"
    transient_errors = (httpx.NetworkError, httpx.TimeoutException)
    return "connection" if isinstance(exception, transient_errors) else ""


def _iter_causes(exception: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes; there are groups, as connecting tries several addresses at once."""
    yield exception
    members = exception.exceptions if isinstance(exception, BaseExceptionGroup) else ()
    for cause in (*members, exception.__cause__, exception.__context__ if exception.__cause__ is None else None):
        if cause is not None:
            yield from _iter_causes(cause)


def _build_default_text(exception: Exception) -> str:
    """Return a text for an exception without one."""
    connection_errors = (httpx.NetworkError, httpx.RemoteProtocolError)
    return "the connection broke" if isinstance(exception, connection_errors) else type(exception).__name__


def _describe_failure(exception: Exception, text: str, uploaded_bytes: int, content_length: int) -> str:
    match exception:
        case httpx.TransportError() if uploaded_bytes < content_length:
            progress = f"{uploaded_bytes / 1e6:.1f} of {content_length / 1e6:.1f} MB"
            return f"The connection broke after {progress} of the request ({text.rstrip('.')})."
        case httpx.TimeoutException():
            return f"The service stayed silent too long ({type(exception).__name__})."
        case InflateError() | httpx.HTTPError():
            is_whole = isinstance(exception, PackedError)
            start = "The answer is kept as it came" if is_whole else "The answer did not come whole"
            return f"{start}: {text.rstrip('.')}."
        case TimeoutError():
            return "The answer did not come within the total time limit."
        case OSError():
            return f"A file of the call could not be read or written: {exception.strerror or text}."
    return f"The delivery failed ({type(exception).__name__}: {text})."
