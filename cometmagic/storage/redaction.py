"""Removes the API key from what is stored of a response, in case the service sends it back.

In the raw response it is overwritten with as many other characters, so that this stays the same document: while it
arrives, for a process can be killed at any time, and in a file that may come from another session.
"""

from __future__ import annotations

import re
import time

from cometmagic.errors import CometError
from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN_TYPE, sniff
from cometmagic.storage.call_folder import CallFolder
from cometmagic.system.redactor import MIN_DATA_BYTES, Redactor
from cometmagic.system.regular_files import open_private

WINDOW_BYTES = 2**18  # searched at once
MAX_SEARCH_SECONDS = 1.0  # of the processor, for one stream; an answer of 4K takes a tenth of it


class StreamRedactor:
    """Overwrites secrets in a stream. It holds back only what looks like a secret until it is clear what it is."""

    def __init__(self, redactor: Redactor) -> None:
        """Without secrets, nothing is changed or held back."""
        self._redactor = redactor
        self._margin = MIN_DATA_BYTES + redactor.max_form_bytes if redactor.max_form_bytes else 0
        self._window = bytearray()  # the end of what was returned, as it came, and what is held back
        self._returned_size = 0  # of the window
        self._is_binary: bool | None = None  # None while it is not known
        self._search_seconds = 0.0  # of the processor

    def feed(self, piece: bytes) -> bytes:
        """Take the next piece and return what is free of secrets, which may be nothing."""
        if self._search_seconds > MAX_SEARCH_SECONDS:  # as with many tiny pieces: the rest is searched later
            piece = bytes(self._window[self._returned_size :]) + piece
            self._window.clear()
            self._returned_size = 0
            return piece
        self._window += piece
        if self._is_binary is None and len(self._window) >= MAGIC_BYTES:
            self._is_binary = _is_image(self._window)
        window = bytearray(self._window)
        end = len(window)
        if self._margin and self._redact(window):  # what it finds at the end may be an image's beginning
            limit, whole = max(0, end - self._margin), window
            window = bytearray(self._window)
            self._redact(window, limit)
            end = next((index for index in range(limit, end) if window[index] != whole[index]), end)
        return self._take(window, max(end, self._returned_size))

    def finish(self) -> bytes:
        """Return what was held back; the stream has ended."""
        window = bytearray(self._window)
        self._redact(window)
        return self._take(window, len(window))

    def _redact(self, window: bytearray, limit: int | None = None) -> bool:
        start = time.thread_time()
        is_changed = self._redactor.redact_body(window, limit, is_binary=bool(self._is_binary))
        self._search_seconds += time.thread_time() - start
        return is_changed

    def _take(self, window: bytearray, end: int) -> bytes:
        piece = bytes(window[self._returned_size : end])
        start = max(0, min(end, len(window) - self._margin) - self._margin)
        del self._window[:start]
        self._returned_size = end - start
        return piece


def redact_response(folder: CallFolder, redactor: Redactor) -> None:
    """Overwrite the secrets in the raw response, window by window; windows overlap by the longest form of a secret."""
    if not redactor.max_form_bytes or not folder.has_raw_response:
        return
    content = bytearray(WINDOW_BYTES + redactor.max_form_bytes)
    with open_private(folder.response_path, "r+") as file:
        is_binary = _is_image(file.read(MAGIC_BYTES))
        for offset in range(0, folder.received_size, WINDOW_BYTES):
            file.seek(offset)
            del content[file.readinto(content) :]
            if redactor.redact_body(content, WINDOW_BYTES, is_binary=is_binary):
                file.seek(offset)
                file.write(content)


def _is_image(head: bytes | bytearray) -> bool:
    return sniff(bytes(head[:MAGIC_BYTES])) != UNKNOWN_TYPE


def redact_error(error: CometError, redactor: Redactor, folder: CallFolder) -> CometError:
    """Redact the texts of an error in place, and return it: they are cleaned by now, which may put a key together.

    The paths in its message stay whole.
    """
    paths = map(re.escape, (str(folder.response_path), str(folder.path)))
    pieces = re.split(f"({'|'.join(paths)})", error.message)
    pieces[::2] = redactor.redact_joined(pieces[::2])
    error.message = "".join(pieces)
    error.args = (error.message,)
    error.details = {
        name: redactor.redact(value) if isinstance(value, str) else value for name, value in error.details.items()
    }
    return error
