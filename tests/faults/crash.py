"""What a kill leaves, what recovery makes of it, and the judge of both.

The judge reads folders and nothing else: once as the kill left one, once after it was recovered. What may
be asked of recovery follows from the first look: every image whose bytes had come to the disk. It names
each thing that is wrong by a word, so that a control can be held to the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from cometmagic.errors import ChargeStatus, CometError
from cometmagic.generation.result import ImageResult
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from tests.faults.doomed import SIGNATURE, Case
from tests.faults.tripwire import FRONT

ENDS = (CallState.SETTLED, CallState.FAILED, CallState.UNKNOWN)
PATIENCE = 600.0
# The one place where calls that nobody carries any more are brought to their end.
RECOVERING = """
import json, sys
from pathlib import Path
from cometmagic.storage.call_folder import CallFolder
from cometmagic.courier.recovery import recover
for line in sys.stdin:
    try:
        recover(CallFolder(Path(json.loads(line))))
    except Exception as problem:
        print(json.dumps([json.loads(line), repr(problem)]))
"""


def recovered(folders: Iterable[Path], **wire: str) -> dict[str, str]:
    """Recover folders in a fresh process, and return what it could not do; it may be told to die."""
    told = "\n".join(json.dumps(str(folder)) for folder in folders)
    ran = subprocess.run(
        [sys.executable, "-c", FRONT + RECOVERING] if wire else [sys.executable, "-c", RECOVERING],
        input=told, env=os.environ | wire, timeout=PATIENCE, capture_output=True, text=True, check=not wire,
    )  # fmt: skip
    return dict(json.loads(line) for line in ran.stdout.splitlines())


@dataclass(frozen=True)
class Look:
    """A call folder at one moment."""

    state: str
    error: dict[str, Any]
    received: int  # bytes of the answer in response.part
    images: frozenset[str]  # their hashes
    broken: tuple[str, ...]  # files at their final names that are not whole
    litter: tuple[str, ...]

    def arrived(self, case: Case) -> int:
        """Return how many bytes of the answer the disk holds, or held by its own word."""
        return len(case.body) if self.state in (CallState.RECEIVED, CallState.SETTLED) else self.received

    @classmethod
    def at(cls, path: Path, case: Case) -> Look:
        """Look at a folder."""
        call, part = _object(path / "call.json"), path / "response.part"
        images = {found.name: _hash(found) for pattern in ("image*", "thought-*") for found in path.glob(pattern)}
        known = case.whole(len(case.body))
        torn = [name for name, digest in images.items() if digest not in known]
        return cls(
            state=str(call.get("state", "")),
            error=call.get("error") or {},
            received=part.stat().st_size if part.exists() else 0,
            images=frozenset(images.values()) & known,
            broken=(*torn, *_unreadable(path)),
            litter=tuple(found.name for found in path.glob(".*")),
        )


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _unreadable(path: Path) -> Iterator[str]:
    """Yield the names of documents and previews that are not whole; call.json and request.json must be there."""
    for name in ("call.json", "request.json", "answer.json"):
        if not _object(path / name) and ((path / name).exists() or name != "answer.json"):
            yield name
    for preview in path.glob("preview*"):
        try:
            with Image.open(preview) as picture:
                picture.load()
        except (OSError, SyntaxError):
            yield preview.name


def judge(case: Case, before: Look, folder: Path, posts: int, *, received: int | None = None) -> list[str]:
    """Return what is wrong with a recovered call; `received` bytes had come, if the disk does not tell."""
    after = Look.at(folder, case)
    received = before.arrived(case) if received is None else received
    found = [f"partial: {name} when killed" for name in before.broken]
    found += [f"partial: {name} after recovery" for name in after.broken]
    found += [f"litter: {name}" for name in after.litter]
    found += [f"lost: image {digest[:8]}" for digest in case.whole(received) - after.images]
    if posts > 1:
        found.append(f"posts: {posts}")
    if after.state not in ENDS:
        return [*found, f"state: {after.state or 'none'} after recovery"]
    return found + list(_ended(case, before, after, folder, posts, received))


def _ended(case: Case, before: Look, after: Look, folder: Path, posts: int, received: int) -> Iterator[str]:
    """Yield what is wrong with the way a call ended."""
    fate = ChargeStatus.__members__.get(after.error.get("fate", ""))
    finals = {picture.sha256 for picture in case.pictures if not picture.thought} & case.whole(received)
    if finals and after.state != CallState.SETTLED:
        yield f"state: {after.state} although the image had come"
    if posts and after.state != CallState.SETTLED and fate not in (ChargeStatus.UNKNOWN, ChargeStatus.ANSWERED):
        yield f"state: {after.state} does not say that it may have been charged"
    if not posts and before.state != CallState.PLANNED and fate is not ChargeStatus.UNKNOWN:
        yield f"state: {after.state}, {fate} though it had been written down as sent"
    if before.state == CallState.PLANNED and (posts or fate is not ChargeStatus.UNSENT):
        yield f"state: {after.state}, {fate} after planning only and {posts} POSTs"
    if before.state == CallState.SENT and not received and after.state != CallState.UNKNOWN:
        yield f"state: {after.state} although it was sent and nothing came"
    if after.state == CallState.SETTLED:
        yield from _settled(case, folder, whole=received >= len(case.body))


def _settled(case: Case, folder: Path, *, whole: bool) -> Iterator[str]:
    """Yield what a settled folder lacks, or has too much."""
    call, result = CallFolder(folder), ImageResult(folder)
    if (folder / "response.part").exists():
        yield "litter: response.part of a settled call"
    if not call.is_complete:
        yield "lost: a file that call.json lists"
    for row in call.read()["files"]:
        if _hash(folder / row["name"]) != row["sha256"]:
            yield f"partial: {row['name']} is not what call.json says"
    try:
        if (folder / "preview.jpg").exists() != bool(case.preview):
            yield "lost: the preview" if case.preview else "litter: a preview"
        if whole and hashlib.sha256(result.image.data).hexdigest() != case.pictures[-1].sha256:
            yield "lost: the final image is not the last one"
        if whole and SIGNATURE.encode() in case.body and SIGNATURE not in json.dumps(_object(folder / "answer.json")):
            yield "lost: the signature"
        if whole and len(result.images) + len(result.thoughts) != len(case.pictures):
            yield "lost: an image in answer.json"
    except CometError as error:
        yield f"lost: {error}"
