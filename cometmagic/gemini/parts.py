"""What a prompt and an answer are made of: text and images, in order.

A part is a value: it knows whether it is a thought, and nothing of requests, JSON or display. An image
stays the bytes that were given or received, in memory or in a file; its type is read from those bytes,
never from what somebody declared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# Where in a file its kind shows: (offset, bytes) pairs, MIME type, suffix.
_MAGIC_NUMBERS: tuple[tuple[tuple[tuple[int, bytes], ...], str, str], ...] = (
    (((0, b"\x89PNG\r\n\x1a\n"),), "image/png", ".png"),
    (((0, b"\xff\xd8\xff"),), "image/jpeg", ".jpg"),
    (((0, b"RIFF"), (8, b"WEBP")), "image/webp", ".webp"),
    (((0, b"GIF87a"),), "image/gif", ".gif"),
    (((0, b"GIF89a"),), "image/gif", ".gif"),
    (((4, b"ftypheic"),), "image/heic", ".heic"),
    (((4, b"ftypheix"),), "image/heic", ".heic"),
    (((4, b"ftypmif1"),), "image/heif", ".heif"),
    (((4, b"ftypavif"),), "image/avif", ".avif"),
)
MAGIC_BYTES = 16
UNKNOWN_TYPE = ("application/octet-stream", ".bin")
DISPLAYABLE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")


def sniff(head: bytes) -> tuple[str, str]:
    """Return (MIME type, suffix) of image bytes by their first `MAGIC_BYTES`, or `UNKNOWN`."""
    for marks, mime_type, suffix in _MAGIC_NUMBERS:
        if all(head[offset : offset + len(mark)] == mark for offset, mark in marks):
            return mime_type, suffix
    return UNKNOWN_TYPE


def _measure(content: bytes | None, path: Path | None) -> int:
    return len(content) if content is not None else path.stat().st_size if path is not None else 0


@dataclass(frozen=True)
class ThoughtSignature:
    """A thought signature, which ties a part to the turn it was made in: its JSON string, quotes left out, as it came.

    It is megabytes long and only ever carried back; nothing here reads it.
    """

    content: bytes | None = field(default=None, repr=False)
    path: Path | None = None

    @property
    def data(self) -> bytes:
        """The bytes as they stood in the answer."""
        return self.content if self.content is not None else self.path.read_bytes() if self.path is not None else b""

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return _measure(self.content, self.path)


@dataclass(frozen=True)
class TextPart:
    """A run of text."""

    __module__ = "cometmagic"  # where people import it from

    text: str
    thought: bool = False
    signature: ThoughtSignature | None = None


@dataclass(frozen=True)
class ImagePart:
    """An image, byte for byte; `width` and `height` are in pixels, None when they cannot be read."""

    __module__ = "cometmagic"  # where people import it from

    mime_type: str
    path: Path | None = None
    content: bytes | None = field(default=None, repr=False)
    width: int | None = None
    height: int | None = None
    thought: bool = False
    signature: ThoughtSignature | None = None

    @property
    def data(self) -> bytes:
        """The bytes as they were given or received."""
        if self.content is not None:
            return self.content
        if self.path is None:
            raise ValueError("an image part has neither bytes nor a file")
        return self.path.read_bytes()

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return _measure(self.content, self.path)

    @property
    def suffix(self) -> str:
        """The file suffix that fits the type, with its dot."""
        return next((suffix for _, mime_type, suffix in _MAGIC_NUMBERS if mime_type == self.mime_type), UNKNOWN_TYPE[1])

    def pil(self) -> Image:
        """Return the picture as a loaded `PIL.Image.Image`."""
        import io

        from PIL import Image

        picture = Image.open(io.BytesIO(self.data))
        picture.load()
        return picture


Part = TextPart | ImagePart
