"""Thought signatures: they tie a part to the turn in which the model generated it.

Real signatures can be megabytes, and only Google can read them. These are a few kilobytes, and anyone could
forge them, because the key is in this file. They show that a signature must be sent back unchanged with the
image it came with, in the same session or a later one.
"""

from __future__ import annotations

import hashlib
import hmac

import pybase64

_HMAC_KEY = b"cometmagic offline thought signature"
_NOISE_BYTES = 3200  # as base64 long enough to be stored apart from the response, like the real ones
_BYPASS_TEXT = b"skip_thought_signature_validator"
# The value Google documents for turns that its models did not write: as text, and decoded as base64.
_BYPASS_SIGNATURES = (_BYPASS_TEXT, pybase64.urlsafe_b64decode(_BYPASS_TEXT))


def sign(salt: bytes, content: bytes = b"") -> bytes:
    """Return the signature of a part; `content` is the data of an image, empty for text."""
    noise = hashlib.shake_256(salt + hashlib.sha256(content).digest()).digest(_NOISE_BYTES)
    return noise + _compute_mac(noise, content)


def is_valid(signature: bytes, content: bytes = b"") -> bool:
    """Return whether `signature` belongs to `content`, or is the documented bypass value."""
    if signature in _BYPASS_SIGNATURES:
        return True
    return hmac.compare_digest(signature[_NOISE_BYTES:], _compute_mac(signature[:_NOISE_BYTES], content))


def _compute_mac(noise: bytes, content: bytes) -> bytes:
    return hmac.digest(_HMAC_KEY, noise + hashlib.sha256(content).digest(), "sha256")
