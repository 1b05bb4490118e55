"""What one session of a kernel remembers: its id, for the session's cap, and its last result, for `--edit`."""

from __future__ import annotations

import uuid
from pathlib import Path

from cometmagic.generation.result import ImageResult

SESSION_ID = uuid.uuid4().hex  # `--session-cap` adds up what has this id

_last_folder: list[Path] = []  # the folder of the last result of this session


def get_last_folder() -> Path | None:
    """Return the folder of the last result of this session."""
    return _last_folder[0] if _last_folder else None


def set_last_result(result: ImageResult) -> None:
    """Make a result the last one: `--edit` without a name edits it."""
    _last_folder[:] = [result.folder]
