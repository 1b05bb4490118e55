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
import json
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cometmagic.errors import ChargeStatus, CometError, LibraryError
from cometmagic.gemini.encode import (
    encode_request,
    format_reference_name,
    format_signature_name,
    hash_request,
    serialize_body,
)
from cometmagic.gemini.parts import ImagePart
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.settings import find_library_folder
from cometmagic.system.atomic_files import format_path, read_with_retry, sync_folder, write_atomic

MIN_FREE_BYTES = 64 * 1024 * 1024  # bytes; below it nothing is sent, because an answer could not be kept
MAX_SLUG_LENGTH = 40
SMALL_PREVIEW_PIXELS = 512  # pixels of a draft in the notebook, and of a picture where no HTML is shown
SMALL_PREVIEW_BYTES = 20_000  # of such a one: a notebook holds several for each picture
TEMP_FOLDER_SUFFIX = ".new.tmp"  # the end of a folder's name until all that is needed to send lies in it
TEMP_FOLDER_MAX_AGE = 600.0  # seconds
CALL_VERSION = 1
LIBRARY_ADVICE = "Set COMETMAGIC_LIBRARY to a folder that can be written."


class CallState(StrEnum):
    """Where a call stands; each step is on disk before the next begins."""

    PLANNED = "planned"
    SENT = "sent"
    RECEIVED = "received"
    SETTLED = "settled"
    FAILED = "failed"
    UNKNOWN = "unknown"


def now() -> str:
    """Return the local time with its offset, to the millisecond."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class CallFolder:
    """One call's folder; everything about the call is read from it when asked for."""

    path: Path

    @property
    def id(self) -> str:
        """The folder's name, which names the call."""
        return self.path.name

    @property
    def response_path(self) -> Path:
        """Where the answer's bytes go as they arrive."""
        return self.path / "response.part"

    def read(self) -> dict[str, Any]:
        """Return call.json. Raises `LibraryError` when there is none."""
        return self._read_json("call.json")

    def read_body(self) -> dict[str, Any]:
        """Return request.json."""
        return self._read_json("request.json")

    def update(self, **fields: Any) -> dict[str, Any]:
        """Lay `fields` over call.json and return the whole."""
        call = self.read() | fields
        write_atomic(self.path / "call.json", encode_call(call))
        return call

    def fail(self, error: CometError, **fields: Any) -> CometError:
        """Write down that the call ended without an image, and return the error as it stands there."""
        if self.read().get("source") == "offline":
            error.charge_status = ChargeStatus.OFFLINE
        state = CallState.UNKNOWN if error.charge_status is ChargeStatus.UNKNOWN else CallState.FAILED
        self.update(state=state, settled=now(), error=error.to_dict(), **fields)
        return error

    @property
    def is_complete(self) -> bool:
        """Whether the call is settled and everything that came of it still lies here."""
        try:
            call = self.read()
        except LibraryError:
            return False
        names = _parse_file_names(call)
        is_settled = call.get("state") == CallState.SETTLED and names is not None
        return is_settled and all((self.path / name).is_file() for name in ["answer.json", *(names or [])])

    @property
    def has_raw_response(self) -> bool:
        """Whether any of an answer's bytes lie here undecoded."""
        return self.received_size > 0

    @property
    def received_size(self) -> int:
        """How many bytes of an answer lie here undecoded."""
        try:
            return self.response_path.stat().st_size
        except OSError:
            return 0

    def list_images(self) -> dict[str, ImagePart]:
        """Return the images of the folder by name."""
        return {row["name"]: self.build_image(row) for row in self.read().get("files", [])}

    def build_image(self, row: dict[str, Any]) -> ImagePart:
        """Return the image that a row of call.json's `files` describes."""
        path = self.path / row["name"]
        return ImagePart(row["mime_type"], path=path, width=row.get("width"), height=row.get("height"))

    def _read_json(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(read_with_retry(self.path / name))
        except (OSError, ValueError) as error:
            raise LibraryError(
                f"{self.path / name} cannot be read ({type(error).__name__}).", charge_status=ChargeStatus.PAST
            ) from None
        if not isinstance(found, dict):
            raise LibraryError(f"{self.path / name} is not a JSON object.", charge_status=ChargeStatus.PAST)
        return found


class Library:
    """All call folders under one root."""

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


def _parse_file_names(call: dict[str, Any]) -> list[str] | None:
    """Return the names in `files`, or None when one is no name of a file of the folder: others make libraries too."""
    rows = call.get("files", [])
    names = [row.get("name") if isinstance(row, dict) else None for row in rows] if isinstance(rows, list) else [None]
    plain = [name for name in names if isinstance(name, str) and name.strip(".") and not set(name) & set("/\\:\0")]
    return plain if plain == names else None


def build_write_error(folder: Path, error: OSError, **details: Any) -> LibraryError:
    """Return the error for a folder in which `error` came up; `how` goes to it."""
    why = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
    return LibraryError(f"Cannot write in {folder}: {why}.", **details)


def find_worst_charge_status(call: dict[str, Any]) -> ChargeStatus | None:
    """Return what the tries of a call that failed and were followed by another may have cost, None without any."""
    fates = {one["error"]["fate"] for one in call.get("tries") or ()}
    return next(
        (fate for fate in (ChargeStatus.UNKNOWN, ChargeStatus.REFUSED, ChargeStatus.UNSENT) if fate.name in fates), None
    )


def format_call_count(count: int) -> str:
    """Return so many calls in words: "1 call"."""
    return f"{count} call{'s' * (count != 1)}"


def build_preview_path(original: Path) -> Path:
    """Return where the small picture of an image lies: `preview.jpg`, `preview-thought-1.jpg`."""
    return original.with_name("preview.jpg" if original.stem == "image" else f"preview-{original.stem}.jpg")


def build_small_preview_path(original: Path) -> Path:
    """Return where the final image lies once more, for front ends that show no HTML, if its preview is large."""
    return original.with_name("preview-small.jpg")


def check_target(path: str) -> str:
    """Return `path` as an absolute one. Raises `LibraryError` when nothing can be saved there: before paying."""
    try:
        target = Path(path).expanduser().absolute()
        folder = next(parent for parent in (target, *target.parents) if parent.exists())
    except (OSError, RuntimeError) as error:  # a name too long for the disk; a `~user` nobody knows
        why = error.strerror if isinstance(error, OSError) else error
        raise LibraryError(f"Cannot save to {path}: {why}", advice="Change --save.") from None
    if folder == target and not folder.is_dir():
        folder = target.parent  # a file that will not be overwritten
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise LibraryError(
            f"Cannot save to {path}: {folder} is not a folder that can be written.", advice="Change --save."
        )
    return f"{target}{os.sep}" if path.endswith(("/", os.sep)) else str(target)


def slugify(text: str, max_length: int = MAX_SLUG_LENGTH) -> str:
    """Return up to `longest` lower-case ASCII letters, digits and hyphens from a text."""
    plain = unicodedata.normalize("NFKD", text[:400]).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) <= max_length:
        return words or "image"
    cut = words[:max_length]
    return cut.rpartition("-")[0] or cut


def encode_call(call: dict[str, Any]) -> bytes:
    """Return the text of call.json."""
    return json.dumps(call, ensure_ascii=False, indent=1, allow_nan=False).encode()
