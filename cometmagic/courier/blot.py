"""The key kept out of what is written down, also when the service sends it back.

Errors are redacted piece by piece, but for the paths they name: those must exist. Of what is received
only the whole key is overwritten, by as many asterisks, so that nothing else in the answer changes.
"""

from __future__ import annotations

import json
import mmap
from pathlib import Path

from cometmagic.foreign import redact
from cometmagic.library import CallFolder


def blot(folder: CallFolder, key: str) -> None:
    """Overwrite the key in everything the folder holds of the answer."""
    told, ours = folder.read().get("error", {}), [str(path) for path in (folder.part, folder.path, folder.path.parent)]
    clean = {
        name: redact(text, key, ours) if isinstance(text, str) and name not in ("type", "fate") else text
        for name, text in told.items()
    }
    if clean != told:
        folder.update(error=clean)
    in_json = json.dumps(key)[1:-1]
    written = {key, in_json, in_json.replace("/", "\\/")}  # some services escape slashes
    for path in (folder.part, folder.path / "answer.json", folder.path / "call.json"):
        for form in written:
            _overwrite(path, form.encode())


def _overwrite(path: Path, secret: bytes) -> None:
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        at = content.find(secret)
        while at >= 0:
            content[at : at + len(secret)] = b"*" * len(secret)
            at = content.find(secret, at)
