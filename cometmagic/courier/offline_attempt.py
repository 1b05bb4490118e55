"""One answer of the offline service, drawn on a thread: nothing is sent, so it can be stopped while it is drawn.

A thread cannot be ended: what it draws after a stop is dropped, and it changes nothing in the call's folder any more.
"""

from __future__ import annotations

import asyncio
import threading

from cometmagic.courier.job import EventSink
from cometmagic.errors import CometError
from cometmagic.gemini.encode import iter_body
from cometmagic.gemini.failures.error_bodies import parse_error_response
from cometmagic.offline import service
from cometmagic.storage.call_folder import CallFolder, now
from cometmagic.storage.call_record import CallState
from cometmagic.system.atomic_files import write_atomic


class OfflineAttempt:
    """The answer of the offline service to the bytes that a live request would send."""

    def __init__(self, folder: CallFolder, emit: EventSink) -> None:
        """Start with nothing drawn; `emit` gets an event when the drawing begins."""
        self._folder, self._emit = folder, emit
        self._lock = threading.Lock()  # held while the folder is written
        self._is_stopped = False
        self._is_written = False  # whether the answer is in the folder

    async def answer(self) -> CometError | None:
        """Write the answer to the folder, or return its error. When cancelled, nothing is written any more.

        A cancellation that comes when the answer is written already has no effect. Raises `OSError`, `LibraryError`.
        """
        try:
            return await asyncio.to_thread(self._draw)
        except asyncio.CancelledError:
            with self._lock:
                self._is_stopped = not self._is_written
            if self._is_stopped:
                raise
            return None

    def _draw(self) -> CometError | None:
        with self._lock:
            if self._is_stopped:
                return None
            call = self._folder.update(state=CallState.SENT, sent=now())
        self._emit({"event": "sent"})
        request_body = b"".join(iter_body(self._folder.read_body(), self._folder.path))
        status, response_body = service.answer(call["model"], request_body, call.get("number", 0))
        if status != 200:
            return parse_error_response(status, response_body)
        with self._lock:
            if not self._is_stopped:
                write_atomic(self._folder.response_path, response_body)
                self._is_written = True
        return None
