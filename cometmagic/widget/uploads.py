"""Files that a browser sends in pieces, put together: one message of a notebook carries about 10 MB at most."""

from __future__ import annotations

from typing import Any

from cometmagic.errors import OptionError
from cometmagic.images.sendable import ReferenceInput, normalize_content
from cometmagic.system.sanitize import clean_line
from cometmagic.widget.asset_names import kept

LARGEST = 64_000_000  # bytes of one file
MOST = 8  # files under way at once
_BUDGET = 7_000_000  # bytes that are sent of one image


class Inbox:
    """Takes pieces and gives the word of a reference image when a file is whole."""

    def __init__(self) -> None:
        """Begin empty."""
        self._begun: dict[str, bytearray] = {}

    def take(self, told: dict[str, Any], piece: bytes) -> str | None:
        """Take the next piece of a file; return its word when it was the last. Raises a `CometError`."""
        number, name = str(told.get("id"))[:40], clean_line(told.get("name", ""), 80) or "The file"
        content = self._begun.setdefault(number, bytearray())
        content += piece
        if len(self._begun) > MOST:  # a page that went away left the oldest unfinished
            self._begun.pop(next(iter(self._begun)))
        if len(content) > LARGEST:
            self._begun.pop(number)
            raise OptionError(f"{name} is larger than {LARGEST // 1_000_000} MB.", advice="Save it smaller.")
        if not told.get("last"):
            return None
        return kept(normalize_content(ReferenceInput(name), bytes(self._begun.pop(number)), _BUDGET).part)
