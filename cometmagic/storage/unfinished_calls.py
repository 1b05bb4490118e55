"""A quick look through a library for calls that have no end: what `%load_ext` can afford.

It imports nothing and decides nothing; what such a call needs, and whether somebody carries it, is
courier.recovery's.
"""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path

_END_STATES = (b'"state": "settled"', b'"state": "failed"', b'"state": "unknown"')
_LEFTOVER_SUFFIXES = ("response.part", ".tmp")  # ends of names of files that a finished call seldom has


def find_unfinished_calls(root: Path, limit: int | None = None) -> list[str]:
    """Return the names of the call folders, among the `newest` ones, that may need a hand; newest first."""
    try:
        names = sorted((entry.name for entry in os.scandir(root) if entry.name[:1].isdigit()), reverse=True)
    except OSError:  # there is no library yet
        return []
    return [name for name in islice(names, limit) if _is_unfinished(root / name)]


def _is_unfinished(folder: Path) -> bool:
    try:
        content = (folder / "call.json").read_bytes()
        files = [path.name for path in folder.iterdir()]
    except OSError:  # something else that lies there
        return False
    if any(name.endswith(_LEFTOVER_SUFFIXES) for name in files):
        return True
    # Written by us it reads as above; whatever else it says, its JSON decides.
    return not any(ended in content for ended in _END_STATES) and _parse_state(content) not in (
        "settled",
        "failed",
        "unknown",
    )


def _parse_state(content: bytes) -> str | None:
    try:
        return str(json.loads(content)["state"])
    except (ValueError, KeyError, TypeError):
        return "failed"  # nothing can be made of it
