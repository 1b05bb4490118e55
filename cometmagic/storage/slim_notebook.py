"""Shrinks a notebook file: its embedded pictures become previews, and the originals are kept in the library.

The file is replaced as a whole, and only after every original is in the library. Everything else in it stays
unchanged. This module deals with files and the library; where a notebook has its pictures is known in
images/notebook_images.py only.
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
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from cometmagic.storage.save_paths import LIBRARY_ADVICE, build_write_error
from cometmagic.storage.trust import check_exclusive, create_library_folder
from cometmagic.system.atomic_files import save_new_file, write_atomic
from cometmagic.system.formatting import format_bytes, format_path
from cometmagic.system.regular_files import create_private_folder, is_real_folder, measure_regular, read_regular
from cometmagic.system.sanitize import clean_line
from cometmagic.system.suggestions import suggest

ORIGINALS_FOLDER = "originals"  # in the library, for pictures that belong to no call
DEFAULT_MAX_SIDE = 1024  # pixels
NBFORMAT = 4
_SKIP_REASONS = {
    "small": "small enough already",
    "moving": "animated",
    "transparent": "transparent",
    "placed": "in styles, scripts, links or fixed places",
    "svg": "SVG",
    "damaged": "that cannot be read or are too large",
}


@dataclass(frozen=True)
class SlimSummary:
    """What was done to a notebook: its size in bytes before and after, pictures by kind, and originals saved."""

    path: Path
    old_size: int
    new_size: int
    counts: Counter[str]
    original_count: int
    originals_folder: Path

    def __str__(self) -> str:
        name, counts = clean_line(format_path(self.path)), self.counts
        skip_note = ", ".join(
            f"{counts[count_name]} {reason}" for count_name, reason in _SKIP_REASONS.items() if counts[count_name]
        )
        skip_note = f"Left as they were: {skip_note}." if skip_note else ""
        if self.old_size == self.new_size and not counts["shrunk"] + counts["twins"]:
            return " ".join(
                filter(None, [f"There is nothing to shrink in {name}, {format_bytes(self.old_size)}.", skip_note])
            )
        lines = [f"{name}: {format_bytes(self.old_size)} became {format_bytes(self.new_size)}."]
        lines.append(f"Pictures that became previews: {counts['shrunk']}.")
        if counts["twins"]:
            lines.append(f"Second copies in another format that were taken out: {counts['twins']}.")
        location = (
            f"; {self.original_count} of them were new to it and lie in {format_path(self.originals_folder)}"
            if self.original_count
            else ""
        )
        lines += [f"The originals are in the library{location}.", skip_note]
        lines.append("If the notebook is open, reload it from disk before you save it: saving brings the old one back.")
        return "\n".join(filter(None, lines))


def slim(path: Path, library: Library, max_side: int = DEFAULT_MAX_SIDE) -> SlimSummary:
    """Replace the embedded pictures of a notebook file by previews of at most `max_side` pixels a side.

    Raises `LibraryError` and leaves the file unchanged when it is not a notebook, cannot be written or has
    changed meanwhile, or when an original cannot be saved in the library.
    """
    notebook_path = _resolve_notebook(path)
    old_stat, content = _read_notebook(notebook_path)
    notebook = _parse_notebook(content, notebook_path)
    shrinker = NotebookShrinker(max_side)
    shrinker.shrink(notebook)
    originals_folder, original_count, new_size = library.root / ORIGINALS_FOLDER, 0, len(content)
    if shrinker.originals:
        try:
            original_count = _save_originals(library, originals_folder, shrinker.originals)
        except OSError as error:
            raise build_write_error(
                originals_folder, error, charge_status=ChargeStatus.PAST, advice=LIBRARY_ADVICE
            ) from None
        new_size = _replace_file(notebook_path, old_stat, _encode_notebook(notebook, content.decode()))
    return SlimSummary(notebook_path, len(content), new_size, shrinker.counts, original_count, originals_folder)


def _resolve_notebook(path: Path) -> Path:
    """Return the path of a notebook with all links resolved."""
    try:
        notebook_path = path.expanduser().resolve()
        if notebook_path.is_file():
            return notebook_path
        names = [file.name for file in notebook_path.parent.glob("*.ipynb")] if notebook_path.parent.is_dir() else []
    except (OSError, RuntimeError, ValueError) as error:  # an unknown `~user`, a name too long, a loop of links
        reason = getattr(error, "strerror", None) or error
        raise _build_error(f"Cannot read {clean_line(path)}: {reason}", "Check the path.") from None
    hint = suggest(f"{notebook_path.stem}.ipynb", names) or "."
    raise _build_error(f"There is no notebook {clean_line(path)}{hint}", "Check the path.")


def _read_notebook(path: Path) -> tuple[os.stat_result, bytes]:
    """Return the status and the content of a file. Raises `LibraryError` when it cannot be replaced."""
    try:
        old_stat, content = path.stat(), path.read_bytes()
    except OSError as error:
        raise _build_error(f"Cannot read {clean_line(path)}: {error.strerror}.") from None
    is_writable = old_stat.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) and os.access(path, os.W_OK)
    if not is_writable or not os.access(path.parent, os.W_OK):
        raise _build_error(
            f"{clean_line(format_path(path))} may not be written.", "Copy it to where it may be, and slim the copy."
        )
    return old_stat, content


def _parse_notebook(content: bytes, path: Path) -> dict[str, Any]:
    try:
        notebook = json.loads(content.decode())
    except (ValueError, RecursionError):
        notebook = None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("nbformat"), int):
        raise _build_error(f"{clean_line(format_path(path))} is not a notebook.", "Name an .ipynb file.")
    if notebook["nbformat"] != NBFORMAT or not isinstance(notebook.get("cells"), list):
        advice = "Open it in Jupyter and save it; that brings it up to date."
        raise _build_error(f"{clean_line(format_path(path))} is a notebook of another format than {NBFORMAT}.", advice)
    return notebook


def _encode_notebook(notebook: dict[str, Any], old_text: str) -> bytes:
    """Return the content of a notebook, laid out like the old one."""
    indent_match = re.match(r"\s*\{(\r?\n)([ \t]+)", old_text)
    colon_match = re.match(r'\s*\{\s*"[^"]*"(\s*:\s*)', old_text)
    separators = ("," if indent_match else ", ", ": ") if not colon_match or colon_match[1] != ":" else (",", ":")
    line_end, indent = indent_match.groups() if indent_match else ("\n", None)

    def serialize(*, ascii_only: bool) -> str:
        text = json.dumps(notebook, ensure_ascii=ascii_only, indent=indent, separators=separators)
        return text.replace("\n", line_end) + old_text[len(old_text.rstrip()) :]

    try:
        return serialize(ascii_only=old_text.isascii()).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which needs an escape
        return serialize(ascii_only=True).encode()


def _replace_file(path: Path, old_stat: os.stat_result, content: bytes) -> int:
    """Replace the file and return its new size. Raises `LibraryError` when it was written meanwhile."""
    try:
        new_stat = path.stat()
        if (new_stat.st_mtime_ns, new_stat.st_size, new_stat.st_ino) != (
            old_stat.st_mtime_ns,
            old_stat.st_size,
            old_stat.st_ino,
        ):
            raise _build_error(
                f"{clean_line(format_path(path))} was written meanwhile, and is left as it is.", "Run it again."
            )
        write_atomic(path, content, stat.S_IMODE(old_stat.st_mode))
    except OSError as error:
        raise _build_error(f"Cannot write {clean_line(format_path(path))}: {error.strerror}.") from None
    with contextlib.suppress(OSError):  # some disks have no modes
        path.chmod(stat.S_IMODE(old_stat.st_mode))  # the umask may have removed bits
    return len(content)


def _save_originals(library: Library, folder: Path, originals: dict[str, bytes]) -> int:
    """Save the originals that are not in the library yet, and return their number."""
    sizes = {len(content) for content in originals.values()}
    known_digests = {_hash_file(path) for path in _iter_files(library, folder) if measure_regular(path) in sizes}
    missing = {digest: content for digest, content in originals.items() if digest not in known_digests}
    if missing:
        create_library_folder(library.root)
        check_exclusive(library.root)
        create_private_folder(folder)
    for digest, content in missing.items():
        save_new_file(folder / f"{digest[:16]}{sniff(content[:MAGIC_BYTES])[1]}", content, 0o600)
    return len(missing)


def _iter_files(library: Library, folder: Path) -> Iterator[Path]:
    """Yield the files of a library that may be originals."""
    for call_folder in (CallFolder(folder), *library.iter_folders()):
        if is_real_folder(call_folder.path):
            yield from call_folder.list_files()


def _hash_file(path: Path) -> str:
    return sha256(read_regular(path)).hexdigest()


def _build_error(message: str, advice: str = "") -> LibraryError:
    return LibraryError(message, charge_status=ChargeStatus.PAST, advice=advice)
