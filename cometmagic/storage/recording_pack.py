"""A small copy of a library's recordings, to share: it replays without a key or a network.

What is needed only on this machine is left out: raw responses, logs, paths, and the thought signatures that
only the next turn of a conversation needs. Prompts and images stay unchanged, because recordings are found by
them. A call's folder is written under a temporary name and renamed, so it is complete or does not exist.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cometmagic.errors import ChargeStatus, LibraryError
from cometmagic.gemini.signature_filter import strip_signatures
from cometmagic.gemini.tolerant.json_scanner import scan_json
from cometmagic.storage.call_folder import CallFolder, build_preview_path, build_small_preview_path, encode_call
from cometmagic.storage.call_record import CallRecord, parse_call
from cometmagic.storage.index import iter_recordings
from cometmagic.storage.library import Library
from cometmagic.storage.save_paths import build_path_error, build_write_error, expand_path
from cometmagic.system.atomic_files import sync_folder, write_atomic
from cometmagic.system.formatting import format_bytes, format_path
from cometmagic.system.regular_files import is_regular, measure_regular, read_regular

_TEMP_PREFIX = ".cometmagic-pack-"  # start of a folder's name until it is complete
_REFERENCE_PATTERN = re.compile(r"reference-\d+\.\w+")
MAX_ANSWER_BYTES = 64 * 2**20  # bytes of answer.json: texts, and signatures of up to 20 MB, but no images
MAX_IMAGES_BYTES = 512 * 2**20  # bytes of all images of a call, which are copied together
_USER_TEXT_KEYS = ("prompt", "options", "alt")
# An absolute path at the start of a word: /home/ada/x, ~/x, C:\Users\ada, \\server\x, file:///home/ada.
_PATH_START = r"(?<![^\s\"'(\[=:,;])(?:file:/*)?(?:~?/(?!/)|[A-Za-z]:[\\/]|\\\\)"
_PATH_START_PATTERN = re.compile(_PATH_START)
_PATH_PATTERN = re.compile(rf"{_PATH_START}[^\s\"'<>|,;)\]]*[^\s\"'<>|,;)\].:]")


@dataclass(frozen=True)
class PackSummary:
    """What is in a pack: its folder, the numbers of new, old and skipped calls, and its size in bytes."""

    destination: Path
    new_count: int
    old_count: int
    skipped_count: int
    size: int

    def __str__(self) -> str:
        path = format_path(self.destination)
        lines = [
            f"Calls in {path}: {self.new_count + self.old_count} ({self.new_count} new), {format_bytes(self.size)}.",
            f"To use it, set COMETMAGIC_LIBRARY={path}: without a key the same cells show what was recorded, offline.",
            "Before you share it: prompts and reference images are in it as they were sent.",
        ]
        if self.skipped_count:
            lines.append(
                f"Left out, because they made no live picture, or are too large or damaged: {self.skipped_count}."
            )
        return "\n".join(lines)


def pack(library: Library, destination: str | Path) -> PackSummary:
    """Copy every recording of the library that is not in `destination` yet to that folder.

    Raises `LibraryError` when there is no recording, or `destination` cannot be written or is in the library.
    """
    target = _resolve_destination(library, destination)
    recordings = [folder for folder, _ in iter_recordings(library)]
    if not recordings:
        advice = "A live call with a key makes one."
        raise LibraryError(
            f"There is no recording in {format_path(library.root)} to pack.",
            charge_status=ChargeStatus.PAST,
            advice=advice,
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target)
        old_folders = {folder for folder in recordings if os.path.lexists(target / folder.id)}
        new_folders = {folder for folder in recordings if folder not in old_folders and _copy_recording(folder, target)}
        size = sum(
            path.lstat().st_size for folder in old_folders | new_folders for path in (target / folder.id).iterdir()
        )
    except OSError as error:
        raise build_write_error(target, error, charge_status=ChargeStatus.PAST, advice="Name another folder.") from None
    skipped_count = len(list(library.iter_folders())) - len(old_folders | new_folders)
    return PackSummary(target, len(new_folders), len(old_folders), skipped_count, size)


def _resolve_destination(library: Library, destination: str | Path) -> Path:
    """Return the absolute path of the folder to pack into, which must not be in the library."""
    try:
        target = expand_path(destination).absolute()
        is_inside = target.resolve().is_relative_to(library.root.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, a loop of links, what cannot be a path
        raise build_path_error(
            "write in", destination, error, charge_status=ChargeStatus.PAST, advice="Name another folder."
        ) from None
    if is_inside:
        raise LibraryError(
            f"{destination} lies in the library itself.",
            charge_status=ChargeStatus.PAST,
            advice="Name a folder outside it.",
        )
    return target


def _remove_leftovers(target: Path) -> None:
    """Remove the temporary folders of a process that was killed while packing."""
    for leftover in target.glob(f"{_TEMP_PREFIX}*"):
        with contextlib.suppress(OSError):
            # Renamed first: if that process still runs, it cannot rename a half-deleted folder to a call's name.
            shutil.rmtree(leftover.rename(target / _build_temp_name()), ignore_errors=True)


def _build_temp_name() -> str:
    return f"{_TEMP_PREFIX}{secrets.token_hex(8)}"


def _copy_recording(folder: CallFolder, target: Path) -> bool:
    """Copy a call to the pack and return whether it could be read."""
    files = _read_lean_files(folder)
    if files is None:
        return False
    temp_folder = target / _build_temp_name()
    temp_folder.mkdir()
    try:
        for name, content in files.items():
            write_atomic(temp_folder / name, content, 0o666)
        temp_folder.rename(target / folder.id)
    except BaseException:
        shutil.rmtree(temp_folder, ignore_errors=True)
        raise
    sync_folder(target)
    return True


def _read_lean_files(folder: CallFolder) -> dict[str, bytes] | None:
    """Return the files to pack of a call by name, or None when one cannot be read."""
    try:
        folder.read_body()  # raises, as the next line does, for a file that would take too much memory
        scan_json(folder.map_answer())
        documents = {
            name: strip_signatures(folder.read_file(name, MAX_ANSWER_BYTES))
            for name in ("request.json", "answer.json", "call.json")
        }
        call = parse_call(documents["call.json"])
        documents["call.json"] = encode_call(_redact_call(call, folder.id))
        parse_call(documents["call.json"])  # "[path]" may be longer than a path
        originals = [folder.build_path(row["name"]) for row in call.get("files", [])]
        references = [path for path in folder.list_files() if _REFERENCE_PATTERN.fullmatch(path.name)]
        previews = {
            preview
            for path in originals
            for preview in (build_preview_path(path), build_small_preview_path(path))
            if is_regular(preview)
        }
        paths = (*references, *originals, *previews)
        if sum(map(measure_regular, paths)) > MAX_IMAGES_BYTES:
            return None
        return documents | {path.name: read_regular(path) for path in paths}
    except (LibraryError, OSError, ValueError, RecursionError):
        return None


def _redact_call(call: CallRecord, folder_name: str) -> CallRecord:
    """Return the content of call.json without absolute paths, but with the texts that the user wrote."""
    user_texts = {name: value for name, value in call.items() if name in _USER_TEXT_KEYS}
    return cast("CallRecord", _redact_paths(call, folder_name) | user_texts)


def _redact_paths(value: Any, folder_name: str) -> Any:
    """Return JSON values without absolute paths; a path into the call folder `folder_name` begins with that name."""
    match value:
        case dict():
            return {key: _redact_paths(item, folder_name) for key, item in value.items()}
        case list():
            return [_redact_paths(item, folder_name) for item in value]
        case str():
            # The folders above may have spaces in their names, so the call folder's name is searched first.
            lines = re.split(r"([\n\"'])", value) if folder_name in value else [value]
            return _PATH_PATTERN.sub("[path]", "".join(_shorten_paths(line, folder_name) for line in lines))
    return value


def _shorten_paths(line: str, folder_name: str) -> str:
    """Return a line with `folder_name` in place of every path that leads to the folder of that name."""
    pieces, position = list[str](), 0
    while (end := line.find(folder_name, position)) >= 0:
        start = _PATH_START_PATTERN.search(line, position, end)
        pieces += [line[position : start.start() if start else end], folder_name]
        position = end + len(folder_name)
    return "".join([*pieces, line[position:]])
