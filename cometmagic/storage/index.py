"""What lies in a library: its calls, the recordings among them, and one call by a part of its name.

A recording is a live call that lies there whole: it can be shown again in place of a new one. This module
only reads, and passes over what it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cometmagic.errors import ChargeStatus, LibraryError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean_line
from cometmagic.system.suggestions import suggest

UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)
Entry = tuple[CallFolder, dict[str, Any]]  # a call, and what its call.json says
_ID_PATTERN = re.compile(r"\d{8}-\d{6}-.+-([0-9a-f]{6})")


def read_calls(library: Library) -> list[Entry]:
    """Return all calls, newest first; {} stands for a call.json that cannot be read."""
    entries = [(folder, _read_call(folder)) for folder in library.iter_folders()]
    return sorted(entries, key=_build_sort_key, reverse=True)


def _build_sort_key(entry: Entry) -> tuple[datetime, int, str]:
    """Return what sorts calls; those of a batch, which may be of one moment, stay in their order."""
    folder, call = entry
    number = call.get("number")
    return parse_planned_time(call), number if isinstance(number, int) else 0, folder.id


def _read_call(folder: CallFolder) -> dict[str, Any]:
    try:
        return folder.read()
    except LibraryError:
        return {}


def parse_planned_time(call: dict[str, Any]) -> datetime:
    """Return when a call was planned, in local time; long ago when its call.json does not say."""
    try:
        return datetime.fromisoformat(call["planned"]).astimezone()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return UNKNOWN_TIME


def iter_recordings(library: Library, *request_hashes: str) -> Iterator[Entry]:
    """Yield the recordings, newest first; with `digests`, those of the requests with these hashes."""
    for folder, call in read_calls(library):
        is_asked_for = not request_hashes or call.get("request_hash") in request_hashes
        if is_asked_for and call.get("source") == "live" and folder.is_complete:
            yield folder, call


def find_recording(library: Library, request_hash: str) -> CallFolder | None:
    """Return the newest recording of the request with this hash, or None."""
    return next((folder for folder, _ in iter_recordings(library, request_hash)), None)


def find_recordings(library: Library, counts: Mapping[str, int]) -> dict[str, list[CallFolder]]:
    """Return the newest recordings of some requests by hash: as many as are wanted, in the order they were made."""
    found: dict[str, list[CallFolder]] = {digest: [] for digest in counts}
    for folder, call in iter_recordings(library, *counts) if counts else ():
        if len(of_one := found[call["request_hash"]]) < counts[call["request_hash"]]:
            of_one.insert(0, folder)
    return found


def shorten_id(folder: CallFolder) -> str:
    """Return the part of a call's name that tells it from others: its end, or the whole of a name that is not ours."""
    ours = _ID_PATTERN.fullmatch(folder.id)
    return ours[1] if ours else clean_line(folder.id, 40)


def find_call(library: Library, name: str) -> CallFolder:
    """Return the call with this name, or with a name of which this is a part. Raises `LibraryError`."""
    word, folders = Path(name).name.casefold(), list(library.iter_folders())
    found = [folder for folder in folders if folder.id.casefold() == word]
    found = found or [folder for folder in folders if word and word in folder.id.casefold()]
    if len(found) == 1:
        return found[0]
    told, place, do = clean_line(name, 60), format_path(library.root), "%gemini_library list shows the ids."
    if not found:
        hint = suggest(told, map(shorten_id, folders)) or "."
        raise LibraryError(f"There is no call {told!r} in {place}{hint}", charge_status=ChargeStatus.PAST, advice=do)
    ids = ", ".join(map(shorten_id, found[:5])) + ", …" * (len(found) > 5)
    raise LibraryError(
        f"{told!r} is a part of {len(found)} ids in {place}: {ids}.", charge_status=ChargeStatus.PAST, advice=do
    )
