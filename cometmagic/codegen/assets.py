"""The files from which a program reads its images and thought signatures.

A user's own file is used where it is. Everything else is written once to `references` in the library, under a name
derived from its content, and never overwrites a file. That folder has no call.json, so it does not count as a call.
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
from cometmagic.storage.trust import check_exclusive, create_library_folder
from cometmagic.system.atomic_files import save_new_file
from cometmagic.system.formatting import format_path
from cometmagic.system.regular_files import create_private_folder, is_regular, read_regular

REFERENCES_FOLDER = "references"


class AssetStore:
    """Finds or writes a file for each image and signature; paths in the working folder are relative to it."""

    def __init__(self, root: Path, user_files: Iterable[Path] = ()) -> None:
        """`root` is the library's folder; `user_files` are the user's own files that may hold the images."""
        self._root = root
        self._user_files = tuple(user_files)

    def resolve_image(self, part: ImagePart) -> str:
        """Return the path of a file with the image. Raises `LibraryError`."""
        content = _read_content(part)
        for path in self._user_files:
            with contextlib.suppress(OSError, RuntimeError, ValueError):  # it is gone, or is no valid path
                if (user_file := path.expanduser()).is_file() and user_file.read_bytes() == content:
                    return format_path(user_file)
        return format_path(write_asset(self._root, content, part.suffix))

    def resolve_signature(self, signature: ThoughtSignature, *, is_escaped: bool = False) -> str:
        """Return the path of a file with the signature, escaped as in a JSON string if `is_escaped`."""
        text = read_signature_text(signature)
        return format_path(write_asset(self._root, (json.dumps(text)[1:-1] if is_escaped else text).encode(), ".txt"))


def write_asset(root: Path, content: bytes, suffix: str) -> Path:
    """Return the file in `references` with this `content`, and write it if it does not exist.

    Its name is the start of the content's sha256, with a number added if another file has that name. Raises
    `LibraryError` when it cannot be written.
    """
    folder = root / REFERENCES_FOLDER
    path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
    try:
        create_library_folder(root)
        check_exclusive(root)
        create_private_folder(folder)
        if is_regular(path) and read_regular(path) == content:
            return path
        return save_new_file(path, content, 0o600)
    except OSError as error:
        raise build_write_error(folder, error, advice=LIBRARY_ADVICE, charge_status=ChargeStatus.PAST) from None


def read_signature_text(signature: ThoughtSignature) -> str:
    """Return a thought signature as unescaped text. Raises `LibraryError`."""
    try:
        return str(json.loads(b'"%b"' % _read_content(signature), strict=False))
    except ValueError:
        raise LibraryError(
            "A thought signature cannot be read.", advice="Make the picture again.", charge_status=ChargeStatus.PAST
        ) from None


def _read_content(asset: ImagePart | ThoughtSignature) -> bytes:
    try:
        return asset.data
    except LibraryError as error:
        error.advice = "Make the picture again."
        raise


@dataclass(frozen=True)
class AssetPaths:
    """The paths of the files that a body refers to as `{"file": name}`."""

    image_paths: Mapping[str, str]
    signature_paths: Mapping[str, str]

    def find_image(self, value: Any) -> str | None:
        """Return the path of the image that a value refers to, or None."""
        return self.image_paths.get(_read_file_name(value))

    def find_signature(self, value: Any) -> str | None:
        """Return the path of the thought signature that a value refers to, or None."""
        return self.signature_paths.get(_read_file_name(value))


def _read_file_name(value: Any) -> str:
    return str(value["file"]) if isinstance(value, dict) and value.keys() == {"file"} else ""


def resolve_assets(request: ImageRequest, asset_store: AssetStore, *, is_escaped: bool = False) -> AssetPaths:
    """Return the paths of all images and signatures of a request. Raises `LibraryError`."""
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
