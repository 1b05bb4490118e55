"""Reads a socket with two time limits: one for each read, and one for everything since `start`.

With the first alone, a client that sends a byte now and then could keep a connection for days. This module knows no
HTTP.
"""

from __future__ import annotations

import io
import socket
import time
from typing import Any

READ_TIMEOUT = 15.0  # seconds until the next byte


class TimedReader(io.RawIOBase):
    """The bytes that a socket receives. Reading raises `TimeoutError` after either limit."""

    def __init__(self, connection: socket.socket) -> None:
        """Start without time; call `start` before reading."""
        super().__init__()
        self._connection, self._deadline = connection, 0.0

    def start(self, seconds: float) -> None:
        """Allow `seconds` in total for what is read from now on."""
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        seconds = min(READ_TIMEOUT, self._deadline - time.monotonic())
        if seconds <= 0:
            raise TimeoutError("The request did not come in time.")
        self._connection.settimeout(seconds)
        return self._connection.recv_into(buffer)
