"""Reads a TOML file that may come from somebody else, within limits.

The parser's time grows faster than what it reads: 24 kB of one dotted key take seconds and half a gigabyte. This
module does not know what is in the file.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

MAX_FILE_BYTES = 2**18  # a large project's file has a quarter of it
MAX_KEY_PARTS = 32
_LONG_KEY = re.compile(rb"(?:[\w\"'-]+\s*\.\s*){%d}" % MAX_KEY_PARTS)


def read_toml(path: Path, word: bytes) -> dict[str, Any]:
    """Return the tables of a file, none when `word` is nowhere in it: then it is not ours to judge.

    Raises `OSError`, and `ValueError` or `RecursionError` for a file that cannot be parsed.
    """
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"it is larger than {MAX_FILE_BYTES // 1024} KiB")
    if word not in content:
        return {}
    if _LONG_KEY.search(content):
        raise ValueError(f"a key has more than {MAX_KEY_PARTS} parts")
    return tomllib.loads(content.decode())
