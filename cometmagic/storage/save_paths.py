"""Paths for saved images: file names from prompts, a check of the target before sending, and the error texts."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

from cometmagic.errors import LibraryError

MAX_SLUG_LENGTH = 40  # characters
LIBRARY_ADVICE = "Set COMETMAGIC_LIBRARY to a folder that can be written."


def build_write_error(folder: Path, error: OSError, **details: Any) -> LibraryError:
    """Return the error for a folder that cannot be written; `details` are passed to `LibraryError`."""
    reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
    return LibraryError(f"Cannot write in {folder}: {reason}.", **details)


def check_target(path: str) -> str:
    """Return `path` as an absolute path. Raises `LibraryError` when nothing can be saved there."""
    try:
        target = Path(path).expanduser().absolute()
        folder = next(parent for parent in (target, *target.parents) if parent.exists())
    except (OSError, RuntimeError) as error:  # a name too long for the disk; an unknown `~user`
        reason = error.strerror if isinstance(error, OSError) else error
        raise LibraryError(f"Cannot save to {path}: {reason}", advice="Change --save.") from None
    if folder == target and not folder.is_dir():
        folder = target.parent  # a file that will not be overwritten
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise LibraryError(
            f"Cannot save to {path}: {folder} is not a folder that can be written.", advice="Change --save."
        )
    return f"{target}{os.sep}" if path.endswith(("/", os.sep)) else str(target)


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
    """Return where an image is saved: a file's name gets the suffix of its content, a folder a name from the prompt."""
    target = Path(path).expanduser()
    if is_folder(path):
        target = target / slugify(prompt)
    if target.suffix.lower() in (suffix, {".jpg": ".jpeg"}.get(suffix)):
        return target
    if target.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp", ".gif"):
        return target.with_suffix(suffix)
    return target.with_name(target.name + suffix)
