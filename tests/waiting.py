"""Waiting for something to happen, never for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 30.0  # seconds after which it is taken for granted that it never will


def wait_for(happened: Callable[[], Any]) -> Any:
    """Return what `happened` gives, once it gives something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := happened()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found
