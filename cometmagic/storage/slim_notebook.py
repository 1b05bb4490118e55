"""A notebook file made small: its embedded pictures become previews, and the originals stay in the library.

The file is replaced as a whole and only after every original lies in the library. Whatever else is in it
stays as it was. This module knows files and the library; where pictures stand in a notebook knows
embedded.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cometmagic.errors import ChargeStatus, LibraryError
from cometmagic.gemini.parts import MAGIC_BYTES, sniff
from cometmagic.images.notebook_images import NotebookShrinker
from cometmagic.storage.library import Library
from cometmagic.storage.save_paths import LIBRARY_ADVICE, build_write_error
from cometmagic.system.atomic_files import save_new_file, write_atomic
from cometmagic.system.formatting import format_bytes, format_path
from cometmagic.system.sanitize import clean_line
from cometmagic.system.suggestions import suggest

ORIGINALS_FOLDER = "originals"  # the folder of the library for pictures that belong to no call
DEFAULT_MAX_SIDE = 1024  # pixels
NBFORMAT = 4
_SKIP_REASONS = {
    "small": "small enough already",
    "moving": "animated",
    "svg": "SVG",
    "damaged": "that cannot be read or are too large",
}


@dataclass(frozen=True)
class SlimSummary:
    """What became of a notebook: bytes before and after, how many pictures, and how many originals were saved."""

    path: Path
    old_size: int
    new_size: int
    counts: Counter[str]
    original_count: int
    originals_folder: Path

    def __str__(self) -> str:
        name, counts = clean_line(format_path(self.path)), self.counts
        left = ", ".join(f"{counts[kind]} {told}" for kind, told in _SKIP_REASONS.items() if counts[kind])
        left = f"Left as they were: {left}." if left else ""
        if self.old_size == self.new_size and not counts["shrunk"] + counts["twins"]:
            return " ".join(
                filter(None, [f"There is nothing to shrink in {name}, {format_bytes(self.old_size)}.", left])
            )
        told = [f"{name}: {format_bytes(self.old_size)} became {format_bytes(self.new_size)}."]
        told.append(f"Pictures that became previews: {counts['shrunk']}.")
        if counts["twins"]:
            told.append(f"Second copies in another format that were taken out: {counts['twins']}.")
        where = (
            f"; {self.original_count} of them were new to it and lie in {format_path(self.originals_folder)}"
            if self.original_count
            else ""
        )
        told += [f"The originals are in the library{where}.", left]
        told.append("If the notebook is open, reload it from disk before you save it: saving brings the old one back.")
        return "\n".join(filter(None, told))


def slim(path: Path, library: Library, max_side: int = DEFAULT_MAX_SIDE) -> SlimSummary:
    """Make the embedded pictures of a notebook file previews of at most `longest` pixels a side.

    Raises `LibraryError`, and then the file is as it was: it is no notebook, may not be written or has
    changed meanwhile, or the library cannot keep an original.
    """
    place = _resolve_notebook(path)
    before, content = _read_notebook(place)
    notebook = _parse_notebook(content, place)
    shrinker = NotebookShrinker(max_side)
    shrinker.shrink(notebook)
    folder, saved, after = library.root / ORIGINALS_FOLDER, 0, len(content)
    if shrinker.originals:
        try:
            saved = _save_originals(library, folder, shrinker.originals)
        except OSError as error:
            raise build_write_error(folder, error, charge_status=ChargeStatus.PAST, advice=LIBRARY_ADVICE) from None
        after = _replace_file(place, before, _encode_notebook(notebook, content.decode()))
    return SlimSummary(place, len(content), after, shrinker.counts, saved, folder)


def _resolve_notebook(path: Path) -> Path:
    """Return where a notebook lies, behind all links."""
    try:
        place = path.expanduser().resolve()
        if place.is_file():
            return place
        others = [other.name for other in place.parent.glob("*.ipynb")] if place.parent.is_dir() else []
    except (OSError, RuntimeError, ValueError) as error:  # a `~user` nobody knows, a name too long, a loop of links
        why = getattr(error, "strerror", None) or error
        raise _build_error(f"Cannot read {clean_line(path)}: {why}", "Check the path.") from None
    hint = suggest(f"{place.stem}.ipynb", others) or "."
    raise _build_error(f"There is no notebook {clean_line(path)}{hint}", "Check the path.")


def _read_notebook(path: Path) -> tuple[os.stat_result, bytes]:
    """Return what the disk says of a file that may be replaced, and its content."""
    try:
        before, content = path.stat(), path.read_bytes()
    except OSError as error:
        raise _build_error(f"Cannot read {clean_line(path)}: {error.strerror}.") from None
    may_write = before.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) and os.access(path, os.W_OK)
    if not may_write or not os.access(path.parent, os.W_OK):
        raise _build_error(
            f"{clean_line(format_path(path))} may not be written.", "Copy it to where it may be, and slim the copy."
        )
    return before, content


def _parse_notebook(content: bytes, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(content.decode())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("nbformat"), int):
        raise _build_error(f"{clean_line(format_path(path))} is not a notebook.", "Name an .ipynb file.")
    if found["nbformat"] != NBFORMAT or not isinstance(found.get("cells"), list):
        do = "Open it in Jupyter and save it; that brings it up to date."
        raise _build_error(f"{clean_line(format_path(path))} is a notebook of another format than {NBFORMAT}.", do)
    return found


def _encode_notebook(notebook: dict[str, Any], old_text: str) -> bytes:
    """Return the text of a notebook, laid out as the old one was."""
    found = re.match(r"\s*\{(\r?\n)([ \t]+)", old_text)
    colon = re.match(r'\s*\{\s*"[^"]*"(\s*:\s*)', old_text)
    separators = ("," if found else ", ", ": ") if not colon or colon[1] != ":" else (",", ":")
    end, indent = found.groups() if found else ("\n", None)

    def text(*, ascii_only: bool) -> str:
        made = json.dumps(notebook, ensure_ascii=ascii_only, indent=indent, separators=separators)
        return made.replace("\n", end) + old_text[len(old_text.rstrip()) :]

    try:
        return text(ascii_only=old_text.isascii()).encode()
    except UnicodeEncodeError:  # half a character, which only an escape can write
        return text(ascii_only=True).encode()


def _replace_file(path: Path, old_stat: os.stat_result, content: bytes) -> int:
    """Put the new content in place unless somebody else has written the file, and return its size."""
    try:
        now = path.stat()
        if (now.st_mtime_ns, now.st_size, now.st_ino) != (old_stat.st_mtime_ns, old_stat.st_size, old_stat.st_ino):
            raise _build_error(
                f"{clean_line(format_path(path))} was written meanwhile, and is left as it is.", "Run it again."
            )
        write_atomic(path, content, stat.S_IMODE(old_stat.st_mode))
    except OSError as error:
        raise _build_error(f"Cannot write {clean_line(format_path(path))}: {error.strerror}.") from None
    with contextlib.suppress(OSError):  # some disks know no modes
        path.chmod(stat.S_IMODE(old_stat.st_mode))  # a mask may have taken a part of it
    return len(content)


def _save_originals(library: Library, folder: Path, originals: dict[str, bytes]) -> int:
    """Save those of the originals that the library does not have, and return how many that were."""
    lengths = {len(content) for content in originals.values()}
    known = {_hash_file(path) for path in _iter_files(library, folder) if path.stat().st_size in lengths}
    missing = {digest: content for digest, content in originals.items() if digest not in known}
    for digest, content in missing.items():
        folder.mkdir(parents=True, exist_ok=True)
        save_new_file(folder / f"{digest[:16]}{sniff(content[:MAGIC_BYTES])[1]}", content)
    return len(missing)


def _iter_files(library: Library, folder: Path) -> Iterator[Path]:
    """Yield the files in a library that may be originals."""
    for place in (folder, *(call.path for call in library.iter_folders())):
        if place.is_dir():
            yield from (path for path in place.iterdir() if path.is_file() and not path.name.startswith("."))


def _hash_file(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _build_error(message: str, advice: str = "") -> LibraryError:
    return LibraryError(message, charge_status=ChargeStatus.PAST, advice=advice)
