"""Writes JSON with large values that never become Python strings.

This module knows nothing about what the JSON means.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Any

JSONChunk = bytes | memoryview


def splice_json(
    document: Any, value_encoder: Callable[[Any], Iterable[JSONChunk]], **json_options: Any
) -> Iterator[JSONChunk]:
    """Yield `document` as JSON in chunks; `value_encoder` encodes each value that `json` cannot.

    `json_options` are passed to `json.dumps`.
    """
    placeholder = f"splice-{secrets.token_hex(8)}"  # random, so that no foreign text contains it
    values: list[Any] = []

    def replace_value(value: Any) -> str:
        values.append(value)
        return placeholder

    text = json.dumps(document, ensure_ascii=False, default=replace_value, **json_options)
    first_literal, *literals = text.encode("utf-8", "replace").split(f'"{placeholder}"'.encode())
    yield first_literal
    for value, literal in zip(values, literals, strict=True):
        yield from value_encoder(value)
        yield literal
