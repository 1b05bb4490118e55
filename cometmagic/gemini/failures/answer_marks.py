"""Whether a response that reports an error holds an answer all the same, which was paid for whatever its status says.

Gateways report a failure of their own, or count a limit, after the model has answered. Only the beginning of a body is
looked at; what is in it is read where all answers are read.
"""

from __future__ import annotations

import re

from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN_TYPE, sniff

# An answer of the API, or a picture in the form of any other.
_MARK = re.compile(
    rb'"(?:candidates|prompt_?[fF]eedback)"\s*:\s*[\[{]\s*["{]|(?:"|;base64,)(?:[A-Za-z0-9+/_-]|\\/){1000}'
)


def has_answer(body: bytes | bytearray) -> bool:
    """Whether a body, or its beginning, holds an answer or a picture; a web page has pictures of its own."""
    is_picture = sniff(bytes(body[:MAGIC_BYTES])) != UNKNOWN_TYPE
    return is_picture or (not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _MARK.search(body) is not None)
