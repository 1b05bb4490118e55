"""Tells whether a string is an image in base64, or another file, from its first characters.

A string may be as large as an image, so no more than its beginning is read.
"""

from __future__ import annotations

import re

import pybase64

from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.parts import UNKNOWN_TYPE, sniff
from cometmagic.gemini.tolerant.percent_encoding import decode_escapes, has_escapes
from cometmagic.gemini.tolerant.picture_size import read_pixel_size

MIN_FILE_CHARACTERS = 2000  # of a string that is a file of an unknown type, and not a name or a token
_MIN_IMAGE_CHARACTERS = 32
_HEAD_CHARACTERS = 1000
_SIZE_CHARACTERS = 100_000  # the size of a JPEG stands behind its profile and its EXIF data
_MIN_RESULT_PIXELS = 200_000  # the smallest size of all models is 512 x 512
_PREFIX = re.compile(rb"\s*(?:data:[^,]{0,200};base64,|base64(?:,|://))", re.IGNORECASE)
_QUOTES = re.compile(rb"\s*(?:b?'|b?\\\"|b\")")  # of Python's bytes as a text
_ESCAPES = re.compile(rb"\\{1,2}[nrt]|\\u00(?:0[9aAdD]|20)|\s")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+(?:={0,2}|\\?)")  # a head may end in the middle of an escape
_MIXED = re.compile(rb"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])")  # unlike words, and numbers in hexadecimal
_LONG_RUN = re.compile(r"[A-Za-z0-9+/_\\-]{1000,}={0,2}")  # with slashes that are escaped
_URLSAFE_TABLE = bytes.maketrans(b"-_", b"+/")


def is_base64_image(value: JSONString | str) -> bool:
    """Whether a string is base64, or a data URI of it, whose first bytes are those of an image."""
    letters = _read_letters(_read_head(value)) if _measure(value) >= _MIN_IMAGE_CHARACTERS else b""
    if len(letters) < _MIN_IMAGE_CHARACTERS:
        return False
    return sniff(pybase64.b64decode(letters[:_MIN_IMAGE_CHARACTERS].translate(_URLSAFE_TABLE))) != UNKNOWN_TYPE


def is_base64_file(value: JSONString | str) -> bool:
    """Whether a string is a file in base64, by its size and its letters or by its prefix."""
    length = _measure(value)
    if length < _MIN_IMAGE_CHARACTERS:
        return False
    head = _read_head(value)
    letters = _read_letters(head)
    if _PREFIX.match(head):
        return len(letters) >= _MIN_IMAGE_CHARACTERS
    return length >= MIN_FILE_CHARACTERS and len(letters) > _HEAD_CHARACTERS // 2 and _MIXED.match(letters) is not None


def is_large_image(value: JSONString | str) -> bool:
    """Whether a string is an image in base64 with as many pixels as a model makes, unlike a logo."""
    if not is_base64_image(value):
        return False
    letters = _read_letters(_read_head(value, _SIZE_CHARACTERS))
    content = pybase64.b64decode(letters[: len(letters) // 4 * 4].translate(_URLSAFE_TABLE))
    width, height = read_pixel_size(content) or (0, 0)
    return width * height >= _MIN_RESULT_PIXELS


def elide_base64(text: str) -> str:
    """Return a text with an ellipsis in place of long base64, which nobody reads."""
    return _LONG_RUN.sub(lambda match: "…" if _MIXED.match(match[0].encode()) else match[0], text)


def _measure(value: JSONString | str) -> int:
    return len(value.view) if isinstance(value, JSONString) else len(value)


def _read_head(value: JSONString | str, length: int = _HEAD_CHARACTERS) -> bytes:
    head = value.view[:length].tobytes() if isinstance(value, JSONString) else value[:length].encode("utf-8", "replace")
    head = decode_escapes(head) if has_escapes(head) else head
    return _QUOTES.sub(b"", _ESCAPES.sub(b"", head.replace(rb"\/", b"/")), count=1)


def _read_letters(head: bytes) -> bytes:
    """Return the base64 in the beginning of a string, b"" when it is anything else."""
    content = _PREFIX.sub(b"", head, count=1)
    return content.rstrip(b"=\\") if _BASE64.fullmatch(content) else b""
