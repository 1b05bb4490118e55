"""An image file that is open: what its header says, and its pixels when they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from cometmagic.images.decoding import drawn_size, exif

_TRANSPOSITIONS = (
    *(Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM),
    *(Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_270, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_90),
)  # for the EXIF orientations from 2 on


@dataclass(frozen=True)
class OpenedImage:
    """An open image file. Its pixels are decoded when they are needed; of an animation only the first frame is."""

    picture: Image.Image  # a JPEG may be smaller than its file says
    size: tuple[int, int]  # pixels in the file, as they are stored
    file_format: str
    exif: bytes
    is_animated: bool
    file: BinaryIO | None = None  # what Pillow reads of it

    @property
    def orientation(self) -> int:
        """The EXIF orientation, from 1 (upright) to 8."""
        return exif.read_orientation(self.exif)

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels, as the image is meant to be seen."""
        return self._turn_size(self.size)

    @property
    def drawn_size(self) -> tuple[int, int]:
        """Width and height in pixels, as a browser draws the image where nothing else is said."""
        is_jpeg = self.file_format in ("JPEG", "MPO")
        return self._turn_size(drawn_size.read_drawn_size(self.exif, self.size) if is_jpeg else self.size)

    def _turn_size(self, size: tuple[int, int]) -> tuple[int, int]:
        return size[::-1] if self.orientation in exif.SIDEWAYS_ORIENTATIONS and not self._is_turned else size

    def turn_upright(self, picture: Image.Image) -> Image.Image:
        """Return a decoded picture as it is meant to be seen."""
        if self.orientation == 1 or self._is_turned:
            return picture
        return picture.transpose(_TRANSPOSITIONS[self.orientation - 2])

    @property
    def _is_turned(self) -> bool:
        return self.file_format == "TIFF"  # Pillow turns these itself
