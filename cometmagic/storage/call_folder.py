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
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cometmagic.errors import ChargeStatus, CometError, LibraryError
from cometmagic.gemini.parts import ImagePart
from cometmagic.system.atomic_files import read_with_retry, write_atomic
from cometmagic.system.regular_files import check_folder, is_plain_name, is_regular, measure_regular
from cometmagic.system.sanitize import clean_line

SMALL_PREVIEW_PIXELS = 512  # of a draft in the notebook, and of a picture in a front end without HTML
SMALL_PREVIEW_BYTES = 20_000  # a notebook holds several small previews for each picture


class CallState(StrEnum):
    """The state of a call; each one is on disk before the next step begins."""

    PLANNED = "planned"
    SENT = "sent"
    RECEIVED = "received"
    SETTLED = "settled"
    FAILED = "failed"
    UNKNOWN = "unknown"


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

    def read_file(self, name: str) -> bytes:
        """Return the content of a file of the call. Raises `OSError`, also when the folder is a link."""
        check_folder(self.path)
        return read_with_retry(self.build_path(name))

    def read(self) -> dict[str, Any]:
        """Return call.json. Raises `LibraryError` when there is none."""
        return self._read_json("call.json")

    def read_body(self) -> dict[str, Any]:
        """Return request.json."""
        return self._read_json("request.json")

    def update(self, **fields: Any) -> dict[str, Any]:
        """Replace `fields` in call.json and return all of it."""
        call = self.read() | fields
        write_atomic(self.path / "call.json", encode_call(call))
        return call

    def fail(self, error: CometError, **fields: Any) -> CometError:
        """Record in call.json that the call ended without an image, and return the error as recorded."""
        if self.read().get("source") == "offline":
            error.charge_status = ChargeStatus.OFFLINE
        state = CallState.UNKNOWN if error.charge_status is ChargeStatus.UNKNOWN else CallState.FAILED
        self.update(state=state, settled=now(), error=error.to_dict(), **fields)
        return error

    @property
    def is_complete(self) -> bool:
        """Whether the call is settled and all its files are still here."""
        try:
            call = self.read()
        except LibraryError:
            return False
        names = _parse_file_names(call)
        is_settled = call.get("state") == CallState.SETTLED and names is not None
        return is_settled and all(map(self.has_file, ["answer.json", *(names or [])]))

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

    def build_image(self, row: dict[str, Any]) -> ImagePart:
        """Return the image that a row of call.json's `files` describes."""
        path = self.build_path(row["name"])
        return ImagePart(row["mime_type"], path=path, width=row.get("width"), height=row.get("height"))

    def _read_json(self, name: str) -> dict[str, Any]:
        try:
            document = json.loads(self.read_file(name))
        except (OSError, ValueError) as error:
            raise LibraryError(
                f"{self.path / name} cannot be read ({type(error).__name__}).", charge_status=ChargeStatus.PAST
            ) from None
        if not isinstance(document, dict):
            raise LibraryError(f"{self.path / name} is not a JSON object.", charge_status=ChargeStatus.PAST)
        return document


def _parse_file_names(call: dict[str, Any]) -> list[str] | None:
    """Return the names in `files`, or None when one is not a plain file name: the library may come from elsewhere."""
    rows = call.get("files", [])
    names = [row.get("name") if isinstance(row, dict) else None for row in rows] if isinstance(rows, list) else [None]
    valid_names = [str(name) for name in names if is_plain_name(name)]
    return valid_names if valid_names == names else None


def find_worst_charge_status(call: dict[str, Any]) -> ChargeStatus | None:
    """Return the worst charge status of a call's earlier, failed tries, None when there are none."""
    status_names = {attempt["error"]["fate"] for attempt in call.get("tries") or ()}
    statuses = (ChargeStatus.UNKNOWN, ChargeStatus.REFUSED, ChargeStatus.UNSENT)  # the worst one first
    return next((status for status in statuses if status.name in status_names), None)


def build_preview_path(original: Path) -> Path:
    """Return the path of an image's preview: `preview.jpg`, `preview-thought-1.jpg`."""
    return original.with_name("preview.jpg" if original.stem == "image" else f"preview-{original.stem}.jpg")


def find_preview(image: ImagePart) -> ImagePart:
    """Return the preview of an image, or the image itself when there is none."""
    preview = build_preview_path(image.path) if image.path is not None else None
    return ImagePart("image/jpeg", path=preview) if preview is not None and is_regular(preview) else image


def build_small_preview_path(original: Path) -> Path:
    """Return the path of the final image's small preview, for front ends without HTML, if its preview is large."""
    return original.with_name("preview-small.jpg")


def encode_call(call: dict[str, Any]) -> bytes:
    """Return the content of call.json."""
    return json.dumps(call, ensure_ascii=False, indent=1, allow_nan=False).encode()
