"""The status of a response whose headers cannot be read: too long, or with bytes that HTTP forbids.

httpx reports nothing of such a response, but its status decides whether the request may be charged. So the first bytes
that arrive are recorded. This module knows no status.
"""

from __future__ import annotations

import re
from typing import Any

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")
_STATUS_LINE_BYTES = 13


class StatusRecorder:
    """Records the beginning of what a connection receives."""

    def __init__(self) -> None:
        self._beginning = bytearray()

    def record(self, stream: Any) -> None:
        """Record what a network stream of httpcore receives from now on, instead of an earlier one."""
        read = stream.read
        self._beginning.clear()

        async def read_and_record(*args: Any, **kwargs: Any) -> bytes:
            content: bytes = await read(*args, **kwargs)
            self._beginning.extend(content[: _STATUS_LINE_BYTES - len(self._beginning)])
            return content

        stream.read = read_and_record

    @property
    def status(self) -> int:
        """The status of the first response, 0 when none has come."""
        match = _STATUS_LINE.match(self._beginning)
        return int(match[1]) if match else 0
