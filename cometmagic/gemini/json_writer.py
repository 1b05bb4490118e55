"""JSON with large pieces in it that never become Python strings."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Any

JSONChunk = bytes | memoryview


def splice_json(
    document: Any, value_encoder: Callable[[Any], Iterable[JSONChunk]], **json_options: Any
) -> Iterator[JSONChunk]:
    """Yield `document` as JSON, piece by piece; what JSON has no form for stands in it as `written` gives it.

    `how` goes to `json.dumps`.
    """
    mark = f"splice-{secrets.token_hex(8)}"  # that no foreign text can guess
    large: list[Any] = []

    def place(value: Any) -> str:
        large.append(value)
        return mark

    text = json.dumps(document, ensure_ascii=False, default=place, **json_options)
    first, *rest = text.encode("utf-8", "replace").split(f'"{mark}"'.encode())
    yield first
    for value, after in zip(large, rest, strict=True):
        yield from value_encoder(value)
        yield after
