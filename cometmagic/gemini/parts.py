"""The parts of a prompt and of a response: text and images, in order.

A part is a value. It knows whether it is a thought, but nothing about requests, JSON or display. An
image keeps its original bytes, in memory or in a file; its type is read from those bytes, because
declared types are often wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cometmagic.errors import ChargeStatus, CometError, LibraryError
from cometmagic.options.settings import MEGAPIXELS_VARIABLE
from cometmagic.system.regular_files import measure_regular, read_regular

if TYPE_CHECKING:
    from PIL.Image import Image

# How each file type begins: (offset, bytes) pairs, MIME type, suffix.
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
    """Return (MIME type, suffix) of a file by its first `MAGIC_BYTES` bytes, or `UNKNOWN_TYPE`."""
    for patterns, mime_type, suffix in _MAGIC_NUMBERS:
        if all(head[offset : offset + len(pattern)] == pattern for offset, pattern in patterns):
            return mime_type, suffix
    return UNKNOWN_TYPE


def _measure_size(content: bytes | None, path: Path | None) -> int:
    """Return the size of a part in bytes. Raises `LibraryError`."""
    if content is not None or path is None:
        return len(content or b"")
    try:
        return measure_regular(path)
    except OSError as error:
        raise _build_error(path, error) from None


def _read_file(path: Path) -> bytes:
    """Return the content of a file of a call folder. Raises `LibraryError`."""
    try:
        return read_regular(path)
    except OSError as error:
        raise _build_error(path, error) from None


def _build_error(path: Path, error: OSError) -> LibraryError:
    return LibraryError(f"{path} cannot be read ({error.strerror}).", charge_status=ChargeStatus.PAST)


@dataclass(frozen=True)
class ThoughtSignature:
    """A thought signature, which ties a part to the turn it came from: the JSON string as received, without quotes.

    It can be megabytes long. It is only sent back; nothing here interprets it.
    """

    content: bytes | None = field(default=None, repr=False)
    path: Path | None = None

    @property
    def data(self) -> bytes:
        """The bytes as they were in the response. Raises `LibraryError` when the file cannot be read."""
        return self.content if self.content is not None else _read_file(self.path) if self.path is not None else b""

    @property
    def size(self) -> int:
        """The number of bytes."""
        return _measure_size(self.content, self.path)


@dataclass(frozen=True)
class TextPart:
    """A piece of text."""

    __module__ = "cometmagic"  # where people import it from

    text: str
    thought: bool = False
    signature: ThoughtSignature | None = None


@dataclass(frozen=True)
class ImagePart:
    """An image with its original bytes; `width` and `height` are in pixels, None when they cannot be read.

    `pixel_digest` identifies the pixels of a picture that was encoded on this machine: another version of the encoder
    writes other bytes for the same picture. It is "" for a file that is sent as it is.
    """

    __module__ = "cometmagic"  # where people import it from

    mime_type: str
    path: Path | None = None
    content: bytes | None = field(default=None, repr=False)
    width: int | None = None
    height: int | None = None
    thought: bool = False
    signature: ThoughtSignature | None = None
    pixel_digest: str = field(default="", repr=False, compare=False)

    @property
    def data(self) -> bytes:
        """The original bytes of the image. Raises `LibraryError` when the file cannot be read."""
        if self.content is not None:
            return self.content
        if self.path is None:
            raise ValueError("an image part has neither bytes nor a file")
        return _read_file(self.path)

    @property
    def size(self) -> int:
        """The number of bytes."""
        return _measure_size(self.content, self.path)

    @property
    def suffix(self) -> str:
        """The file suffix for the MIME type, with its dot."""
        return next((suffix for _, mime_type, suffix in _MAGIC_NUMBERS if mime_type == self.mime_type), UNKNOWN_TYPE[1])

    def pil(self) -> Image:
        """Return the image as a loaded `PIL.Image.Image`.

        Raises `CometError` when it is damaged or has too many pixels.
        """
        from cometmagic.images.decoding import decoder_errors, opener  # Pillow

        try:
            return opener.load_image(self.data)
        except decoder_errors.PixelLimitError:
            raise CometError(
                "The image has more pixels than are decoded.",
                charge_status=ChargeStatus.PAST,
                advice=f"Set {MEGAPIXELS_VARIABLE} to allow more.",
            ) from None
        except decoder_errors.ImageFileError:
            raise CometError("The image cannot be read as a picture.", charge_status=ChargeStatus.PAST) from None

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        from cometmagic.display.mime_bundles import build_value  # only for a front end

        return build_value(self)


@dataclass(frozen=True)
class RawPart:
    """A part of an answer that is neither text nor an image, such as code that the model ran: only to be sent back.

    `content` is its JSON object, without its thought signature.
    """

    content: bytes = field(repr=False)
    thought: bool = False
    signature: ThoughtSignature | None = None

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.content)


PromptPart = TextPart | ImagePart
Part = PromptPart | RawPart
