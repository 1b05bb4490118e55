"""Percent-encoded base64, as forms and addresses carry it, back as base64.

Only what base64 and its `data:` prefix are written with is decoded, so that other texts stay as they are.
"""

from __future__ import annotations

import re

MAX_DECODED_BYTES = 64 * 2**20  # of a text that is copied
_ESCAPE = re.compile(rb"%(2[bBfFcC]|3[aAbBdD]|0[aAdD])")
_ENCODED_PREFIX = re.compile(rb"data(?::|%3[aA])image(?:/|%2[fF])[\w.+%-]{1,40}(?:;|%3[bB])base64(?:,|%2[cC])")
_CHARACTERS = {b"2b": b"+", b"2f": b"/", b"2c": b",", b"3a": b":", b"3b": b";", b"3d": b"=", b"0a": b"", b"0d": b""}


def has_escapes(content: memoryview | bytes) -> bool:
    """Whether a text has characters of base64 in percent-encoding, and is not too long to be copied."""
    return len(content) <= MAX_DECODED_BYTES and _ESCAPE.search(content) is not None


def has_encoded_prefix(content: memoryview | bytes) -> bool:
    """Whether a text has the prefix of an image's `data:` URI, in percent-encoding or not."""
    return _ENCODED_PREFIX.search(content) is not None


def decode_escapes(content: memoryview | bytes) -> bytes:
    """Return a text with the characters of base64 in place of their escapes; line breaks are dropped."""
    return _ESCAPE.sub(lambda match: _CHARACTERS[match[1].lower()], content)
