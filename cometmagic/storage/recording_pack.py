"""A lean copy of a library's recordings, to give away: it replays with no key and no network.

What only this machine needs is left out: raw answers, logs, paths, and the thought signatures that only
the next turn of a conversation needs. Prompts and images stay as they are, since by them a recording is
found. A call's folder is made beside its place and renamed, so that it appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cometmagic.errors import Fate, LibraryError
from cometmagic.gemini.strip_signatures import unsigned
from cometmagic.storage.index import recordings
from cometmagic.storage.store import CallFolder, Library, pretty, preview_of, small_of, unwritable
from cometmagic.system.atomic_files import amount, near, sync_folder, write_whole

_MAKING = ".cometmagic-pack-"  # how the name of a folder begins while it is being made
_REFERENCE = re.compile(r"reference-\d+\.\w+")
_WRITTEN_BY_USER = ("prompt", "options", "alt")
# An absolute path at the beginning of a word: /home/ada/x, ~/x, C:\Users\ada, \\server\x, file:///home/ada.
_START = r"(?<![^\s\"'(\[=:,;])(?:file:/*)?(?:~?/(?!/)|[A-Za-z]:[\\/]|\\\\)"
_PATH = re.compile(rf"{_START}[^\s\"'<>|,;)\]]*[^\s\"'<>|,;)\].:]")


@dataclass(frozen=True)
class Packed:
    """What lies in a pack: where, how many calls were new and how many there before, and how many bytes."""

    place: Path
    new: int
    old: int
    left_out: int
    size: int

    def __str__(self) -> str:
        where = near(self.place)
        told = [
            f"Calls in {where}: {self.new + self.old} ({self.new} new), {amount(self.size)}.",
            f"To use it, set COMETMAGIC_LIBRARY={where}: without a key the same cells show what was recorded, offline.",
            "Before you share it: prompts and reference images are in it as they were sent.",
        ]
        if self.left_out:
            told.append(f"Left out, because they made no live picture or are damaged: {self.left_out}.")
        return "\n".join(told)


def pack(library: Library, place: Path) -> Packed:
    """Copy every recording of the library that is not there yet to the folder `place`.

    Raises `LibraryError` when there is none, or `place` cannot be written or lies in the library.
    """
    target, found = _checked(library, place), [folder for folder, _ in recordings(library)]
    if not found:
        do = "A live call with a key makes one."
        raise LibraryError(f"There is no recording in {near(library.root)} to pack.", fate=Fate.PAST, do=do)
    try:
        target.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        there = {folder for folder in found if (target / folder.id).exists()}
        new = {folder for folder in found if folder not in there and _copy(folder, target)}
        size = sum(path.stat().st_size for folder in there | new for path in (target / folder.id).iterdir())
    except OSError as error:
        raise unwritable(target, error, fate=Fate.PAST, do="Name another folder.") from None
    left_out = len(list(library.folders())) - len(there | new)
    return Packed(target, len(new), len(there), left_out, size)


def _checked(library: Library, place: Path) -> Path:
    """Return the absolute path of the folder to pack into, which must not lie in the library."""
    try:
        target = place.expanduser().absolute()
    except RuntimeError as error:  # a `~user` nobody knows
        raise LibraryError(f"Cannot write in {place}: {error}", fate=Fate.PAST, do="Name another folder.") from None
    if target.resolve().is_relative_to(library.root.resolve()):
        raise LibraryError(f"{place} lies in the library itself.", fate=Fate.PAST, do="Name a folder outside it.")
    return target


def _sweep(target: Path) -> None:
    """Remove what a pack that was killed has left."""
    for left in target.glob(f"{_MAKING}*"):
        with contextlib.suppress(OSError):
            # Renamed first: if its maker lives after all, it cannot put a half empty folder into place.
            shutil.rmtree(left.rename(target / _new_name()), ignore_errors=True)


def _new_name() -> str:
    return f"{_MAKING}{secrets.token_hex(8)}"


def _copy(folder: CallFolder, target: Path) -> bool:
    """Make the lean copy of a call and return whether the call could be read."""
    files = _lean(folder)
    if files is None:
        return False
    beside = target / _new_name()
    beside.mkdir()
    try:
        for name, content in files.items():
            write_whole(beside / name, content, 0o666)
        beside.rename(target / folder.id)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    sync_folder(target)
    return True


def _lean(folder: CallFolder) -> dict[str, bytes] | None:
    """Return the files of a call's lean copy by name, or None when one cannot be read."""
    try:
        documents = {
            name: unsigned((folder.path / name).read_bytes()) for name in ("request.json", "answer.json", "call.json")
        }
        call = json.loads(documents["call.json"])
        kept = {name: value for name, value in call.items() if name in _WRITTEN_BY_USER}
        documents["call.json"] = pretty(_without_paths(call, folder.id) | kept)
        originals = [folder.path / row["name"] for row in call.get("files", [])]
        references = [path for path in folder.path.iterdir() if _REFERENCE.fullmatch(path.name)]
        previews = {made for path in originals for made in (preview_of(path), small_of(path)) if made.exists()}
        return documents | {path.name: path.read_bytes() for path in (*references, *originals, *previews)}
    except (OSError, ValueError, RecursionError):
        return None


def _without_paths(value: Any, name: str) -> Any:
    """Return JSON values without absolute paths; of those that lead into the call folder `name`, the end stays."""
    match value:
        case dict():
            return {key: _without_paths(item, name) for key, item in value.items()}
        case list():
            return [_without_paths(item, name) for item in value]
        case str():
            # Folders above it may have spaces in their names, so its own name is looked for first.
            inside = re.sub(rf"{_START}[^\n\"']*?(?={re.escape(name)})", "", value)
            return _PATH.sub("[path]", inside)
    return value
