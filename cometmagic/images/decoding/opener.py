"""Opens an image file that may be damaged or made to do harm.

Only the formats that a caller allows are opened: some of Pillow's others start programs. How much memory the pixels
take is known before any is decoded. Whatever goes wrong is one kind of error; what it means is the caller's matter.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, cast

from PIL import Image, ImageFile, JpegImagePlugin

from cometmagic.images.decoding import avif_header, gif_header, jpeg_header, png_header, tiff_header
from cometmagic.images.decoding.decoder_errors import DamagedImageError, ImageFileError, PixelLimitError, convert_errors
from cometmagic.images.decoding.file_header import FileHeader, measure_length, select_ranges
from cometmagic.images.decoding.opened_image import OpenedImage
from cometmagic.options.settings import read_max_pixels
from cometmagic.system.regular_files import open_regular

DISPLAY_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
REFERENCE_FORMATS = (*DISPLAY_FORMATS, "BMP", "TIFF", "AVIF")
MAX_SIDE = 65_535  # pixels; Pillow keeps a pointer for each row
MAX_STATED_SIDE = 1_000_000  # pixels; nothing that says more is an image
MAX_FILE_BYTES = 64 * 2**20  # of files that are read, not passed
_PIXEL_BYTES = 4  # of a decoded picture
_EXTRA_PIXEL_BYTES = {"WEBP": 12, "AVIF": 16}  # these decoders hold copies of the picture
_JPEG_SPEED = 4  # times as fast as others, as it is decoded at a fraction of its size
_FRACTIONS = (1, 2, 4, 8)  # of its size at which a JPEG can be decoded
# Where a file has which bytes, its format, and what reads its header.
_HEADER_READERS: tuple[tuple[int, tuple[bytes, ...], str, Callable[[BinaryIO], FileHeader]], ...] = (
    (0, (png_header.MAGIC,), "PNG", png_header.read_header),
    (0, (jpeg_header.MAGIC,), "JPEG", jpeg_header.read_header),
    (0, gif_header.MAGICS, "GIF", gif_header.read_header),
    (0, tiff_header.MAGICS, "TIFF", tiff_header.read_header),
    (4, (avif_header.MAGIC,), "AVIF", avif_header.read_header),
)


@contextlib.contextmanager
def open_image(
    source: bytes | Path | BinaryIO, formats: tuple[str, ...] = DISPLAY_FORMATS, max_side: int | None = None
) -> Iterator[OpenedImage]:
    """Open an image file, and free its pixels afterwards; a JPEG is decoded at `max_side` pixels a side or more.

    Raises `PixelLimitError` for too many pixels, `DamagedImageError` for whatever goes wrong inside the block, and
    `ImageFileError` when there is no image of these formats.
    """
    with _open_file(source) as file, convert_errors(ImageFileError):
        file_format, header = _read_header(file, formats)
        picture = _open_picture(file_format, header, formats)
        try:
            size = picture.size
            if isinstance(picture, JpegImagePlugin.JpegImageFile):
                _choose_fraction(picture, header, max_side)
            check_pixels(picture.size, picture.format, header.decoder_bytes)
            exif_block = header.exif or picture.info.get("exif", b"")
            is_animated = header.is_animated or bool(getattr(picture, "is_animated", False))
            with convert_errors(DamagedImageError):
                yield OpenedImage(picture, size, picture.format or "", exif_block, is_animated, header.file)
        finally:
            picture.close()


@contextlib.contextmanager
def open_again(picture: Image.Image, max_side: int | None = None) -> Iterator[OpenedImage]:
    """Give a picture that is open already. Its file, if it was not decoded yet, is opened anew, as any other is.

    Raises the errors of `open_image`.
    """
    if isinstance(picture, ImageFile.ImageFile):
        if picture.format not in (*REFERENCE_FORMATS, "MPO"):
            raise ImageFileError(f"{picture.format} is not allowed")
        if picture.tile and picture.fp is not None and not picture.tell():
            with (
                _keep_position(cast("BinaryIO", picture.fp)) as file,
                open_image(file, REFERENCE_FORMATS, max_side) as opened,
            ):
                yield opened
            return
    check_pixels(picture.size, picture.format)
    with convert_errors(DamagedImageError):
        picture.load()
        # What Pillow derives from a file (turned, cropped, converted) is seen as it is, though its EXIF data stays.
        exif_block = _read_exif(picture) if isinstance(picture, ImageFile.ImageFile) else b""
        yield OpenedImage(picture, picture.size, "", exif_block, is_animated=False)


@contextlib.contextmanager
def _keep_position(file: BinaryIO) -> Iterator[BinaryIO]:
    """Give a file, and put it back to where it was read afterwards."""
    position = file.tell()
    try:
        yield file
    finally:
        file.seek(position)


def _read_exif(picture: Image.Image) -> bytes:
    with contextlib.suppress(Exception):  # of damaged EXIF data
        return picture.getexif().tobytes()
    return b""


def read_size(source: bytes | Path | BinaryIO) -> tuple[int, int] | None:
    """Return (width, height) in pixels from the header of an image, or None when it cannot be read."""
    facts = _read_facts(source)
    return facts[1] if facts is not None else None


def estimate_effort(source: bytes | Path | BinaryIO) -> int:
    """Return how many pixels of a PNG take as long as drawing a small picture of this file; 0 when it is none."""
    if (facts := _read_facts(source)) is None:
        return 0
    file_format, (width, height) = facts
    return width * height // (_JPEG_SPEED if file_format == "JPEG" else 1)


def _read_facts(source: bytes | Path | BinaryIO) -> tuple[str, tuple[int, int]] | None:
    """Return the format and the size of an image from its header, or None when it cannot be read."""
    with contextlib.suppress(ImageFileError, OSError), _open_file(source) as file, convert_errors(ImageFileError):
        file_format, header = _read_header(file, DISPLAY_FORMATS)
        size = header.size or _open_picture(file_format, header, DISPLAY_FORMATS).size
        return (file_format, size) if min(size) > 0 and max(size) <= MAX_STATED_SIDE else None
    return None


def is_too_large(source: bytes | Path | BinaryIO) -> bool:
    """Whether an image is not decoded because it has too many pixels."""
    try:
        with open_image(source):
            return False
    except PixelLimitError:
        return True
    except (ImageFileError, OSError):
        return False


def load_image(content: bytes) -> Image.Image:
    """Return an image at full size with its metadata. Raises `ImageFileError` or `PixelLimitError`."""
    with convert_errors(ImageFileError):
        file = io.BytesIO(content)
        file_format, header = _read_header(file, REFERENCE_FORMATS)
        if header.size:
            check_pixels(header.size, file_format, header.decoder_bytes)
        picture = Image.open(file, formats=(file_format,) if file_format else REFERENCE_FORMATS)
        check_pixels(picture.size, picture.format, header.decoder_bytes)
        picture.load()
        return picture


def check_pixels(size: tuple[int, int], file_format: str | None = None, decoder_bytes: int = 0) -> None:
    """Raise `PixelLimitError` when it takes too much memory to decode a picture of this size in pixels."""
    picture_bytes = size[0] * size[1] * (_PIXEL_BYTES + _EXTRA_PIXEL_BYTES.get(file_format or "", 0))
    if picture_bytes + decoder_bytes > read_max_pixels() * _PIXEL_BYTES or max(size) > MAX_SIDE:
        raise PixelLimitError("the image has too many pixels")


def _open_file(source: bytes | Path | BinaryIO) -> AbstractContextManager[BinaryIO]:
    if isinstance(source, Path):
        return open_regular(source)
    return contextlib.nullcontext(io.BytesIO(source) if isinstance(source, bytes) else source)


def _read_header(file: BinaryIO, formats: tuple[str, ...]) -> tuple[str, FileHeader]:
    """Return the format of a file and its header; the format is "" when only Pillow knows it."""
    file.seek(0)
    magic = file.read(12)
    for offset, magics, file_format, read_header in _HEADER_READERS:
        if magic.startswith(magics, offset):
            if file_format not in formats:
                raise ImageFileError(f"{file_format} is not allowed")
            return file_format, read_header(file)
    return "", FileHeader(select_ranges(file, [(0, min(measure_length(file), MAX_FILE_BYTES))]))


def _open_picture(file_format: str, header: FileHeader, formats: tuple[str, ...]) -> ImageFile.ImageFile:
    """Return the picture in a file, not decoded yet."""
    if file_format == "JPEG":
        # `Image.open` would refuse the large photos of phones, which can be decoded at a fraction of their size.
        picture = JpegImagePlugin.JpegImageFile(header.file)
        if picture.size != header.size:
            raise ImageFileError("the JPEG has two sizes")
        return picture
    if header.size:
        check_pixels(header.size, file_format, header.decoder_bytes)
    return Image.open(header.file, formats=(file_format,) if file_format else formats)


def _choose_fraction(picture: JpegImagePlugin.JpegImageFile, header: FileHeader, max_side: int | None) -> None:
    """Have a JPEG decoded at the smallest fraction of its size that is enough, or at one that memory allows."""
    available_bytes = read_max_pixels() * _PIXEL_BYTES - header.decoder_bytes
    width, height = picture.size
    allowed = next((step for step in _FRACTIONS if width * height * _PIXEL_BYTES <= available_bytes * step**2), 8)
    step = max(allowed, max(width, height) // max_side if max_side else 1)
    picture.draft(None, (max(1, width // step), max(1, height // step)))
