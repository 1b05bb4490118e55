"""Text that others wrote, made safe to show.

What the service or a model says may hold control characters, escape sequences, lone surrogates (one
of which makes a notebook show nothing at all), a megabyte of noise, or the user's own key sent back.
Everything foreign passes `clean` before it reaches an error, a caption or a log. This module knows
nothing of where text comes from or goes to; HTML escaping belongs to the place that writes HTML.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

# Escape sequences, in their 7-bit and 8-bit forms: CSI; strings such as OSC and DCS; the short ones.
_ESCAPE_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[@-Z\\-_]"
)
_ESCAPE_START = re.compile("[\x1b\x90\x98\x9b\x9d-\x9f]")  # most texts have none, and that is seen fast
# C0 and C1 controls but tab and newline; zero-width, bidirectional and tag characters; non-characters.
_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
_SECRET_PATTERN = re.compile(r"\bsk-[A-Za-z0-9_*.\-]{16,}")

TEXT_CAP = 20_000
LINE_CAP = 500


def clean(text: object, cap: int = TEXT_CAP) -> str:
    """Return `text` without controls, escapes, surrogates and keys, at most `cap` characters."""
    safe = str(text)[: cap * 4].encode("utf-8", "replace").decode()
    safe = safe.replace("\r\n", "\n").replace("\r", "\n")
    if _ESCAPE_START.search(safe):
        safe = _ESCAPE_SEQUENCES.sub("", safe)
    safe = _CONTROL_CHARACTERS.sub("", safe)
    if "sk-" in safe:
        safe = _SECRET_PATTERN.sub("[key]", safe)
    return safe if len(safe) <= cap else safe[: cap - 1] + "…"


def clean_line(text: object, cap: int = LINE_CAP) -> str:
    """Return `text` cleaned and folded to one line of at most `cap` characters."""
    return clean(" ".join(clean(text).split()), cap)


def redact(text: str, secret: str, exemptions: Sequence[str] = (), min_length: int = 6) -> str:
    """Return `text` with every piece of `secret` of `shortest` or more characters blotted out.

    Also of its base64, hexadecimal and URL-encoded forms: some errors quote whole headers. Where one of
    `kept` begins, it stays whole; of several the first does.
    """
    forms, out = "\0".join(_list_encodings(secret)), []
    index = 0
    while index < len(text):
        if ours := next((known for known in exemptions if known and text.startswith(known, index)), ""):
            out.append(ours)
            index += len(ours)
            continue
        length = min_length
        if text[index : index + length] not in forms or index + length > len(text):
            out.append(text[index])
            index += 1
            continue
        while index + length < len(text) and text[index : index + length + 1] in forms:
            length += 1
        out.append("[key]")
        index += length
    return "".join(out)


def _list_encodings(secret: str) -> Iterator[str]:
    """Yield the ways in which a secret may be written."""
    raw = secret.encode()
    yield from (secret, quote(secret, safe=""), raw.hex(), raw.hex().upper())
    for before in range(3):
        # Base64 depends on where in a text the secret stands: three ways, less the letters it shares.
        encoded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")[(0, 2, 3)[before] :]
        yield from (encoded, encoded.translate(str.maketrans("+/", "-_")))
