"""The library: a folder of call folders, one for each call, made before anything is sent.

    20261122-101502-red-bicycle-7f3a9c/
      call.json        what was asked and what became of it
      request.json     the body as sent, each image as {"file": "reference-1.png"}
      response.part    bytes as they arrive; gone once settled
      answer.json      the response as received, each image as {"file": "image.jpg"}
      image.jpg …      images byte for byte as the service sent them
      preview.jpg      what the notebook embeds; preview-small.jpg where no HTML is shown, if that is large

This module knows nothing of HTTP and of what an answer means.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from cometmagic.errors import LibraryError
from cometmagic.gemini.encode import (
    encode_request,
    format_reference_name,
    format_signature_name,
    hash_request,
    serialize_body,
)
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.settings import find_library_folder
from cometmagic.storage.call_folder import CallFolder, CallState, encode_call, now
from cometmagic.storage.save_paths import LIBRARY_ADVICE, build_write_error, slugify
from cometmagic.system.atomic_files import sync_folder, write_atomic
from cometmagic.system.formatting import format_path

MIN_FREE_BYTES = 64 * 1024 * 1024  # bytes; below it nothing is sent, because an answer could not be kept
TEMP_FOLDER_SUFFIX = ".new.tmp"  # the end of a folder's name until all that is needed to send lies in it
TEMP_FOLDER_MAX_AGE = 600.0  # seconds
CALL_VERSION = 1


class Library:
    """All call folders under one root."""

    __module__ = "cometmagic"  # where people import it from

    def __init__(self, root: Path) -> None:
        """`root` need not exist yet."""
        self.root = root

    def create_folder(self, request: ImageRequest, **fields: Any) -> CallFolder:
        """Make the folder of a new call, with `facts` in its call.json, and return it.

        Raises `LibraryError` when it cannot be written or the disk is nearly full: before paying.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.root).free
            if free < MIN_FREE_BYTES:
                raise LibraryError(f"The disk of {self.root} has only {free >> 20} MB left.", advice=LIBRARY_ADVICE)
            return self._write_folder(request, fields)
        except OSError as error:
            raise build_write_error(self.root, error, advice=LIBRARY_ADVICE) from None

    def _write_folder(self, request: ImageRequest, fields: dict[str, Any]) -> CallFolder:
        """Make the folder beside its place and rename it: one that stands there has all it needs."""
        beside = self.root / f".{secrets.token_hex(8)}{TEMP_FOLDER_SUFFIX}"
        try:
            beside.mkdir()
            self._write_documents(beside, request, fields)
            while True:
                stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
                path = self.root / f"{stamp}-{slugify(request.prompt)}-{secrets.token_hex(3)}"
                if not path.exists():
                    beside.rename(path)
                    sync_folder(self.root)
                    return CallFolder(path)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    @staticmethod
    def _write_documents(folder: Path, request: ImageRequest, fields: dict[str, Any]) -> None:
        for number, part in enumerate(request.references, 1):
            write_atomic(folder / format_reference_name(number, part), part.data, 0o666)
        for number, signature in enumerate(request.signatures, 1):
            write_atomic(folder / format_signature_name(number), signature.data)
        write_atomic(folder / "request.json", serialize_body(encode_request(request)))
        call = {
            "version": CALL_VERSION,
            "state": CallState.PLANNED,
            "model": request.options.model,
            "prompt": request.prompt,
            "options": request.options.list_changes(),
            "request_hash": hash_request(request),
            "planned": now(),
            **fields,
        }
        write_atomic(folder / "call.json", encode_call(call))

    def __iter__(self) -> Iterator[CallFolder]:
        return self.iter_folders()

    def __repr__(self) -> str:
        return f"<cometmagic library {format_path(self.root)}, {format_call_count(len(list(self.iter_folders())))}>"

    def remove_temp_folders(self) -> None:
        """Remove what calls have left that a crash kept from being planned; none of them was sent."""
        for path in self.root.glob(f".*{TEMP_FOLDER_SUFFIX}"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > TEMP_FOLDER_MAX_AGE:
                    shutil.rmtree(path)

    def iter_folders(self) -> Iterator[CallFolder]:
        """Yield the call folders by name, newest first; hidden ones are still being made.

        Raises `LibraryError` when the library is there and cannot be looked into.
        """
        try:
            names = sorted((path.name for path in self.root.iterdir() if _is_call_folder(path)), reverse=True)
        except (FileNotFoundError, NotADirectoryError):  # nothing has been made yet
            return
        except OSError as error:
            raise LibraryError(f"Cannot read {self.root}: {error.strerror}.", advice=LIBRARY_ADVICE) from None
        yield from (CallFolder(self.root / name) for name in names)


def library() -> Library:
    """Return the library that the settings name; it may hold nothing yet. Raises `CometError` when they name none."""
    return Library(find_library_folder())


def _is_call_folder(path: Path) -> bool:
    try:
        return not path.name.startswith(".") and (path / "call.json").is_file()
    except OSError:  # a folder of somebody else's
        return False


def format_call_count(count: int) -> str:
    """Return so many calls in words: "1 call"."""
    return f"{count} call{'s' * (count != 1)}"
