"""Tells from its base64 whether a picture has come to its end, as it may be split into several strings.

Only the first and the last letters are read. This module does not know where in a response they stand.
"""

from __future__ import annotations

import re

import pybase64

from cometmagic.gemini.parts import sniff

TAIL_CHARACTERS = 64
_HEADER_CHARACTERS = 64  # of base64; they hold the type, and the length of a WebP
# The last bytes of a format in base64, which depend on how many bytes stand before them.
_ENDS = {
    "image/png": re.compile(rb"(?:ElFTkSuQmCC|BJRU5ErkJggg(?:==)?|SUVORK5CYII=?)\Z"),
    "image/jpeg": re.compile(rb"(?:[Pfv/]/Z|/2Q(?:==)?|/9k=?)\Z"),
    "image/gif": re.compile(rb"(?:[AEIMQUYcgkosw048]7|Ow(?:==)?|[DTjz]s=?)\Z"),
}
_SURE_ENDS = ("image/png", "image/webp")  # no other bytes look like them


class PictureEnd:
    """The end of one picture, by its first letters, which are plain base64 without a prefix."""

    def __init__(self, head: bytes) -> None:
        """Read the type, and the length if it is written there."""
        content = pybase64.b64decode(head[:_HEADER_CHARACTERS].partition(b"=")[0][: len(head) // 4 * 4])
        self._type = sniff(content)[0]
        self._length = int.from_bytes(content[4:8], "little") + 8 if self._type == "image/webp" else None

    @property
    def has_length(self) -> bool:
        """Whether the picture says how long it is."""
        return self._length is not None

    @property
    def is_sure(self) -> bool:
        """Whether what looks like the end is the end: the last bytes of other types also stand within pictures."""
        return self._type in _SURE_ENDS

    def is_at(self, tail: bytes, letter_count: int) -> bool:
        """Whether a picture that ends with `tail` may be whole; it has `letter_count` letters without padding."""
        if self._length is not None:
            return letter_count * 3 // 4 >= self._length
        pattern = _ENDS.get(self._type)
        return pattern is not None and pattern.search(tail) is not None
