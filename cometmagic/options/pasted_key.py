"""The API key within what people paste: quotes, a header, a line of a shell, of a .env file or of a program.

Nothing here raises, as the key is in variables. Whether the text can be a key is checked in settings.py.
"""

from __future__ import annotations

import re

_BLANKS_AND_QUOTES = " \t\r\n\v\f\ufeff\u200b\u00a0\"'`\u2018\u2019\u201c\u201d"
_TRAILING_PUNCTUATION = f"{_BLANKS_AND_QUOTES};,)}}"
_PREFIX = re.compile(
    r"""
      .*\b COMETAPI_KEY ["'\])\s]* [:=,\s] ["'\s]* (?=\S)
    | .*\b (?:authorization|x-goog-api-key) ["'\s]* [:=] ["'\s]* (?=\S)
    | bearer [:=\s]+ (?=\S)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def extract_key(text: str) -> str:
    """Return the key in `text`, without what stands around it: `export COMETAPI_KEY="Bearer sk-…"` gives `sk-…`."""
    key = text.lstrip(_BLANKS_AND_QUOTES).rstrip(_TRAILING_PUNCTUATION)
    while match := _PREFIX.match(key):
        key = key[match.end() :].lstrip(_BLANKS_AND_QUOTES)
    return key
