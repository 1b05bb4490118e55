"""Removes thought signatures from JSON: megabytes that only the next turn of a conversation needs.

Services spell the field's name in different ways; every spelling is removed. A replay does not need
signatures, so the hash of a request is computed without them.
"""

from __future__ import annotations

import json
import re
from typing import Any

_SIGNATURE_FIELD = re.compile(r"thought[_-]?signatures?", re.IGNORECASE)


def strip_signatures(content: bytes) -> bytes:
    """Return JSON, compact and without its signatures. Raises `ValueError` when `content` is not JSON."""
    # A hook instead of recursion, because a request may be nested deeper than Python's stack allows.
    document = json.loads(content, object_hook=_remove_signatures)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _remove_signatures(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if not _SIGNATURE_FIELD.fullmatch(name)}
