"""A service that holds its answers back until the test lets them go, and what is on disk when it has.

So a kernel is surely gone, or interrupted, before the first byte of an answer: nothing waits for a time
that was tuned.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self

from tests.faults.server import FaultServer, Held, response, send
from tests.notebook.answers import FINAL, full
from tests.waiting import wait_for


class Holding:
    """Answers so many calls, each when it is let go; use it as a context manager."""

    def __init__(self, calls: int) -> None:
        self._held = [Held() for _ in range(calls)]
        content = response(full())
        self.server = FaultServer(*[held.steps(send(content)) for held in self._held])

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()

    def asked(self, number: int) -> None:
        """Wait until the request of this number, from 0, has come whole."""
        wait_for(lambda: len(self.server.log) > number and self.server.log[number].complete)

    def let_go(self, number: int) -> None:
        """Answer this request."""
        assert self.server.log[number].sent == 0
        self._held[number].let_go.set()


def folders(library: Path) -> list[Path]:
    """Return the call folders of a library, oldest first."""
    return sorted((path.parent for path in library.glob("*/call.json")), key=lambda path: path.stat().st_ctime_ns)


def brought_home(folder: Path) -> bool:
    """Wait for the end of a call and tell whether its image lies there, byte for byte and nothing half done."""

    def state() -> str:
        return str(json.loads((folder / "call.json").read_bytes())["state"])

    wait_for(lambda: state() not in ("planned", "sent", "received"))
    wait_for(lambda: not (folder / "response.part").exists())
    image = folder / "image.jpg"
    return state() == "settled" and image.exists() and image.read_bytes() == FINAL and not list(folder.glob(".*"))
