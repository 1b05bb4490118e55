"""A wire through a program: at the N-th line that runs for the first time, the process kills itself.

SIGKILL is what the system sends when memory runs out, and nothing in the program can prepare for it. The
lines are counted over all threads, in the order they are first reached. This file is run in front of any
program (`FRONT`), in a process where nothing of the tests need be importable: it imports the standard
library only and knows nothing of the package.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

VARIABLE = "CRASH_WIRE"  # where the program finds its orders
NAME = "__tripwire__"
FRONT = f"import runpy; runpy.run_path({__file__!r}, run_name={NAME!r}); "

Place = tuple[str, int]


class Point(NamedTuple):
    """A line where a process can be killed, by its file's name in the package; `caller` tells uses apart."""

    file: str
    line: int
    function: str
    caller: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}{self.caller and f', called at {self.caller}'}"


def orders(root: Path, names: Iterable[str], first: str, trail: Path, at: int = 0) -> dict[str, str]:
    """Return the environment that lays a wire through the files `names` below `root`.

    Lines count from the first call of the function `first` on, so that imports do not. Each point is
    written to `trail` before it is run, and the process dies at number `at`, or never when that is 0.
    """
    files = {str(root / name): name for name in names}
    return {VARIABLE: json.dumps({"files": files, "first": first, "trail": str(trail), "at": at})}


def points(trail: Path) -> list[Point]:
    """Return the points that were reached, in order; a process that was killed died at the last."""
    return [Point(*json.loads(line)) for line in trail.read_text().splitlines()] if trail.exists() else []


class Wire:
    """The wire itself, in the process that is to die."""

    SHARED = (
        "system/atomic_files.py",
        "storage/call_folder.py",
        "storage/library.py",
    )  # what everything is written with: its lines count for each use anew

    def __init__(self, files: dict[str, str], first: str, trail: str, at: int) -> None:
        self.files, self.first, self.at = files, first, at
        self.trail = os.open(trail, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.begun = False
        self.seen: set[tuple[Place, Place | None]] = set()
        self.one_at_a_time = threading.Lock()

    def enter(self, frame: FrameType, _event: str, _value: Any) -> Any:
        code = frame.f_code
        if code.co_filename not in self.files:
            return None
        self.begun = self.begun or code.co_name == self.first
        return self.step if self.begun and code.co_name != "<module>" else None

    def step(self, frame: FrameType, event: str, _value: Any) -> Any:
        if event == "line":
            with self.one_at_a_time:
                self.reach((frame.f_code.co_filename, frame.f_lineno), frame)
        return self.step

    def reach(self, place: Place, frame: FrameType) -> None:
        caller = self.caller(frame) if self.files[place[0]] in self.SHARED else None
        if (place, caller) in self.seen:
            return
        self.seen.add((place, caller))
        called = f"{self.files[caller[0]]}:{caller[1]}" if caller else ""
        point = Point(self.files[place[0]], place[1], frame.f_code.co_name, called)
        os.write(self.trail, json.dumps(point).encode() + b"\n")
        if len(self.seen) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def caller(self, frame: FrameType) -> Place | None:
        """Return the line that called into the shared files."""
        above = frame.f_back
        while above is not None and self.files.get(above.f_code.co_filename) in (None, *self.SHARED):
            above = above.f_back
        return (above.f_code.co_filename, above.f_lineno) if above else None


def lay() -> None:
    """Lay the wire if there are orders for one; they go no further than this process."""
    told = os.environ.pop(VARIABLE, None)
    if told is not None:
        wire = Wire(**json.loads(told))
        threading.settrace(wire.enter)
        sys.settrace(wire.enter)


if __name__ == NAME:
    lay()
