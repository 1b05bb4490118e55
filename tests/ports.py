"""Sockets for the servers of tests, each on a port that nobody else is given for a long time.

Ports that the system hands out come back soon, to any process: somebody who tries again to reach a server that
has ended, such as the client of a kernel that was killed, would knock at the server of another worker's test.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import socket

PORTS = range(10_000, 32_000)  # below those that Linux and macOS hand out
SHARES = 8

_share = len(PORTS) // SHARES
_first = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES * _share
_numbers = itertools.count(secrets.randbelow(_share))


def listening() -> socket.socket:
    """Return a socket that listens on this machine, on the next port of this worker's that is free."""
    for number in itertools.islice(_numbers, _share):
        with contextlib.suppress(OSError):
            return socket.create_server(("127.0.0.1", PORTS[_first + number % _share]))
    raise OSError("no port is free")


def free_port() -> int:
    """Return the number of a port that is free and stays so, for a server that opens it by itself."""
    with listening() as probe:
        return int(probe.getsockname()[1])
