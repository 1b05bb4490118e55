"""Finds the addresses of images: some gateways send one in place of the image.

An address is shown and never fetched unless the user asks, which is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from cometmagic.errors import MAX_ADDRESS_LENGTH
from cometmagic.gemini.coerce import coerce_string
from cometmagic.gemini.json_string import JSONString

MAX_ADDRESSES = 100
_ADDRESS = r"(?:https?|gs|s3)://[^\s<>\"\\^`{|}\x00-\x20\x7f\u3000-\u303f\uff00-\uffef]{1,8000}"
_WHOLE_ADDRESS = re.compile(rf"\s*<?({_ADDRESS})>?\s*", re.IGNORECASE)
_ANY_ADDRESS = re.compile(_ADDRESS, re.IGNORECASE)
_IMAGE_LABEL = r"(?i:image|picture|photo|download|result|view|bild|图|圖|画像)"
# An image in Markdown or HTML, or a link to one; a parenthesis within the address has its partner there.
_MARKUP = re.compile(
    rf"(?:!\[[^\[\]]{{0,2000}}+\]|\[[^\[\]]{{0,200}}{_IMAGE_LABEL}[^\[\]]{{0,200}}\])\(\s*<?({_ADDRESS})"
    rf"|<img\b[^<>]{{0,2000}}?\bsrc\s*=\s*[\"']?({_ADDRESS})",
    re.IGNORECASE,
)
_IMAGE_SUFFIX = re.compile(r"\.(?:png|jpe?g|webp|gif|heic|heif|avif|bmp|tiff?|svg)(?![A-Za-z0-9])", re.IGNORECASE)
_AMPERSAND = re.compile("&(?:amp|#38|#x26);", re.IGNORECASE)  # as HTML writes it
_LAST_LETTERS = "/=&%#_-+@$"  # besides letters and digits, what an address may end with


def is_address(value: JSONString | str) -> bool:
    """Whether a string is an address and nothing else."""
    return _WHOLE_ADDRESS.fullmatch(_read(value)) is not None


def is_image_address(value: JSONString | str) -> bool:
    """Whether a string is an address whose path has the suffix of an image, and nothing else."""
    text = _read(value)
    return _WHOLE_ADDRESS.fullmatch(text) is not None and _has_image_suffix(text)


def has_address(text: str) -> bool:
    """Whether there is any address in a text."""
    return "://" in text and _ANY_ADDRESS.search(text) is not None


def find_all_addresses(text: str) -> list[str]:
    """Return all addresses in a text, also those that may be of something else."""
    return list(dict.fromkeys(_trim(match[0]) for match in _ANY_ADDRESS.finditer(text)))[:MAX_ADDRESSES]


def find_addresses(text: str) -> list[str]:
    """Return the addresses of images in a text: in Markdown or HTML, with an image's suffix, or all of the text."""
    if "://" not in text:
        return []
    if match := _WHOLE_ADDRESS.fullmatch(text):
        return [match[1]]
    return list(dict.fromkeys(_iter_addresses(text)))[:MAX_ADDRESSES]


def _iter_addresses(text: str) -> Iterator[str]:
    yield from (_trim(match[1] or match[2]) for match in _MARKUP.finditer(text))
    yield from filter(_has_image_suffix, (_trim(match[0]) for match in _ANY_ADDRESS.finditer(text)))


def _read(value: JSONString | str) -> str:
    length = len(value.view) if isinstance(value, JSONString) else len(value)
    return coerce_string(value) if length <= MAX_ADDRESS_LENGTH else ""


def _trim(address: str) -> str:
    """Return an address without the punctuation that follows it, and without a parenthesis that began before it."""
    address, depth = _AMPERSAND.sub("&", address), 0
    for index, letter in enumerate(address):
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            address = address[:index]
            break
    while address and not address[-1].isalnum() and address[-1] not in (*_LAST_LETTERS, ")"):
        address = address[:-1]
    return address


def _has_image_suffix(address: str) -> bool:
    try:
        path = urlsplit(address.strip()).path
    except ValueError:
        return False
    return _IMAGE_SUFFIX.search(path) is not None
