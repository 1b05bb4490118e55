"""Text that others wrote, made safe to show.

What the service or a model says may hold control characters, escape sequences, lone surrogates (one
of which makes a notebook show nothing at all), a megabyte of noise, or the user's own key sent back.
Everything foreign passes `clean` before it reaches an error, a caption or a log. This module knows
nothing of where text comes from or goes to; HTML escaping belongs to the place that writes HTML.
"""

from __future__ import annotations

import re

# C0 and C1 controls but tab and newline, escape sequences, zero-width and bidirectional controls.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_KEY_LIKE = re.compile(r"\bsk-[A-Za-z0-9_*.\-]{16,}")

TEXT_CAP = 20_000
LINE_CAP = 500


def clean(text: object, cap: int = TEXT_CAP) -> str:
    """Return `text` without controls, escapes, surrogates and keys, at most `cap` characters."""
    safe = str(text)[: cap * 4].encode("utf-8", "replace").decode()
    safe = _CONTROLS.sub("", _ESCAPES.sub("", safe.replace("\r\n", "\n").replace("\r", "\n")))
    safe = _KEY_LIKE.sub("[key]", safe)
    return safe if len(safe) <= cap else safe[: cap - 1] + "…"


def line(text: object, cap: int = LINE_CAP) -> str:
    """Return `text` cleaned and folded to one line of at most `cap` characters."""
    return clean(" ".join(clean(text).split()), cap)


def redact(text: str, secret: str, shortest: int = 6) -> str:
    """Return `text` with every piece of `secret` of `shortest` or more characters blotted out."""
    index, out = 0, []
    while index < len(text):
        length = shortest
        if text[index : index + length] not in secret or index + length > len(text):
            out.append(text[index])
            index += 1
            continue
        while index + length < len(text) and text[index : index + length + 1] in secret:
            length += 1
        out.append("[key]")
        index += length
    return "".join(out)
