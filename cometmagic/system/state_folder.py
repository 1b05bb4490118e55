"""The folder for what the program keeps of a user outside the libraries. Nothing here creates it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDER_NAME = "cometmagic"


def find_state_folder() -> Path:
    """Return the user's state folder of this program. Raises `RuntimeError` when the user has no home folder."""
    return _find_system_folder() / FOLDER_NAME


def _find_system_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
