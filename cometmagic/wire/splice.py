"""JSON with large pieces in it that never become Python strings."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from itertools import chain
from typing import Any


def spliced(document: Any, written: Callable[[Any], bytes], **how: Any) -> bytes:
    """Return `document` as JSON; what JSON has no form for stands in it as `written` gives it.

    `how` goes to `json.dumps`.
    """
    mark = f"splice-{secrets.token_hex(8)}"  # that no foreign text can guess
    pieces: list[bytes] = []

    def place(value: Any) -> str:
        pieces.append(written(value))
        return mark

    text = json.dumps(document, ensure_ascii=False, default=place, **how)
    first, *rest = text.encode("utf-8", "replace").split(f'"{mark}"'.encode())
    return b"".join([first, *chain.from_iterable(zip(pieces, rest, strict=True))])
