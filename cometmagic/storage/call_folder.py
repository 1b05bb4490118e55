"""One call's folder: what its files are called, and call.json read and written.

    20261122-101502-red-bicycle-7f3a9c/
      call.json        what was asked and what became of it
      request.json     the body as sent, each image as {"file": "reference-1.png"}
      response.part    bytes as they arrive; gone once settled
      answer.json      the response as received, each image as {"file": "image.jpg"}
      image.jpg …      images byte for byte as the service sent them
      preview.jpg      what the notebook embeds; preview-small.jpg where no HTML is shown, if that is large

This module knows nothing of HTTP, of what a response means, and of the library around the folder.
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

SMALL_PREVIEW_PIXELS = 512  # pixels of a draft in the notebook, and of a picture where no HTML is shown

SMALL_PREVIEW_BYTES = 20_000  # of such a one: a notebook holds several for each picture


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


def _parse_file_names(call: dict[str, Any]) -> list[str] | None:
    """Return the names in `files`, or None when one is no name of a file of the folder: others make libraries too."""
    rows = call.get("files", [])
    names = [row.get("name") if isinstance(row, dict) else None for row in rows] if isinstance(rows, list) else [None]
    plain = [name for name in names if isinstance(name, str) and name.strip(".") and not set(name) & set("/\\:\0")]
    return plain if plain == names else None


def find_worst_charge_status(call: dict[str, Any]) -> ChargeStatus | None:
    """Return what the tries of a call that failed and were followed by another may have cost, None without any."""
    fates = {one["error"]["fate"] for one in call.get("tries") or ()}
    return next(
        (fate for fate in (ChargeStatus.UNKNOWN, ChargeStatus.REFUSED, ChargeStatus.UNSENT) if fate.name in fates), None
    )


def build_preview_path(original: Path) -> Path:
    """Return where the small picture of an image lies: `preview.jpg`, `preview-thought-1.jpg`."""
    return original.with_name("preview.jpg" if original.stem == "image" else f"preview-{original.stem}.jpg")


def build_small_preview_path(original: Path) -> Path:
    """Return where the final image lies once more, for front ends that show no HTML, if its preview is large."""
    return original.with_name("preview-small.jpg")


def encode_call(call: dict[str, Any]) -> bytes:
    """Return the text of call.json."""
    return json.dumps(call, ensure_ascii=False, indent=1, allow_nan=False).encode()
