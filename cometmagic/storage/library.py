"""The library: a folder with one call folder for each call, created before anything is sent.

What is in a call folder is described in call_folder.py. This module knows nothing about HTTP or the meaning of
a response.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cometmagic.errors import ChargeStatus, LibraryError
from cometmagic.gemini.encode import (
    encode_request,
    format_reference_name,
    format_signature_name,
    hash_request,
    serialize_body,
)
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.settings import find_library_folder
from cometmagic.storage.call_folder import MAX_REQUEST_BYTES, CallFolder, encode_call, now
from cometmagic.storage.call_record import CallState, parse_call
from cometmagic.storage.save_paths import LIBRARY_ADVICE, build_write_error, slugify
from cometmagic.storage.trust import check_exclusive, create_library_folder, is_trusted, mark_trusted
from cometmagic.system.atomic_files import sync_folder, write_atomic
from cometmagic.system.bounded_json import parse_object
from cometmagic.system.formatting import format_path
from cometmagic.system.regular_files import is_real_folder, is_regular
from cometmagic.system.sanitize import clean_line

if TYPE_CHECKING:
    from cometmagic.storage.recording_pack import PackSummary

MIN_FREE_BYTES = 64 * 1024 * 1024  # with less, nothing is sent: an answer could not be saved
TEMP_FOLDER_SUFFIX = ".new.tmp"  # end of a folder's name until it is complete
TEMP_FOLDER_MAX_AGE = 600.0  # seconds
CALL_VERSION = 1
_RECORD_MARGIN = 2**20  # bytes that the outcome may add to call.json


class Library:
    """All call folders under one root."""

    __module__ = "cometmagic"  # where people import it from

    def __init__(self, root: Path) -> None:
        """`root` is the library's folder; it need not exist yet."""
        self.root = root

    def create_folder(self, request: ImageRequest, **fields: Any) -> CallFolder:
        """Create the folder of a new call, with `fields` in its call.json, and return it.

        Raises `LibraryError` when it cannot be written, other users could exchange it meanwhile, or the disk is nearly
        full, so nothing is sent or charged.
        """
        try:
            self.prepare()
            return self._write_folder(request, fields)
        except OSError as error:
            raise build_write_error(self.root, error, advice=LIBRARY_ADVICE) from None

    def prepare(self) -> None:
        """Create the folder if need be, before anything is written to it.

        Raises `LibraryError` when other users could exchange it or the disk is nearly full, and `OSError`.
        """
        create_library_folder(self.root)
        check_exclusive(self.root)
        free_bytes = shutil.disk_usage(self.root).free
        if free_bytes < MIN_FREE_BYTES:
            message = f"The disk of {self.root} has only {free_bytes >> 20} MB left."
            raise LibraryError(message, advice=LIBRARY_ADVICE)

    def _write_folder(self, request: ImageRequest, fields: dict[str, Any]) -> CallFolder:
        """Write a temporary folder and rename it, so that a call folder is always complete."""
        temp_folder = self.root / f".{secrets.token_hex(8)}{TEMP_FOLDER_SUFFIX}"
        try:
            temp_folder.mkdir(mode=0o700)
            self._write_documents(temp_folder, request, fields)
            while True:
                timestamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
                path = self.root / f"{timestamp}-{slugify(request.prompt)}-{secrets.token_hex(3)}"
                if not os.path.lexists(path):
                    temp_folder.rename(path)
                    sync_folder(self.root)
                    return CallFolder(path)
        except BaseException:
            shutil.rmtree(temp_folder, ignore_errors=True)
            raise

    @staticmethod
    def _write_documents(folder: Path, request: ImageRequest, fields: dict[str, Any]) -> None:
        for number, part in enumerate(request.references, 1):
            write_atomic(folder / format_reference_name(number, part), part.data)
        for number, signature in enumerate(request.signatures, 1):
            write_atomic(folder / format_signature_name(number), signature.data)
        body = serialize_body(encode_request(request))
        write_atomic(folder / "request.json", body)
        call = {
            "version": CALL_VERSION,
            "state": CallState.PLANNED,
            "model": request.options.model,
            "prompt": request.prompt,
            "options": request.options.list_changes(),
            "request_hash": hash_request(request),
            "references": len(request.references),
            "planned": now(),
            **fields,
        }
        content = encode_call(call)
        _check_documents(body, content)
        write_atomic(folder / "call.json", content)

    @property
    def is_trusted(self) -> bool:
        """Whether you created this library, or trusted it. Nothing of any other library is sent or recovered."""
        return is_trusted(self.root)

    def trust(self) -> None:
        """Use a library from somebody else as your own: for live calls, edits, recovery and the ledger.

        Raises:
            LibraryError: There is no such folder, it cannot be written, or it belongs to another user.
        """
        try:
            mark_trusted(self.root)
        except OSError as error:
            raise build_write_error(self.root, error, charge_status=ChargeStatus.PAST) from None

    def pack(self, folder: str | Path) -> PackSummary:
        """Copy every recording that is not there yet to a folder that you can share with a notebook.

        Whoever sets `COMETMAGIC_LIBRARY` to the folder runs the same cells with no key and no network. The copies
        hold no thought signatures, raw responses, logs or paths. **Prompts and reference images are in them as they
        were sent.**

        Args:
            folder: A new or existing folder outside the library.

        Returns:
            What is in the folder now; print it.

        Raises:
            LibraryError: There is no recording, or the folder cannot be written or is inside the library.
        """
        from cometmagic.storage.recording_pack import pack  # only for those who pack

        return pack(self, folder)

    def __iter__(self) -> Iterator[CallFolder]:
        return self.iter_folders()

    def __repr__(self) -> str:
        path = clean_line(format_path(self.root))
        return f"<cometmagic library {path}, {format_call_count(len(list(self.iter_folders())))}>"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        from cometmagic.display.mime_bundles import build_value  # only for a front end

        return build_value(self)

    def remove_temp_folders(self) -> None:
        """Remove temporary folders that a crash left behind; none of these calls was sent."""
        for path in self.root.glob(f".*{TEMP_FOLDER_SUFFIX}"):
            with contextlib.suppress(OSError):
                if time.time() - path.lstat().st_mtime > TEMP_FOLDER_MAX_AGE:
                    shutil.rmtree(path)

    def iter_folders(self) -> Iterator[CallFolder]:
        """Yield the call folders by name, newest first; hidden ones are not complete and are skipped.

        Raises `LibraryError` when the library exists and cannot be read.
        """
        try:
            names = sorted((path.name for path in self.root.iterdir() if _is_call_folder(path)), reverse=True)
        except (FileNotFoundError, NotADirectoryError):  # there is no library yet
            return
        except OSError as error:
            raise LibraryError(f"Cannot read {self.root}: {error.strerror}.", advice=LIBRARY_ADVICE) from None
        yield from (CallFolder(self.root / name) for name in names)


def library() -> Library:
    """Return the library from the settings; it may be empty. Raises `CometError` when the settings name none."""
    return Library(find_library_folder())


def _check_documents(body: bytes, call: bytes) -> None:
    """Raise `LibraryError` for a call whose JSON could not be read again once it is paid for."""
    try:
        parse_object(body, MAX_REQUEST_BYTES)
        parse_call(call + b" " * _RECORD_MARGIN)
    except (ValueError, LibraryError) as error:
        message = f"The call cannot be recorded: {getattr(error, 'reason', error)}."
        raise LibraryError(message, advice="Shorten or correct the prompt and the options.") from None


def _is_call_folder(path: Path) -> bool:
    is_shown = path.name.isprintable() and not path.name.startswith(".")
    return is_shown and is_real_folder(path) and is_regular(path / "call.json")


def format_call_count(count: int) -> str:
    """Return a number of calls in words: "1 call"."""
    return f"{count} call{'s' * (count != 1)}"
