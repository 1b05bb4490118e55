"""Where a program finds the images and thought signatures it sends: files, named by what they hold.

A file of the user's own is read where it lies. Everything else is written to `references` in the library, once and
never over anything; no call is made of that folder, as it has no call.json.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cometmagic.errors import Fate, LibraryError
from cometmagic.gemini.encode import reference_name, signature_name
from cometmagic.gemini.parts import ImagePart, Signature
from cometmagic.gemini.request import ImageRequest
from cometmagic.storage.store import HOW_TO_MOVE, unwritable
from cometmagic.system.atomic_files import near, save_new
from cometmagic.system.sanitize import line

FOLDER = "references"


class Filing:
    """Gives everything a request carries a path, as seen from the working folder where that serves."""

    def __init__(self, root: Path, given: Iterable[Path] = ()) -> None:
        """`root` is the library's folder, `given` are files of the user's own that may hold what is sent."""
        self._folder = root / FOLDER
        self._given = tuple(given)

    def image(self, part: ImagePart) -> str:
        """Return the path of a file that holds an image. Raises `LibraryError`."""
        content = _content(part)
        for path in self._given:
            with contextlib.suppress(OSError, RuntimeError, ValueError):  # gone since, or never a path
                if (own := path.expanduser()).is_file() and own.read_bytes() == content:
                    return near(own)
        return near(keep(self._folder, content, part.suffix))

    def signature(self, signature: Signature, *, escaped: bool = False) -> str:
        """Return the path of a file that holds a thought signature, `escaped` as inside a JSON string."""
        text = signature_text(signature)
        return near(keep(self._folder, (json.dumps(text)[1:-1] if escaped else text).encode(), ".txt"))


def keep(folder: Path, content: bytes, suffix: str) -> Path:
    """Return the file in `folder` that holds `content`, which is written when there is none.

    Its name is the beginning of the content's sha256; where that name is taken by something else, it gets a number.
    Raises `LibraryError` when it cannot be written.
    """
    path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
    try:
        if path.is_file() and path.read_bytes() == content:
            return path
        folder.mkdir(parents=True, exist_ok=True)
        return save_new(path, content)
    except OSError as error:
        raise unwritable(folder, error, do=HOW_TO_MOVE, fate=Fate.PAST) from None


def signature_text(signature: Signature) -> str:
    """Return a thought signature as the text that it is in JSON. Raises `LibraryError`."""
    try:
        return str(json.loads(b'"%b"' % _content(signature), strict=False))
    except ValueError:
        raise LibraryError(
            "A thought signature cannot be read.", do="Make the picture again.", fate=Fate.PAST
        ) from None


def _content(one: ImagePart | Signature) -> bytes:
    try:
        return one.data
    except OSError as error:
        what = f"{line(one.path)} cannot be read ({error.strerror})."
        raise LibraryError(what, do="Make the picture again.", fate=Fate.PAST) from None


@dataclass(frozen=True)
class Places:
    """The paths of the files that a body's `{"file": name}` stand for."""

    images: Mapping[str, str]
    signatures: Mapping[str, str]

    def image(self, value: Any) -> str | None:
        """Return the path of the image that a value stands for, if it does."""
        return self.images.get(_name(value))

    def signature(self, value: Any) -> str | None:
        """Return the path of the thought signature that a value stands for, if it does."""
        return self.signatures.get(_name(value))


def _name(value: Any) -> str:
    return str(value["file"]) if isinstance(value, dict) and value.keys() == {"file"} else ""


def places(request: ImageRequest, filing: Filing, *, escaped: bool = False) -> Places:
    """Put everything a request carries into files. Raises `LibraryError`."""
    return Places(
        {reference_name(number, part): filing.image(part) for number, part in enumerate(request.references, 1)},
        {
            signature_name(number): filing.signature(signature, escaped=escaped)
            for number, signature in enumerate(request.signatures, 1)
        },
    )
