"""Waiting for something to happen, never for a while; and how long a busy machine made a test wait."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 30.0  # seconds after which it is taken for granted that it never will


def wait_for(happened: Callable[[], Any]) -> Any:
    """Return what `happened` gives, once it gives something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := happened()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


def read_run_delay(*pids: int) -> float:
    """Return for how many seconds the threads of processes were ready to run and had no processor; 0.0 if not known."""
    delay = 0
    for pid in pids:
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError, IndexError, ValueError):  # the thread has ended
                delay += int(path.read_text().split()[1])
    return delay / 1e9
