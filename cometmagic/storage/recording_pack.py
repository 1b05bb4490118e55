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

from cometmagic.errors import ChargeStatus, LibraryError
from cometmagic.gemini.signature_filter import strip_signatures
from cometmagic.storage.call_folder import CallFolder, build_preview_path, build_small_preview_path, encode_call
from cometmagic.storage.index import iter_recordings
from cometmagic.storage.library import Library
from cometmagic.storage.save_paths import build_write_error
from cometmagic.system.atomic_files import sync_folder, write_atomic
from cometmagic.system.formatting import format_bytes, format_path

_TEMP_PREFIX = ".cometmagic-pack-"  # how the name of a folder begins while it is being made
_REFERENCE_PATTERN = re.compile(r"reference-\d+\.\w+")
_USER_TEXT_KEYS = ("prompt", "options", "alt")
# An absolute path at the beginning of a word: /home/ada/x, ~/x, C:\Users\ada, \\server\x, file:///home/ada.
_PATH_START = r"(?<![^\s\"'(\[=:,;])(?:file:/*)?(?:~?/(?!/)|[A-Za-z]:[\\/]|\\\\)"
_PATH_PATTERN = re.compile(rf"{_PATH_START}[^\s\"'<>|,;)\]]*[^\s\"'<>|,;)\].:]")


@dataclass(frozen=True)
class PackSummary:
    """What lies in a pack: where, how many calls were new and how many there before, and how many bytes."""

    destination: Path
    new_count: int
    old_count: int
    skipped_count: int
    size: int

    def __str__(self) -> str:
        where = format_path(self.destination)
        told = [
            f"Calls in {where}: {self.new_count + self.old_count} ({self.new_count} new), {format_bytes(self.size)}.",
            f"To use it, set COMETMAGIC_LIBRARY={where}: without a key the same cells show what was recorded, offline.",
            "Before you share it: prompts and reference images are in it as they were sent.",
        ]
        if self.skipped_count:
            told.append(f"Left out, because they made no live picture or are damaged: {self.skipped_count}.")
        return "\n".join(told)


def pack(library: Library, destination: Path) -> PackSummary:
    """Copy every recording of the library that is not there yet to the folder `place`.

    Raises `LibraryError` when there is none, or `place` cannot be written or lies in the library.
    """
    target, found = _resolve_destination(library, destination), [folder for folder, _ in iter_recordings(library)]
    if not found:
        do = "A live call with a key makes one."
        raise LibraryError(
            f"There is no recording in {format_path(library.root)} to pack.", charge_status=ChargeStatus.PAST, advice=do
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        there = {folder for folder in found if (target / folder.id).exists()}
        new = {folder for folder in found if folder not in there and _copy_recording(folder, target)}
        size = sum(path.stat().st_size for folder in there | new for path in (target / folder.id).iterdir())
    except OSError as error:
        raise build_write_error(target, error, charge_status=ChargeStatus.PAST, advice="Name another folder.") from None
    left_out = len(list(library.iter_folders())) - len(there | new)
    return PackSummary(target, len(new), len(there), left_out, size)


def _resolve_destination(library: Library, destination: Path) -> Path:
    """Return the absolute path of the folder to pack into, which must not lie in the library."""
    try:
        target = destination.expanduser().absolute()
    except RuntimeError as error:  # a `~user` nobody knows
        raise LibraryError(
            f"Cannot write in {destination}: {error}", charge_status=ChargeStatus.PAST, advice="Name another folder."
        ) from None
    if target.resolve().is_relative_to(library.root.resolve()):
        raise LibraryError(
            f"{destination} lies in the library itself.",
            charge_status=ChargeStatus.PAST,
            advice="Name a folder outside it.",
        )
    return target


def _remove_leftovers(target: Path) -> None:
    """Remove what a pack that was killed has left."""
    for left in target.glob(f"{_TEMP_PREFIX}*"):
        with contextlib.suppress(OSError):
            # Renamed first: if its maker lives after all, it cannot put a half empty folder into place.
            shutil.rmtree(left.rename(target / _build_temp_name()), ignore_errors=True)


def _build_temp_name() -> str:
    return f"{_TEMP_PREFIX}{secrets.token_hex(8)}"


def _copy_recording(folder: CallFolder, target: Path) -> bool:
    """Make the lean copy of a call and return whether the call could be read."""
    files = _read_lean_files(folder)
    if files is None:
        return False
    beside = target / _build_temp_name()
    beside.mkdir()
    try:
        for name, content in files.items():
            write_atomic(beside / name, content, 0o666)
        beside.rename(target / folder.id)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    sync_folder(target)
    return True


def _read_lean_files(folder: CallFolder) -> dict[str, bytes] | None:
    """Return the files of a call's lean copy by name, or None when one cannot be read."""
    try:
        documents = {
            name: strip_signatures((folder.path / name).read_bytes())
            for name in ("request.json", "answer.json", "call.json")
        }
        call = json.loads(documents["call.json"])
        kept = {name: value for name, value in call.items() if name in _USER_TEXT_KEYS}
        documents["call.json"] = encode_call(_redact_paths(call, folder.id) | kept)
        originals = [folder.path / row["name"] for row in call.get("files", [])]
        references = [path for path in folder.path.iterdir() if _REFERENCE_PATTERN.fullmatch(path.name)]
        previews = {
            made
            for path in originals
            for made in (build_preview_path(path), build_small_preview_path(path))
            if made.exists()
        }
        return documents | {path.name: path.read_bytes() for path in (*references, *originals, *previews)}
    except (OSError, ValueError, RecursionError):
        return None


def _redact_paths(value: Any, folder_name: str) -> Any:
    """Return JSON values without absolute paths; of those that lead into the call folder `name`, the end stays."""
    match value:
        case dict():
            return {key: _redact_paths(item, folder_name) for key, item in value.items()}
        case list():
            return [_redact_paths(item, folder_name) for item in value]
        case str():
            # Folders above it may have spaces in their names, so its own name is looked for first.
            inside = re.sub(rf"{_PATH_START}[^\n\"']*?(?={re.escape(folder_name)})", "", value)
            return _PATH_PATTERN.sub("[path]", inside)
    return value
