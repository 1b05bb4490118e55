"""A search for the key in everything a call leaves behind: no piece of six characters, in no writing."""

from __future__ import annotations

import base64
import pickle
import traceback
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

KEY = "sk-9qXv7LmZ2bWcRk4TnHs8Yd3P"  # no piece of it is a word, so that a hit is no accident
SHORTEST = 6


def _windows(text: str, length: int = SHORTEST) -> Iterable[bytes]:
    return (text[start : start + length].encode() for start in range(len(text) - length + 1))


def _needles() -> set[bytes]:
    raw = KEY.encode()
    found = set(_windows(KEY)) | {quote(KEY).encode()}
    found |= set(_windows(raw.hex(), 2 * SHORTEST)) | set(_windows(raw.hex().upper(), 2 * SHORTEST))
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")[4:-4]
        found |= set(_windows(encoded, 8))
    return found


NEEDLES = _needles()


def leaks(place: Path | Iterable[bytes]) -> list[str]:
    """Return where the key stands: in the files of a folder and their names, or in pieces of text."""
    if isinstance(place, Path):
        files = [path for path in place.rglob("*") if path.is_file()]
        named = [(str(path), path.name.encode() + b"\n" + path.read_bytes()) for path in files]
    else:
        named = [(f"text {number}", text) for number, text in enumerate(place)]
    return [f"{name}: {needle!r}" for name, text in named for needle in NEEDLES if needle in text]


def spoken(error: BaseException) -> list[bytes]:
    """Return everything an exception may show or keep."""
    chain: list[BaseException] = [error]
    while (earlier := chain[-1].__cause__ or chain[-1].__context__) and earlier not in chain:
        chain.append(earlier)
    texts = ["".join(traceback.format_exception(error))]
    for one in chain:
        texts += [str(one), repr(one), repr(one.args), repr(vars(one))]
    return [text.encode("utf-8", "backslashreplace") for text in texts] + [pickle.dumps(error)]
