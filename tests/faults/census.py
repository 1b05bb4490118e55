"""What a process holds: open files, threads, children; and whether all of it is given back.

Linux tells; elsewhere only threads are known.
"""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 3.0  # seconds in which what is closing may close


@dataclass(frozen=True)
class Census:
    """Counted at one moment: files by what they are, names of this process's threads, process ids of children."""

    files: Counter[str]
    threads: Counter[str]
    children: frozenset[str]

    def beyond(self, before: Census) -> list[str]:
        """Return what there is more than there was."""
        more = [f"open file {name}" for name in self.files - before.files]
        more += [f"thread {name}" for name in self.threads - before.threads]
        return more + [f"child process {pid}" for pid in self.children - before.children]


def census(pid: int | None = None) -> Census:
    """Count this process, or another one whose threads are then not named."""
    of = Path(f"/proc/{pid or 'self'}")
    names = Counter(thread.name for thread in threading.enumerate()) if pid is None else Counter[str]()
    return Census(Counter(_files(of / "fd")), names, frozenset(_children(of / "task")))


def _files(folder: Path) -> list[str]:
    found: list[str] = []
    with contextlib.suppress(OSError):
        for handle in folder.iterdir():
            with contextlib.suppress(OSError):  # the one that reads this folder is gone by now
                target = str(handle.readlink())
                found.append(target.partition(":")[0] if target.startswith(("socket:", "pipe:")) else target)
    own = f"/proc/{os.getpid()}/fd"
    return [name for name in found if name != own]


def _children(tasks: Path) -> list[str]:
    found: list[str] = []
    with contextlib.suppress(OSError):
        for task in tasks.iterdir():
            with contextlib.suppress(OSError):
                found += (task / "children").read_text().split()
    return found


def left(before: Census, pid: int | None = None) -> list[str]:
    """Return what is still there beyond `before`, once what is closing has closed."""
    ends = time.monotonic() + PATIENCE
    while more := census(pid).beyond(before):
        if time.monotonic() > ends:
            return more
        gc.collect()  # a mapped answer goes with what refers to it, which may be a cycle
        time.sleep(0.005)
    return []
