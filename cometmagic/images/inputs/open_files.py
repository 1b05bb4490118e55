"""Open files as reference images: read from their beginning and left where they were.

What is not on a disk could block for ever, such as a pipe or a terminal, so it is not read; files in memory, in an
archive and HTTP responses are. This module does not look at what a file contains.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import stat
import tempfile
from types import ModuleType
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.images.file_reader import MAX_FILE_BYTES, shorten_path
from cometmagic.system.sanitize import clean_line

_FILE_METHODS = ("seek", "readinto", "readable")  # what reads and has none of them is no file, such as an archive
_RESPONSE_MODULES = ("http.client", "urllib.response", "urllib3.response")


def is_open_file(value: Any) -> bool:
    """Whether `value` can be read as a file, or was one before it was closed."""
    if isinstance(value, type | ModuleType):
        return False
    if isinstance(value, io.IOBase):
        return True
    if inspect.iscoroutinefunction(read_attribute(value, "read")):
        return True
    return _is_callable(value, "read") and any(_is_callable(value, name) for name in _FILE_METHODS)


def describe_file(file: Any) -> str:
    """Return what a file is called at the beginning of a sentence."""
    name = read_attribute(file, "name") or read_attribute(file, "filename")
    is_path = isinstance(name, str | os.PathLike) and not isinstance(file, tempfile.SpooledTemporaryFile)
    return shorten_path(os.fsdecode(name)) if is_path else "The open file"


def read_open_file(file: Any) -> bytes:
    """Return the whole content of an open file, and leave its position as it was.

    Raises `OptionError` when the file is closed, open for text or for writing only, is not on a disk, or too large.
    """
    name, file = describe_file(file), _find_inner_file(file)
    _check_file(name, file)
    try:
        content = _read_from_start(file)
    except Exception as error:  # noqa: BLE001  # files of other libraries raise anything
        reason = clean_line(error, 120) or type(error).__name__
        raise OptionError(f"{name} cannot be read: {reason.rstrip('.')}.", advice=_build_advice(file)) from None
    if not isinstance(content, bytes | bytearray | memoryview):
        message = f"{name} holds {'text' if isinstance(content, str) else f'a {type(content).__name__}'}, not bytes."
        raise OptionError(message, advice='Open it with open(path, "rb").')
    if len(content) > MAX_FILE_BYTES:
        advice = f"Save it smaller; no more than {MAX_FILE_BYTES // 1_000_000} MB are read."
        raise OptionError(f"{name} is too large for a reference image.", advice=advice)
    if not content:
        raise OptionError(f"{name} is empty.", advice="Give an image file.")
    return bytes(content)


def _find_inner_file(file: Any) -> Any:
    """Return the file within an upload of a web framework, whose own `read` has to be awaited."""
    inner_file = read_attribute(file, "file")
    return (
        inner_file if inspect.iscoroutinefunction(read_attribute(file, "read")) and is_open_file(inner_file) else file
    )


def _check_file(name: str, file: Any) -> None:
    """Raise `OptionError` for a file that cannot be read at once."""
    if read_attribute(file, "closed") is True:
        raise OptionError(f"{name} is closed.", advice="Open it again, or give its path.")
    if inspect.iscoroutinefunction(read_attribute(file, "read")):
        raise OptionError(f"{name} has to be awaited.", advice="Read it first: content = await file.read().")
    if isinstance(read_attribute(file, "buffer"), io.BufferedIOBase) or isinstance(file, io.TextIOBase):
        is_text_in_memory = isinstance(file, io.StringIO)
        advice = "Give bytes." if is_text_in_memory else 'Open it with open(path, "rb").'
        raise OptionError(f"{name} {'holds' if is_text_in_memory else 'is open as'} text.", advice=advice)
    if _is_callable(file, "readable") and not _call(file, "readable"):
        raise OptionError(f"{name} is not open for reading.", advice="Close it, and give its path.")
    if not _is_on_disk(file):
        raise OptionError(f"{name} is no regular file.", advice="Read it first: content = file.read().")


def _is_on_disk(file: Any) -> bool:
    """Whether reading a file ends: it is regular, has no number because it is in memory, or is a response."""
    if isinstance(file, tempfile.SpooledTemporaryFile):  # to ask for its number would write it to the disk
        return True
    if any(base.__module__.startswith(_RESPONSE_MODULES) for base in type(file).__mro__):
        return True
    number = _call(file, "fileno")
    if not isinstance(number, int):
        return True
    try:
        return stat.S_ISREG(os.fstat(number).st_mode)
    except (OSError, OverflowError):
        return False


def _read_from_start(file: Any) -> Any:
    """Return what is in a file, from its start if it can be rewound."""
    if not _is_callable(file, "seek") or _call(file, "seekable") is False:
        return file.read(MAX_FILE_BYTES + 1)
    position = file.tell()
    file.seek(0)
    try:
        return file.read(MAX_FILE_BYTES + 1)
    finally:
        file.seek(position)


def _build_advice(file: Any) -> str:
    is_response = any(base.__module__.startswith(_RESPONSE_MODULES) for base in type(file).__mro__)
    return "Ask for it again." if is_response else "Open it again, or give its path."


def read_attribute(value: Any, name: str) -> Any:
    """Return an attribute, or None when there is none or a property of any class raises."""
    with contextlib.suppress(Exception):
        return getattr(value, name, None)
    return None


def _is_callable(value: Any, name: str) -> bool:
    return callable(read_attribute(value, name))


def _call(value: Any, name: str) -> Any:
    """Return what a method without arguments returns, or None when there is none or it raises."""
    with contextlib.suppress(Exception):
        return getattr(value, name)()
    return None
