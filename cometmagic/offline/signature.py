"""Thought signatures: what ties a picture to the turn it was made in.

The real ones are megabytes that only Google can read. These are a few kilobytes that anybody could
forge, for the key stands below: they show that a signature must come back byte for byte with the very
picture it came with, in this session or in a later one, and keep no secret.
"""

from __future__ import annotations

import hashlib
import hmac

import pybase64

_HMAC_KEY = b"cometmagic offline thought signature"
_NOISE_BYTES = 3200  # bytes; in base64 long enough to be cut out of an answer as the real ones are
_BYPASS_TEXT = b"skip_thought_signature_validator"
# The value Google documents for turns it did not write, as the text it is and taken for base64.
_BYPASS_SIGNATURES = (_BYPASS_TEXT, pybase64.urlsafe_b64decode(_BYPASS_TEXT))


def sign(salt: bytes, content: bytes = b"") -> bytes:
    """Return the signature of a part: of the bytes of an image, or of no content for words."""
    noise = hashlib.shake_256(salt + hashlib.sha256(content).digest()).digest(_NOISE_BYTES)
    return noise + _compute_mac(noise, content)


def is_valid(signature: bytes, content: bytes = b"") -> bool:
    """Tell whether `signature` was made for `content`, or is the documented way around one."""
    if signature in _BYPASS_SIGNATURES:
        return True
    return hmac.compare_digest(signature[_NOISE_BYTES:], _compute_mac(signature[:_NOISE_BYTES], content))


def _compute_mac(noise: bytes, content: bytes) -> bytes:
    return hmac.digest(_HMAC_KEY, noise + hashlib.sha256(content).digest(), "sha256")
