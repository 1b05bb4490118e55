"""A file that somebody named as a reference image, read once and whole.

Only a regular file is read: a pipe would wait for ever, a device never ends, and an address on another
machine makes Windows send a password there. What is in the file is for others to say.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from cometmagic.errors import OptionError
from cometmagic.system.sanitize import clean_line

MAX_FILE_BYTES = 256_000_000  # bytes; a reference of any use is far smaller
_URL = re.compile(r"\s*https?:", re.IGNORECASE)
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]+):(?://)?", re.IGNORECASE)  # two letters or more: C: is a drive
_NETWORK_PATH = re.compile(r"[\\/]{2}")
# Nothing is waited for, no terminal is taken over, and Windows changes no line ends.
_OPEN_FLAGS = ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")


def is_url(text: str) -> bool:
    """Whether this is meant as an http(s) address rather than a path."""
    return _URL.match(text) is not None


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file; `~` is the home folder.

    Raises `OptionError` for what is no path, no regular file, empty, too large or cannot be read.
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
        raise OptionError(f"There is no image file {clean_line(name)}.", advice="Check the path.") from None
    except (OSError, RuntimeError, ValueError) as error:  # too long a name, an unknown `~user`, a null character
        why = error.strerror if isinstance(error, OSError) else error
        raise OptionError(f"Cannot read {clean_line(name)}: {clean_line(why)}", advice="Check the path.") from None


def _check_path(name: str, *, is_text: bool) -> None:
    """Refuse what no file of this machine has as a path."""
    if not name.strip():
        raise OptionError("The path of an image is empty.", advice="Give the path of an image file.")
    scheme = _SCHEME.match(name)
    if _NETWORK_PATH.match(name):
        do = "Copy the file here, or give its path with one slash."
        raise OptionError(f"{clean_line(name)} may lie on another machine, which is not asked for files.", advice=do)
    if is_text and is_url(name):
        raise OptionError(f"{clean_line(name)} is an address, not a file.", advice="Fetch it first.")
    if is_text and scheme and scheme[1].lower() == "file":
        raise OptionError(
            f"{clean_line(name)} is an address, not a path.", advice="Leave out file: in front of the path."
        )
    if is_text and scheme and (scheme[0].endswith("//") or scheme[1].lower() == "data"):
        do = "Give a file, bytes or an http(s) address."
        raise OptionError(f"{clean_line(name, 60)} is an address of a kind that is not fetched.", advice=do)


def _read_regular_file(handle: int, name: str) -> bytes:
    """Return what an open file holds, and of one that is written to meanwhile no more than it held."""
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
        raise OptionError(f"{clean_line(name)} is {what}.", advice="Give the path of an image file.")
    if found.st_size > MAX_FILE_BYTES:
        do = f"Save it smaller; no more than {MAX_FILE_BYTES // 1_000_000} MB are read."
        raise OptionError(
            f"{clean_line(name)} is too large for a reference image ({found.st_size / 1e6:,.0f} MB).", advice=do
        )
    pieces, left = [], found.st_size
    while left and (piece := os.read(handle, left)):
        pieces.append(piece)
        left -= len(piece)
    if not pieces:
        raise OptionError(f"{clean_line(name)} is empty.", advice="Give the path of an image file.")
    return b"".join(pieces)
