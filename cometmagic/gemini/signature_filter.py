"""JSON without thought signatures: megabytes that only the next turn of a conversation needs.

Whoever made them spells their name one way or the other; all of them are left out. What is left makes the
same picture in a replay, so the hash of a request is taken over it as well.
"""

from __future__ import annotations

import json
import re
from typing import Any

_SIGNATURE_FIELD = re.compile(r"thought[_-]?signatures?", re.IGNORECASE)


def strip_signatures(content: bytes) -> bytes:
    """Return a JSON text, compact and without its signatures. Raises `ValueError` when it is none."""
    # The hook, and no walk through the tree: a request may be nested deeper than Python's stack allows.
    document = json.loads(content, object_hook=_remove_signatures)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _remove_signatures(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if not _SIGNATURE_FIELD.fullmatch(name)}
