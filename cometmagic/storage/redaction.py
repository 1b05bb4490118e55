"""Removes the API key from the files of a call, in case the service sends it back.

Parts of the key are redacted in errors too, except in the call's own paths, which must stay valid. In a
response only the whole key is overwritten, with as many asterisks, so that nothing else changes.
"""

from __future__ import annotations

import json
import mmap
import re
from pathlib import Path

from cometmagic.storage.call_folder import CallFolder
from cometmagic.system.regular_files import is_regular, open_private
from cometmagic.system.sanitize import redact

MIN_KEY_PREFIX = 6  # characters; shorter beginnings of a key reveal nothing
WINDOW_BYTES = 16 * 2**20  # searched at once; a multiple of every system's mapping granularity
_MAX_ESCAPE_BYTES = 6  # of one character as a JSON escape


def redact_folder(folder: CallFolder, key: str) -> None:
    """Overwrite the key in every file of the folder that holds text from the response."""
    error_fields = dict(folder.read().get("error") or {})
    own_paths = [str(path) for path in (folder.response_path, folder.path, folder.path.parent)]
    redacted_fields = {
        name: redact(text, key, own_paths) if isinstance(text, str) and name not in ("type", "fate") else text
        for name, text in error_fields.items()
    }
    if redacted_fields != error_fields:
        folder.update(error=redacted_fields)
    for path in (folder.response_path, folder.path / "answer.json", folder.path / "call.json"):
        _overwrite_key(path, key)


def redact_response(folder: CallFolder, key: str) -> None:
    """Overwrite the key in the raw response, and the beginning of a key at the end of an incomplete response."""
    if key:
        _overwrite_key(folder.response_path, key)


def _overwrite_key(path: Path, key: str) -> None:
    """Overwrite the key in a file, window by window; windows overlap by the longest spelling of the key."""
    if not is_regular(path):
        return
    with open_private(path, "r+") as file:
        size = file.seek(0, 2)
        for offset in range(0, size, WINDOW_BYTES):
            length = min(WINDOW_BYTES + len(key) * _MAX_ESCAPE_BYTES, size - offset)
            with mmap.mmap(file.fileno(), length, offset=offset) as content:
                _overwrite_window(content, key, is_last=offset + length == size)


def _overwrite_window(content: mmap.mmap, key: str, *, is_last: bool) -> None:
    """Overwrite the key in a window; in the last one, also the beginning of a key at the end."""
    escaped_key = json.dumps(key)[1:-1]
    spellings = {key, escaped_key, escaped_key.replace("/", "\\/")}  # some services escape slashes
    for spelling in map(str.encode, spellings):
        start = content.find(spelling)
        while start >= 0:
            content[start : start + len(spelling)] = b"*" * len(spelling)
            start = content.find(spelling, start)
    if content.find(b"\\u00") >= 0:  # rare, and the search is slow
        for match in _build_key_pattern(key).finditer(content):
            content[match.start() : match.end()] = b"*" * (match.end() - match.start())
    for length in range(min(len(key) - 1, len(content)), MIN_KEY_PREFIX - 1, -1) if is_last else ():
        if content[-length:] == key[:length].encode():
            content[-length:] = b"*" * length


def _build_key_pattern(key: str) -> re.Pattern[bytes]:
    """Return the pattern of the key with any of its characters as JSON escapes."""
    characters = (rf"(?:{re.escape(letter)}|\\u(?i:{ord(letter):04x}))" for letter in key)
    return re.compile("".join(characters).encode())
