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

from cometmagic.errors import ChargeStatus, LibraryError
from cometmagic.gemini.encode import format_reference_name, format_signature_name
from cometmagic.gemini.parts import ImagePart, ThoughtSignature
from cometmagic.gemini.request import ImageRequest
from cometmagic.storage.save_paths import LIBRARY_ADVICE, build_write_error
from cometmagic.system.atomic_files import save_new_file
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean_line

REFERENCES_FOLDER = "references"


class AssetStore:
    """Gives everything a request carries a path, as seen from the working folder where that serves."""

    def __init__(self, root: Path, user_files: Iterable[Path] = ()) -> None:
        """`root` is the library's folder, `given` are files of the user's own that may hold what is sent."""
        self._folder = root / REFERENCES_FOLDER
        self._user_files = tuple(user_files)

    def resolve_image(self, part: ImagePart) -> str:
        """Return the path of a file that holds an image. Raises `LibraryError`."""
        content = _read_content(part)
        for path in self._user_files:
            with contextlib.suppress(OSError, RuntimeError, ValueError):  # gone since, or never a path
                if (own := path.expanduser()).is_file() and own.read_bytes() == content:
                    return format_path(own)
        return format_path(write_asset(self._folder, content, part.suffix))

    def resolve_signature(self, signature: ThoughtSignature, *, is_escaped: bool = False) -> str:
        """Return the path of a file that holds a thought signature, `escaped` as inside a JSON string."""
        text = read_signature_text(signature)
        return format_path(write_asset(self._folder, (json.dumps(text)[1:-1] if is_escaped else text).encode(), ".txt"))


def write_asset(folder: Path, content: bytes, suffix: str) -> Path:
    """Return the file in `folder` that holds `content`, which is written when there is none.

    Its name is the beginning of the content's sha256; where that name is taken by something else, it gets a number.
    Raises `LibraryError` when it cannot be written.
    """
    path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
    try:
        if path.is_file() and path.read_bytes() == content:
            return path
        folder.mkdir(parents=True, exist_ok=True)
        return save_new_file(path, content)
    except OSError as error:
        raise build_write_error(folder, error, advice=LIBRARY_ADVICE, charge_status=ChargeStatus.PAST) from None


def read_signature_text(signature: ThoughtSignature) -> str:
    """Return a thought signature as the text that it is in JSON. Raises `LibraryError`."""
    try:
        return str(json.loads(b'"%b"' % _read_content(signature), strict=False))
    except ValueError:
        raise LibraryError(
            "A thought signature cannot be read.", advice="Make the picture again.", charge_status=ChargeStatus.PAST
        ) from None


def _read_content(asset: ImagePart | ThoughtSignature) -> bytes:
    try:
        return asset.data
    except OSError as error:
        what = f"{clean_line(asset.path)} cannot be read ({error.strerror})."
        raise LibraryError(what, advice="Make the picture again.", charge_status=ChargeStatus.PAST) from None


@dataclass(frozen=True)
class AssetPaths:
    """The paths of the files that a body's `{"file": name}` stand for."""

    image_paths: Mapping[str, str]
    signature_paths: Mapping[str, str]

    def find_image(self, value: Any) -> str | None:
        """Return the path of the image that a value stands for, if it does."""
        return self.image_paths.get(_read_file_name(value))

    def find_signature(self, value: Any) -> str | None:
        """Return the path of the thought signature that a value stands for, if it does."""
        return self.signature_paths.get(_read_file_name(value))


def _read_file_name(value: Any) -> str:
    return str(value["file"]) if isinstance(value, dict) and value.keys() == {"file"} else ""


def resolve_assets(request: ImageRequest, asset_store: AssetStore, *, is_escaped: bool = False) -> AssetPaths:
    """Put everything a request carries into files. Raises `LibraryError`."""
    return AssetPaths(
        {
            format_reference_name(number, part): asset_store.resolve_image(part)
            for number, part in enumerate(request.references, 1)
        },
        {
            format_signature_name(number): asset_store.resolve_signature(signature, is_escaped=is_escaped)
            for number, signature in enumerate(request.signatures, 1)
        },
    )
