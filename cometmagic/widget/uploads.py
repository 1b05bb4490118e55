"""Files that a browser sends in pieces, put together: one message of a notebook carries about 10 MB at most."""

from __future__ import annotations

from typing import Any

from cometmagic.errors import OptionError
from cometmagic.images.normalize import ReferenceInput, normalize_content
from cometmagic.system.sanitize import clean_line
from cometmagic.widget.cell.reference_names import name_image

MAX_FILE_BYTES = 64_000_000  # bytes of one file
MAX_UPLOADS = 8  # files under way at once
_MAX_IMAGE_BYTES = 7_000_000  # bytes that are sent of one image


class ChunkedUploads:
    """Takes pieces and gives the word of a reference image when a file is whole."""

    def __init__(self) -> None:
        """Begin empty."""
        self._buffers: dict[str, bytearray] = {}

    def add_chunk(self, message: dict[str, Any], chunk: bytes) -> str | None:
        """Take the next piece of a file; return its word when it was the last. Raises a `CometError`."""
        number, name = str(message.get("id"))[:40], clean_line(message.get("name", ""), 80) or "The file"
        content = self._buffers.setdefault(number, bytearray())
        content += chunk
        if len(self._buffers) > MAX_UPLOADS:  # a page that went away left the oldest unfinished
            self._buffers.pop(next(iter(self._buffers)))
        if len(content) > MAX_FILE_BYTES:
            self._buffers.pop(number)
            raise OptionError(f"{name} is larger than {MAX_FILE_BYTES // 1_000_000} MB.", advice="Save it smaller.")
        if not message.get("last"):
            return None
        return name_image(
            normalize_content(ReferenceInput(name), bytes(self._buffers.pop(number)), _MAX_IMAGE_BYTES).part
        )
