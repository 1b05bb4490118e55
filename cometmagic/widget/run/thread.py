"""A thread for the runs of a panel, one after another.

The kernel opens a channel for each thread that sends to the page, and closes it some seconds after the thread ends.
So a thread waits for the next run, but not for long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

IDLE_SECONDS = 10.0  # how long a thread waits for the next job


class RunThread:
    """Runs jobs in order on a thread that starts with the first. A job must not raise."""

    def __init__(self, name: str) -> None:
        """Start without a thread."""
        self._name = name
        self._jobs: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._lock, self._is_running = threading.Lock(), False

    def submit(self, job: Callable[[], object]) -> None:
        """Queue a job, and return at once."""
        with self._lock:
            self._jobs.put(job)
            if not self._is_running:
                threading.Thread(target=self._run_jobs, name=self._name, daemon=True).start()
                self._is_running = True

    def _run_jobs(self) -> None:
        while (job := self._wait_for_job()) is not None:
            job()

    def _wait_for_job(self) -> Callable[[], object] | None:
        """Return the next job, or None after `IDLE_SECONDS` without one: then the thread ends."""
        try:
            return self._jobs.get(timeout=IDLE_SECONDS)
        except Empty:
            with self._lock:  # a job may have been queued since
                self._is_running = not self._jobs.empty()
                return self._jobs.get() if self._is_running else None
