"""Removes the API key from what is stored of a response, in case the service sends it back.

In the raw response it is overwritten with as many other characters, so that this stays the same document: while it
arrives, for a process can be killed at any time, and in a file that may come from another session.
"""

from __future__ import annotations

import re

from cometmagic.errors import CometError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.system.redactor import MIN_DATA_BYTES, Redactor
from cometmagic.system.regular_files import open_private

WINDOW_BYTES = 2**18  # searched at once


class StreamRedactor:
    """Overwrites secrets in a stream. It holds back only what looks like a secret until it is clear what it is."""

    def __init__(self, redactor: Redactor) -> None:
        """Without secrets, nothing is changed or held back."""
        self._redactor = redactor
        self._margin = MIN_DATA_BYTES + redactor.max_form_bytes if redactor.max_form_bytes else 0
        self._window = bytearray()  # the end of what was returned, as it came, and what is held back
        self._returned_size = 0  # of the window

    def feed(self, piece: bytes) -> bytes:
        """Take the next piece and return what is free of secrets, which may be nothing."""
        self._window += piece
        window = bytearray(self._window)
        end = len(window)
        if self._margin and self._redactor.redact_body(window):  # what it finds at the end may be an image's beginning
            limit, whole = max(0, end - self._margin), window
            window = bytearray(self._window)
            self._redactor.redact_body(window, limit)
            end = next((index for index in range(limit, end) if window[index] != whole[index]), end)
        return self._take(window, max(end, self._returned_size))

    def finish(self) -> bytes:
        """Return what was held back; the stream has ended."""
        window = bytearray(self._window)
        self._redactor.redact_body(window)
        return self._take(window, len(window))

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
        for offset in range(0, folder.received_size, WINDOW_BYTES):
            file.seek(offset)
            del content[file.readinto(content) :]
            if redactor.redact_body(content, WINDOW_BYTES):
                file.seek(offset)
                file.write(content)


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
