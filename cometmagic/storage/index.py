"""The contents of a library: its calls, the recordings among them, and one call by part of its id.

A recording is a complete live call: it can be replayed instead of sending a new one. This module only reads,
and skips what it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from cometmagic.errors import ChargeStatus, LibraryError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallRecord
from cometmagic.storage.library import Library
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean_line
from cometmagic.system.suggestions import suggest

UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)
CallEntry = tuple[CallFolder, CallRecord | None]  # a call and its summary; None when call.json is unreadable
# The fields of call.json that lists and searches need. All the others of thousands of calls could fill the memory.
_SUMMARY_FIELDS: dict[str, Any] = {
    **{name: {} for name in ("state", "model", "prompt", "request_hash", "planned", "source", "number")},
    "estimate": {"usd": {}, "basis": {}},
    "usage": {"prompt": {}, "answer": {}, "thoughts": {}, "total": {}, "image": {}, "is_readable": {}},
    "options": {"image_size": {}},
    "files": {name: {} for name in ("name", "role", "mime_type", "sha256", "width", "height")},
    "references": {},
    "limits": {"price_ratio": {}},
    "parent": {"id": {}, "how": {}},
    "error": {"fate": {}},
    "tries": {"error": {"fate": {}}},
}
_ID_PATTERN = re.compile(r"\d{8}-\d{6}-.+-([0-9a-f]{6})")


def read_calls(library: Library) -> list[CallEntry]:
    """Return all calls, newest first, with a summary of each: not its notes, for example."""
    entries = [(folder, _read_call(folder)) for folder in library.iter_folders()]
    return sorted(entries, key=_build_sort_key, reverse=True)


def _build_sort_key(entry: CallEntry) -> tuple[datetime, int, str]:
    """Return the sort key of a call; calls of a batch, which may have the same time, keep their order."""
    folder, call = entry
    return (
        (UNKNOWN_TIME, 0, folder.id) if call is None else (parse_planned_time(call), call.get("number", 0), folder.id)
    )


def _read_call(folder: CallFolder) -> CallRecord | None:
    try:
        return cast("CallRecord", _select_fields(folder.read(), _SUMMARY_FIELDS))
    except LibraryError:
        return None


def _select_fields(value: Any, fields: dict[str, Any]) -> Any:
    """Return a copy of an object, or of each in a list, with these `fields` and what is selected of their values."""
    match value:
        case dict():
            return {name: _select_fields(value[name], fields[name]) for name in fields if name in value}
        case list():
            return [_select_fields(item, fields) for item in value]
    return value


def parse_planned_time(call: CallRecord) -> datetime:
    """Return when a call was planned, in local time."""
    return datetime.fromisoformat(call["planned"]).astimezone()


def iter_recordings(library: Library, *request_hashes: str) -> Iterator[tuple[CallFolder, CallRecord]]:
    """Yield the recordings and their summaries, newest first; with `request_hashes`, only those of these requests."""
    for folder, call in read_calls(library):
        if call is None or call["source"] != "live" or (request_hashes and call["request_hash"] not in request_hashes):
            continue
        if folder.is_complete:
            yield folder, call


def find_recording(library: Library, request_hash: str) -> CallFolder | None:
    """Return the newest recording of the request with this hash, or None."""
    return next((folder for folder, _ in iter_recordings(library, request_hash)), None)


def find_recordings(library: Library, counts: Mapping[str, int]) -> dict[str, list[CallFolder]]:
    """Return the newest recordings by request hash: up to `counts` of each, in the order they were made."""
    recordings: dict[str, list[CallFolder]] = {digest: [] for digest in counts}
    for folder, call in iter_recordings(library, *counts) if counts else ():
        if len(folders := recordings[call["request_hash"]]) < counts[call["request_hash"]]:
            folders.insert(0, folder)
    return recordings


def shorten_id(folder: CallFolder) -> str:
    """Return the short form of a call's id: its last part, or all of it when it does not look like an id."""
    match = _ID_PATTERN.fullmatch(folder.id)
    return match[1] if match else clean_line(folder.id, 40)


def find_call(library: Library, name: str) -> CallFolder:
    """Return the call with this id, or the only one whose id contains `name`. Raises `LibraryError`."""
    word, folders = Path(name).name.casefold(), list(library.iter_folders())
    matches = [folder for folder in folders if folder.id.casefold() == word]
    matches = matches or [folder for folder in folders if word and word in folder.id.casefold()]
    if len(matches) == 1:
        return matches[0]
    label, location, advice = clean_line(name, 60), format_path(library.root), "%gemini_library list shows the ids."
    if not matches:
        hint = suggest(label, map(shorten_id, folders)) or "."
        raise LibraryError(
            f"There is no call {label!r} in {location}{hint}", charge_status=ChargeStatus.PAST, advice=advice
        )
    ids = ", ".join(map(shorten_id, matches[:5])) + ", …" * (len(matches) > 5)
    raise LibraryError(
        f"{label!r} is a part of {len(matches)} ids in {location}: {ids}.",
        charge_status=ChargeStatus.PAST,
        advice=advice,
    )
