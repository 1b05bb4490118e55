"""Whether a library is this user's own: only then is anything of it sent, recovered or counted.

Libraries are shared as archives, clones and course folders, and their calls may hold anything. A library that this
program creates for the user gets a mark, a file with a random token. The user's state folder has a record of the token,
of the inodes of the library and the mark, and of the time when the mark was put there. A library that is renamed keeps
them. One that is copied, cloned or unpacked, even at the same place, has another time, which no program can set.
A library without a valid mark can be read and replayed, and written by the offline source, unless other users could
exchange what is written: in a folder of theirs, or one that everybody may write to.

This module does not look into calls, and knows nothing of sending or recovery.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from pathlib import Path

from cometmagic.errors import LibraryError
from cometmagic.storage.trust_records import has_record, save_record
from cometmagic.system.formatting import format_path
from cometmagic.system.regular_files import create_folder, is_link, open_regular
from cometmagic.system.sanitize import clean_line

MARK_NAME = "trust.txt"
LEDGER_FILE_NAME = "ledger.jsonl"
TOKEN_SIZE = 16  # bytes
MAX_MARK_BYTES = 2 * TOKEN_SIZE
OWN_ADVICE = "Set COMETMAGIC_LIBRARY to a folder of your own"
TRUST_ADVICE = "If you trust it, run %gemini_library trust"
_TOKEN_PATTERN = re.compile(rb"[0-9a-f]{%d}" % MAX_MARK_BYTES)
_LIBRARY_FILES = (MARK_NAME, LEDGER_FILE_NAME)
_MISSING_ERRNOS = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL)  # nothing can be at such a path
_ROOT_USER = 0


def is_trusted(root: Path) -> bool:
    """Whether this user created or trusted a library; a folder of the user's own without calls is trusted too."""
    try:
        status = root.stat()
        return _is_own(root) and (_has_valid_mark(root) or _is_new(root, status))
    except OSError as error:
        return error.errno in _MISSING_ERRNOS and not is_link(root)


def check_exclusive(root: Path) -> None:
    """Raise `LibraryError` for a library in which other users could exchange a call's folder while it is written.

    A folder that everybody may write to, as on a disk without permissions, can be used once it is trusted by name.
    """
    if not _is_exclusive(root):
        reason, advice = _explain(root)
        message = f"No call can be written in the library {format_path(root)}: {reason}."
        raise LibraryError(message, advice=f"{advice}; --source replay works without that.")


def _is_exclusive(root: Path) -> bool:
    try:
        return _is_own(root) and (not _is_open(root.stat()) or _has_valid_mark(root))
    except OSError:
        return False


def check_trusted(root: Path) -> None:
    """Raise `LibraryError` for a library that is not trusted, before anything of it is sent."""
    if not is_trusted(root):
        check_exclusive(root)
        message = f"The library {format_path(root)} is not trusted: {_explain(root)[0]}."
        raise LibraryError(message, advice=f"{TRUST_ADVICE}; --source replay and offline work without that.")


def describe_untrusted(root: Path) -> str:
    """Return a line that says what a library that is not trusted can be used for."""
    limits = "its recordings can be replayed, but nothing is sent or recovered"
    reason, advice = _explain(root)
    return f"The library {clean_line(format_path(root))} is not trusted ({reason}): {limits}. {advice}."


def create_library_folder(root: Path) -> None:
    """Create a library's folder, unless it exists; mark it as trusted if it is new. Raises `OSError`."""
    if not os.path.lexists(root) and _create_marked(root):
        return
    status = root.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(root))
    if _is_own(root) and _is_new(root, status):
        mark_trusted(root)


def _create_marked(root: Path) -> bool:
    """Create a library's folder with its mark, so that no other process sees it without, unless it exists by then."""
    temp_folder = root.with_name(f".{os.urandom(8).hex()}.tmp")
    create_folder(temp_folder)
    try:
        mark_trusted(temp_folder)
        temp_folder.rename(root)
        return True
    except OSError:
        if not os.path.lexists(root):
            raise
        return False
    finally:
        shutil.rmtree(temp_folder, ignore_errors=True)


def mark_trusted(root: Path) -> None:
    """Mark a library as trusted. Raises `OSError`, also for a folder of another user.

    A mark that is there stays, as other machines that share the library may have records of it.
    """
    from cometmagic.system.atomic_files import write_atomic  # `%load_ext` only reads

    if not _is_own(root):
        raise PermissionError(errno.EPERM, "it belongs to another user", str(root))
    try:
        record = _name_record(root)
    except OSError:
        write_atomic(root / MARK_NAME, os.urandom(TOKEN_SIZE).hex().encode())
        record = _name_record(root)
    save_record(record)


def _is_own(root: Path) -> bool:
    """Whether a folder, and a link to it, belongs to this user, or to root, who can change it anyway."""
    owners = {root.stat().st_uid, root.lstat().st_uid}
    return not hasattr(os, "getuid") or owners <= {os.getuid(), _ROOT_USER}


def _is_open(status: os.stat_result) -> bool:
    """Whether every user may write to a folder; on Windows its mode does not say."""
    return hasattr(os, "getuid") and bool(status.st_mode & stat.S_IWOTH)


def _is_new(root: Path, status: os.stat_result) -> bool:
    """Whether a folder has nothing of a library, and nothing that another user could put there."""
    return not _is_open(status) and not _has_content(root)


def _has_content(root: Path) -> bool:
    """Whether there is a call, readable or not, a mark or a ledger; also in a folder that cannot be listed."""
    try:
        with os.scandir(root) as entries:
            return any(entry.name in _LIBRARY_FILES or os.path.lexists(f"{entry.path}/call.json") for entry in entries)
    except NotADirectoryError:
        return False
    except OSError:
        return True


def _has_valid_mark(root: Path) -> bool:
    try:
        return has_record(_name_record(root))
    except OSError:
        return False


def _name_record(root: Path) -> str:
    """Return the name of the record that makes a library's mark valid. Raises `OSError` when there is no mark."""
    with open_regular(root / MARK_NAME, MAX_MARK_BYTES) as file:
        token, status = file.read(MAX_MARK_BYTES), os.fstat(file.fileno())
    if not _TOKEN_PATTERN.fullmatch(token):
        raise OSError(errno.EINVAL, "is no mark", str(root / MARK_NAME))
    return f"{token.decode()}-{root.stat().st_ino}-{status.st_ino}-{status.st_ctime_ns}"


def _explain(root: Path) -> tuple[str, str]:
    """Return why a library is not trusted, and what to do about it."""
    try:
        if not _is_own(root):
            return "it belongs to another user", OWN_ADVICE
        is_open = _is_open(root.stat())
    except OSError as error:
        return f"it cannot be read: {error.strerror}", OWN_ADVICE
    return "every user of this machine can write to it" if is_open else "it may come from somebody else", TRUST_ADVICE
