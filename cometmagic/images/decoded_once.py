"""The check that a file can be decoded, before it is sent and paid for; once, however many requests it is part of.

The files of a batch are the same for all its prompts. What is remembered of a file is its checksum and the outcome.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cometmagic.images import backgrounds
from cometmagic.images.decoding import completeness

if TYPE_CHECKING:
    from PIL import Image

MAX_FILES = 64  # that are remembered
_transparency: dict[bytes, bool] = {}  # by SHA-256, of files that were decoded


def check(content: bytes, picture: Image.Image) -> bool:
    """Return whether a file has transparent pixels; `picture` is the file, open.

    Raises what decoders raise when it is cut short or damaged.
    """
    digest = hashlib.sha256(content).digest()
    if digest not in _transparency:
        completeness.check(content)
        picture.load()
        if len(_transparency) >= MAX_FILES:
            _transparency.clear()
        _transparency[digest] = backgrounds.has_transparent_pixels(picture)
    return _transparency[digest]
