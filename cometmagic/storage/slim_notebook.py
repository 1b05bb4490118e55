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

from cometmagic.errors import Fate, LibraryError
from cometmagic.gemini.parts import MAGIC_BYTES, sniff
from cometmagic.images.notebook_images import Shrinker
from cometmagic.options.option_types import suggest
from cometmagic.storage.store import HOW_TO_MOVE, Library, unwritable
from cometmagic.system.atomic_files import amount, near, save_new, write_whole
from cometmagic.system.sanitize import line

ORIGINALS = "originals"  # the folder of the library for pictures that belong to no call
LONGEST = 1024  # pixels
FORMAT = 4
_LEFT = {
    "small": "small enough already",
    "moving": "animated",
    "svg": "SVG",
    "damaged": "that cannot be read or are too large",
}


@dataclass(frozen=True)
class Slimmed:
    """What became of a notebook: bytes before and after, how many pictures, and how many originals were saved."""

    path: Path
    before: int
    after: int
    counts: Counter[str]
    originals: int
    kept_in: Path

    def __str__(self) -> str:
        name, counts = line(near(self.path)), self.counts
        left = ", ".join(f"{counts[kind]} {told}" for kind, told in _LEFT.items() if counts[kind])
        left = f"Left as they were: {left}." if left else ""
        if self.before == self.after and not counts["shrunk"] + counts["twins"]:
            return " ".join(filter(None, [f"There is nothing to shrink in {name}, {amount(self.before)}.", left]))
        told = [f"{name}: {amount(self.before)} became {amount(self.after)}."]
        told.append(f"Pictures that became previews: {counts['shrunk']}.")
        if counts["twins"]:
            told.append(f"Second copies in another format that were taken out: {counts['twins']}.")
        where = f"; {self.originals} of them were new to it and lie in {near(self.kept_in)}" if self.originals else ""
        told += [f"The originals are in the library{where}.", left]
        told.append("If the notebook is open, reload it from disk before you save it: saving brings the old one back.")
        return "\n".join(filter(None, told))


def slim(path: Path, library: Library, longest: int = LONGEST) -> Slimmed:
    """Make the embedded pictures of a notebook file previews of at most `longest` pixels a side.

    Raises `LibraryError`, and then the file is as it was: it is no notebook, may not be written or has
    changed meanwhile, or the library cannot keep an original.
    """
    place = _resolved(path)
    before, content = _read(place)
    notebook = _parsed(content, place)
    shrinker = Shrinker(longest)
    shrinker.shrink(notebook)
    folder, saved, after = library.root / ORIGINALS, 0, len(content)
    if shrinker.replaced:
        try:
            saved = _keep(library, folder, shrinker.replaced)
        except OSError as error:
            raise unwritable(folder, error, fate=Fate.PAST, do=HOW_TO_MOVE) from None
        after = _replace(place, before, _written(notebook, content.decode()))
    return Slimmed(place, len(content), after, shrinker.counts, saved, folder)


def _resolved(path: Path) -> Path:
    """Return where a notebook lies, behind all links."""
    try:
        place = path.expanduser().resolve()
        if place.is_file():
            return place
        others = [other.name for other in place.parent.glob("*.ipynb")] if place.parent.is_dir() else []
    except (OSError, RuntimeError, ValueError) as error:  # a `~user` nobody knows, a name too long, a loop of links
        why = getattr(error, "strerror", None) or error
        raise _refused(f"Cannot read {line(path)}: {why}", "Check the path.") from None
    hint = suggest(f"{place.stem}.ipynb", others) or "."
    raise _refused(f"There is no notebook {line(path)}{hint}", "Check the path.")


def _read(place: Path) -> tuple[os.stat_result, bytes]:
    """Return what the disk says of a file that may be replaced, and its content."""
    try:
        before, content = place.stat(), place.read_bytes()
    except OSError as error:
        raise _refused(f"Cannot read {line(place)}: {error.strerror}.") from None
    may_write = before.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) and os.access(place, os.W_OK)
    if not may_write or not os.access(place.parent, os.W_OK):
        raise _refused(f"{line(near(place))} may not be written.", "Copy it to where it may be, and slim the copy.")
    return before, content


def _parsed(content: bytes, place: Path) -> dict[str, Any]:
    try:
        found = json.loads(content.decode())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("nbformat"), int):
        raise _refused(f"{line(near(place))} is not a notebook.", "Name an .ipynb file.")
    if found["nbformat"] != FORMAT or not isinstance(found.get("cells"), list):
        do = "Open it in Jupyter and save it; that brings it up to date."
        raise _refused(f"{line(near(place))} is a notebook of another format than {FORMAT}.", do)
    return found


def _written(notebook: dict[str, Any], old: str) -> bytes:
    """Return the text of a notebook, laid out as the old one was."""
    found = re.match(r"\s*\{(\r?\n)([ \t]+)", old)
    colon = re.match(r'\s*\{\s*"[^"]*"(\s*:\s*)', old)
    separators = ("," if found else ", ", ": ") if not colon or colon[1] != ":" else (",", ":")
    end, indent = found.groups() if found else ("\n", None)

    def text(*, ascii_only: bool) -> str:
        made = json.dumps(notebook, ensure_ascii=ascii_only, indent=indent, separators=separators)
        return made.replace("\n", end) + old[len(old.rstrip()) :]

    try:
        return text(ascii_only=old.isascii()).encode()
    except UnicodeEncodeError:  # half a character, which only an escape can write
        return text(ascii_only=True).encode()


def _replace(place: Path, before: os.stat_result, content: bytes) -> int:
    """Put the new content in place unless somebody else has written the file, and return its size."""
    try:
        now = place.stat()
        if (now.st_mtime_ns, now.st_size, now.st_ino) != (before.st_mtime_ns, before.st_size, before.st_ino):
            raise _refused(f"{line(near(place))} was written meanwhile, and is left as it is.", "Run it again.")
        write_whole(place, content, stat.S_IMODE(before.st_mode))
    except OSError as error:
        raise _refused(f"Cannot write {line(near(place))}: {error.strerror}.") from None
    with contextlib.suppress(OSError):  # some disks know no modes
        place.chmod(stat.S_IMODE(before.st_mode))  # a mask may have taken a part of it
    return len(content)


def _keep(library: Library, folder: Path, originals: dict[str, bytes]) -> int:
    """Save those of the originals that the library does not have, and return how many that were."""
    lengths = {len(content) for content in originals.values()}
    known = {_digest(path) for path in _files(library, folder) if path.stat().st_size in lengths}
    missing = {digest: content for digest, content in originals.items() if digest not in known}
    for digest, content in missing.items():
        folder.mkdir(parents=True, exist_ok=True)
        save_new(folder / f"{digest[:16]}{sniff(content[:MAGIC_BYTES])[1]}", content)
    return len(missing)


def _files(library: Library, folder: Path) -> Iterator[Path]:
    """Yield the files in a library that may be originals."""
    for place in (folder, *(call.path for call in library.folders())):
        if place.is_dir():
            yield from (path for path in place.iterdir() if path.is_file() and not path.name.startswith("."))


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _refused(what: str, do: str = "") -> LibraryError:
    return LibraryError(what, fate=Fate.PAST, do=do)
