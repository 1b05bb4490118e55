"""The records of the libraries that this user trusts: empty files in the user's state folder, named by what they prove.

No archive or clone can bring one along. Where that folder cannot be written, or is not this user's alone, the records
are kept in memory. Then they are valid until this process ends, and the courier gets them with each job. This module
knows no library.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cometmagic.system.regular_files import check_private_folder, create_private_folder, is_regular
from cometmagic.system.state_folder import find_state_folder

RECORDS_FOLDER = "trusted"
_session_records: set[str] = set()  # none while the state folder can be used


def has_record(name: str) -> bool:
    """Whether a record of this name was saved."""
    try:
        return name in _session_records or is_regular(_check_folder() / name)
    except (OSError, RuntimeError):
        return False


def save_record(name: str) -> None:
    """Save a record of this name, which may be the name of a file."""
    from cometmagic.system.atomic_files import write_atomic  # `%load_ext` only reads

    try:
        for folder in (find_state_folder(), find_state_folder() / RECORDS_FOLDER):
            create_private_folder(folder)
        write_atomic(_check_folder() / name, b"")
    except (OSError, RuntimeError):
        _session_records.add(name)


def _check_folder() -> Path:
    """Return the folder of the records. Raises `OSError` when somebody else could have put one there."""
    folder = find_state_folder() / RECORDS_FOLDER
    for path in (folder.parent, folder):
        check_private_folder(path)
    return folder


def get_session_records() -> list[str]:
    """Return the records that are kept in memory."""
    return sorted(_session_records)


def set_session_records(names: Iterable[str]) -> None:
    """Use what `get_session_records` returned in another process."""
    _session_records.clear()
    _session_records.update(names)
