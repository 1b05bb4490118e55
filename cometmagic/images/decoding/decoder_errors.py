"""What can go wrong with an image file, whatever the decoder calls it.

Decoders raise errors of many kinds on untrusted bytes. Here they become three, and what one means for the user is
decided where the image is used.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

from PIL import Image

from cometmagic.errors import CometError


class ImageFileError(ValueError):
    """The file is not an image of an allowed format, or it is damaged."""


class DamagedImageError(ImageFileError):
    """The image could be opened, but its pixels cannot be decoded."""


class PixelLimitError(ImageFileError):
    """The image has more pixels than may be decoded."""


@contextlib.contextmanager
def convert_errors(error_type: type[ImageFileError]) -> Iterator[None]:
    """Raise as `error_type` what decoders raise on untrusted bytes, which is of many kinds; suppress their warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about large pictures or damaged metadata
            yield
    except (ImageFileError, CometError):
        raise
    except Image.DecompressionBombError:
        raise PixelLimitError("the image has too many pixels") from None
    except Exception as error:  # noqa: BLE001  # as above
        raise error_type(type(error).__name__) from None
