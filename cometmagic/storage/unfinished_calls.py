"""A quick search of a library for unfinished calls, fast enough for `%load_ext`.

It imports next to nothing and changes nothing. What such a call needs, and whether another process is
still working on it, is decided in courier/recovery.py.
"""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path

from cometmagic.system.regular_files import is_real_folder, read_regular

_END_STATES = (b'"state": "settled"', b'"state": "failed"', b'"state": "unknown"')
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
        content = read_regular(folder / "call.json")
        files = [path.name for path in folder.iterdir()]
    except OSError:  # not a call folder
        return False
    if any(name.endswith(_LEFTOVER_SUFFIXES) for name in files):
        return True
    # `encode_call` writes the state as above; for any other layout the JSON is parsed.
    return not any(end_state in content for end_state in _END_STATES) and _parse_state(content) not in (
        "settled",
        "failed",
        "unknown",
    )


def _parse_state(content: bytes) -> str | None:
    try:
        return str(json.loads(content)["state"])
    except (ValueError, KeyError, TypeError):
        return "failed"  # damaged: it cannot be recovered
