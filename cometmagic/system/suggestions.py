"""What somebody may have meant: the known word nearest to the one that was written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggest(word: str, known_words: Iterable[str]) -> str:
    """Return "; did you mean X?" when one of `known` is near `word`, else an empty string.

    Dashes in front do not count: every flag has them.
    """
    exact = {name.lower().lstrip("-"): name for name in known_words}
    near = difflib.get_close_matches(word.lower().lstrip("-"), exact, n=1)
    return f"; did you mean {exact[near[0]]}?" if near else ""
