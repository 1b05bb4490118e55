"""The search for a key in everything that can be seen: in no writing, no part of six characters.

It is written apart from the package's redactor: it undoes every writing it knows and looks for parts in what comes out.
"""

from __future__ import annotations

import base64
import html
import json
import re
import traceback
from collections.abc import Callable, Iterable
from types import TracebackType
from urllib.parse import quote, unquote

SHORTEST = 6  # so many characters of a key in a row are a leak
KEYS = {
    "prefix": "sk-9qXv7LmZ2bWcRk4TnHs8Yd3PfJg5",
    "hex": "4f9c2b7e1d8a60357b3e9f0c5a2d8146e7c9b053",
    "signs": "kX7/pQ2+vB9=mZ4_tR6-wN8/hJ3+gF5=",
}
WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "head": lambda key: key[:SHORTEST],
    "middle": lambda key: key[11:19],
    "tail": lambda key: key[-SHORTEST:],
    "masked": lambda key: f"{key[:8]}...{key[-7:]}",
    "upper": str.upper,
    "lower": str.lower,
    "hex": lambda key: key.encode().hex(),
    "hex-upper": lambda key: key.encode().hex().upper(),
    "url": lambda key: quote(key, safe=""),
    "url-all": lambda key: "".join(f"%{ord(letter):02x}" for letter in key),
    "url-twice": lambda key: quote("".join(f"%{ord(letter):02X}" for letter in key)),
    "json": lambda key: "".join(f"\\u{ord(letter):04X}" for letter in key),
    "json-slashes": lambda key: key.replace("/", "\\/"),
    "json-in-json": lambda key: json.dumps("".join(f"\\u{ord(letter):04x}" for letter in key))[1:-1],
    "json-some": lambda key: "".join(f"\\u{ord(x):04x}" if at % 3 else x for at, x in enumerate(key)),
    "html": lambda key: "".join(f"&#{ord(letter)};" for letter in key),
    "zero-width": "\u200b".join,
    "base64-header": lambda key: base64.b64encode(f"Authorization: Bearer {key}".encode()).decode(),
    "base64-url": lambda key: base64.urlsafe_b64encode(f"Bearer {key}".encode()).decode(),
    **{
        f"base64-{before}": lambda key, before=before: base64.b64encode(b"x" * before + key.encode() + b"tail").decode()
        for before in range(3)
    },
}
_JSON_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")


def leaks(seen: str | bytes, key: str) -> list[str]:
    """Return the parts of a key that can be read in what is seen, in any writing."""
    text = seen if isinstance(seen, str) else seen.decode("latin-1")
    texts = {text, re.sub(r"\\+(.)", r"\1", text), re.sub(r"[^ -~]", "", _unescaped(text))}
    found = {part for part in _windows(key.lower(), SHORTEST) for read in texts if part in read.lower()}
    found |= {part for part in _windows(key.encode().hex(), 2 * SHORTEST) if part in text.lower()}
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + key.encode()).decode().rstrip("=")[4:-1]
        found |= {part for part in _windows(encoded, 8) if part in text or part in text.translate(_STANDARD)}
    return sorted(found)


_STANDARD = str.maketrans("-_", "+/")


def _unescaped(text: str) -> str:
    for _ in range(3):
        text = _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)), html.unescape(unquote(text)))
    return text


def _windows(text: str, length: int) -> Iterable[str]:
    return (text[start : start + length] for start in range(len(text) - length + 1))


def shown_frames(error: BaseException) -> str:
    """Return what a debugger shows of an error and of those before it: the locals of every frame, and their attributes."""
    chain: list[BaseException] = [error]
    for link in chain:
        chain += [other for other in (link.__cause__, link.__context__) if other is not None and other not in chain]
    texts = ["".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())]
    for link in chain:
        texts += [repr(link), repr(vars(link)), *_locals(link.__traceback__)]
    return "\n".join(texts)


def _locals(step: TracebackType | None) -> Iterable[str]:
    """Yield the local variables of the package's frames, whole."""
    while step is not None:
        if "/cometmagic/" in step.tb_frame.f_code.co_filename:
            for value in step.tb_frame.f_locals.values():
                yield repr(value)
                yield from (repr(getattr(value, name, None)) for name in dir(value) if name != "reveal")
        step = step.tb_next
