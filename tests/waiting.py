"""Waiting for something to happen, never for a while; and how long a busy machine made a test wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Self

PATIENCE = 30.0  # seconds after which it is taken for granted that it never will


def wait_for(happened: Callable[[], Any]) -> Any:
    """Return what `happened` gives, once it gives something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := happened()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


class Stalls:
    """Measures for how many `seconds` a thread did not run when it should have, as other programs took its place."""

    INTERVAL = 0.02  # seconds

    def __init__(self) -> None:
        self.seconds = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._measure)

    def _measure(self) -> None:
        while True:
            start = time.monotonic()
            is_over = self._end.wait(self.INTERVAL)
            self.seconds += max(0.0, time.monotonic() - start - self.INTERVAL)
            if is_over:
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
