"""Images written as text: `data:` URIs and base64, as web pages, JSON and notebooks hold them.

A text is base64 of an image when its first bytes are those of an image and no file has that name; any other text is a
path or an address. Whether the content can be sent is decided elsewhere, and Pillow is not needed.
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from cometmagic.errors import OptionError

_DATA_URI = re.compile(
    r"\s*data:(?P<type>[^,;]{0,200})(?P<parameters>[^,]{0,500}?)(?P<base64>;\s*base64\s*)?,", re.IGNORECASE
)
_DATA_SCHEME = re.compile(r"\s*data:", re.IGNORECASE)
_SPACE = re.compile(rb"\s+")
_URLSAFE_TABLE = bytes.maketrans(b"-_", b"+/")
_MAX_PATH_LENGTH = 4096
_HEAD_LENGTH = 2000
_MIN_BASE64_LENGTH = 64  # characters; no image file is smaller
_ADVICE = "Copy all of it, or give a file."


def is_image_text(value: Any) -> bool:
    """Whether `value` is a text with an image in it, rather than a path or an address."""
    if not isinstance(value, str):
        return False
    if _DATA_SCHEME.match(value):
        return True
    return _is_base64_image(value) and not (len(value) < _MAX_PATH_LENGTH and os.path.lexists(value))


def is_encoded_image(content: bytes) -> bool:
    """Whether bytes are such a text, which `base64.b64encode` returns as bytes."""
    head = content[:_HEAD_LENGTH]
    return head.isascii() and (head.lstrip()[:5].lower() == b"data:" or _is_base64_image(head.decode("ascii")))


def describe_image_text(text: str) -> str:
    """Return what a text with an image is called at the beginning of a sentence."""
    return "The data: URI" if _DATA_SCHEME.match(text) else "The base64 text"


def decode_image_text(text: str) -> bytes:
    """Return the content of a `data:` URI or of base64. Raises `OptionError` when it is damaged or has none."""
    name = describe_image_text(text)
    match = _DATA_URI.match(text)
    if match is None and _DATA_SCHEME.match(text):
        raise OptionError(f"{name} has no comma before its data.", advice=_ADVICE)
    data = text[match.end() :] if match else text
    if match and match["base64"] is None:
        content = unquote_to_bytes(data)
    else:
        letters = unquote_to_bytes(data) if "%" in data else data.encode("utf-8", "replace")
        content = _decode_base64(name, letters)
    if not content:
        raise OptionError(f"{name} is empty.", advice=_ADVICE)
    return content


def _is_base64_image(text: str) -> bool:
    if len(text) < _MIN_BASE64_LENGTH:
        return False
    from cometmagic.gemini.tolerant.base64_sniffer import is_base64_image  # base64, which names and paths do not need

    return is_base64_image(text)


def _decode_base64(name: str, letters: bytes) -> bytes:
    """Return decoded base64, of either alphabet, wrapped or not, with or without padding."""
    import pybase64  # as above

    bare_letters = _SPACE.sub(b"", letters).translate(_URLSAFE_TABLE).rstrip(b"=")
    try:
        return pybase64.b64decode(bare_letters + b"=" * (-len(bare_letters) % 4), validate=True)
    except ValueError:
        raise OptionError(f"{name} is damaged or cut: it is no base64.", advice=_ADVICE) from None
