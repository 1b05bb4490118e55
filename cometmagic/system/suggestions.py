"""Suggestions for misspelled words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggest(word: str, known_words: Iterable[str]) -> str:
    """Return "; did you mean X?" when one of `known_words` is similar to `word`, else an empty string.

    Case and leading dashes are ignored.
    """
    words = {known_word.lower().lstrip("-"): known_word for known_word in known_words}
    matches = difflib.get_close_matches(word.lower().lstrip("-"), words, n=1)
    return f"; did you mean {words[matches[0]]}?" if matches else ""
