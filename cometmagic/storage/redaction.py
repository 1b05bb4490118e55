"""Removes the API key from the raw response of a call, before anything reads it, in case the service sends it back.

The response is overwritten in place, with as many other characters, so that it stays the same document.
"""

from __future__ import annotations

from cometmagic.storage.call_folder import CallFolder
from cometmagic.system.redactor import Redactor
from cometmagic.system.regular_files import open_private

WINDOW_BYTES = 4 * 2**20  # searched at once


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
