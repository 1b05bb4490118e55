"""The key kept out of what is written down, also when the service sends it back.

Errors are redacted piece by piece, but for the paths they name: those must exist. Of what is received
only the whole key is overwritten, by as many asterisks, so that nothing else in the answer changes.
"""

from __future__ import annotations

import json
import mmap
import re
from pathlib import Path

from cometmagic.storage.call_folder import CallFolder
from cometmagic.system.sanitize import redact

MIN_KEY_PREFIX = 6  # characters of a key that tell something of it
WINDOW_BYTES = 16 * 2**20  # bytes of a file that are looked at together; every system can begin a mapping there
_MAX_ESCAPE_BYTES = 6  # bytes of a character of a key, written as an escape of JSON


def redact_folder(folder: CallFolder, key: str) -> None:
    """Overwrite the key in everything the folder holds of the answer."""
    told, ours = (
        folder.read().get("error") or {},
        [str(path) for path in (folder.response_path, folder.path, folder.path.parent)],
    )
    clean = {
        name: redact(text, key, ours) if isinstance(text, str) and name not in ("type", "fate") else text
        for name, text in told.items()
    }
    if clean != told:
        folder.update(error=clean)
    for path in (folder.response_path, folder.path / "answer.json", folder.path / "call.json"):
        _overwrite_key(path, key)


def redact_response(folder: CallFolder, key: str) -> None:
    """Overwrite the key in the answer as it came, also the beginning of one at the end of a cut answer."""
    if key:
        _overwrite_key(folder.response_path, key)


def _overwrite_key(path: Path, key: str) -> None:
    """Overwrite the key in a file, a part of it at a time, each with as much of the next as a key may take."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        for offset in range(0, size, WINDOW_BYTES):
            length = min(WINDOW_BYTES + len(key) * _MAX_ESCAPE_BYTES, size - offset)
            with mmap.mmap(file.fileno(), length, offset=offset) as content:
                _overwrite_window(content, key, is_last=offset + length == size)


def _overwrite_window(content: mmap.mmap, key: str, *, is_last: bool) -> None:
    """Overwrite the key in a part of a file; where that `ends`, also the beginning of one."""
    in_json = json.dumps(key)[1:-1]
    written = {key, in_json, in_json.replace("/", "\\/")}  # some services escape slashes
    for form in map(str.encode, written):
        at = content.find(form)
        while at >= 0:
            content[at : at + len(form)] = b"*" * len(form)
            at = content.find(form, at)
    if content.find(b"\\u00") >= 0:  # seldom, and the search for it is slow
        for found in _build_key_pattern(key).finditer(content):
            content[found.start() : found.end()] = b"*" * (found.end() - found.start())
    for length in range(min(len(key) - 1, len(content)), MIN_KEY_PREFIX - 1, -1) if is_last else ():
        if content[-length:] == key[:length].encode():
            content[-length:] = b"*" * length


def _build_key_pattern(key: str) -> re.Pattern[bytes]:
    """Return what finds the key with any of its characters written as an escape of JSON."""
    each = (rf"(?:{re.escape(letter)}|\\u(?i:{ord(letter):04x}))" for letter in key)
    return re.compile("".join(each).encode())
