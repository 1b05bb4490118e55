"""A thread for the runs of a panel, one after another.

The kernel opens a channel for each thread that speaks to the page, and gives it back some seconds after the thread
ended. So a thread stays for the next run, but not for long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

IDLE_SECONDS = 10.0  # seconds that a thread without a job stays


class RunThread:
    """Does one job after another, none of which raises, on a thread that begins with the first."""

    def __init__(self, name: str) -> None:
        """Begin without a thread."""
        self._name = name
        self._jobs: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._lock, self._is_running = threading.Lock(), False

    def submit(self, job: Callable[[], object]) -> None:
        """Have a job done, and return at once."""
        with self._lock:
            self._jobs.put(job)
            if not self._is_running:
                threading.Thread(target=self._run_jobs, name=self._name, daemon=True).start()
                self._is_running = True

    def _run_jobs(self) -> None:
        while (job := self._wait_for_job()) is not None:
            job()

    def _wait_for_job(self) -> Callable[[], object] | None:
        """Return the next job, None when none came for a while: the thread ends then."""
        try:
            return self._jobs.get(timeout=IDLE_SECONDS)
        except Empty:
            with self._lock:  # one may have come since
                self._is_running = not self._jobs.empty()
                return self._jobs.get() if self._is_running else None
