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

from IPython.core.ultratb import VerboseTB

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
    "base64-0": lambda key: base64.b64encode(key.encode() + b"tail").decode(),
    "base64-1": lambda key: base64.b64encode(b"x" + key.encode() + b"tail").decode(),
    "base64-2": lambda key: base64.b64encode(b"xx" + key.encode() + b"tail").decode(),
}
_STANDARD = str.maketrans("-_", "+/")
_BACKSLASHES = re.compile(r"\\+(.)")
_UNPRINTABLE = re.compile("[^ -~]")
_JSON_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")


def leaks(seen: str | bytes, key: str) -> list[str]:
    """Return the parts of a key that can be read in what is seen, in any writing."""
    text = seen if isinstance(seen, str) else seen.decode("latin-1")
    texts = (text, _BACKSLASHES.sub(r"\1", text), _UNPRINTABLE.sub("", _unescaped(text)))
    read = "\n".join(texts).lower()
    found = {part for part in _windows(key.lower(), SHORTEST) if part in read}
    found |= {part for part in _windows(key.encode().hex(), 2 * SHORTEST) if part in read}
    standard = text.translate(_STANDARD)
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + key.encode()).decode().rstrip("=")[4:-1]
        found |= {part for part in _windows(encoded, 8) if part in standard}
    return sorted(found)


def _unescaped(text: str) -> str:
    for _ in range(3):
        text = _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)), html.unescape(unquote(text)))
    return text


def _windows(text: str, length: int) -> Iterable[str]:
    return (text[start : start + length] for start in range(len(text) - length + 1))


def shown_frames(error: BaseException) -> str:
    """Return what debuggers show of an error and of those before it: each frame's variables, and their attributes."""
    chain: list[BaseException] = [error]
    for link in chain:
        chain += [other for other in (link.__cause__, link.__context__) if other is not None and other not in chain]
    texts = ["".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())]
    for link in chain:
        verbose = VerboseTB().text(type(link), link, link.__traceback__)
        texts += [repr(link), repr(vars(link)), re.sub(r"\x1b\[[\d;]*m", "", verbose), *_values(link.__traceback__)]
    return "\n".join(texts)


def _values(step: TracebackType | None) -> Iterable[str]:
    """Yield the variables of the package's own frames, whole."""
    while step is not None:
        if "/cometmagic/" in step.tb_frame.f_code.co_filename:
            for value in step.tb_frame.f_locals.values():
                yield repr(value)
                yield from (_show_attribute(value, name) for name in dir(value) if name != "__globals__")
        step = step.tb_next


def _show_attribute(value: object, name: str) -> str:
    try:
        return repr(getattr(value, name))
    except Exception as error:  # noqa: BLE001  # a property may raise anything, such as that there is no response
        return str(error)
