"""Makes text from other sources safe to show.

A response may contain control characters, escape sequences, lone surrogates (a single one makes a notebook show
nothing), a megabyte of noise, or some key. All text from outside passes `clean` before it appears in an
error, a caption or a log. This module does not know where the text comes from, and does not escape HTML.
"""

from __future__ import annotations

import re

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
