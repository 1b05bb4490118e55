"""The offline service on a loopback socket, for curl, the official SDK and the courier.

`serve` is for tests and lessons, `run` for a terminal. The service accepts connections from this machine
only; handler.py handles each of them.
"""

from __future__ import annotations

import ipaddress
import json
import signal
import sys
import threading
from types import TracebackType
from typing import Self

from cometmagic.offline.handler import RequestHandler
from cometmagic.offline.listener import Listener, LoggedRequest
from cometmagic.options import models

_POLL_SECONDS = 0.2  # between checks whether to stop
_EXAMPLE_KEY = "sk-0000000000"  # for the examples: no part of it occurs in a word, which would be redacted


class Server:
    """A running service; `url` is its base URL. Close it, or use it as a context manager."""

    def __init__(self, host: str, port: int, *, delay: float, gzip: bool) -> None:
        self._listener = Listener((host, port), RequestHandler)
        self._listener.delay, self._listener.gzip = delay, gzip
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(_POLL_SECONDS,), name="cometmagic-offline", daemon=True
        )
        self._thread.start()
        url_host = f"[{host}]" if ":" in host else host
        self.url = f"http://{url_host}:{self._listener.server_address[1]}"

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests so far, oldest first."""
        return list(self._listener.request_log)

    def close(self) -> None:
        """Stop listening, close open connections and wait until their threads have ended."""
        if self._thread.is_alive():
            self._listener.stop()
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def serve(port: int = 0, *, host: str = "127.0.0.1", delay: float = 0.0, gzip: bool = False) -> Server:
    """Start the service in a thread; port 0 selects any free port.

    Each response waits `delay` seconds, so that progress can be watched; `gzip` compresses responses for
    clients that accept it. Raises `ValueError` for a host that is not this machine.
    """
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{host} is not a loopback address; the offline service is for this machine only")
    return Server(host, port, delay=delay, gzip=gzip)


def run(port: int, delay: float) -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit status."""
    stop_event = threading.Event()
    try:
        server = serve(port, delay=delay)
    except OSError as error:
        sys.stderr.write(f"cannot listen on port {port}: {error.strerror or error}\n")
        return 1
    previous_handlers = {
        signal_number: signal.signal(signal_number, lambda *_: stop_event.set())
        for signal_number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with server:
            sys.stdout.write(_format_instructions(server.url))
            sys.stdout.flush()
            while not stop_event.wait(_POLL_SECONDS):
                pass
    finally:
        for signal_number, handler in previous_handlers.items():
            signal.signal(signal_number, handler)
    sys.stdout.write("\nStopped.\n")
    return 0


def _format_instructions(url: str) -> str:
    endpoint = f"{url}/v1beta/models/{models.DEFAULT_MODEL}:generateContent"
    body = json.dumps({"contents": [{"parts": [{"text": "a red bicycle"}]}]})
    return (
        f"The offline service listens on {url} (any key, no network, no cost).\n\n"
        f"With cometmagic, before the notebook starts:\n"
        f"  export COMETAPI_BASE_URL={url} COMETAPI_KEY={_EXAMPLE_KEY}\n\n"
        f"With curl:\n"
        f"  curl {endpoint} \\\n    -H 'Authorization: Bearer {_EXAMPLE_KEY}' -H 'Content-Type: application/json' \\\n"
        f"    -d '{body}'\n\n"
        f"Ctrl-C stops it.\n"
    )
