"""Reads the head of an HTTP request: the request line and the headers.

Whatever two programs could read in two ways is rejected, so that nobody can hide one request in another. This module
does not know what a path or a header asks for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedIOBase

MAX_LINE_BYTES = 8192
MAX_HEADERS = 100
_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (/[!-~]*) HTTP/(1\.[01])")
_HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")


class ProtocolError(Exception):
    """The request breaks the rules of HTTP, or exceeds a limit; `status` is that of the response."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class RequestHead:
    """The head of a request; the names of `headers` are in lower case."""

    method: str
    path: str
    query: str
    version: str  # 1.0 or 1.1
    headers: Mapping[str, str]

    @property
    def host(self) -> str:
        """The Host header without the port."""
        return re.sub(r":\d{0,5}$", "", self.headers.get("host", "")).lower()


def read_head(file: BufferedIOBase) -> RequestHead | None:
    """Return the head of the next request, None when there is none. Raises `ProtocolError`."""
    line = read_line(file)
    if line is None:
        return None
    match = _REQUEST_LINE.fullmatch(line)
    if not match:
        raise ProtocolError("The request line is malformed.")
    method, target, version = (field.decode("ascii") for field in match.groups())
    path, _, query = target.partition("?")
    head = RequestHead(method, path, query, version, _read_headers(file))
    if version == "1.1" and not head.host:
        raise ProtocolError("The Host header is missing.")
    return head


def _read_headers(file: BufferedIOBase) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := read_line(file):
        match = _HEADER_LINE.fullmatch(line)
        if not match:
            raise ProtocolError("A header is malformed.")
        name, value = match[1].decode("ascii").lower(), match[2].decode("latin-1")
        if name in headers:
            raise ProtocolError(f"The header {name} occurs twice.")
        headers[name] = value
        if len(headers) > MAX_HEADERS:
            raise ProtocolError(f"There are more than {MAX_HEADERS} headers.", 431)
    if line is None:
        raise ProtocolError("The headers do not end.")
    return headers


def read_line(file: BufferedIOBase) -> bytes | None:
    """Return the next line without its end, None at the end of the file. Raises `ProtocolError`."""
    line = file.readline(MAX_LINE_BYTES + 1)
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError(f"A line is longer than {MAX_LINE_BYTES} bytes.", 431)
    if line and not line.endswith(b"\r\n"):
        raise ProtocolError("A line does not end with CR LF.")
    return line[:-2] if line else None
