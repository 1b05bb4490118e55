"""Where images are saved, and what to say when that fails: file names from prompts, targets checked before paying."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

from cometmagic.errors import LibraryError

MAX_SLUG_LENGTH = 40

LIBRARY_ADVICE = "Set COMETMAGIC_LIBRARY to a folder that can be written."


def build_write_error(folder: Path, error: OSError, **details: Any) -> LibraryError:
    """Return the error for a folder in which `error` came up; `how` goes to it."""
    why = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
    return LibraryError(f"Cannot write in {folder}: {why}.", **details)


def check_target(path: str) -> str:
    """Return `path` as an absolute one. Raises `LibraryError` when nothing can be saved there: before paying."""
    try:
        target = Path(path).expanduser().absolute()
        folder = next(parent for parent in (target, *target.parents) if parent.exists())
    except (OSError, RuntimeError) as error:  # a name too long for the disk; a `~user` nobody knows
        why = error.strerror if isinstance(error, OSError) else error
        raise LibraryError(f"Cannot save to {path}: {why}", advice="Change --save.") from None
    if folder == target and not folder.is_dir():
        folder = target.parent  # a file that will not be overwritten
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise LibraryError(
            f"Cannot save to {path}: {folder} is not a folder that can be written.", advice="Change --save."
        )
    return f"{target}{os.sep}" if path.endswith(("/", os.sep)) else str(target)


def slugify(text: str, max_length: int = MAX_SLUG_LENGTH) -> str:
    """Return up to `longest` lower-case ASCII letters, digits and hyphens from a text."""
    plain = unicodedata.normalize("NFKD", text[:400]).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) <= max_length:
        return words or "image"
    cut = words[:max_length]
    return cut.rpartition("-")[0] or cut


def build_image_path(path: str | Path, suffix: str, prompt: str) -> Path:
    """Return where an image is saved: a file's name gets the suffix of its content, a folder a name from the prompt."""
    target = Path(path).expanduser()
    if target.is_dir() or str(path).endswith(("/", os.sep)):
        target = target / slugify(prompt)
    if target.suffix.lower() in (suffix, {".jpg": ".jpeg"}.get(suffix)):
        return target
    if target.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp", ".gif"):
        return target.with_suffix(suffix)
    return target.with_name(target.name + suffix)
