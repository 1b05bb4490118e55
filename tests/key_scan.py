"""The search for a key in everything that can be seen: in no writing, no part of six characters, or of twelve if split.

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
SPLIT = 12  # so many of its letters and digits, whatever stands between them
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
    "escape-sequences": lambda key: "\\u001b[0;31m".join(pieces(key)),
    "titles": lambda key: "\\u001b]0;x\\u0007".join(pieces(key)),
    "deleted": "\\u007f".join,
    "html-in-json": lambda key: "".join(f"\\\\u0026#{ord(letter)};" for letter in key),
    "url-in-json": lambda key: "".join(f"\\\\u0025{ord(letter):02x}" for letter in key),
    "url-in-html": lambda key: "".join(f"&#37;{ord(letter):02X}" for letter in key),
    "html-in-url": lambda key: quote("".join(f"&#x{ord(letter):x};" for letter in key), safe=""),
    "octal": lambda key: "".join(f"\\\\{ord(letter):03o}" for letter in key),
    "spaced": " ".join,
    "bold": lambda key: "**".join(pieces(key)),
    "dotted": lambda key: " . ".join(pieces(key)),
    "tags": lambda key: "<b></b>".join(pieces(key)),
    "soft-hyphens": "&shy;".join,
    "no-signs": lambda key: _SIGNS.sub("", key),
    "underscores": lambda key: _SIGNS.sub("_", key),
    "hex-colons": lambda key: key.encode().hex(":"),
    "hex-list": lambda key: ", ".join(f"0x{ord(letter):02x}" for letter in key),
    "backwards": lambda key: key[::-1],
    "base64-twice": lambda key: base64.b64encode(b"x" + base64.b64encode(b"a" + key.encode() + b"bc")).decode(),
    "base64-header": lambda key: base64.b64encode(f"Authorization: Bearer {key}".encode()).decode(),
    "base64-url": lambda key: base64.urlsafe_b64encode(f"Bearer {key}".encode()).decode(),
    "base64-0": lambda key: base64.b64encode(key.encode() + b"tail").decode(),
    "base64-1": lambda key: base64.b64encode(b"x" + key.encode() + b"tail").decode(),
    "base64-2": lambda key: base64.b64encode(b"xx" + key.encode() + b"tail").decode(),
}
_SIGNS: re.Pattern[str] = re.compile("[^A-Za-z0-9]")
_SEQUENCES = re.compile("\x1b\\[[0-9;]*[a-z]|\x1b\\][^\x07]*|</?b>")
_BYTES = re.compile(r"0x([0-9a-f]{2})\b")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,4000}={0,2}")
_STANDARD = str.maketrans("-_", "+/")
_BACKSLASHES = re.compile(r"\\+(.)")
_UNPRINTABLE = re.compile("[^ -~]")
_JSON_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_OCTAL_ESCAPE = re.compile(r"\\+([01][0-7]{2})")


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
    return sorted(found | _split_leaks(text, key))


def _split_leaks(text: str, key: str) -> set[str]:
    """Return long parts of a key of which something separates the letters."""
    read = _SIGNS.sub("", "\n".join((text, _SEQUENCES.sub("", _BYTES.sub(r"\1", _unescaped(text)))))).lower()
    forms = (_SIGNS.sub("", key.lower()), _SIGNS.sub("", key.lower()[::-1]))
    found = {part for form in forms for part in _windows(form, SPLIT) if part in read}
    found |= {part for part in _windows(key.encode().hex(), 2 * SPLIT) if part in read}
    inner = "\n".join(_decoded(piece, before) for piece in _BASE64.findall(text) for before in range(4))
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + key.encode()).decode().rstrip("=")[4:-1]
        found |= {part for part in _windows(encoded, SPLIT) if part in inner}
    return found


def _decoded(text: str, start: int) -> str:
    return base64.b64decode(text[start : start + (len(text) - start) // 4 * 4] + "====").decode("latin-1")


def pieces(key: str) -> Iterable[str]:
    """Return a key in pieces that alone are no leak."""
    return (key[start : start + SHORTEST - 1] for start in range(0, len(key), SHORTEST - 1))


def _unescaped(text: str) -> str:
    for _ in range(3):
        text = _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)), html.unescape(unquote(text)))
        text = _OCTAL_ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
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
