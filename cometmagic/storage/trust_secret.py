"""The secret that signs the marks of this user's libraries: random bytes in the user's state folder.

Where that folder cannot be written, or is not this user's alone, the secret is kept in memory. Then the marks are
valid until this process ends, and the courier gets the secret with each job. This module knows no library.
"""

from __future__ import annotations

import os
from pathlib import Path

from cometmagic.system.regular_files import check_private_folder, create_private_folder, read_regular
from cometmagic.system.state_folder import find_state_folder

SECRET_NAME = "trust-secret"  # noqa: S105  # the name of a file
SECRET_SIZE = 32  # bytes
_session_secrets: list[bytes] = []  # none while the state folder can be used


def read_secret() -> bytes | None:
    """Return the secret, None when there is none yet."""
    return _read_file() or next(iter(_session_secrets), None)


def create_secret() -> bytes:
    """Create the secret and return it; another process may have created one meanwhile."""
    content = os.urandom(SECRET_SIZE)
    try:
        _write_file(find_state_folder() / SECRET_NAME, content)
    except (OSError, RuntimeError):
        _session_secrets[:] = [content]
    return read_secret() or content


def _read_file() -> bytes | None:
    try:
        path = find_state_folder() / SECRET_NAME
        check_private_folder(path.parent)  # a secret that somebody else put there would be known to them
        content = read_regular(path, max_bytes=SECRET_SIZE)
    except (OSError, RuntimeError):
        return None
    return content if len(content) == SECRET_SIZE else None


def _write_file(path: Path, content: bytes) -> None:
    """Write the secret. Only a file that holds none is replaced."""
    from cometmagic.system.atomic_files import save_new_file  # `%load_ext` only reads

    create_private_folder(path.parent)
    check_private_folder(path.parent)
    new_path = save_new_file(path, content, 0o600)
    try:
        if new_path != path and _read_file() is None:
            new_path.replace(path)
    finally:
        if new_path != path:
            new_path.unlink(missing_ok=True)


def get_session_secret() -> str:
    """Return the secret that is kept in memory, as hexadecimal digits; nothing when it is in the state folder."""
    return "".join(secret.hex() for secret in _session_secrets)


def set_session_secret(digits: str) -> None:
    """Use what `get_session_secret` returned in another process."""
    _session_secrets[:] = [bytes.fromhex(digits)] if digits else []
