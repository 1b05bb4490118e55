"""The folder of one call: the names of its files, and call.json read and written.

    20261122-101502-red-bicycle-7f3a9c/
      call.json        prompt, options, state, usage, error
      request.json     the body as sent, each image as {"file": "reference-1.png"}
      response.part    the response's bytes as they arrive; deleted when the call is settled
      answer.json      the response as received, each image as {"file": "image.jpg"}
      image.jpg …      images byte for byte as the service sent them
      preview.jpg      what the notebook embeds; preview-small.jpg for front ends without HTML, if that is large

This module knows nothing about HTTP, the meaning of a response, or the library around the folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from cometmagic.errors import ChargeStatus, CometError, LibraryError
from cometmagic.gemini.parts import ImagePart
from cometmagic.gemini.tolerant.json_scanner import Buffer, MalformedError
from cometmagic.gemini.utf8_file import map_utf8_file
from cometmagic.storage.call_record import MAX_CALL_BYTES, CallRecord, CallState, FileRow, parse_call
from cometmagic.system.atomic_files import read_with_retry, write_atomic
from cometmagic.system.bounded_json import parse_object
from cometmagic.system.regular_files import MAX_FILE_BYTES, check_folder, is_plain_name, is_regular, measure_regular
from cometmagic.system.sanitize import clean_line

SMALL_PREVIEW_PIXELS = 512  # of a draft in the notebook, and of a picture in a front end without HTML
MAX_REQUEST_BYTES = 8 * 2**20  # bytes of request.json: texts, as images and signatures have their own files
MAX_PREVIEW_BYTES = 4 * 2**20  # bytes of a preview; of a 4K picture it has about 2 MB
SMALL_PREVIEW_BYTES = 20_000  # a notebook holds several small previews for each picture


def now() -> str:
    """Return the local time with its UTC offset, to the millisecond."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class CallFolder:
    """One call's folder; everything about the call is read from it when needed."""

    path: Path

    @property
    def id(self) -> str:
        """The call's id, which is the folder's name."""
        return self.path.name

    @property
    def response_path(self) -> Path:
        """The file for the response's bytes as they arrive."""
        return self.path / "response.part"

    def build_path(self, name: object) -> Path:
        """Return the path of a file of the call. Raises `LibraryError` for a name that could lead elsewhere."""
        if not is_plain_name(name):
            message = f"{clean_line(name, 60)!r} is no name of a file in {self.path}."
            raise LibraryError(message, charge_status=ChargeStatus.PAST)
        return self.path / str(name)

    def has_file(self, name: str) -> bool:
        """Whether the folder itself holds a file with this name."""
        return is_plain_name(name) and is_regular(self.path / name)

    def list_files(self) -> list[Path]:
        """Return the files of the call by name; hidden ones are incomplete. Raises `OSError`."""
        check_folder(self.path)
        return sorted(path for path in self.path.iterdir() if self.has_file(path.name))

    def read_file(self, name: str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the content of a file of the call. Raises `OSError`, also when the folder is a link."""
        check_folder(self.path)
        return read_with_retry(self.build_path(name), max_bytes)

    def read(self) -> CallRecord:
        """Return call.json. Raises `LibraryError` when there is none, or it does not fit its declaration."""
        return parse_call(self._read_document("call.json", MAX_CALL_BYTES), str(self.path / "call.json"))

    def read_body(self) -> dict[str, Any]:
        """Return request.json. Raises `LibraryError` when there is none, or it is not JSON within limits."""
        try:
            return parse_object(self._read_document("request.json", MAX_REQUEST_BYTES), MAX_REQUEST_BYTES)
        except ValueError as error:
            raise self.build_error("request.json", f"is unreadable: {error}") from None

    def map_answer(self) -> Buffer:
        """Return the bytes of answer.json. Raises `LibraryError` when there is none, or it is too large."""
        try:
            check_folder(self.path)
            return map_utf8_file(self.path / "answer.json")
        except OSError as error:
            raise self.build_error("answer.json", f"cannot be read ({type(error).__name__})") from None
        except MalformedError as error:
            raise self.build_error("answer.json", f"is unreadable: {error}") from None

    def update(self, **fields: Any) -> CallRecord:
        """Replace `fields` in call.json and return all of it."""
        call = {**self.read(), **fields}
        write_atomic(self.path / "call.json", encode_call(call))
        return cast("CallRecord", call)

    def fail(self, error: CometError, **fields: Any) -> CometError:
        """Record in call.json that the call ended without an image, and return the error as recorded."""
        if self.read().get("source") == "offline":
            error.charge_status = ChargeStatus.OFFLINE
        state = CallState.UNKNOWN if error.charge_status is ChargeStatus.UNKNOWN else CallState.FAILED
        self.update(state=state, settled=now(), error=error.to_dict(), **fields)
        return error

    def measure_duration(self) -> float:
        """Return the seconds from sending to the last byte of the answer. Raises `LibraryError`."""
        call = self.read()
        if "sent" not in call or "received" not in call:
            raise self.build_error("call.json", "is unreadable: it lacks the times")
        return (datetime.fromisoformat(call["received"]) - datetime.fromisoformat(call["sent"])).total_seconds()

    @property
    def is_complete(self) -> bool:
        """Whether the call is settled and all its files are still here."""
        try:
            call = self.read()
        except LibraryError:
            return False
        names = ["answer.json", *(row["name"] for row in call.get("files", ()))]
        return call["state"] == CallState.SETTLED and all(map(self.has_file, names))

    @property
    def has_raw_response(self) -> bool:
        """Whether there is a response that is not decoded yet."""
        return self.received_size > 0

    @property
    def received_size(self) -> int:
        """Size in bytes of a response that is not decoded yet."""
        try:
            return measure_regular(self.response_path)
        except OSError:
            return 0

    def list_images(self) -> dict[str, ImagePart]:
        """Return the images of the folder by file name."""
        return {row["name"]: self.build_image(row) for row in self.read().get("files", [])}

    def find_final_row(self) -> FileRow | None:
        """Return the row of the final image in call.json's `files`, or None when the call has none."""
        return next((row for row in self.read().get("files", []) if row["role"] == "image"), None)

    def build_image(self, row: FileRow) -> ImagePart:
        """Return the image that a row of call.json's `files` describes."""
        path = self.build_path(row["name"])
        return ImagePart(row["mime_type"], path=path, width=row.get("width"), height=row.get("height"))

    def _read_document(self, name: str, max_bytes: int) -> bytes:
        try:
            return self.read_file(name, max_bytes)
        except OSError as error:
            raise self.build_error(name, f"cannot be read ({type(error).__name__})") from None

    def build_error(self, name: str, problem: str) -> LibraryError:
        """Return the error for a file of the call that cannot be used."""
        return LibraryError(f"{clean_line(self.path / name)} {problem}.", charge_status=ChargeStatus.PAST)


def build_preview_path(original: Path) -> Path:
    """Return the path of an image's preview: `preview.jpg`, `preview-thought-1.jpg`."""
    return original.with_name("preview.jpg" if original.stem == "image" else f"preview-{original.stem}.jpg")


def find_preview(image: ImagePart) -> ImagePart:
    """Return the preview of an image, or the image itself when there is none, or one that is too large."""
    preview = build_preview_path(image.path) if image.path is not None else None
    return ImagePart("image/jpeg", path=preview) if preview is not None and _is_light(preview) else image


def _is_light(preview: Path) -> bool:
    try:
        return measure_regular(preview) <= MAX_PREVIEW_BYTES
    except OSError:
        return False


def build_small_preview_path(original: Path) -> Path:
    """Return the path of the final image's small preview, for front ends without HTML, if its preview is large."""
    return original.with_name("preview-small.jpg")


def encode_call(call: Mapping[str, Any]) -> bytes:
    """Return the content of call.json."""
    return json.dumps(call, ensure_ascii=False, indent=1, allow_nan=False).encode()
