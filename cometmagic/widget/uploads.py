"""Joins the chunks of files that a browser sends: one notebook message carries about 10 MB at most."""

from __future__ import annotations

import math
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.gemini.parts import ImagePart
from cometmagic.images.normalize import ReferenceInput, normalize_content
from cometmagic.system.sanitize import clean_line
from cometmagic.widget.cell.reference_names import name_image

MAX_FILE_BYTES = 64_000_000  # bytes of one file, and of all unfinished files together
MAX_UPLOADS = 8  # unfinished files at once
_MAX_IMAGE_BYTES = 7_000_000  # bytes sent for one image


class ChunkedUploads:
    """Collects chunks, and returns a reference image when a file is complete."""

    def __init__(self, max_file_bytes: int = MAX_FILE_BYTES, max_total_bytes: float = math.inf) -> None:
        """Start empty; `max_total_bytes` of images are written to the library, and none is ever removed."""
        self._buffers: dict[str, bytearray] = {}
        self._max_file_bytes, self._available_bytes = max_file_bytes, max_total_bytes

    def add_chunk(self, message: dict[str, Any], chunk: bytes) -> str | None:
        """Add the next chunk of a file; after the last, return the file as a cell names it. Raises a `CometError`."""
        upload_id, name = message["id"], clean_line(message["name"], 80) or "The file"
        content = self._buffers.setdefault(upload_id, bytearray())
        if len(content) + len(chunk) > self._max_file_bytes:
            self._buffers.pop(upload_id)
            limit = self._max_file_bytes // 1_000_000
            raise OptionError(f"{name} is larger than {limit} MB.", advice="Save it smaller.")
        content += chunk
        self._drop_oldest(upload_id)
        if not message["last"]:
            return None
        source = bytes(self._buffers.pop(upload_id))
        return self._save_image(normalize_content(ReferenceInput(name), source, _MAX_IMAGE_BYTES).part)

    def _save_image(self, image: ImagePart) -> str:
        if image.size > self._available_bytes:
            raise OptionError("No more images can be uploaded on this page.", advice="Use those that are there.")
        path = name_image(image)
        self._available_bytes -= image.size
        return path

    def _drop_oldest(self, upload_id: str) -> None:
        """Drop files that pages left unfinished, until the rest is few and small enough; keep `upload_id`."""
        for other_id in [key for key in self._buffers if key != upload_id]:
            if len(self._buffers) <= MAX_UPLOADS and sum(map(len, self._buffers.values())) <= MAX_FILE_BYTES:
                break
            self._buffers.pop(other_id)
