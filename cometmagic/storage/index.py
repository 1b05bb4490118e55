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

from cometmagic.errors import Fate, LibraryError
from cometmagic.options.option_types import suggest
from cometmagic.storage.store import CallFolder, Library
from cometmagic.system.atomic_files import near
from cometmagic.system.sanitize import line

LONG_AGO = datetime.fromtimestamp(0, UTC)
Entry = tuple[CallFolder, dict[str, Any]]  # a call, and what its call.json says
_OURS = re.compile(r"\d{8}-\d{6}-.+-([0-9a-f]{6})")


def calls(library: Library) -> list[Entry]:
    """Return all calls, newest first; {} stands for a call.json that cannot be read."""
    entries = [(folder, _read(folder)) for folder in library.folders()]
    return sorted(entries, key=_age, reverse=True)


def _age(entry: Entry) -> tuple[datetime, int, str]:
    """Return what sorts calls; those of a batch, which may be of one moment, stay in their order."""
    folder, call = entry
    number = call.get("number")
    return planned_at(call), number if isinstance(number, int) else 0, folder.id


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


def recordings(library: Library, *digests: str) -> Iterator[Entry]:
    """Yield the recordings, newest first; with `digests`, those of the requests with these hashes."""
    for folder, call in calls(library):
        is_asked_for = not digests or call.get("request_hash") in digests
        if is_asked_for and call.get("source") == "live" and folder.is_whole:
            yield folder, call


def find(library: Library, digest: str) -> CallFolder | None:
    """Return the newest recording of the request with this hash, or None."""
    return next((folder for folder, _ in recordings(library, digest)), None)


def find_several(library: Library, wanted: Mapping[str, int]) -> dict[str, list[CallFolder]]:
    """Return the newest recordings of some requests by hash: as many as are wanted, in the order they were made."""
    found: dict[str, list[CallFolder]] = {digest: [] for digest in wanted}
    for folder, call in recordings(library, *wanted) if wanted else ():
        if len(of_one := found[call["request_hash"]]) < wanted[call["request_hash"]]:
            of_one.insert(0, folder)
    return found


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
