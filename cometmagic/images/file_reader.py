"""Reads the file of a reference image, once and completely.

Only regular files are read: a pipe could block for ever, a device never ends, and a path on another machine
makes Windows send a password hash there. This module does not look at what the file contains.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from cometmagic.errors import OptionError
from cometmagic.system.sanitize import clean_line

MAX_FILE_BYTES = 256_000_000  # far more than a useful reference image has
MAX_NAME_LENGTH = 160  # characters of a path in a message, which is one line
_MAX_PATH_LENGTH = 10_000
_URL = re.compile(r"\s*https?:", re.IGNORECASE)
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]+):(?://)?", re.IGNORECASE)  # at least two letters: C: is a drive
_NETWORK_PATH = re.compile(r"[\\/]{2}")
# Do not block, do not take over a terminal, and do not translate line endings on Windows.
_OPEN_FLAGS = ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")


def shorten_path(name: str) -> str:
    """Return a path as messages show it: its beginning and its end, when it is long."""
    line = clean_line(name, _MAX_PATH_LENGTH)
    half = MAX_NAME_LENGTH // 2
    return line if len(line) <= MAX_NAME_LENGTH else f"{line[: half - 1]}…{line[-half:]}"


def is_url(text: str) -> bool:
    """Whether this text is an http(s) URL rather than a path."""
    return _URL.match(text) is not None


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file; `~` is the home folder.

    Raises `OptionError` when `path` is not a path, or the file is not regular, empty, too large or unreadable.
    """
    name = os.fsdecode(path)
    _check_path(name, is_text=isinstance(path, str))
    try:
        handle = os.open(Path(name).expanduser(), os.O_RDONLY | sum(getattr(os, flag, 0) for flag in _OPEN_FLAGS))
        try:
            return _read_regular_file(handle, name)
        finally:
            os.close(handle)
    except (FileNotFoundError, NotADirectoryError):
        raise OptionError(f"There is no image file {shorten_path(name)}.", advice="Check the path.") from None
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, an unknown `~user`, a null character
        reason = error.strerror if isinstance(error, OSError) else error
        raise OptionError(f"Cannot read {shorten_path(name)}: {clean_line(reason)}", advice="Check the path.") from None


def _check_path(name: str, *, is_text: bool) -> None:
    """Raise `OptionError` for a text that cannot be the path of a local file."""
    if not name.strip():
        raise OptionError("The path of an image is empty.", advice="Give the path of an image file.")
    if "\0" in name:
        raise OptionError(f"{shorten_path(name)} has a null character.", advice="Give the path of an image file.")
    scheme = _SCHEME.match(name)
    if _NETWORK_PATH.match(name):
        advice = "Copy the file here, or give its path with one slash."
        raise OptionError(
            f"{shorten_path(name)} may lie on another machine, which is not asked for files.", advice=advice
        )
    if is_text and is_url(name):
        raise OptionError(f"{shorten_path(name)} is an address, not a file.", advice="Fetch it first.")
    if is_text and scheme and scheme[1].lower() == "file":
        raise OptionError(
            f"{shorten_path(name)} is an address, not a path.", advice="Leave out file: in front of the path."
        )
    if is_text and scheme and (scheme[0].endswith("//") or scheme[1].lower() == "data"):
        advice = "Give a file, bytes or an http(s) address."
        raise OptionError(f"{shorten_path(name)} is an address of a kind that is not fetched.", advice=advice)


def _read_regular_file(handle: int, name: str) -> bytes:
    """Return the content of an open file, without anything that is appended meanwhile."""
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise OptionError(f"{shorten_path(name)} is {kind}.", advice="Give the path of an image file.")
    if status.st_size > MAX_FILE_BYTES:
        advice = f"Save it smaller; no more than {MAX_FILE_BYTES // 1_000_000} MB are read."
        raise OptionError(
            f"{shorten_path(name)} is too large for a reference image ({status.st_size / 1e6:,.0f} MB).", advice=advice
        )
    chunks, remaining_bytes = [], status.st_size
    while remaining_bytes and (chunk := os.read(handle, remaining_bytes)):
        chunks.append(chunk)
        remaining_bytes -= len(chunk)
    if not chunks:
        raise OptionError(f"{shorten_path(name)} is empty.", advice="Give the path of an image file.")
    return b"".join(chunks)
