"""Paths for saved images: file names from prompts, a check of the target before sending, and the error texts."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

from cometmagic.errors import LibraryError
from cometmagic.system.sanitize import clean_line

MAX_SLUG_LENGTH = 40  # characters
LIBRARY_ADVICE = "Set COMETMAGIC_LIBRARY to a folder that can be written."


def build_write_error(folder: Path, error: OSError, **details: Any) -> LibraryError:
    """Return the error for a folder that cannot be written; `details` are passed to `LibraryError`."""
    reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
    return LibraryError(f"Cannot write in {folder}: {reason}.", **details)


def build_path_error(action: str, path: object, reason: object, **details: Any) -> LibraryError:
    """Return the error for a path that a user wrote and that cannot be used; `details` are passed to `LibraryError`.

    `action` says what cannot be done, such as "save to".
    """
    name = clean_line(path, 200) if isinstance(path, str | Path) else f"a {type(path).__name__}"
    reason = reason.strerror if isinstance(reason, OSError) else reason
    return LibraryError(f"Cannot {action} {name}: {clean_line(reason)}", **details)


def check_target(path: str) -> str:
    """Return `path` as an absolute path. Raises `LibraryError` when nothing can be saved there."""
    try:
        target = expand_path(path).absolute()
        folder = next(parent for parent in (target, *target.parents) if parent.exists())
    except (OSError, ValueError) as error:  # a name too long for the disk; what cannot be a path
        raise build_path_error("save to", path, error, advice="Change --save.") from None
    if folder == target and not folder.is_dir():
        folder = target.parent  # a file that will not be overwritten
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise build_path_error(
            "save to", path, f"{folder} is not a folder that can be written", advice="Change --save."
        )
    return f"{target}{os.sep}" if path.endswith(("/", os.sep)) else str(target)


def expand_path(path: str | Path) -> Path:
    """Return a path that a user wrote, with `~` replaced. Raises `ValueError` for what cannot be a path."""
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"{type(path).__name__} is no path")
    text = os.fsdecode(path)
    if not text or "\0" in text:
        raise ValueError("the path has a null character" if text else "the path is empty")
    try:
        os.fsencode(text)
        return Path(text).expanduser()
    except UnicodeError:
        raise ValueError("the path has a broken character") from None
    except RuntimeError as error:  # an unknown `~user`
        raise ValueError(str(error)) from None


def is_folder(path: str | Path) -> bool:
    """Whether images are saved into a path: an existing folder, or one that its final separator asks for."""
    return str(path).endswith(("/", os.sep)) or Path(path).expanduser().is_dir()


def slugify(text: str, max_length: int = MAX_SLUG_LENGTH) -> str:
    """Return up to `max_length` lower-case ASCII letters, digits and hyphens from a text."""
    ascii_text = unicodedata.normalize("NFKD", text[:400]).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")
    if len(slug) <= max_length:
        return slug or "image"
    prefix = slug[:max_length]
    return prefix.rpartition("-")[0] or prefix


def build_image_path(path: str | Path, suffix: str, prompt: str) -> Path:
    """Return where an image is saved: a file's name gets the suffix of its content, a folder a name from the prompt.

    Raises `ValueError` for what cannot be a path.
    """
    target = expand_path(path)
    if is_folder(path):
        target = target / slugify(prompt)
    if target.suffix.lower() in (suffix, {".jpg": ".jpeg"}.get(suffix)):
        return target
    if target.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp", ".gif"):
        return target.with_suffix(suffix)
    return target.with_name(target.name + suffix)
