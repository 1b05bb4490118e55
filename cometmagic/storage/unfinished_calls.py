"""A quick search of a library for unfinished calls, fast enough for `%load_ext`.

It imports next to nothing and changes nothing. What such a call needs, and whether another process is
still working on it, is decided in courier/recovery.py.
"""

from __future__ import annotations

import json
import os
import re
from itertools import islice
from pathlib import Path

from cometmagic.system.regular_files import is_real_folder, read_regular

_END_STATES = ("settled", "failed", "unknown")
_STATE_PATTERN = re.compile(rb'\{\s*"version": \d+,\s*"state": "([a-z]+)"')  # how `encode_call` writes the state
_MAX_CALL_BYTES = 4 * 2**20  # as in call_record.py
_LEFTOVER_SUFFIXES = ("response.part", ".tmp")  # files that a finished call rarely has


def find_unfinished_calls(root: Path, limit: int | None = None) -> list[str]:
    """Return the names of call folders that may need recovery, of the `limit` newest ones; newest first."""
    try:
        names = sorted((entry.name for entry in os.scandir(root) if entry.name[:1].isdigit()), reverse=True)
    except OSError:  # there is no library yet
        return []
    return [name for name in islice(names, limit) if _is_unfinished(root / name)]


def _is_unfinished(folder: Path) -> bool:
    try:
        if not is_real_folder(folder):
            return False
        state = _parse_state(read_regular(folder / "call.json", _MAX_CALL_BYTES))
        files = [path.name for path in folder.iterdir()]
    except OSError:  # not a call folder
        return False
    return state not in _END_STATES or any(name.endswith(_LEFTOVER_SUFFIXES) for name in files)


def _parse_state(content: bytes) -> str:
    """Return the state in a call.json; "failed" for one that is unreadable, which cannot be recovered."""
    if match := _STATE_PATTERN.match(content):
        return match[1].decode()
    try:
        return str(json.loads(content)["state"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "failed"
