"""JSON without thought signatures: megabytes that only the next turn of a conversation needs.

Whoever made them spells their name one way or the other; all of them are left out. What is left makes the
same picture in a replay, so the hash of a request is taken over it as well.
"""

from __future__ import annotations

import json
import re
from typing import Any

_NAME = re.compile(r"thought[_-]?signatures?", re.IGNORECASE)


def unsigned(content: bytes) -> bytes:
    """Return a JSON text, compact and without its signatures. Raises `ValueError` when it is none."""
    # The hook, and no walk through the tree: a request may be nested deeper than Python's stack allows.
    document = json.loads(content, object_hook=_without)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _without(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if not _NAME.fullmatch(name)}
