"""What lies in a library: its calls, the recordings among them, and one call by a part of its name.

A recording is a live call that lies there whole: it can be shown again in place of a new one. This module
only reads, and passes over what it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from cometmagic.disk import near
from cometmagic.errors import Fate, LibraryError
from cometmagic.foreign import line
from cometmagic.kinds import suggest
from cometmagic.library import CallFolder, Library

LONG_AGO = datetime.fromtimestamp(0, UTC)
Entry = tuple[CallFolder, dict[str, Any]]  # a call, and what its call.json says
_OURS = re.compile(r"\d{8}-\d{6}-.+-([0-9a-f]{6})")


def calls(library: Library) -> list[Entry]:
    """Return all calls, newest first; {} stands for a call.json that cannot be read."""
    entries = [(folder, _read(folder)) for folder in library.folders()]
    return sorted(entries, key=lambda entry: (planned_at(entry[1]), entry[0].id), reverse=True)


def _read(folder: CallFolder) -> dict[str, Any]:
    try:
        return folder.read()
    except LibraryError:
        return {}


def planned_at(call: dict[str, Any]) -> datetime:
    """Return when a call was planned, in local time; long ago when its call.json does not say."""
    try:
        return datetime.fromisoformat(call["planned"]).astimezone()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return LONG_AGO


def recordings(library: Library, digest: str | None = None) -> Iterator[Entry]:
    """Yield the recordings, newest first; with `digest`, those of the request with that hash."""
    for folder, call in calls(library):
        is_asked_for = digest is None or call.get("request_hash") == digest
        if is_asked_for and call.get("source") == "live" and folder.is_whole:
            yield folder, call


def find(library: Library, digest: str, number: int = 0) -> CallFolder | None:
    """Return the recording of the request with this hash that is `number` older than the newest, or None."""
    return next((folder for folder, _ in islice(recordings(library, digest), number, None)), None)


def short_id(folder: CallFolder) -> str:
    """Return the part of a call's name that tells it from others: its end, or the whole of a name that is not ours."""
    ours = _OURS.fullmatch(folder.id)
    return ours[1] if ours else line(folder.id, 40)


def lookup(library: Library, name: str) -> CallFolder:
    """Return the call with this name, or with a name of which this is a part. Raises `LibraryError`."""
    word, folders = Path(name).name.casefold(), list(library.folders())
    found = [folder for folder in folders if folder.id.casefold() == word]
    found = found or [folder for folder in folders if word and word in folder.id.casefold()]
    if len(found) == 1:
        return found[0]
    told, place, do = line(name, 60), near(library.root), "%gemini_library list shows the ids."
    if not found:
        hint = suggest(told, map(short_id, folders)) or "."
        raise LibraryError(f"There is no call {told!r} in {place}{hint}", fate=Fate.PAST, do=do)
    ids = ", ".join(map(short_id, found[:5])) + ", …" * (len(found) > 5)
    raise LibraryError(f"{told!r} is a part of {len(found)} ids in {place}: {ids}.", fate=Fate.PAST, do=do)
