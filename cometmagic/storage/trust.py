"""Whether a library is this user's own: only then is anything of it sent, recovered or counted.

Libraries are shared as archives, clones and course folders, and their calls may hold anything. A library that this
program creates for the user gets a mark: digests of its path and of its inode, signed with the user's secret. A
renamed library keeps its inode. A copy has another path and another inode, so a mark that came with it means nothing.
A library without a valid mark can be read and replayed, and written by the offline source, unless other users could
exchange what is written: in a folder of theirs, or one that everybody may write to.

This module does not look into calls, and knows nothing of sending or recovery.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from cometmagic.errors import LibraryError
from cometmagic.storage.trust_secret import create_secret, read_secret
from cometmagic.system.formatting import format_path
from cometmagic.system.regular_files import create_folder, read_regular

MARK_NAME = "trust.txt"
MAX_MARK_BYTES = 8192
MAX_DIGESTS = 40  # of several machines, or containers, that share a library
OWN_ADVICE = "Set COMETMAGIC_LIBRARY to a folder of your own"
TRUST_ADVICE = "If you trust it, run %gemini_library trust"
_ROOT_USER = 0


def is_trusted(root: Path) -> bool:
    """Whether this user created or trusted a library; a folder of the user's own without calls is trusted too."""
    try:
        status = root.stat()
    except OSError:  # there is none, or nothing of it can be read
        return True
    return _is_own(root) and (_has_valid_mark(root) or _is_new(root, status))


def check_exclusive(root: Path) -> None:
    """Raise `LibraryError` for a library in which other users could exchange a call's folder while it is written.

    A folder that everybody may write to, as on a disk without permissions, can be used once it is trusted by name.
    """
    if not _is_own(root) or (_is_open(root.stat()) and not _has_valid_mark(root)):
        message = f"No call can be written in the library {format_path(root)}: {_explain(root)}."
        raise LibraryError(message, advice=f"{_advise(root)}; --source replay works without that.")


def check_trusted(root: Path) -> None:
    """Raise `LibraryError` for a library that is not trusted, before anything of it is sent."""
    if not is_trusted(root):
        check_exclusive(root)
        message = f"The library {format_path(root)} is not trusted: {_explain(root)}."
        raise LibraryError(message, advice=f"{TRUST_ADVICE}; --source replay and offline work without that.")


def describe_untrusted(root: Path) -> str:
    """Return a line that says what a library that is not trusted can be used for."""
    limits = "its recordings can be replayed, but nothing is sent or recovered"
    return f"The library {format_path(root)} is not trusted ({_explain(root)}): {limits}. {_advise(root)}."


def create_library_folder(root: Path) -> None:
    """Create a library's folder, unless it exists; mark it as trusted if it has no calls yet. Raises `OSError`."""
    try:
        create_folder(root)
    except FileExistsError:
        status = root.stat()
        if not stat.S_ISDIR(status.st_mode):
            raise
        if not _is_own(root) or not _is_new(root, status) or _has_valid_mark(root):
            return
    mark_trusted(root)


def mark_trusted(root: Path) -> None:
    """Mark a library as trusted. Raises `OSError`, also for a folder of another user."""
    from cometmagic.system.atomic_files import write_atomic  # `%load_ext` only reads

    if not _is_own(root):
        raise PermissionError(errno.EPERM, "it belongs to another user", str(root))
    digests = [*_read_digests(root), *_compute_digests(root, read_secret() or create_secret())]
    write_atomic(root / MARK_NAME, b"".join(digest + b"\n" for digest in dict.fromkeys(digests[-MAX_DIGESTS:])))


def _is_own(root: Path) -> bool:
    """Whether a folder, and a link to it, belongs to this user, or to root, who can change it anyway."""
    owners = {root.stat().st_uid, root.lstat().st_uid}
    return not hasattr(os, "getuid") or owners <= {os.getuid(), _ROOT_USER}


def _is_open(status: os.stat_result) -> bool:
    """Whether every user may write to a folder; on Windows its mode does not say."""
    return hasattr(os, "getuid") and bool(status.st_mode & stat.S_IWOTH)


def _is_new(root: Path, status: os.stat_result) -> bool:
    """Whether a folder has no calls, and none that another user could put there; a link may lead anywhere."""
    return not _is_open(status) and not root.is_symlink() and not _has_calls(root)


def _has_calls(root: Path) -> bool:
    """Whether there is a call, readable or not; also in a folder that cannot be listed."""
    try:
        with os.scandir(root) as entries:
            return any(os.path.lexists(f"{entry.path}/call.json") for entry in entries)
    except NotADirectoryError:
        return False
    except OSError:
        return True


def _has_valid_mark(root: Path) -> bool:
    digests = _read_digests(root)
    secret = read_secret() if digests else None
    return secret is not None and not set(digests).isdisjoint(_compute_digests(root, secret))


def _read_digests(root: Path) -> list[bytes]:
    try:
        return read_regular(root / MARK_NAME, max_bytes=MAX_MARK_BYTES).split()
    except OSError:
        return []


def _compute_digests(root: Path, secret: bytes) -> list[bytes]:
    """Return the digests of a library's path and of its inode, if the file system has inodes."""
    import hmac  # only for a library with a mark

    status = root.stat()
    identities = [b"path " + os.fsencode(os.path.realpath(root))]
    if status.st_ino:
        identities.append(f"inode {status.st_dev} {status.st_ino}".encode())
    return [hmac.digest(secret, identity, "sha256").hex().encode() for identity in identities]


def _explain(root: Path) -> str:
    """Return why a library is not trusted."""
    if not _is_own(root):
        return "it belongs to another user"
    if _is_open(root.stat()):
        return "every user of this machine can write to it"
    return "it is a link" if root.is_symlink() else "it may come from somebody else"


def _advise(root: Path) -> str:
    """Return what to do about a library that is not trusted."""
    return TRUST_ADVICE if _is_own(root) else OWN_ADVICE
