"""What one connection gets: an answer's bytes, how many of them are sent, and how the connection ends."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from tests.faults.bodies import quoted
from tests.faults.server import Connection, Step, fin, hang, recv_request, rst, sleep
from tests.faults.travel import Pace, readable


class Class(StrEnum):
    """The retry classes of reliability.md."""

    S = "not processed"
    U = "unknown"
    F = "final"
    G = "got it"


@dataclass
class Stamp:
    """When the server last got something done on a connection; 0 when it never did."""

    at: float = 0.0


@dataclass(frozen=True)
class Reply:
    """One scenario; `pictures` are all that the service made, `whole` those a careful reader can have."""

    case: str
    kind: Class
    wire: bytes = field(repr=False, default=b"")
    upto: int = 0
    pace: Pace = field(default=Pace(1))
    ending: str = "close"
    reads: bool = True
    think: float = 0.0
    pictures: tuple[bytes, ...] = field(repr=False, default=())
    final: bytes = field(repr=False, default=b"")

    @cached_property
    def whole(self) -> tuple[bytes, ...]:
        """The pictures that lie whole in what is sent: they are paid for and must not be lost."""
        content = readable(self.wire[: self.upto])
        return tuple(picture for picture in self.pictures if quoted(picture) in content)

    @property
    def waits(self) -> bool:
        """Whether the connection stays open after the last byte, so that a limit must end the call."""
        return self.ending == "hang"

    def steps(self, stamp: Stamp) -> list[Step]:
        """Return the scenario; `stamp` is kept up to date while it is played."""
        asked = [recv_request(), _stamped(stamp), sleep(self.think)] if self.reads else [_arrived()]
        return [*asked, _paced(self, stamp), *_ENDINGS[self.ending]()]

    def __str__(self) -> str:
        sent = "all" if self.upto == len(self.wire) else f"{self.upto} of {len(self.wire)} bytes"
        held = f"{len(self.whole)} of {len(self.pictures)} pictures whole"
        return f"{self.case}: {self.kind}; sends {sent} by {self.pace.size}, then {self.ending}; {held}"


def _arrived() -> Step:
    """Wait until the request has begun to arrive, and leave it unread: it was sent, whatever happens now."""

    def step(connection: Connection) -> None:
        connection.socket.recv(1, socket.MSG_PEEK)

    return step


def drained() -> Step:
    """Wait until the client's system has acknowledged every byte.

    A reset throws away what still waits at the sender; what was acknowledged stays readable on Linux, and
    so a reset after this step overtakes nothing.
    """
    import fcntl
    import termios

    def step(connection: Connection) -> None:
        while connection.wait(0):
            waiting = fcntl.ioctl(connection.socket, termios.TIOCOUTQ, struct.pack("i", 0))
            if waiting == struct.pack("i", 0):
                return
            connection.wait(0.001)

    return step


_ENDINGS: dict[str, Callable[[], list[Step]]] = {
    "close": list,
    "fin": lambda: [fin()],
    "rst": lambda: [drained(), rst()],
    "hang": lambda: [hang()],
}


def _stamped(stamp: Stamp) -> Step:
    def step(_: Connection) -> None:
        stamp.at = time.monotonic()

    return step


def _paced(reply: Reply, stamp: Stamp) -> Step:
    """Send what is to be sent, slice by slice."""

    def step(connection: Connection) -> None:
        connection.exchange.promised += len(reply.wire)
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, reply.upto, reply.pace.size):
            connection.send(reply.wire[start : min(start + reply.pace.size, reply.upto)], promised=0)
            stamp.at = time.monotonic()
            if reply.pace.pause and not connection.wait(reply.pace.pause):
                return

    return step
