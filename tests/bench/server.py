"""One static server in a process of its own: it makes nothing, so that what is measured is the client.

The first step of the path names the body: `/png-4k/v1beta/models/…` sends `png-4k`. `/last` tells when
the last byte of the latest body was handed to the system, on the clock all processes share.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.bench.bodies import Body
from tests.ports import listening

ROOT = Path(__file__).parents[2]
STEP = 1 << 18
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@contextlib.contextmanager
def serving(bodies: Iterable[Body], folder: Path, *, packed: bool = False, rate: float = 0) -> Iterator[str]:
    """Serve `bodies` while the block runs, and give the server's address.

    With `packed`, clients that accept gzip get it. `rate` is in MB a second; 0 is as fast as it goes.
    """
    for body in bodies:
        (folder / body.name).write_bytes(body.content)
        if packed:
            (folder / f"{body.name}.gz").write_bytes(gzip.compress(body.content, 6))
    command = [sys.executable, "-m", "tests.bench.server", str(folder), str(rate)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as told:
        try:
            yield f"http://127.0.0.1:{int(told.readline())}"
        finally:
            process.terminate()
            process.wait()


def serve(folder: Path, rate: float) -> None:
    """Answer one connection after another, until the process is ended."""
    stored = {path.name: path.read_bytes() for path in folder.iterdir()}
    last = 0.0
    with listening() as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            client, _ = listener.accept()
            with client, contextlib.suppress(ConnectionError):
                name, packed = _asked(client)
                if name == "last":
                    _send(client, repr(last).encode())
                else:
                    packed = packed and f"{name}.gz" in stored
                    _send(client, stored[f"{name}.gz" if packed else name], packed=packed, rate=rate)
                    last = time.monotonic()
                client.shutdown(socket.SHUT_WR)
                client.recv(1)  # until the client closes


def _asked(client: socket.socket) -> tuple[str, bool]:
    """Read one request whole; return the first step of its path and whether gzip is accepted."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(client)
    head, _, body = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0:
        missing -= len(_some(client))
    return head.split(b"/", 2)[1].split()[0].decode(), b"gzip" in head.lower()


def _some(client: socket.socket) -> bytes:
    data = client.recv(STEP)
    if not data:
        raise ConnectionResetError
    return data


def _send(client: socket.socket, content: bytes, *, packed: bool = False, rate: float = 0) -> None:
    lines = [
        "HTTP/1.1 200 OK",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        "Connection: close",
    ]
    lines += ["Content-Encoding: gzip"] if packed else []
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    view, begun = memoryview(content), time.monotonic()
    for start in range(0, len(view), STEP):
        client.sendall(view[start : start + STEP])
        if rate:
            time.sleep(max(0.0, begun + (start + STEP) / (rate * 1e6) - time.monotonic()))


if __name__ == "__main__":
    serve(Path(sys.argv[1]), float(sys.argv[2]))
