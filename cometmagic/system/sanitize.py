"""Makes text from other sources safe to show.

A response may contain control characters, escape sequences, lone surrogates (a single one makes a notebook show
nothing), a megabyte of noise, or the user's own key. All text from outside passes `clean` before it appears in an
error, a caption or a log. This module does not know where the text comes from, and does not escape HTML.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

# Escape sequences, in their 7-bit and 8-bit forms: CSI; strings such as OSC and DCS, without what ends them; the short
# ones, among them the end of a string. Whatever is left of a sequence is a control character.
_ESCAPE_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*"
    r"|\x1b[@-Z\\]"
)
_ESCAPE_START = re.compile("[\x1b\x90\x98\x9b\x9d-\x9f]")  # most texts have none, which is quick to check
# C0 and C1 controls except tab and newline; zero-width, bidirectional and tag characters; non-characters.
_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
_SECRET_PATTERN = re.compile(r"\bsk-[A-Za-z0-9_*.\-]{16,}")

TEXT_CAP = 20_000
LINE_CAP = 500


def clean(text: object, cap: int = TEXT_CAP) -> str:
    """Return `text` without controls, escapes, surrogates and keys, at most `cap` characters."""
    safe_text = str(text)[: cap * 4].encode("utf-8", "replace").decode()
    safe_text = safe_text.replace("\r\n", "\n").replace("\r", "\n")
    if _ESCAPE_START.search(safe_text):
        safe_text = _ESCAPE_SEQUENCES.sub("", safe_text)
    safe_text = _CONTROL_CHARACTERS.sub("", safe_text)
    if "sk-" in safe_text:
        safe_text = _SECRET_PATTERN.sub("[key]", safe_text)
    return safe_text if len(safe_text) <= cap else safe_text[: cap - 1] + "…"


def clean_line(text: object, cap: int = LINE_CAP) -> str:
    """Return `text` cleaned and folded to one line of at most `cap` characters."""
    return clean(" ".join(clean(text).split()), cap)


def redact(text: str, secret: str, exemptions: Sequence[str] = (), min_length: int = 6) -> str:
    """Return `text` with "[key]" in place of every piece of `secret` that has `min_length` or more characters.

    Its base64, hexadecimal and URL-encoded forms are replaced too: some errors quote whole headers. The texts in
    `exemptions` stay unchanged; where several begin, the first one counts.
    """
    encodings, pieces = "\0".join(list_encodings(secret)), []
    index = 0
    while index < len(text):
        if exemption := next((prefix for prefix in exemptions if prefix and text.startswith(prefix, index)), ""):
            pieces.append(exemption)
            index += len(exemption)
            continue
        length = min_length
        if text[index : index + length] not in encodings or index + length > len(text):
            pieces.append(text[index])
            index += 1
            continue
        while index + length < len(text) and text[index : index + length + 1] in encodings:
            length += 1
        pieces.append("[key]")
        index += length
    return "".join(pieces)


def list_encodings(secret: str) -> Iterator[str]:
    """Yield the plain and the encoded forms of a secret."""
    secret_bytes = secret.encode()
    yield from (secret, quote(secret, safe=""), secret_bytes.hex(), secret_bytes.hex().upper())
    for offset in range(3):
        # Base64 depends on the position modulo 3. The first characters, which also encode other bytes, are cut off.
        base64_text = base64.b64encode(bytes(offset) + secret_bytes).decode().rstrip("=")[(0, 2, 3)[offset] :]
        yield from (base64_text, base64_text.translate(str.maketrans("+/", "-_")))
