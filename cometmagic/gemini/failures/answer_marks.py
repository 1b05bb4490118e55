"""Whether a response that reports an error holds an answer all the same, which was paid for whatever its status says.

Gateways report a failure of their own, or count a limit, after the model has answered. Only the beginning of a body is
looked at; what is in it is read where all answers are read.
"""

from __future__ import annotations

import re

from cometmagic.gemini.parts import MAGIC_BYTES, UNKNOWN_TYPE, sniff
from cometmagic.gemini.tolerant.base64_sniffer import is_large_image

# An answer of the API, or a picture in the form of any other.
_MARK = re.compile(
    rb'"(?:candidates|prompt_?[fF]eedback)"\s*:\s*[\[{]\s*["{]|(?:"|;base64,)(?:[A-Za-z0-9+/_-]|\\/){1000}'
)

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{1000,}")
_IMAGE_ADDRESS = re.compile(rb"https?:(?:\\?/){2}[^\"'\s<>]{3,2000}?\.(?:png|jpe?g|webp)(?![A-Za-z0-9])", re.IGNORECASE)


def has_answer(body: bytes | bytearray, status: int) -> bool:
    """Whether a body, or its beginning, with an error's HTTP status holds an answer, a picture or the address of one.

    A web page has pictures of its own: there it is one as large as a model's. An address counts where the model may
    have worked.
    """
    if sniff(bytes(body[:MAGIC_BYTES])) != UNKNOWN_TYPE:
        return True
    if _is_markup(body):
        return any(is_large_image(match[0].decode()) for match in _BASE64.finditer(body))
    can_have_worked = status == 429 or status >= 500
    return _MARK.search(body) is not None or (can_have_worked and _IMAGE_ADDRESS.search(body) is not None)


def _is_markup(body: bytes | bytearray) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
